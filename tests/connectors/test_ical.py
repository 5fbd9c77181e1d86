"""Calendars of any quality: what can be read is said, by names that are the same in every calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Handle, Interaction, Party, Signals, Unreadable
from connectors.ical import occurrences
from tests.connectors.icals import BERLIN, UNTIL, calendar, event, meetings

AT = "DTSTART:20260105T090000Z"


def said(data: bytes) -> list[Interaction | Unreadable]:
    return list(occurrences(data, "mark", UNTIL, BERLIN).observations)


def test_a_meeting() -> None:
    data = calendar(event(AT, "SUMMARY:Lunch\\, at noon\\nor later", "STATUS:CONFIRMED", uid="a@example.org"))
    assert said(data) == [
        Interaction(
            "mark/a@example.org/",
            "meeting",
            datetime(2026, 1, 5, 9, tzinfo=UTC),
            (
                Party(Handle("email", "alice@example.org"), "organizer", "Alice"),
                Party(Handle("email", "bob@example.org"), "attendee", "Bob"),
            ),
            "ical:a@example.org/",
            "Lunch, at noon or later",
            "ical:a@example.org",
            signals=Signals(partstats=("email:bob@example.org accepted",), attendees=2),
        )
    ]


def test_an_occurrence_is_called_the_same_in_every_calendar() -> None:
    as_google = event(AT, "RRULE:FREQ=DAILY;COUNT=2")
    as_apple = event("DTSTART;TZID=Europe/Berlin:20260105T100000", "RRULE:FREQ=DAILY;COUNT=2")
    invited = event("RECURRENCE-ID;TZID=America/New_York:20260106T040000", "DTSTART:20260106T090000Z")
    names = [[each.same_as for each in meetings(calendar(one))] for one in (as_google, as_apple, invited)]
    assert names[0] == names[1] == ["ical:e/20260105T090000Z", "ical:e/20260106T090000Z"]
    assert names[2] == names[0][1:]
    assert {each.thread for each in meetings(calendar(as_google))} == {"ical:e"}
    whole_day = event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=1")
    assert [each.same_as for each in meetings(calendar(whole_day))] == ["ical:e/20260105"]


def test_an_event_without_a_uid_is_none_that_other_calendars_know() -> None:
    data = calendar(*(event(AT, f"SUMMARY:{title}", uid="") for title in ("Lunch", "Dinner")))
    found = meetings(data)
    assert [(each.same_as, each.thread) for each in found] == [(None, None)] * 2
    assert len({each.native_id for each in found}) == 2
    assert found == meetings(data)


def test_a_uid_is_one_line_of_bounded_length() -> None:
    [one] = meetings(calendar(event(AT, uid="a" * 5_000)))
    [other] = meetings(calendar(event(AT, uid="a" * 300 + "b")))
    assert one.native_id != other.native_id
    assert len(one.native_id) < 100
    [third] = meetings(calendar(event(AT, uid="a/b\\nc ")))
    assert (third.native_id, third.same_as) == ("mark/a/b c/", "ical:a/b c/")


@pytest.mark.parametrize(
    "start",
    ["", "DTSTART:", "DTSTART:soon", "DTSTART:00000105T100000Z", "DTSTART:20260230", "DTSTART:99991231", "DTEND:20260105"],
)
def test_an_event_that_does_not_say_when_it_is_holds_up_no_other(start: str) -> None:
    found = said(calendar(event(start, uid="bad"), event(start, uid="bad"), event(AT, uid="good")))
    assert [each.native_id for each in found] == ["mark/bad/?", "mark/good/"]
    assert found[0] == Unreadable("mark/bad/?", "it does not say when it begins")


@pytest.mark.parametrize("data", [b"", b"\0", b"nonsense", b"BEGIN:VCARD\nEND:VCARD", b"\xff\xfe", b"BEGIN:VEVEN", b"\r\n" * 9])
def test_what_is_no_calendar_is_unreadable(data: bytes) -> None:
    assert said(data) == [Unreadable("mark/", "there is no calendar in it")]
    assert occurrences(data, "mark", UNTIL, BERLIN, UNTIL).observations == []


def test_a_calendar_without_meetings_says_nothing() -> None:
    assert said(calendar()) == []
    assert said(calendar("BEGIN:VTODO", "UID:t", "ATTENDEE:mailto:bob@example.org", "END:VTODO")) == []
    assert said(calendar("BEGIN:VFREEBUSY", "ORGANIZER:mailto:bob@example.org", "END:VFREEBUSY")) == []
    assert said(calendar(event(people=[]))) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.replace(b"\r\n", b"\r"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-16-le"),
        lambda data: data.decode().encode("cp1252"),
        lambda data: data.replace(b"\xc3\xbc", b"\xc3\r\n \xbc"),
        lambda data: data.replace(b"SUMMARY", b"SUMM\r\n\tARY"),
        lambda data: data.replace(b":", b" :").replace(b"mailto :", b"mailto:"),
        lambda data: data.replace(b"BEGIN", b"begin").replace(b"VEVENT", b"vevent").replace(b"DTSTART", b"dtstart"),
        lambda data: data.replace(b"END:VCALENDAR\r\n", b""),
        lambda data: data.replace(b"END:VEVENT\r\nEND:VCALENDAR\r\n", b""),
        lambda data: data.replace(b"BEGIN:VCALENDAR\r\n", b""),
        lambda data: data.replace(b"SUMMARY:", b"SUMMARY;ENCODING=QUOTED-PRINTABLE:").replace(b"\xc3\xbc", b"=C3=BC"),
        lambda data: data.replace(b"SUMMARY", b"nonsense\r\n;:\r\n:\r\n\r\nX;=:\r\nBEGIN\r\nSUMMARY"),
        lambda data: data.replace(b"SUMMARY", b"BEGIN:VALARM\r\nSUMMARY:no\r\nUID:no\r\nEND:VALARM\r\nSUMMARY"),
        lambda data: data.replace(b"SUMMARY", b"ATTACH;ENCODING=BASE64:" + b"QUJD\r\n " * 50_000 + b"\r\nSUMMARY"),
    ],
)  # fmt: skip
def test_spellings_of_a_file(change: object) -> None:
    assert callable(change)
    [found] = said(change(calendar(event(AT, "SUMMARY:Mittag für zwei"))))
    assert isinstance(found, Interaction)
    assert (found.native_id, found.title, len(found.parties)) == ("mark/e/", "Mittag für zwei", 2)


# Anything at all

LINES = st.sampled_from(
    [
        "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:X",
        "BEGIN:STANDARD", "END:STANDARD", "TZOFFSETFROM:+0100", "TZOFFSETTO:-0200", "UID:a", "UID:b", "DTSTART:20260105T100000",
        "DTSTART;TZID=X:20260105T100000", "DTSTART;VALUE=DATE:20260105", "DTSTART:20190101T000000", "RRULE:FREQ=DAILY",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=-1SU", "RRULE:FREQ=HOURLY;COUNT=9", "RRULE:FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,FR",
        "RDATE;TZID=X:20260107T100000,20260108T100000", "RDATE;VALUE=PERIOD:20260107T100000Z/PT1H", "EXDATE:20260106",
        "EXRULE:FREQ=WEEKLY", "RECURRENCE-ID:20260106T100000", "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=X:20260109T100000",
        "STATUS:CANCELLED", "SEQUENCE:2", "SEQUENCE:-1", "METHOD:REQUEST", "X-WR-TIMEZONE:Asia/Tokyo", "BEGIN:VCALENDAR",
        "END:VCALENDAR", "ORGANIZER:mailto:alice@example.org", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@example.org", " folded", "SUMMARY:x",
    ]
)  # fmt: skip
ODD = st.text(alphabet='ABCDEFGIRTUY0123456789;:=",/+-TZ \t\n\r\\\0é', max_size=30)


def all_of(data: bytes) -> list[Interaction | Unreadable]:
    """All that is said, in one turn, if it is the same in two."""
    whole = said(data)
    names = [each.native_id for each in whole]
    assert len(names) == len(set(names))
    assert all(name.startswith("mark/") for name in names)
    middle = UNTIL - timedelta(days=160)
    turns = [
        *occurrences(data, "mark", middle, BERLIN).observations,
        *occurrences(data, "mark", UNTIL, BERLIN, middle).observations,
    ]
    assert sorted(map(repr, turns)) == sorted(map(repr, whole))
    return whole


@given(st.lists(st.one_of(LINES, ODD), max_size=40))
@settings(deadline=None, max_examples=100)
def test_lines_in_any_order_are_read(lines: list[str]) -> None:
    all_of("\r\n".join(["BEGIN:VCALENDAR", *lines]).encode())


@given(st.lists(LINES, max_size=12), st.lists(LINES, max_size=12))
@settings(deadline=None, max_examples=100)
def test_events_of_any_lines_are_read(one: list[str], other: list[str]) -> None:
    found = all_of(calendar(event(AT, *one), event(*other)))
    for each in found:
        if isinstance(each, Unreadable):
            assert each.reason == "it does not say when it begins"


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=100)
def test_bytes_are_read(data: bytes) -> None:
    all_of(data)
    all_of(calendar(event(AT)).replace(b"SUMMARY", data) + data)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=4))
@settings(deadline=None, max_examples=100)
def test_a_damaged_calendar_is_read(place: int, damage: bytes) -> None:
    data = calendar(
        event("DTSTART;TZID=W. Europe Standard Time:20260105T100000", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;UNTIL=20260301T000000Z"),
        event("RECURRENCE-ID;TZID=Europe/Berlin:20260106T100000", "DTSTART:20260107T100000"),
    )
    all_of(data[:place] + damage + data[place + len(damage) :])
