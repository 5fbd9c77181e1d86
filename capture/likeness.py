"""How far two names agree, and whether an address is made from a name. Pure; words as ``capture.names`` cuts them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from capture.letters import latin, skeleton, told_apart
from capture.names import joined, words
from capture.nicknames import same_by_nickname

Likeness = Literal[
    "same", "sound", "middle", "nickname", "initial", "typo", "feminine", "one word", "different", "unknown"
]  # fmt: skip
"""The same words; the same by sound; with more given names or their initials; by a nickname; by the initial of the given name;
but for one letter; but for the ending by which a woman's name is told from a man's; where one of the two is a single word; two
full names of two people; and nothing that could be compared."""

LIKELIEST: tuple[Likeness, ...] = (
    "same", "sound", "middle", "nickname", "initial", "typo", "feminine", "one word", "unknown", "different"
)  # fmt: skip
"""The best first."""

_SUFFIXES = {"jr": 2, "junior": 2, "ii": 2, "fils": 2, "iii": 3, "iv": 4, "sr": 1, "senior": 1, "pere": 1}
"""What tells father and son apart."""

_FEMININE = frozenset({"a", "e", "ia", "ina", "ine", "ova"})
"""What makes the name of a woman from that of a man: Paula, Louise, Emilia, Georgina, Josefine; and of a family, Novakova."""

_TURNED = (("o", "a"), ("us", "a"), ("ki", "ka"), ("ki", "kaia"))
"""The same, in the place of another ending: Mario and Maria, Julius and Julia, Kowalski and Kowalska."""

_PARTICLES = frozenset(
    "van von de der den del della di da du la le el al bin ibn ter ten zu zum dos das do".split()  # noqa: SIM905
)


def likeness(a: str, b: str) -> Likeness:
    """How far two names, as they were written, agree."""
    one, two = _parts(a), _parts(b)
    if not one[0] or not two[0]:
        return "unknown"
    if one[1] != two[1]:
        return "different"
    if a == b:
        return "same"
    return _compare(one[0], two[0], _sounds(a), _sounds(b))


@lru_cache(maxsize=65_536)
def _sounds(name: str) -> tuple[str, ...]:
    return tuple(skeleton(w) for w in _parts(name)[0])


def named(name: str) -> bool:
    """Whether it is a full name, by which somebody can be told from others: of two words of two letters at least."""
    found, _ = _parts(name)
    return len(found) >= 2 and sum(len(w) > 1 or not w.isascii() for w in found) >= 2


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """The same for names that are the same by sound, in any order of their words; empty if it is no full name."""
    return " ".join(sorted(skeleton(w) for w in _parts(name)[0])) if named(name) else ""


@lru_cache(maxsize=65_536)
def _parts(name: str) -> tuple[tuple[str, ...], int]:
    """Words without what tells father and son apart, and that as a number, 0 if there is none."""
    found = words(name)
    suffix = next((_SUFFIXES[w] for w in found[1:] if w in _SUFFIXES), 0)
    return tuple(w for n, w in enumerate(found) if not n or w not in _SUFFIXES), suffix


def _compare(a: tuple[str, ...], b: tuple[str, ...], sounds_a: tuple[str, ...], sounds_b: tuple[str, ...]) -> Likeness:
    if len(a) == len(b) and sorted(a) == sorted(b):
        return "same"
    one, two = list(sounds_a), list(sounds_b)
    if sorted(one) == sorted(two):
        return "feminine" if told_apart(a, b) else "sound"
    if joined(one, two):
        return "sound"
    shared = []
    for w in list(one):
        if w in two:
            one.remove(w)
            two.remove(w)
            shared.append(w)
    telling = [w for w in shared if len(w) > 1 and w not in _PARTICLES]
    if len(a) == 1 or len(b) == 1:
        alone, rest = (one, two) if len(a) == 1 else (two, one)
        return "one word" if telling or (alone and any(same_by_nickname(alone[0], w) for w in rest)) else "different"
    one, two = ([w for w in side if w not in _PARTICLES] for side in (one, two))
    if len(telling) >= 2 and (not one or not two or _initials(one, two)):
        return "middle"
    if not telling:
        return "different"
    if len(one) == 1 and len(two) == 1:
        x, y = sorted((one[0], two[0]), key=len)
        if len(x) == 1:
            return "initial" if y.startswith(x) else "different"
        if same_by_nickname(x, y):
            return "nickname"
        if _feminine(x, y):
            return "feminine"
        if len(x) > 2 and y.startswith(x):
            return "nickname"
        return "typo" if len(x) >= 4 and _one_off(x, y) else "different"
    if one and two and _initials(one, two):
        return "initial"
    return "different"


def _feminine(a: str, b: str) -> bool:
    """Whether one is a man's name, or his family's, and the other the same of a woman; ``a`` is not the longer one."""
    if len(a) < 3:
        return False
    if b.startswith(a):
        rest = b[len(a) :]
        # Stefan and Stefanie, Emil and Emilie; and Andrea, to whom Andreas is the man
        return rest in _FEMININE or (rest == "i" and a[-1] in "nl") or (rest == "s" and a[-1] == "a")
    return any(
        x.endswith(his) and y == x.removesuffix(his) + hers for his, hers in _TURNED for x, y in ((a, b), (b, a))
    )


def _initials(one: list[str], two: list[str]) -> bool:
    """Whether the words of one are initials of words of the other."""
    short, long = sorted((one, two), key=lambda side: sum(map(len, side)))
    return bool(short) and all(len(w) == 1 and any(other.startswith(w) for other in long) for w in short)


def _one_off(a: str, b: str) -> bool:
    """Whether one letter more, less, other, or two changed places make one of the other; ``a`` is not the longer one."""
    if len(b) - len(a) > 1:
        return False
    n = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[n:] == b[n + 1 :]
    return a[n + 1 :] == b[n + 1 :] or (a[n : n + 2] == b[n : n + 2][::-1] and a[n + 2 :] == b[n + 2 :])


# Addresses made from names -------------------------------------------------------------------------------------------

_CUT = re.compile(r"[^a-z]+")


@lru_cache(maxsize=65_536)
def made_from(local: str, name: str) -> Literal["whole", "initial", "one word", "no"]:
    """How the local part of an address is made from a name: of two of its words; of one and an initial; of one; or not."""
    plain = [latin(w).replace("-", "") for w in words(name)]
    telling = [w for w in plain if len(w) > 1]
    if not telling:
        return "no"
    text = latin(local)
    bare = _CUT.sub("", text)
    tokens = [t for t in _CUT.split(text) if t]
    spelt = {form for w in telling for form in _forms(w)}
    if len({t for t in tokens if t in spelt}) >= 2 or sum(_within(w, bare) for w in telling) >= 2:
        return "whole"
    for w in telling:
        for form in _forms(w):
            if len(form) < 3 or form not in bare:
                continue
            rest = bare.replace(form, "", 1)
            if not rest:
                return "one word"
            others = [v for v in plain if v != w]
            if any(rest in _forms(v) for v in others) or rest == "".join(others):
                return "whole"
            if others and _is_initials(rest, others) and (bare.startswith(form) or bare.endswith(form)):
                return "initial"
    return "no"


def _within(word: str, text: str) -> bool:
    return len(word) > 2 and any(form in text for form in _forms(word))


def _forms(word: str) -> tuple[str, ...]:
    """A word, and as it is without the second letter of an umlaut."""
    plain = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    return (word, plain) if plain != word else (word, *_umlauts(word))


def _umlauts(word: str) -> tuple[str, ...]:
    return tuple(word.replace(v, v + "e", 1) for v in "aou" if v in word)


def _is_initials(rest: str, words_: list[str]) -> bool:
    return len(rest) <= len(words_) and all(any(w.startswith(c) for w in words_) for c in rest)
