"""Who takes part in an event, however the maker of a calendar writes that."""

from __future__ import annotations

import pytest

from capture.judge import judge
from capture.match import Me
from connectors.base import MOST_PARTIES, Handle, Interaction
from tests.connectors.icals import calendar, event, meetings

ALICE = "ORGANIZER;CN=Alice:mailto:alice@example.org"
BOB = "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.org"
BOTH = ["alice@example.org", "bob@example.org"]


def meeting(*people: str) -> Interaction:
    [found] = meetings(calendar(event("DTSTART:20260105T090000Z", people=people)))
    return found


def values(*people: str) -> list[str]:
    return [party.handle.value for party in meeting(*people).parties]


ONE: list[tuple[str, str | None]] = [
    # an attendee, and the address that is meant
    ("ATTENDEE:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE:MAILTO:Bob@Example.ORG", "bob@example.org"),
    ("ATTENDEE:Mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE:mailto: bob@example.org ", "bob@example.org"),
    ("ATTENDEE:mailto:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE:bob@example.org", "bob@example.org"),
    ("ATTENDEE:mailto:bob%2Bwork@example.org", "bob+work@example.org"),
    ("ATTENDEE:mailto:bob@example.org?subject=Lunch", "bob@example.org"),
    ("ATTENDEE:mailto:<bob@example.org>", "bob@example.org"),
    ("ATTENDEE:mailto:Bob <bob@example.org>", "bob@example.org"),
    ("ATTENDEE:mailto:jürgen@münchen.example", "jürgen@münchen.example"),
    ("ATTENDEE;EMAIL=bob@example.org:urn:uuid:74ff1a90-0d7b-4c5c-9a3b-2f0d5a4f9f11", "bob@example.org"),
    ('ATTENDEE;EMAIL="bob@example.org":urn:uuid:74ff1a90', "bob@example.org"),
    ("ATTENDEE;X-CALENDARSERVER-EMAIL=bob@example.org:urn:uuid:74ff1a90", "bob@example.org"),
    ("ATTENDEE;X-CALENDARSERVER-EMAIL=bob@example.org:/principals/__uids__/74ff1a90/", "bob@example.org"),
    ("ATTENDEE;EMAIL=bob@example.org:https://caldav.example.org/principals/bob/", "bob@example.org"),
    ("ATTENDEE;EMAIL=bob@example.org:mailto:2_GU3DSOBQGU3TQNRQGU3TQNRQ@imip.me.com", "bob@example.org"),
    ("ATTENDEE;EMAIL=mailto:bob@example.org:invalid:nomail", "bob@example.org"),
    ("attendee;cn=Bob:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE;CN=\"Bob: the one\";PARTSTAT=ACCEPTED:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE;DELEGATED-TO=\"mailto:carol@example.org\":mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=OPT-PARTICIPANT:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE;CUTYPE=UNKNOWN:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE;CUTYPE=X-SOMETHING:mailto:bob@example.org", "bob@example.org"),
    ("ATTENDEE:tel:+49-30-1234567", "+49301234567"),
    # no people
    ("ATTENDEE;CUTYPE=ROOM:mailto:room4@example.org", None),
    ("ATTENDEE;cutype=Resource:mailto:beamer@example.org", None),
    ("ATTENDEE;CUTYPE=GROUP:mailto:team@example.org", None),
    ("ATTENDEE;ROLE=NON-PARTICIPANT:mailto:room4@example.org", None),
    ("ATTENDEE;CN=Room 4:mailto:c_188@resource.calendar.google.com", None),
    ("ATTENDEE:mailto:abc@group.calendar.google.com", None),
    ("ATTENDEE:mailto:unknownorganizer@calendar.google.com", None),
    # nobody that could be reached
    ("ATTENDEE;CN=Bob:urn:uuid:74ff1a90-0d7b-4c5c-9a3b-2f0d5a4f9f11", None),
    ("ATTENDEE;CN=Bob:invalid:nomail", None),
    ("ATTENDEE;CN=Bob:mailto:", None),
    ("ATTENDEE;CN=Bob:", None),
    ("ATTENDEE;CN=Bob:mailto:2_GU3DSOBQGU3TQNRQGU3TQNRQ@imip.me.com", None),
    ("ATTENDEE;CN=Bob:sip:bob@example.org", None),
    ("ATTENDEE;CN=Bob:https://example.org/@bob", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "address"), ONE, ids=[line for line, _ in ONE])
