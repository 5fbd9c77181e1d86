"""Events that recur (RFC 5545 section 3.8.5): a rule, more dates, fewer dates, and what became of single ones of them.

The parts of a series are the VEVENTs of one UID: the event itself, and for each occurrence that is otherwise than the rule
says one with a RECURRENCE-ID, which may speak for all that follow (RANGE=THISANDFUTURE). Of two for the same the one with the
higher SEQUENCE is valid, or the later. A series may also be without the event itself, where somebody was asked to single ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from connectors.content_lines import Line
from connectors.ical_lines import Event
from connectors.ical_rules import Budget, Rule, rule, times
from connectors.ical_times import FIRST_YEAR, LAST_YEAR, Moment, moment, moments, utc_of
from connectors.vcard_values import text

MOST_DATES = 5000
"""Values of RDATE, and of EXDATE, of one event that are read."""
MOST_RULES = 20
_LONGEST_TITLE = 300
_SLACK = timedelta(days=2)
"""No two clocks in the world are further apart."""
_FIRST, _LAST = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 1, 1)
_CANCELLED = {"CANCELLED", "CANCELED"}


@dataclass(slots=True)
class Part:
    """One VEVENT of a series."""

    event: Event
    start: Moment
    recurrence: Moment | None
    following: bool
    """It is also for what comes after."""
    cancelled: bool
    rank: tuple[int, str]
    said: bool
    """Others take part."""
    title: str


@dataclass(frozen=True, slots=True)
class Instance:
    """An occurrence: ``recid`` is what it is told by, in the form of a RECURRENCE-ID in UTC, "" if there is only one."""

    part: Part
    at: datetime
    recid: str


@dataclass(slots=True)
class Instances:
    """Occurrences, and whether there are more afterwards."""

    instances: list[Instance] = field(default_factory=list)
    more: bool = False


def part(event: Event, zone_named: Callable[[str], tzinfo], said: bool) -> Part | None:
    """The part that an event is; None if it does not say when it begins."""
    written, original = event.first("DTSTART"), event.first("RECURRENCE-ID")
    recurrence = moment(original, zone_named) if original is not None else None
    start = (moment(written, zone_named) if written is not None else None) or recurrence
    if start is None:
        return None
    if event.zone and start.zone is None and not start.whole_day:
        start = Moment(start.wall, zone_named(event.zone))
    cancelled = event.value("STATUS").upper() in _CANCELLED or event.method == "CANCEL"
    sequence = event.value("SEQUENCE")
    number = int(sequence[:9]) if sequence[:9].isascii() and sequence[:9].isdigit() else 0
    stamp = event.value("LAST-MODIFIED") or event.value("DTSTAMP")
    following = original is not None and (original.parameter("RANGE") or "").upper() == "THISANDFUTURE"
    title = text(event.value("SUMMARY"), _LONGEST_TITLE)
    return Part(event, start, recurrence, following, cancelled, (number, stamp), said, title)


@dataclass(slots=True)
class _Base:
    """The event itself, and what its times are told by."""

    start: Moment
    own: tzinfo

    @property
    def zone(self) -> tzinfo:
        return self.start.zone or self.own

    def wall(self, one: Moment) -> datetime:
        """What the clock of the series shows at a moment that was written otherwise."""
        if self.start.whole_day:
            return one.wall.replace(hour=0, minute=0, second=0)
        if one.whole_day:
            return datetime.combine(one.wall, self.start.wall.time())
        if one.zone is None or one.zone is self.zone:
            return one.wall
        return one.wall.replace(tzinfo=one.zone).astimezone(self.zone).replace(tzinfo=None)

    def on(self, wall: datetime, other: Moment) -> datetime:
        """What the clock that ``other`` is told by shows when that of the series shows ``wall``."""
        zone = other.zone or self.own
        if self.start.whole_day or zone is self.zone:
            return wall
        return wall.replace(tzinfo=self.zone).astimezone(zone).replace(tzinfo=None)

    def recid(self, wall: datetime) -> str:
        """What the occurrence at this time is told by."""
        return _recid(wall if self.start.whole_day else utc_of(wall, self.zone), self.start.whole_day)


def _recid(moment: datetime, whole_day: bool) -> str:
    day = f"{moment.year:04}{moment.month:02}{moment.day:02}"
    return day if whole_day else f"{day}T{moment.hour:02}{moment.minute:02}{moment.second:02}Z"


@dataclass(slots=True)
class Window:
    """The time that occurrences are asked for, and how many at most; ``own`` is the zone of times that name none."""

    begin: datetime | None
    until: datetime
    own: tzinfo
    most: int
    budget: Budget
    zone_named: Callable[[str], tzinfo]

    def walls(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Begin and end on a clock, with some slack."""
        end = self.until.astimezone(zone).replace(tzinfo=None) + _SLACK
        if self.begin is None:
            return datetime.min, end
        return self.begin.astimezone(zone).replace(tzinfo=None) - _SLACK, end


