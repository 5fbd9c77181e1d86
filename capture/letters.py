"""Letters of other alphabets, and the ways in which one sound is written: names that sound alike have the same skeleton.

A few pairs of names sound alike, or nearly, and are two names: ``told_apart`` knows them.

"Müller", "Mueller" and "Muller" are one skeleton, and so are "Алексей" and "Aleksey" or "Alexei". It is coarse on purpose: a
skeleton finds whom to compare, and says that two spellings may be one name. Chinese characters are left as they are; how they
are read nobody can tell from them alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_LATIN = {
    "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ħ": "h", "ŋ": "n",
    # Cyrillic, as passports and most people write it
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "e", "є": "ie", "ж": "zh", "з": "z", "и": "i",
    "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ў": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "",
    "э": "e", "ю": "iu", "я": "ia", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "ђ": "dj", "џ": "dz", "ѓ": "g", "ќ": "k",
    # Greek
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l", "μ": "m",
    "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "kh", "ψ": "ps",
    "ω": "o",
}  # fmt: skip

_ALIKE = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"shch|sch", "sh"),
        (r"tsch|tch", "ch"),
        (r"kh|gh", "h"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"ck|cq|q", "k"),
        (r"x", "ks"),
        (r"tz|cz", "ts"),
        (r"ae|aa", "a"),
        (r"oe|ou", "o"),
        (r"ue", "u"),
        (r"[yj]", "i"),
        (r"w", "v"),
        (r"c(?=[ei])", "s"),
        (r"c(?!h)", "k"),
        (r"ie|ii", "i"),
        (r"([^\W\d_])\1", r"\1"),
    )
]


def latin(text: str) -> str:
    """The text in lower-case Latin letters without accents, where its alphabet can be written so."""
    if text.isascii():
        return text.lower()
    found = []
    for c in unicodedata.normalize("NFKC", text).casefold():
        known = _LATIN.get(c)
        if known is not None:
            found.append(known)
        elif c.isascii():
            found.append(c)
        else:
            bare = "".join(b for b in unicodedata.normalize("NFKD", c) if not unicodedata.combining(b))
            found.append("".join(_LATIN.get(b, b) for b in bare))
    return "".join(found)


@lru_cache(maxsize=65_536)
def skeleton(word: str) -> str:
    """What is left of one word of a name when the ways to write its sounds are not told apart."""
    text = latin(word).replace("-", "").replace("'", "")
    for pattern, plain in _ALIKE:
        text = pattern.sub(plain, text)
    return text


_TWO = """
    jo/joe lois/louis robin/robyn carol/karol toni/tony kai/kay terri/terry jerri/jerry bobbi/bobby bobbie/bobby randi/randy
    andi/andy andie/andy jodi/jody billie/billy nicki/nicky nikki/nicky danni/danny sandi/sandy valerie/valery frankie/franky
"""
_TWO_NAMES = frozenset(frozenset(pair.split("/")) for pair in _TWO.split())
"""Names of one skeleton, of which the one is a woman's and the other nearly always a man's."""


def told_apart(a: Iterable[str], b: Iterable[str]) -> bool:
    """Whether words of two names of one sound are two names: by an ending that is not heard, as René and Renée, or as known."""
    one, two = {latin(w) for w in a}, {latin(w) for w in b}
    written = one ^ two
    if any((w.endswith("e") and f"{w}e" in written) or (w.endswith("le") and f"{w[:-2]}lle" in written) for w in written):
        return True
    return any(frozenset((x, y)) in _TWO_NAMES for x in one - two for y in two - one)
