"""What is in the calendars and address books of the DAV servers: one event or one card, as the bytes of its resource."""

from __future__ import annotations

from collections.abc import Sequence

PEOPLE = ("ORGANIZER;CN=Alice:mailto:alice@example.org", "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org")


def event(
    uid: str, start: str = "20260105T100000Z", *lines: str, summary: str = "Lunch", people: Sequence[str] = PEOPLE
) -> bytes:
    """A meeting of Alice and Bob, or of other ``people``; ``lines`` are further properties of it."""
    return "\r\n".join(
        [
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//test//EN", "BEGIN:VEVENT", f"UID:{uid}"),
            *("DTSTAMP:20260101T000000Z", f"DTSTART:{start}", "DURATION:PT1H", f"SUMMARY:{summary}"),
            *(*people, *lines, "END:VEVENT", "END:VCALENDAR", ""),
        ]
    ).encode()


def card(uid: str, name: str = "Bob Example", email: str | None = None, *lines: str) -> bytes:
    """A card of Bob, or of who else is named; their address is ``uid`` at example.org if not given."""
    first, _, last = name.partition(" ")
    return "\r\n".join(
        [
            *("BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{last};{first};;;"),
            *(f"EMAIL;TYPE=HOME:{email or f'{uid}@example.org'}", *lines, "REV:20260101T000000Z", "END:VCARD", ""),
        ]
    ).encode()
