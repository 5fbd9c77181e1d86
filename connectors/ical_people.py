"""Who takes part in an event (ORGANIZER and ATTENDEE, RFC 5545 section 3.8.4), as calendars of all makers write it.

Rooms, resources, groups and what stands for a calendar are no people. Whoever has no address that somebody could be reached
by is counted and not named. Nothing here raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from connectors import words
from connectors.addresses import LONGEST_ADDRESS, LONGEST_NAME, addresses
from connectors.base import MOST_PARTIES, Handle, Party, Signals
from connectors.content_lines import Line
from connectors.ical_lines import Event
from connectors.ical_titles import named
from connectors.vcard_values import parameter_text, text

_NOBODY = {"ROOM", "RESOURCE", "GROUP"}
_CALENDARS = re.compile(r"[@.]calendar\.google\.com$")
"""Addresses of calendars and of resources."""
_RELAYS = ("@imip.me.com",)
"""Where invitations are only passed on."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]")
_PHONE = re.compile(r"tel:(\+?[\d().-]{3,30})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part, and the signals of that."""

    parties: tuple[Party, ...]
    signals: Signals


def people(event: Event) -> People:
    """Everybody who takes part in an event, the organizer first, each once.

    In an event with no other attendee than its organizer that is whom its title names, if it does: who publishes an event
    is no company.
    """
    organizer, attendees = event.lines.get("ORGANIZER", []), event.lines.get("ATTENDEE", [])
    if not attendees:
        return _titled(event)
    known = {line.value: found for line in (*organizer, *attendees) if (found := _address_beside(line)) is not None}
    handles: dict[Handle, Party] = {}
    answers: set[str] = set()
    unnamed: set[str] = set()
    for place, line in enumerate((*organizer[:1], *attendees)):
        if (line.parameter("CUTYPE") or "").upper() in _NOBODY:
            continue
        is_organizer = place == 0 and bool(organizer)
        if not is_organizer and (line.parameter("ROLE") or "").upper() == "NON-PARTICIPANT":
            continue
        handle = _handle(line, known)
        if handle is None or handle.value.endswith(_RELAYS):
            if not is_organizer:
                unnamed.add(line.value.strip().lower() or (line.parameter("CN") or ""))
            continue
        if handle.kind == "email" and _CALENDARS.search(handle.value):
            continue
        answer = (line.parameter("PARTSTAT") or "").strip().lower()[:40]
        if answer:
            answers.add(f"{handle.key} {answer}")
        before = handles.get(handle)
        if before is None:
            handles[handle] = Party(handle, "organizer" if is_organizer else "attendee", _name(line, handle))
        elif before.name is None and (name := _name(line, handle)) is not None:
            handles[handle] = Party(handle, before.role, name)
    parties = tuple(handles.values())
    if not unnamed and (not parties or (len(parties) == 1 and parties[0].role == "organizer")):
        return _titled(event)
    count = len(parties) + len(unnamed) + event.more_attendees
    kept = {party.handle.key for party in parties[:MOST_PARTIES]}
    said = sorted(answer for answer in answers if answer.rpartition(" ")[0] in kept)
    return People(parties[:MOST_PARTIES], Signals(partstats=tuple(said), attendees=count))


def _titled(event: Event) -> People:
    """Those whom the title names."""
    names = named(text(event.value("SUMMARY"), LONGEST_NAME))
    return People(tuple(Party(Handle("name", name), "attendee") for name in names), Signals(attendees=len(names)))


def _address_beside(line: Line) -> str | None:
    """The address that stands beside what the calendar calls somebody by: EMAIL (RFC 7986 section 6.2), or Apple's own."""
    for name in ("EMAIL", "X-CALENDARSERVER-EMAIL"):
        found = line.parameter(name)
        if found and "@" in found:
            return found
    return None


def _handle(line: Line, known: dict[str, str]) -> Handle | None:
    beside = known.get(line.value)
    value = line.value.strip()
    for said in (beside, value):
        if not said:
            continue
        if said[:7].lower() == "mailto:":
            said = said[7:]
        if _PLAIN.fullmatch(said, 0, LONGEST_ADDRESS) and len(said) < LONGEST_ADDRESS:
            return Handle("email", said)
        if "@" in said:
            found = _address(said)
            if found is not None:
                return found
    phone = _PHONE.match(value)
    try:
        return Handle("phone", phone[1]) if phone else None
    except ValueError:
        return None


def _address(text: str) -> Handle | None:
    """The first address in a URI or a text."""
    text = text[: 4 * LONGEST_ADDRESS]
    if text.partition(":")[0].lower() in ("http", "https", "urn", "sip", "sips", "xmpp", "ldap", "ldaps", "invalid"):
        return None
    text = unquote(text.partition("?")[0]) if "%" in text or "?" in text else text
    for _, address in addresses(text):
        if "@" in address:
            try:
                return Handle("email", address)
            except ValueError:
                continue
    return None


def _name(line: Line, handle: Handle) -> str | None:
    """The name that stands beside an address (CN), None where it says no more than the address."""
    written = line.parameter("CN")
    if not written:
        return None
    name = words.label(parameter_text(written[: 4 * LONGEST_NAME]).replace("\\,", ","))[:LONGEST_NAME].strip()
    return name if name and name.lower().removeprefix("mailto:") != handle.value else None
