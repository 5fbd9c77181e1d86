"""Whom the title of an event names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.base import Handle, Interaction
from connectors.ical import occurrences
from connectors.ical_titles import named


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Lunch with Alice", ["Alice"]),
        ("1:1 Alice Example", ["Alice Example"]),
        ("Coffee w/ Dr. Alice Example (Berlin)", ["Alice Example"]),
        ("call alice example", []),
        ("Call: Alice Example", ["Alice Example"]),
        ("Interview - Alice Example", ["Alice Example"]),
        ("Kaffee mit Jürgen von der Heide", ["Jürgen von der Heide"]),
        ("RDV avec Zoé", ["Zoé"]),
        ("Almuerzo con José García López", ["José García López"]),
        ("Встреча с Ольга Щукарь", ["Ольга Щукарь"]),
        ("Call 誠", ["誠"]),
        ("大内 花子 / Robin", ["大内 花子", "Robin"]),
        ("Intro: Alice <> Bob Example", ["Alice", "Bob Example"]),
        ("Alice/Bob", ["Alice", "Bob"]),
        ("Dinner Alice & Bob", ["Alice", "Bob"]),
        ("Lunch with Alice, Bob and Carol", ["Alice", "Bob", "Carol"]),
        ("Meeting with Alice re: budget", ["Alice"]),
        ("Dinner with Alice at Luigi", ["Alice"]),
        ("Lunch with Seán O'Brien", ["Seán O'Brien"]),
    ],
)
def test_who_is_named(title: str, names: list[str]) -> None:
    assert list(named(title)) == names


@pytest.mark.parametrize(
    "title",
    ["", "Lunch", "Call", "1:1", "Dentist", "Alice Example", "Call bank", "Call Mom", "Lunch with Team", "Dinner at Luigi",
     "Coffee @ Luigi", "Meeting Room 4", "Design / Review", "HR/IT", "A/B test", "Weekly sync", "Call for papers", "Yoga with",
     "Dinner with Alice, her sister and others", "x" * 100_000, "Lunch with " + "A" * 100_000, "Call 4711", "<>", " / ",
     "Lunch with \x1b[31mAlice", "Flight BER / MUC"],
)  # fmt: skip
def test_nobody_is(title: str) -> None:
    assert named(title) == ()


def test_a_meeting_that_names_somebody_is_one_and_an_appointment_with_nobody_is_none() -> None:
    def said(title: str) -> list[Interaction]:
        text = (
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T100000Z\r\n"
            f"SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        found = occurrences(text.encode(), "m", datetime(2027, 1, 1, tzinfo=UTC), UTC)
        return [each for each in found.observations if isinstance(each, Interaction)]

    (meeting,) = said("Lunch with Alice Example")
    assert [(party.handle, party.role) for party in meeting.parties] == [(Handle("name", "Alice Example"), "attendee")]
    assert meeting.signals.attendees == 1
    assert said("Dentist") == []