def test_an_attendee_is_somebody_or_nobody(line: str, address: str | None) -> None:
    carol = "ATTENDEE:mailto:carol@example.org"
    assert values(ALICE, carol, line) == ["alice@example.org", "carol@example.org", *([address] if address else [])]


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("ORGANIZER:MAILTO:Alice@Example.org", "alice@example.org"),
        ('ORGANIZER;SENT-BY="mailto:assistant@example.org":mailto:alice@example.org', "alice@example.org"),
        ("ORGANIZER;EMAIL=alice@example.org:urn:uuid:1", "alice@example.org"),
        ("ORGANIZER;EMAIL=alice@example.org:mailto:2_GU3D@imip.me.com", "alice@example.org"),
        ("ORGANIZER;CN=Alice:/aMTE3/principal/", None),
        ("ORGANIZER:mailto:family@group.calendar.google.com", None),
    ],
)
def test_the_organizer(line: str, address: str | None) -> None:
    found = meeting(line, BOB).parties
    assert [(party.handle.value, party.role) for party in found] == [
        *([(address, "organizer")] if address else []),
        ("bob@example.org", "attendee"),
    ]


def test_whom_one_line_names_by_a_number_another_says_the_address_of() -> None:
    organizer = "ORGANIZER;CN=Alice:urn:uuid:74ff1a90"
    assert values(organizer, "ATTENDEE;EMAIL=alice@example.org:urn:uuid:74ff1a90", BOB) == BOTH


def test_the_organizer_who_is_also_an_attendee_is_one_person() -> None:
    found = meeting("ORGANIZER:mailto:alice@example.org", "ATTENDEE;CN=Alice;PARTSTAT=TENTATIVE:mailto:ALICE@example.org", BOB)
    assert [(party.handle.value, party.role, party.name) for party in found.parties] == [
        ("alice@example.org", "organizer", "Alice"),
        ("bob@example.org", "attendee", "Bob"),
    ]
    assert found.signals.partstats == ("email:alice@example.org tentative", "email:bob@example.org accepted")
    assert found.signals.attendees == 2


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Bob Brown", "Bob Brown"),
        ('"Brown, Bob"', "Brown, Bob"),
        ("'Bob Brown'", "Bob Brown"),
        ("\"Bob ^'B^' Brown\"", 'Bob "B" Brown'),
        ("=?utf-8?q?J=C3=BCrgen?=", "Jürgen"),
        ("bob@example.org", None),
        ('"mailto:bob@example.org"', None),
        ("", None),
        ("  ", None),
    ],
)
def test_names(written: str, name: str | None) -> None:
    assert meeting(ALICE, f"ATTENDEE;CN={written}:mailto:bob@example.org").parties[1].name == name


def test_answers_of_everybody_and_of_no_room() -> None:
    said = meeting(
        ALICE,
        BOB,
        "ATTENDEE;PARTSTAT=DECLINED:mailto:carol@example.org",
        "ATTENDEE:mailto:dave@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED;CUTYPE=ROOM:mailto:room@example.org",
        "ATTENDEE;PARTSTAT=ACCEPTED;CN=Eve:urn:uuid:1",
    ).signals
    assert said.partstats == ("email:bob@example.org accepted", "email:carol@example.org declined")
    assert said.attendees == 5


@pytest.mark.parametrize(
    "people",
    [
        [],
        [ALICE],
        [ALICE, "ATTENDEE:mailto:alice@example.org"],
        [ALICE, "ATTENDEE;CUTYPE=ROOM:mailto:room@example.org"],
        ["ATTENDEE;CN=Bob:invalid:nomail"],
        ["BEGIN:VALARM", "ATTENDEE:mailto:bob@example.org", "END:VALARM"],
    ],
)
def test_an_event_without_anybody_else_is_not_said(people: list[str]) -> None:
    assert meetings(calendar(event("DTSTART:20260105T090000Z", people=people))) == []


def test_a_crowd_is_counted_and_cut() -> None:
    found = meeting(ALICE, *(f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a{n}@example.org" for n in range(7_000)))
    assert len(found.parties) == MOST_PARTIES
    assert len(found.signals.partstats) == MOST_PARTIES - 1
    assert found.signals.attendees == 7_001


@pytest.mark.parametrize(
    ("people", "verdict"),
    [
        ([ALICE, BOB], ("counts", "accepted by you")),
        ([ALICE.replace("alice", "bob"), BOB.replace("bob", "carol")], ("counts", "organised by you")),
        ([ALICE, BOB.replace("ACCEPTED", "DECLINED")], ("noise", "declined")),
        ([ALICE, BOB.replace("ACCEPTED", "needs-action")], ("presence", "not accepted")),
        ([ALICE, "ATTENDEE:mailto:bob@example.org"], ("counts", "no answers")),
        ([BOB], ("noise", "to oneself")),
    ],
)
def test_verdicts_for_bob(people: list[str], verdict: tuple[str, str]) -> None:
    assert judge(meeting(*people), Me([Handle("email", "bob@example.org")]), False) == verdict
