"""The time zones that iCalendar files name (TZID, RFC 5545 section 3.2.19), whoever made the name up.

A name that means a place is that place, with all that is known of its clocks, also where the file describes the zone itself:
such descriptions leave out what was before, and some are junk. Any other name is what the file says of it (VTIMEZONE, section
3.6.5). What is left is guessed at from cities and offsets in the name, and is the user's own zone at last. Nothing here raises.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

from connectors import ical_windows
from connectors.content_lines import Line
from connectors.ical_lines import read
from connectors.ical_rules import Budget, rule, times
from connectors.ical_times import moment, moments

_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?")
_OFFSET_IN_NAME = re.compile(r"\(?(?:UTC|GMT|Etc/GMT)?\s?([+-])(\d{1,2})(?:[:.]?(\d\d))?\)?", re.IGNORECASE)
_EDGE = re.compile(r"(BEGIN|END)[ \t]*:[ \t]*(STANDARD|DAYLIGHT)", re.IGNORECASE)
_MOST_REMEMBERED = 500
_MOST_ONSETS = 2000
_FROM, _TO = datetime(1970, 1, 1), datetime(2060, 1, 1)
"""Between these years changes of a zone are worked out."""

_BARE = frozenset({"GMT", "UTC", "EST", "MST", "HST"})
"""Names of zones that never change their clocks."""

_named: dict[str, tzinfo | None] = {}
_described: dict[bytes, tzinfo | None] = {}
_cities: dict[str, list[str]] = {}


class Zones:
    """The zones of one file. ``own`` is the user's, which is taken where nothing else can be found out."""

    def __init__(self, described: Mapping[str, Sequence[bytes]], own: tzinfo, budget: Budget) -> None:
        self._described = described
        self._own = own
        self._budget = budget
        self._here: dict[str, tzinfo] = {}

    def named(self, name: str) -> tzinfo:
        """The zone of this name."""
        found = self._here.get(name)
        if found is None:
            found = self._here[name] = self._find(name.strip()[:255])
        return found

    def _find(self, name: str) -> tzinfo:
        lines = self._described.get(name)
        # Domino and others write GMT and EST of zones that have a summer time: what the file says of it holds
        its_own = name.upper() in _BARE and lines is not None and any(line.upper() == b"BEGIN:DAYLIGHT" for line in lines)
        found = None if its_own else _remembered(name)
        if found is None and lines is not None:
            key = hashlib.blake2b(b"\n".join(lines), digest_size=16).digest()
            if key not in _described:
                if len(_described) >= _MOST_REMEMBERED:
                    _described.clear()
                described = _description(lines, self._budget)
                if self._budget.steps <= 0:
                    return described or _guessed(name) or self._own  # cut short by this file: of no use to another
                _described[key] = described
            found = _described[key]
        return found or _guessed(name) or self._own


def _remembered(name: str) -> tzinfo | None:
    if name not in _named:
        if len(_named) >= _MOST_REMEMBERED:
            _named.clear()
        _named[name] = _known(name)
    return _named[name]


def _known(name: str) -> tzinfo | None:
    """The zone that is known by this name, or by what it ends with ("/example.org/2007/Europe/Berlin")."""
    if name.upper() in ("UTC", "GMT", "ETC/UTC", "ETC/GMT", "ETC/UCT"):
        return UTC
    parts = name.strip("/").split("/")[-6:]
    for place in range(len(parts)):
        rest = "/".join(parts[place:])
        if place and place == len(parts) - 1:
            return UTC if rest.upper() in ("UTC", "GMT") else None
        found = _zone(rest)
        if found is not None:
            return found
        if not place and (found := _first(ical_windows.names(name))) is not None:
            return found
    return None


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _first(names: Sequence[str]) -> tzinfo | None:
    return next((zone for name in names if (zone := _zone(name)) is not None), None)


