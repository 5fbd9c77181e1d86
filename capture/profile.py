"""What a handle shows of who uses it: the names that it was written with, and its own local part. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from capture.letters import latin, skeleton
from capture.likeness import LIKELIEST, Likeness, likeness, made_from, name_key, named
from capture.names import words
from capture.nicknames import nickname_groups
from capture.robots import is_role

MOST_NAMES = 8
"""Names that are looked at, the most frequent ones; whoever has more is no one person."""

FEWEST_LETTERS = 5
"""A shorter local part is had by too many to tell anything."""


@dataclass
class Profile:
    """A canonical handle, with how often it was written under which name: by itself, and by others."""

    canonical: str
    origin: str | None = None
    own_names: Mapping[str, int] = field(default_factory=dict)
    others_names: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def local(self) -> str:
        """The local part of an address; empty for other handles."""
        kind, _, value = self.canonical.partition(":")
        return value.rpartition("@")[0] if kind == "email" else ""

    @cached_property
    def domain(self) -> str:
        """The domain of an address; empty for other handles."""
        return self.canonical.rpartition("@")[2] if self.local else ""

    @cached_property
    def letters(self) -> str:
        """The Latin letters of the local part."""
        return "".join(c for c in latin(self.local) if "a" <= c <= "z")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Full names, the most frequent first: those that it wrote itself under; if there are none, what others wrote."""
        for said in (self.own_names, self.others_names):
            full = sorted((n for n in said if named(n)), key=lambda n: (-said[n], n))
            if full:
                return tuple(full[:MOST_NAMES])
        return ()

    @cached_property
    def alone(self) -> frozenset[str]:
        """Names that are no full ones, such as a single word, by their sound."""
        said = (n for n in {**self.own_names, **self.others_names} if not named(n))
        found = ("".join(map(skeleton, words(n))) for n in said)
        return frozenset(n for n in found if len(n) >= FEWEST_LETTERS - 1)

    @cached_property
    def several(self) -> bool:
        """Whether two people write from it, or are written to by it: an office, a family, a relay."""
        return any(likeness(a, b) == "different" for a, b in combinations(self.names, 2))

    @cached_property
    def role(self) -> bool:
        """Whether it is the address of an office or a household."""
        return is_role(self.canonical)

    def like(self, other: Profile) -> Likeness:
        """How far the names of the two agree, at best."""
        if len(self.names) == len(other.names) == 1:
            return likeness(self.names[0], other.names[0])
        return min(
            (likeness(a, b) for a in self.names for b in other.names), key=LIKELIEST.index, default="unknown"
        )

    def made_from(self, names: Iterable[str]) -> str:
        """How the local part is made from any of these names, at best."""
        ways = ("whole", "initial", "one word", "no")
        return min((made_from(self.local, n) for n in names), key=ways.index, default="no") if self.local else "no"


def blocks(profile: Profile) -> frozenset[str]:
    """Keys of which two handles share at least one if they may be one person's: only those are compared."""
    found: set[str] = set()
    for name in profile.names:
        found.add(f"n {name_key(name)}")
        cut = [skeleton(w) for w in words(name)]
        for anchor in (w for w in cut if len(w) > 1):
            found |= {f"f {anchor} {how}" for w in cut if w != anchor for how in _starts(w)}
    found |= {f"o {name}" for name in profile.alone}
    if profile.local and not profile.role:
        if len(profile.letters) >= FEWEST_LETTERS:
            found.add(f"l {profile.letters}")
        plain = latin(profile.local)
        found |= {f"m {form}" for name in profile.names for form in _made(words(name))}
        if not profile.names and len(profile.letters) >= FEWEST_LETTERS:
            found.add(f"m {profile.letters}")
            found |= {f"m {form}" for form in _made(pieces(plain))}
    return frozenset(found)


def telling_words(profile: Profile) -> frozenset[str]:
    """The words of its names by which it is counted how rare a name is."""
    return frozenset(skeleton(w) for name in profile.names[:1] for w in words(name) if len(w) > 1)


def _starts(word: str) -> Iterator[str]:
    yield word[:1]
    for number in nickname_groups(word):
        yield f"#{number}"


def _made(name: Sequence[str]) -> Iterator[str]:
    """What local parts are made from a name, without what stands between."""
    cut = [latin(w).replace("-", "") for w in name]
    if len(cut) >= 2 and all(cut):
        first, last = cut[0], "".join(cut[1:])
        for one, two in ((first, last), (first, cut[-1])):
            yield from (one + two, two + one, one[0] + two, two + one[0], one + two[0])


def pieces(local: str) -> list[str]:
    """The words of a local part that is written like a name."""
    for sign in "._-":
        local = local.replace(sign, " ")
    found = ["".join(c for c in piece if c.isalpha()) for piece in local.split()]
    return found if 2 <= len(found) <= 3 and all(len(piece) > 1 for piece in found) else []
