"""The components of iCalendar files (RFC 5545 section 3.4 and 3.6): bytes of any quality in, the lines of each event out.

Of an event only the lines that somebody asks for are kept. Lines of what is within an event, such as an alarm, are not the
event's. Nothing here raises.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from connectors import words
from connectors.content_lines import Line, parsed, unfolded

MOST_LINES = 5000
"""Lines of one name in one event; what is over is counted and left out."""
_MOST_ZONE_LINES = 20_000
_LONGEST_LINE = 128 * 1024
"""Bytes of a line that are read; as many as MOST_LINES dates have in one."""

_KEPT = {
    b"ATTENDEE", b"DTSTAMP", b"DTSTART", b"EXDATE", b"EXRULE", b"LAST-MODIFIED", b"ORGANIZER", b"RDATE", b"RECURRENCE-ID",
    b"RRULE", b"SEQUENCE", b"STATUS", b"SUMMARY", b"UID",
}  # fmt: skip
_NAME = re.compile(rb"[ \t]*([A-Za-z-]{1,40})[ \t]*[;:]")
_EDGE = re.compile(rb"[ \t]*(BEGIN|END)[ \t]*:[ \t]*([A-Za-z0-9-]{1,60})[ \t]*$", re.IGNORECASE)
_TZID = re.compile(rb"[ \t]*TZID\b[^:\n]*:(.*)$", re.IGNORECASE)
_OF_CALENDAR = re.compile(rb"[ \t]*(METHOD|X-WR-TIMEZONE)[ \t]*(?:;[^:]*)?:(.{0,255})$", re.IGNORECASE)


@dataclass(slots=True)
class Event:
    """One VEVENT: its lines by name, in their order; METHOD (RFC 5546) and X-WR-TIMEZONE are of the calendar it is in."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    more_attendees: int = 0
    """Lines of attendees that were over MOST_LINES."""
    method: str = ""
    zone: str = ""
    """The name of the zone of times that name none; "" if they are in no zone."""

    def first(self, name: str) -> Line | None:
        """The first line of this name."""
        found = self.lines.get(name)
        return found[0] if found else None

    def value(self, name: str) -> str:
        """The value of the first line of this name, without blanks around it; "" if there is none."""
        found = self.lines.get(name)
        return found[0].value.strip() if found else ""


@dataclass(slots=True)
class Content:
    """What is in a file. ``calendar`` says whether it is one."""

    events: list[Event] = field(default_factory=list)
    zones: dict[str, list[bytes]] = field(default_factory=dict)
    """The lines of each VTIMEZONE, by its TZID; of several by one name the first."""
    calendar: bool = False


def content(data: bytes) -> Content:
    """All events and time zones of a file, also of one with several calendars in it, and of one that was cut off."""
    reader = _Reader()
    edges: dict[bytes, tuple[bool, bytes] | None] = {}
    for raw in unfolded(data):
        if reader.full and raw.startswith(reader.full):
            reader.left_out(raw)
            continue
        if raw[:1] in b"BEbe \t":
            if raw in edges:
                edge = edges[raw]
            else:
                found = _EDGE.match(raw)
                edge = None if found is None else (len(found[1]) == 5, found[2].upper())
                if edge is not None and len(edges) < 100:
                    edges[raw] = edge
            if edge is not None:
                reader.edge(raw, *edge)
                continue
        reader.line(raw)
    return reader.content


class _Reader:
    """What has been read of a file, and where in it the reading is."""

    def __init__(self) -> None:
        self.content = Content()
        self.full: tuple[bytes, ...] = ()
        """What lines begin with that are not kept any more."""
        self._event: Event | None = None
        self._zone: list[bytes] | None = None
        self._within = 0  # components of the event that the line is in
        self._method = self._own_zone = ""

    def edge(self, raw: bytes, begins: bool, name: bytes) -> None:
        """The begin or the end of a component."""
        if name == b"VEVENT":
            self._event, self._within, self._zone, self.full = None, 0, None, ()
            if begins:
                self._event = Event(method=self._method, zone=self._own_zone)
                self.content.events.append(self._event)
        elif name == b"VCALENDAR":
            self.content.calendar, self._event, self._zone, self.full = True, None, None, ()
            self._method = self._own_zone = ""
        elif self._event is not None:
            self._within = max(0, self._within + (1 if begins else -1))
        elif name == b"VTIMEZONE":
            if self._zone is not None:
                self._keep_zone(self._zone)
            self._zone = [] if begins else None
        elif self._zone is not None:
            self._zone.append(raw)

    def line(self, raw: bytes) -> None:
        """Any other line."""
        if self._event is not None:
            if not self._within and (named := _NAME.match(raw)) is not None and (key := named[1].upper()) in _KEPT:
                self._keep(self._event, key, raw)
        elif self._zone is not None:
            if len(self._zone) < _MOST_ZONE_LINES:
                self._zone.append(raw)
        elif self.content.calendar and raw[:1] in b"MXmx \t" and (said := _OF_CALENDAR.match(raw)) is not None:
            value = words.plain(said[2]).strip()
            if said[1].upper() == b"METHOD":
                self._method = value.upper()
            else:
                self._own_zone = value

    def left_out(self, raw: bytes) -> None:
        """A line that is not kept."""
        if self._event is not None and not self._within and raw[:1] == b"A":
            self._event.more_attendees += 1

    def _keep(self, event: Event, key: bytes, raw: bytes) -> None:
        kept = event.lines.setdefault(key.decode("ascii"), [])
        if len(kept) >= MOST_LINES:
            self.full += (key + b":", key + b";")
            self.left_out(key)
            return
        line = read(raw)
        if line is not None:
            kept.append(line)

    def _keep_zone(self, zone: list[bytes]) -> None:
        for raw in zone:
            named = _TZID.match(raw)
            if named is not None:
                self.content.zones.setdefault(words.plain(named[1]).strip(), zone)
                return


def read(raw: bytes) -> Line | None:
    """One line as text; None if it is none, also where it is endless."""
    line = parsed(words.plain(raw[:_LONGEST_LINE]).lstrip(" \t"))
    if line is not None and "ENCODING" in line.parameters:  # vCalendar 1.0
        coding = (line.parameter("ENCODING") or "").upper()
        if coding in ("QUOTED-PRINTABLE", "Q"):
            line.value = words.plain(binascii.a2b_qp(line.value.encode("utf-8", "replace")), line.parameter("CHARSET"))
    return line
