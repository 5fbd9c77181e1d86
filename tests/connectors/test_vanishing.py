"""What is believed to be deleted, and what is only missing."""

from __future__ import annotations

import pytest

from connectors.base import Gone
from connectors.dav_marks import MISSING, Entry, Marks
from connectors.resources import mark
from connectors.vanishing import DAY, HOUR, deleted, long_missing, withdrawn

NOW = 1_770_000_000.0


def kept(number: int, day: int = 0) -> tuple[Marks, list[str]]:
    """As many resources, and their marks."""
    marks, names = Marks(), sorted(mark(str(n)) for n in range(number))
    for name in names:
        marks.put(name, Entry(bytes(4), bytes(5), 0, day))
    return marks, names


@pytest.mark.parametrize(
    ("there", "lost", "fewest", "believed"),
    [
        (100, 1, 1, True),
        (100, 50, 1, True),
        (100, 51, 1, False),
        (30, 19, 1, True),
        (30, 20, 1, False),
        (3, 2, 1, True),
        (3, 3, 1, False),
        (1, 1, 1, False),
        (1, 1, 2, True),
        (2, 2, 2, False),
        (5, 0, 1, True),
    ],
)
def test_most_or_all_at_once_are_missing_and_fewer_are_deleted(there: int, lost: int, fewest: int, believed: bool) -> None:
    marks, names = kept(there)
    assert deleted(marks, names[:lost], fewest) == (names[:lost] if believed else None)
    assert sorted(marks.having(MISSING)) == ([] if believed else names[:lost])


def test_what_is_missing_or_was_never_kept_is_not_deleted() -> None:
    marks, names = kept(100)
    assert deleted(marks, names[:60]) is None
    assert deleted(marks, [*names[:61], mark("never")]) == [names[60]]
    assert deleted(marks, names) is None, "the last forty are all that there were"


def test_what_is_missing_for_an_hour_is_withdrawn_but_for_what_has_happened() -> None:
    marks, names = kept(30, day=int(NOW) // DAY)
    deleted(marks, names)
    assert long_missing(marks, names[:10], None, NOW) == []
    assert long_missing(marks, names[:10], NOW - HOUR + 1, NOW) == []
    assert long_missing(marks, names[:10], NOW - HOUR, NOW) == names[:10]
    assert withdrawn(marks, names[0], NOW, keeps_history=True) == []
    assert withdrawn(marks, names[1], NOW - DAY, keeps_history=True) == [Gone(f"{names[1]}/")]
    assert withdrawn(marks, names[2], NOW, keeps_history=False) == [Gone(f"{names[2]}/")]
    assert withdrawn(marks, names[2], NOW, keeps_history=False) == []
    assert len(marks) == 27
