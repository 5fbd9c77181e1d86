"""What of a source is not there any more, and whether that is believed.

What vanishes one by one was deleted. What vanishes all at once may be on a disk that is not mounted, or on a server that
fails: it must be missing for an hour before it is withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection

from connectors.base import Gone
from connectors.dav_marks import MISSING, Marks

HOUR = 3600.0
DAY = 86400
MANY = 20
"""So many resources that vanish at once, and are most of those that there were, have not been deleted one by one."""


def deleted(marks: Marks, lost: Collection[str], fewest: int = 1) -> list[str] | None:
    """Which of the ``lost`` resources were deleted; None if it is so many that all are noted as missing instead.

    Those that are missing already are neither. The last resources of a source are never too few not to be believed, if
    they are at least ``fewest``.
    """
    missing = set(marks.having(MISSING))
    fresh = sorted(name for name in lost if name not in missing and name in marks)
    living = len(marks) - len(missing)
    if len(fresh) < fewest or not (len(fresh) == living or (len(fresh) >= MANY and 2 * len(fresh) > living)):
        return fresh
    for name in fresh:
        entry = marks.get(name)
        if entry is not None:
            entry.flags |= MISSING
            marks.put(name, entry)
    return None


def long_missing(marks: Marks, lost: Collection[str], since: float | None, now: float) -> list[str]:
    """Which of the ``lost`` resources are missing ``since`` more than an hour."""
    if since is None or now - since < HOUR:
        return []
    return sorted(set(marks.having(MISSING)).intersection(lost))


def withdrawn(marks: Marks, name: str, now: float, keeps_history: bool) -> list[Gone]:
    """How to withdraw a resource, of which nothing is kept then: with ``keeps_history`` not if its meeting has been."""
    entry = marks.get(name)
    marks.drop(name)
    if entry is None or (keeps_history and entry.day * DAY <= now):
        return []
    return [Gone(f"{name}/")]
