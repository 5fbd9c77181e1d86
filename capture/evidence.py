"""What speaks for two handles being one person, and what against: named, weighed in bits, and added up. Pure.

A weight is the logarithm to base 2 of how much more often the feature is seen between two handles of one person than between
two handles of two people that share a name or the making of their address (Fellegi and Sunter 1969). ``make bench-match``
prints the weights that its data would give, beside these; where data of one kind would give more than another, the smaller one
stands here, and where the matcher acts by itself (``LINK``) is out of reach of names and addresses alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import log2

from capture.letters import skeleton
from capture.nicknames import nickname_groups
from capture.profile import Profile, telling_words
from store.relate import Together

_NUMBER = re.compile(r"[._-]?\d+$")

LINK = 11.0
"""From here on the matcher links by itself."""

SUGGEST = 1.5
"""From here on ``kith review`` asks."""

WEIGHTS: Mapping[str, float] = {
    # names
    "same name": 3.0,
    "same name by sound": 3.0,
    "same name with more given names": 2.5,
    "same name by a nickname": 1.0,
    "same family name, an initial": -1.0,
    "names but for one letter": -2.0,
    # so are those of siblings and of couples, who are in one company and answer for each other
    "names but for a feminine ending": -6.0,
    "same name of one word": 2.0,
    "no name, same local part": 2.0,
    "no name, address made from the name": 3.0,
    "rare name": 2.0,  # at most; the more frequent the name, the less, down to as much below nothing
    # addresses
    "same local part": 1.5,
    "same unusual local part": 2.0,
    "one company under two domains": 2.5,
    "address made from the other's name": 1.0,
    "numbered at one domain": -6.0,
    # what they did
    "in one conversation": 10.0,
    # more and more of them say ever less; of whom they are all that there is beside name and address, nobody is linked (SHOWN)
    "one correspondent in common": 4.0,
    "two correspondents in common": 4.5,
    "several correspondents in common": 4.9,
    "named as the address for answers": 3.0,
    # against
    "both in one mail": -6.0,
    "both in one mass mail": -1.5,
    "written under several names": -4.0,
    "address of an office or a family": -0.5,
}
"""Feature to bits."""

_NAMES = {
    "same": "same name",
    "sound": "same name by sound",
    "middle": "same name with more given names",
    "nickname": "same name by a nickname",
    "initial": "same family name, an initial",
    "typo": "names but for one letter",
    "feminine": "names but for a feminine ending",
}

NEVER = frozenset({
    "written under several names", "address of an office or a family", "same name of one word", "no name, same local part",
    "no name, address made from the name", "same name by a nickname", "same family name, an initial",
    "names but for one letter", "names but for a feminine ending",
})  # fmt: skip
"""Features with which the matcher links nothing by itself, whatever else there is: it takes two full names that agree."""

SHOWN = frozenset({"in one conversation", "named as the address for answers"})
"""One of these it takes for a link: what names, addresses and correspondents show is a suggestion, however much it weighs."""

APART = frozenset({"both in one mail"})
"""Features by which two handles act as two people: nothing but the user's word brings them together."""


def features(a: Profile, b: Profile, seen: Together) -> list[str]:
    """All that is known of the two, but for how rare the name is; nothing where they are no candidates."""
    like = a.like(b)
    if like in ("different", "one word"):
        return []
    found = [_NAMES[like]] if like in _NAMES else _nameless(a, b)
    if not found:
        return []
    found += _addresses(a, b) if like in _NAMES else []
    if seen.threads and not seen.both:
        found.append("in one conversation")
    if seen.circle:
        how_many = {1: "one correspondent", 2: "two correspondents"}.get(seen.circle, "several correspondents")
        found.append(f"{how_many} in common")
    if seen.answers:
        found.append("named as the address for answers")
    if seen.both:
        found.append("both in one mail")
    if seen.crowds:
        found.append("both in one mass mail")
    if a.several or b.several:
        found.append("written under several names")
    if a.role or b.role:
        found.append("address of an office or a family")
    return found


def _nameless(a: Profile, b: Profile) -> list[str]:
    """Where one of them goes by no full name, its address may be made from the other's, or both may be alike."""
    bare, other = (a, b) if not a.names else (b, a)
    if other.names and bare.made_from(other.names) in ("whole", "initial"):
        return ["no name, address made from the name"]
    if a.alone & b.alone:
        return ["same name of one word", *_addresses(a, b)]
    if not a.local or not b.local:
        return []
    return ["no name, same local part"] if a.letters == b.letters and len(a.letters) >= 4 else []


def _addresses(a: Profile, b: Profile) -> list[str]:
    if not a.local or not b.local:
        return []
    if a.domain == b.domain:
        # two who have one name, at one provider: the second one got a number
        numbered = _NUMBER.sub("", a.local) == _NUMBER.sub("", b.local)
        return ["numbered at one domain"] if numbered else ["same local part"] if a.letters == b.letters else []
    found = []
    if a.local == b.local:
        unusual = len(a.local) >= 5 and a.made_from((*a.names, *b.names)) == "no"
        found.append("same unusual local part" if unusual else "same local part")
        if _one_company(a.domain, b.domain):
            found.append("one company under two domains")
    elif a.made_from(b.names) == "whole" and b.made_from(a.names) == "whole":
        found.append("address made from the other's name")
    return found


def _one_company(a: str, b: str) -> bool:
    """Whether two domains are one with something before or after its name: acme.example, acme-group.example."""
    one, two = sorted((a, b), key=len)
    name, other = one.split("."), two.split(".")
    if two.endswith(f".{one}") and len(name) >= 2:
        return True
    return len(name[0]) >= 4 and (other[0].startswith(f"{name[0]}-") or (other[0] == name[0] and len(name[0]) >= 8))


class Rarity:
    """How rare a name is among all that the user's data has."""

    MOST = WEIGHTS["rare name"]
    """Bits that it makes at most, either way."""

    def __init__(self, counts: Mapping[str, int], total: int) -> None:
        """``counts``: word of a name to how many handles have it; ``total``: handles with a full name."""
        self._counts = counts
        self._total = total

    def bits(self, a: Profile, b: Profile) -> float:
        """Positive for a name that hardly anybody else would have by chance, negative for one that many would."""
        shared = telling_words(a) & telling_words(b)
        if len(shared) < 2:
            # a name or an address that is nothing but a word which others are called by is no word of their own
            word = next(iter(sorted(a.alone & b.alone)), "") or (skeleton(a.letters) if a.letters == b.letters else "")
            count = self._counts.get(word, 0)
            return -self.MOST if word and (count > 1 or nickname_groups(word)) else -0.5 * count
        expected = 1.0
        for count in sorted(self._counts.get(w, 2) for w in shared)[:2]:
            expected *= max(count - 1, 1)
        return round(min(self.MOST, max(-self.MOST, log2(max(self._total, 1) / expected) - 2)), 2)


def score(found: Iterable[str], rarity: float = 0.0) -> float:
    """The bits of these features together."""
    return round(sum(WEIGHTS[each] for each in found) + rarity, 2)
