"""Sets of UIDs: what UID SEARCH and ESEARCH say, and what a UID FETCH asks for.

A mailbox of a million messages is a few ranges, unless every second message was deleted; then it is two numbers of 32
bits for each. Nothing here ever makes an object for each UID of a mailbox.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator

Ranges = list[tuple[int, int]]
"""Ranges of UIDs, both ends within, ascending."""

TOP = 0xFFFFFFFF
"""The highest UID there can be (RFC 3501 section 2.3.1.1)."""

LONGEST_SET = 7_000
"""Bytes of a UID set in one command: servers take lines of 8,000 (RFC 2683 section 3.2.1.5) and the items need some."""

_NUMBER = re.compile(rb"(?<![0-9])[0-9]{1,10}(?![0-9])")
_RANGE = re.compile(rb"(?<![0-9*])([0-9]{1,10})(?::([0-9]{1,10}))?(?![0-9:*])")


class Uids:
    """UIDs in ascending ranges, taken away from either end; ``len`` is how many are left."""

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        """``pairs`` are ranges in any order, that may overlap; what is no UID is left out."""
        self._starts, self._ends = array("I"), array("I")
        self._head = 0
        self._count = 0
        last = 0
        for start, end in sorted(pairs):
            start, end = max(start, last + 1), min(end, TOP)
            if start > end:
                continue
            if last and start == last + 1:
                self._ends[-1] = end
            else:
                self._starts.append(start)
                self._ends.append(end)
            self._count += end - start + 1
            last = end

    @classmethod
    def of_numbers(cls, text: bytes, low: int, high: int) -> Uids:
        """The numbers in the data of ``* SEARCH`` (RFC 3501 section 7.2.5) from ``low`` to ``high``."""
        numbers = array("I", (n for m in _NUMBER.finditer(text) if low <= (n := int(m[0])) <= high))
        ascending = all(map(int.__lt__, numbers, memoryview(numbers)[1:]))
        return cls(_runs(numbers if ascending else sorted(numbers)))

    @classmethod
    def of_set(cls, text: bytes, low: int, high: int) -> Uids:
        """The UIDs of a sequence-set (RFC 3501 section 9) from ``low`` to ``high``; parts with ``*`` are left out."""
        pairs = ((int(m[1]), int(m[2] or m[1])) for m in _RANGE.finditer(text))
        return cls((max(min(a, b), low), min(max(a, b), high)) for a, b in pairs)

    def __len__(self) -> int:
        return self._count

    @property
    def highest(self) -> int:
        """The highest UID; 0 where there is none."""
        return self._ends[-1] if self._count else 0

    def take_newest(self, most: int) -> Ranges:
        """Up to ``most`` of the highest UIDs, which are then gone from here; fewer if they make a long set."""
        taken: Ranges = []
        size = 0
        while most > 0 and self._count and size < LONGEST_SET:
            end = self._ends[-1]
            start = max(self._starts[-1], end - most + 1)
            if start == self._starts[-1]:
                self._starts.pop()
                self._ends.pop()
            else:
                self._ends[-1] = start - 1
            most -= end - start + 1
            self._count -= end - start + 1
            size += len(str(start)) + len(str(end)) + 2
            taken.append((start, end))
        taken.reverse()
        return taken

    def take_oldest(self, most: int) -> Ranges:
        """Up to ``most`` of the lowest UIDs, which are then gone from here; fewer if they make a long set."""
        taken: Ranges = []
        size = 0
        while most > 0 and self._count and size < LONGEST_SET:
            start = self._starts[self._head]
            end = min(self._ends[self._head], start + most - 1)
            if end == self._ends[self._head]:
                self._head += 1
            else:
                self._starts[self._head] = end + 1
            most -= end - start + 1
            self._count -= end - start + 1
            size += len(str(start)) + len(str(end)) + 2
            taken.append((start, end))
        return taken


def _runs(ascending: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The ranges that ascending numbers make."""
    start = end = 0
    for number in ascending:
        if number != end + 1 or not start:
            if start:
                yield start, end
            start = number
        end = number
    if start:
        yield start, end


def listed(ranges: Ranges) -> list[int]:
    """Every UID of some ranges, ascending."""
    return [uid for start, end in ranges for uid in range(start, end + 1)]


def ranges_of(uids: Iterable[int]) -> Ranges:
    """The ranges that some UIDs make."""
    return list(_runs(sorted(set(uids))))


def set_text(ranges: Ranges) -> str:
    """The sequence-set of some ranges (RFC 3501 section 9)."""
    return ",".join(str(start) if start == end else f"{start}:{end}" for start, end in ranges)