def instances(parts: list[Part], window: Window) -> Instances:
    """The occurrences of a series in a time, in their order."""
    found = Instances()
    master: Part | None = None
    for one in parts:
        if one.recurrence is None and (master is None or one.rank >= master.rank):
            master = one
    if master is not None and master.cancelled:
        return found
    base = None if master is None else _Base(master.start, window.own)
    single: dict[str, Part] = {}
    for one in parts:
        if one.recurrence is not None:
            recid = _original(one.recurrence, one.start, base, window.own)
            if recid not in single or one.rank >= single[recid].rank:
                single[recid] = one
    for recid, one in single.items():
        if not one.cancelled:
            _add(found, one, one.start.utc(window.own), recid, window)
    if master is not None and base is not None:
        if master.event.lines.keys() & {"RRULE", "RDATE"}:
            _expand(found, master, base, single, window)
        elif base.recid(master.start.wall) not in single:
            _add(found, master, master.start.utc(window.own), "", window)
    found.instances.sort(key=lambda one: one.at)
    return found


def _add(found: Instances, one: Part, at: datetime, recid: str, window: Window) -> None:
    if not one.said:
        return
    if at >= window.until:
        found.more = True
    elif window.begin is None or at >= window.begin:
        found.instances.append(Instance(one, at, recid))


def _original(recurrence: Moment, start: Moment, base: _Base | None, own: tzinfo) -> str:
    """What an occurrence is told by that is otherwise than the rule says, by its RECURRENCE-ID."""
    if base is not None:
        return base.recid(base.wall(recurrence))
    if recurrence.whole_day:
        return _recid(recurrence.wall, True)
    return _recid(utc_of(recurrence.wall, recurrence.zone or start.zone or own), False)


def _expand(found: Instances, master: Part, base: _Base, single: dict[str, Part], window: Window) -> None:
    """Adds the occurrences that are as the rule says."""
    changes = _changes(single, base)
    first, last = window.walls(base.zone)
    if changes:
        shifts = [timedelta(0), *(shift for _, shift, _ in changes)]
        last += min(-min(shifts), _LAST - last)
        first -= min(max(shifts), first - datetime.min)
    walls, more = _walls(master, base, first, last, window)
    found.more = found.more or (more and master.said)
    without, whole_days = _without(master, base, first, last, window)
    froms = [begin for begin, _, _ in changes]
    kept: dict[str, tuple[Part, datetime]] = {}
    for wall in walls:
        recid = base.recid(wall)
        if recid in single or recid in without or wall.toordinal() in whole_days:
            continue
        one = master
        if changes and (place := bisect_right(froms, wall)):
            _, shift, one = changes[place - 1]
            if one.cancelled:
                continue
            there = base.on(wall, one.start)
            if not _FIRST - there < shift < _LAST - there:
                continue
            kept[recid] = one, utc_of(there + shift, one.start.zone or base.own)
        else:
            kept[recid] = one, utc_of(wall, base.zone)
    before = len(found.instances)
    for recid, (one, at) in kept.items():
        _add(found, one, at, recid, window)
    most = max(0, min(window.most, window.budget.instances))
    del found.instances[before : max(before, len(found.instances) - most)]
    window.budget.instances -= len(found.instances) - before


def _changes(single: dict[str, Part], base: _Base) -> list[tuple[datetime, timedelta, Part]]:
    """From when on the series is otherwise, by how much it is shifted, and what it is then; in order."""
    changes = []
    for one in single.values():
        if one.following and one.recurrence is not None:
            begin = base.wall(one.recurrence)
            changes.append((begin, one.start.wall - base.on(begin, one.start), one))
    return sorted(changes, key=lambda change: change[0])


def _walls(master: Part, base: _Base, first: datetime, last: datetime, window: Window) -> tuple[list[datetime], bool]:
    """When it is time by the rules and the dates that are named, and whether it is afterwards."""
    start, budget, more = base.start.wall, window.budget, False
    most = max(0, min(window.most, budget.instances))
    walls: set[datetime] = set()
    followed = False
    for line in master.event.lines.get("RRULE", ())[:MOST_RULES]:
        found = rule(line.value)
        if found is not None:
            its, on = _times(found, base, first, last, most, window)
            walls.update(its)
            more, followed = more or on, True
    if not followed and first <= start < last:
        walls.add(start)
    for one in _dates(master.event, "RDATE", window):
        wall = base.wall(one)
        if first <= wall < last:
            walls.add(wall)
        more = more or wall >= last
    return sorted(walls), more


def _times(found: Rule, base: _Base, first: datetime, last: datetime, most: int, window: Window) -> tuple[list[datetime], bool]:
    until = None
    if found.until and (written := moment(Line("UNTIL", found.until), window.zone_named)) is not None:
        until = base.wall(written)
        if written.whole_day or base.start.whole_day:
            until = until.replace(hour=23, minute=59, second=59)
    return times(found, base.start.wall, first, last, until, most, window.budget)


def _without(master: Part, base: _Base, first: datetime, last: datetime, window: Window) -> tuple[set[str], set[int]]:
    """The occurrences that there are not, by what they are told by, and the days on which there are none."""
    without: set[str] = set()
    days: set[int] = set()
    for one in _dates(master.event, "EXDATE", window):
        if one.whole_day and not base.start.whole_day:
            days.add(one.wall.toordinal())
        else:
            without.add(base.recid(base.wall(one)))
    for line in master.event.lines.get("EXRULE", ())[:MOST_RULES]:
        found = rule(line.value)
        if found is not None:
            without.update(base.recid(wall) for wall in _times(found, base, first, last, window.most, window)[0])
    return without, days


def _dates(event: Event, name: str, window: Window) -> list[Moment]:
    found: list[Moment] = []
    for line in event.lines.get(name, ()):
        found += moments(line, window.zone_named, MOST_DATES - len(found))
        if len(found) >= MOST_DATES:
            break
    return found