def _guessed(name: str) -> tzinfo | None:
    """A zone by an offset in its name and a city beside it: "(UTC+01:00) Amsterdam, Berlin", "GMT-0500"."""
    offset = _OFFSET_IN_NAME.search(name)
    away = None
    if offset is not None:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        if away > timedelta(hours=15):
            return None
        away = -away if offset[1] == "-" else away
    if not _cities:
        for each in available_timezones():
            _cities.setdefault(each.rpartition("/")[2].lower(), []).append(each)
            _cities.setdefault(each.lower(), []).append(each)
    rest = name if offset is None else name[: offset.start()] + name[offset.end() :]
    for part in re.split(r"[,;/&]", rest)[:20]:
        words = part.strip(" ()")
        for each in (*_cities.get(words.lower().replace(" ", "_"), ()), *ical_windows.like(words)):
            zone = _zone(each)
            if zone is not None and (away is None or away in _offsets(zone)):
                return zone
    if _cities.get(name.lower()):
        return _zone(_cities[name.lower()][0])
    return None if away is None else timezone(away)


def _offsets(zone: tzinfo) -> tuple[timedelta | None, timedelta | None]:
    return tuple(datetime(2024, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))  # type: ignore[return-value]


class _Described(tzinfo):
    """A zone as a file describes it: by the times when its offset changes."""

    def __init__(self, changes: list[tuple[datetime, timedelta, timedelta]]) -> None:
        """``changes``: what the clock showed before each, the offset before it, and the one after."""
        changes.sort(key=lambda change: change[0] - change[1])
        self._first = changes[0][1]
        self._offsets = [after for _, _, after in changes]
        self._utc = [clock - before for clock, before, _ in changes]
        # What the clock skips is read with the offset before (section 3.3.5), what it shows twice too.
        self._walls = [clock + max(timedelta(0), after - before) for clock, before, after in changes]

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return self._first
        place = bisect_right(self._walls, moment.replace(tzinfo=None))
        return self._offsets[place - 1] if place else self._first

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None

    def fromutc(self, moment: datetime) -> datetime:
        place = bisect_right(self._utc, moment.replace(tzinfo=None))
        return moment + (self._offsets[place - 1] if place else self._first)


def _description(lines: Sequence[bytes], budget: Budget) -> tzinfo | None:
    """The zone of a VTIMEZONE; None if nothing is said of when it has which offset."""
    changes: list[tuple[datetime, timedelta, timedelta]] = []
    location = ""
    observance: list[Line] | None = None
    for raw in lines:
        line = read(raw)
        if line is None:
            continue
        if line.name == "BEGIN":
            observance = []
        elif line.name == "END":
            if observance:
                _observe(observance, changes, budget)
            observance = None
        elif observance is not None:
            observance.append(line)
        elif line.name in ("X-LIC-LOCATION", "TZID-ALIAS-OF"):
            location = line.value.strip()
    if changes:
        return _Described(changes)
    return _zone(location) if location else None


def _observe(lines: list[Line], changes: list[tuple[datetime, timedelta, timedelta]], budget: Budget) -> None:
    """Adds the times when an observance (STANDARD or DAYLIGHT) begins."""
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        by_name.setdefault(line.name, []).append(line)
    begins = [moment(line, _clock) for line in by_name.get("DTSTART", ())]
    after = _offset(by_name, "TZOFFSETTO")
    if not begins or begins[0] is None or after is None:
        return
    before = _offset(by_name, "TZOFFSETFROM")
    before = after if before is None else before
    begin = begins[0].wall
    zone = timezone(before)
    onsets = {begin}
    for line in by_name.get("RRULE", ())[:20]:
        found = rule(line.value)
        if found is None:
            continue
        until = moment(Line("UNTIL", found.until), _clock) if found.until else None
        last = None
        if until is not None:
            last = until.wall if until.zone is None else until.wall.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            last += timedelta(days=1) if until.whole_day else timedelta(0)
        onsets.update(times(found, begin, _FROM, _TO, last, _MOST_ONSETS, budget)[0])
    for line in by_name.get("RDATE", ())[:_MOST_ONSETS]:
        for one in moments(line, _clock, _MOST_ONSETS):
            wall = one.wall if one.zone is None else one.wall + before
            onsets.add(wall.replace(hour=begin.hour, minute=begin.minute) if one.whole_day else wall)
    changes += ((onset, before, after) for onset in sorted(onsets)[-_MOST_ONSETS:])


def _clock(name: str) -> tzinfo:
    return UTC


def _offset(lines: dict[str, list[Line]], name: str) -> timedelta | None:
    for line in lines.get(name, ()):
        found = _OFFSET.match(line.value.strip())
        if found is not None:
            away = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
            if away < timedelta(hours=24):
                return -away if found[1] == "-" else away
    return None
