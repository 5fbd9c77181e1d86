"""iCalendar files (RFC 5545): what took place, and what is to, with other people; every occurrence of it.

Resources are read as calendars of all makers write them; what can be read of one is said, what cannot is Unreadable. The
work for one resource is bounded whatever its rules are: see ``ical_rules``. Nothing here raises.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from connectors.base import Interaction, Unreadable
from connectors.ical_lines import Event, content
from connectors.ical_people import People, people
from connectors.ical_rules import Budget
from connectors.ical_series import Instance, Part, Window, instances, part
from connectors.ical_zones import Zones
from connectors.resources import Read, Said
from connectors.vcard_values import text

MOST_INSTANCES = 10_000
"""Occurrences of one series that are said; of more they are the last. A file with many events may have more in all."""
_DAY = 86400
_LONGEST_UID = 255
_MESSAGES = {"REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"}
"""Methods (RFC 5546) of what is said about an event, and is none itself."""


@dataclass(slots=True)
class Found:
    """What a resource says. ``open_ended``: there is more of it later."""

    observations: Sequence[Interaction | Unreadable]
    open_ended: bool = False


@dataclass(slots=True)
class _Reading:
    mark: str
    window: Window
    observations: list[Interaction | Unreadable] = field(default_factory=list)
    open_ended: bool = False


def occurrences(data: bytes, mark: str, until: datetime, zone: tzinfo, begin: datetime | None = None) -> Found:
    """The meetings of a resource that start before ``until``, and at ``begin`` or later if that is given.

    ``mark`` is what native ids begin with; ``zone`` is that of whole days, and of times that name none. What is said up to a
    time and what is said from that time on are together what is said up to a later one.
    """
    try:
        file = content(data)
        if not file.calendar and not file.events:
            return Found([] if begin is not None else [Unreadable(f"{mark}/", "there is no calendar in it")])
        budget = Budget(150_000 + 500 * len(file.events), MOST_INSTANCES + 10 * len(file.events))
        zones = Zones(file.zones, zone, budget)
        reading = _Reading(mark, Window(begin, until, zone, MOST_INSTANCES, budget, zones.named))
        for name, events in _by_uid(file.events).items():
            try:
                _say(name, events, reading)
            except Exception as error:
                # Nothing in an event is known to come here; but one event must never hold up the others.
                _refuse(reading, name, f"kith cannot read this event ({type(error).__name__})")
        return Found(reading.observations, reading.open_ended)
    except Exception as error:
        return Found([Unreadable(f"{mark}/", f"kith cannot read it ({type(error).__name__})")])


def reading(zone: tzinfo) -> Read:
    """How resources with meetings are read; ``zone`` is that of whole days, and of times that name none."""

    def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
        begin = None if since is None else datetime.fromtimestamp(since, UTC)
        found = occurrences(data, mark, datetime.fromtimestamp(until, UTC), zone, begin)
        return Said(found.observations, found.open_ended, 0 if found.open_ended else _day(found.observations))

    return read


def _day(observations: Sequence[Interaction | Unreadable]) -> int:
    """The day of a meeting that happens once, counted from 1970; else 0."""
    if len(observations) != 1 or not isinstance(observations[0], Interaction):
        return 0
    meeting = observations[0]
    once = meeting.native_id.endswith("/")
    return min(max(0, int(meeting.happened_at.timestamp()) // _DAY), 0xFFFF) if once else 0


def _by_uid(events: list[Event]) -> dict[str, list[Event]]:
    """The events by their UID; one without has a name of its own, which begins with a line break."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.method in _MESSAGES:
            continue
        uid = text(event.value("UID"), 4000)
        if len(uid) > _LONGEST_UID:
            uid = "blake2b:" + _digest(uid)
        if not uid:
            uid = "\n" + _digest("/".join(event.value(name) for name in ("DTSTART", "RECURRENCE-ID", "RRULE", "SUMMARY")))
        found.setdefault(uid, []).append(event)
    return found


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _refuse(reading: _Reading, name: str, reason: str) -> None:
    if reading.window.begin is None:
        reading.observations.append(Unreadable(f"{reading.mark}/{name.strip()}/?", reason))


def _say(name: str, events: list[Event], reading: _Reading) -> None:
    """Says the occurrences of the events of one UID."""
    company = [people(event) for event in events]
    if not any(each.parties for each in company):
        return
    parts: list[Part] = []
    timeless = False
    for event, each in zip(events, company, strict=True):
        one = part(event, reading.window.zone_named, bool(each.parties))
        if one is not None:
            parts.append(one)
        elif each.parties:
            timeless = True
    if timeless:
        _refuse(reading, name, "it does not say when it begins")
    whom = {id(event): each for event, each in zip(events, company, strict=True)}
    found = instances(parts, reading.window)
    reading.open_ended = reading.open_ended or found.more
    reading.observations += (_meeting(name, one, whom[id(one.part.event)], reading.mark) for one in found.instances)


def _meeting(name: str, instance: Instance, whom: People, mark: str) -> Interaction:
    uid = name.strip()
    return Interaction(
        f"{mark}/{uid}/{instance.recid}",
        "meeting",
        instance.at,
        whom.parties,
        None if name != uid else f"ical:{uid}/{instance.recid}",
        instance.part.title or None,
        None if name != uid else f"ical:{uid}",
        signals=whom.signals,
    )
