"""Calendars of made-up events, and what is said of them in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connectors.base import Interaction, Unreadable
from connectors.ical import occurrences

BERLIN = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 7, 1, tzinfo=UTC)
PEOPLE = ("ORGANIZER;CN=Alice:mailto:alice@example.org", "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org")


def calendar(*components: str) -> bytes:
    """A calendar with these components."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *components, "END:VCALENDAR", ""]).encode()


def event(*lines: str, uid: str = "e", people: Sequence[str] = PEOPLE) -> str:
    """A meeting of Alice and Bob with these lines."""
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *people, *lines, "END:VEVENT"])


def meetings(data: bytes, until: datetime = UNTIL, zone: ZoneInfo = BERLIN, begin: datetime | None = None) -> list[Interaction]:
    """The meetings that are said; that something could not be read is a failure."""
    found = []
    for each in occurrences(data, "mark", until, zone, begin).observations:
        assert not isinstance(each, Unreadable), each
        found.append(each)
    return found


def basic(moment: datetime) -> str:
    """A moment in UTC, in the basic form without seconds where there are none."""
    text = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    return text.removesuffix("00")


def told(data: bytes, until: datetime = UNTIL, zone: ZoneInfo = BERLIN, begin: datetime | None = None) -> list[str]:
    """Of each meeting what it is told by and when it is: "20260105T0900" if both are the same, else "…>…"."""
    found = []
    for each in meetings(data, until, zone, begin):
        recid = each.native_id.rpartition("/")[2].removesuffix("Z")
        recid = recid.removesuffix("00") if "T" in recid else recid
        at = basic(each.happened_at)
        found.append(at if recid == at else f"{recid}>{at}")
    return found
