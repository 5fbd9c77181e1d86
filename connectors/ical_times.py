"""Times in iCalendar files (RFC 5545 section 3.3.4 to 3.3.12): days, times with a zone, times without. Nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.content_lines import Line

_TIME = re.compile(
    r"[ \t]*(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?[ \t]*([Zz]|[+-]\d\d:?\d\d)?)?[ \t]*(?:/.*)?$",
    re.DOTALL,
)
FIRST_YEAR, LAST_YEAR = 2, 9990
"""Years that are read: outside of them a time cannot be told in every zone."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as it was written: what a clock shows there, and where; ``zone`` is None where none was named."""

    wall: datetime
    zone: tzinfo | None = None
    whole_day: bool = False

    def utc(self, floating: tzinfo) -> datetime:
        """The moment in UTC; ``floating`` is the zone of one that names none.

        A time that a clock skips is read with the offset before, of one that it shows twice the first is meant (RFC 5545
        section 3.3.5).
        """
        return utc_of(self.wall, self.zone or floating)


def utc_of(wall: datetime, zone: tzinfo) -> datetime:
    """The moment when a clock in this zone shows ``wall``, in UTC: see ``Moment.utc``."""
    if zone is UTC:
        return wall.replace(tzinfo=UTC)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def moments(line: Line, zone_named: Callable[[str], tzinfo], most: int) -> list[Moment]:
    """The times of a line, no more than ``most``; those that cannot be read are left out. Of a period it is the begin."""
    value, name = line.value, line.parameter("TZID")
    if ":" in value and name is not None and value.count(":") != value.count(":", value.rfind("T")):
        more, _, value = value.rpartition(":")  # a name with a colon in it that nobody quoted
        name = f"{name}:{more}"
    zone = zone_named(name) if name else None
    whole_day = (line.parameter("VALUE") or "").upper() == "DATE"
    found = []
    for text in value.split(",", most)[:most]:
        one = _moment(text, zone, whole_day)
        if one is not None:
            found.append(one)
    return found


def moment(line: Line, zone_named: Callable[[str], tzinfo]) -> Moment | None:
    """The time of a line; None if there is none that can be read."""
    found = moments(line, zone_named, 1)
    return found[0] if found else None


def _moment(text: str, zone: tzinfo | None, whole_day: bool) -> Moment | None:
    parts = _TIME.match(text, 0, 200)
    if parts is None:
        return None
    year, month, day, hour, minute, second, offset = parts.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None
    try:
        if hour is None or whole_day:
            return Moment(datetime(int(year), int(month), int(day)), None, True)
        wall = datetime(int(year), int(month), int(day), int(hour) % 24, int(minute), min(int(second or 0), 59))
    except ValueError:
        return None
    if hour == "24":
        wall += timedelta(days=1)
    if offset is None or zone is not None:  # one that names a zone and is in UTC is meant in the zone, as Google reads it
        return Moment(wall, zone)
    if offset in "Zz":
        return Moment(wall, UTC)
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return Moment(wall - away if offset[0] == "+" else wall + away, UTC)
