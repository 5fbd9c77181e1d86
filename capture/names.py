"""Names as they are compared: in their plainest form, and only where they are whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from capture.letters import skeleton, told_apart

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_TITLES = r"(?:dr|prof|mr|mrs|ms|herr|frau|dipl|ing|mag|sir)"
_TITLE = re.compile(
    # as many as there are: "Prof. Dr. med. Alice", "Dipl.-Ing. Alice", "Prof.Dr. Alice"; never all that there is
    rf"^(?:{_TITLES}(?:\.?\s+|\.-?(?={_TITLES}\b))(?:(?:med|rer|nat|phil|jur|habil|h\.\s?c)\.\s+)*)+(?=\S)"
)
_APOSTROPHES = str.maketrans({'"': " ", "'": None, "\u2019": None, "\u02bc": None})
_RELAYED = re.compile(r"\S\s+via\s+\S")
"""In small letters: people are called Via, too."""


def relayed(name: str) -> bool:
    """Whether a list or another relay wrote this beside its own address: "Alice Example via Dev List" is nobody's name."""
    return "via" in name and _RELAYED.search(name) is not None


@lru_cache(maxsize=65_536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents, titles and remarks, the family name last; none of an address.

    Nor has what a relay wrote any.
    """
    text = _ASIDE.sub(" ", name).casefold() if "(" in name or "[" in name else name.casefold()
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = text.translate(_APOSTROPHES)
    if "@" in text or relayed(name):
        return ()
    if text.count(",") == 1:
        family, given = text.split(",")
        text = f"{given} {family}"
    text = _TITLE.sub("", text.strip())
    return tuple(text.replace(".", " ").split())


def agree(a: str | None, b: str | None, nicknames_a: tuple[str, ...] = (), nicknames_b: tuple[str, ...] = ()) -> bool:
    """Whether two names may be one person's: the same words, as they sound, one with more given names, or one by a nickname.

    Who has no name agrees with everybody.
    """
    one, two = words(a or ""), words(b or "")
    if not one or not two:
        return True
    others = [words(nickname) for nickname in nicknames_a], [words(nickname) for nickname in nicknames_b]
    # a nickname alone is somebody's only for those who are called by one word themselves
    if (len(two) == 1 and two in others[0]) or (len(one) == 1 and one in others[1]):
        return True
    return any(_agree(x, y) for x in _spellings(one, others[0]) for y in _spellings(two, others[1]))


def _spellings(name: tuple[str, ...], nicknames: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The name, and with each nickname in the place of the given names."""
    family = name[-1:] if len(name) > 1 else ()
    return [name, *(nickname + family if len(nickname) == 1 else nickname for nickname in nicknames if nickname)]


def joined(one: Sequence[str], two: Sequence[str]) -> bool:
    """Whether they are the same but for words that are written as one: Hans Peter Wolf, but not Ann Aberg and Anna Berg."""
    few, many = sorted((one, two), key=len)
    return "".join(few) == "".join(many) and set(accumulate(map(len, few))) <= set(accumulate(map(len, many)))


def _agree(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    if _alike(one, two):
        return True
    if told_apart(one, two):
        return False
    # one address book writes Müller, the other one Mueller
    x, y = tuple(map(skeleton, one)), tuple(map(skeleton, two))
    return _alike(x, y) or joined(x, y)


def _alike(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    if set(one) == set(two):
        return True
    short, long = sorted((one, two), key=len)
    if len(short) == 1:
        return short[0] in long
    return short[0] == long[0] and short[-1] == long[-1] and set(short) <= set(long)
