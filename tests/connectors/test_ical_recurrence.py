"""Events that recur, as calendars of all makers write them: each occurrence is said once, at its time, by its own name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from connectors.ical import occurrences
from tests.connectors.icals import BERLIN, PEOPLE, UNTIL, calendar, event, meetings, told

B = ";TZID=Europe/Berlin:"
MONDAYS = ["20260105T0900", "20260112T0900", "20260119T0900", "20260126T0900"]
"""The occurrences of WEEKLY."""
WEEKLY = (f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;COUNT=4", "SUMMARY:Jour fixe")


def weekly(*lines: str) -> str:
    return event(*WEEKLY, *lines)


def otherwise(original: str, start: str, *lines: str, people: Sequence[str] = PEOPLE) -> str:
    """What one occurrence is instead."""
    return event(f"RECURRENCE-ID{original}", f"DTSTART{start}", *lines, people=people)


def but(*changed: str, without: str = "") -> list[str]:
    """MONDAYS, those of ``changed`` as they are there; they are in the order of their times."""
    names = {each.partition(">")[0]: each for each in changed}
    found = [names.pop(each, each) for each in MONDAYS if each != without] + list(names.values())
    return sorted(found, key=lambda each: each.rpartition(">")[2])


CASES: dict[str, tuple[list[str], list[str]]] = {
    # how often
    "once": ([event(f"DTSTART{B}20260105T100000")], [">20260105T0900"]),
    "every week": ([weekly()], MONDAYS),
    "until a day, which is one of them": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;UNTIL=20260119")],
        MONDAYS[:3],
    ),
    "until a moment in UTC, which is one of them": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;UNTIL=20260119T090000Z")],
        MONDAYS[:3],
    ),
    "until just before one of them": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;UNTIL=20260119T085959Z")],
        MONDAYS[:2],
    ),
    "until a time without a zone": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;UNTIL=20260119T100000")],
        MONDAYS[:3],
    ),
    "until the time before the first: the series was cut there": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;UNTIL=20260104T225959Z")],
        [],
    ),
    "whole days": (
        [event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=3")],
        ["20260105>20260104T2300", "20260106>20260105T2300", "20260107>20260106T2300"],
    ),
    "whole days until a moment in UTC": (
        [event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;UNTIL=20260106T235959Z")],
        ["20260105>20260104T2300", "20260106>20260105T2300"],
    ),
    "every year on a whole day": (
        [event("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY")],
        ["20240229>20240228T2300"],
    ),
    "times without a zone": (
        [event("DTSTART:20260328T100000", "RRULE:FREQ=DAILY;COUNT=2")],
        ["20260328T0900", "20260329T0800"],
    ),
    "times in UTC": (
        [event("DTSTART:20260328T090000Z", "RRULE:FREQ=DAILY;COUNT=2")],
        ["20260328T0900", "20260329T0900"],
    ),
    "two rules": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=DAILY;COUNT=2")],
        ["20260105T0900", "20260106T0900", "20260112T0900"],
    ),
    "a first one that the rule does not know": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20260113T090000Z")],
        ["20260105T0900", "20260106T0900", "20260113T0900"],
    ),
    "a first one that the rule does not know is counted": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2")],
        ["20260105T0900", "20260106T0900"],
    ),
    "a rule in small letters with blanks": (
        [event(f"DTSTART{B}20260105T100000", "RRULE:freq=weekly; byday=mo, tu; count=3;")],
        ["20260105T0900", "20260106T0900", "20260112T0900"],
    ),
    "a rule that is none": ([event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=SOMETIMES")], MONDAYS[:1]),
    "a rule of another calendar": (
        [event("DTSTART;VALUE=DATE:20260105", "RRULE:RSCALE=CHINESE;FREQ=YEARLY")],
        ["20260105>20260104T2300"],
    ),
    "a rule of exceptions that is none": ([weekly("EXRULE:FREQ=SOMETIMES")], MONDAYS),
    "an empty rule": ([event(f"DTSTART{B}20260105T100000", "RRULE:")], MONDAYS[:1]),
    "every second": ([event(f"DTSTART{B}20260105T100000", "RRULE:FREQ=SECONDLY")], MONDAYS[:1]),
    "nothing is left after the end of February": (
        [event(f"DTSTART{B}20260131T100000", "RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=3")],
        ["20260131T0900", "20260228T0900", "20260331T0800"],
    ),
    # more dates
    "a date more": ([weekly(f"RDATE{B}20260107T100000")], but("20260107T0900")),
    "a date more that the rule has too": ([weekly(f"RDATE{B}20260112T100000")], MONDAYS),
    "dates more in UTC and in another zone": (
        [weekly("RDATE:20260107T120000Z", "RDATE;TZID=America/New_York:20260108T040000")],
        but("20260107T1200", "20260108T0900"),
    ),
    "periods more": (
        [weekly("RDATE;VALUE=PERIOD:20260107T090000Z/PT1H,20260108T090000Z/20260108T110000Z")],
        but("20260107T0900", "20260108T0900"),
    ),
    "only dates": (
        [event(f"DTSTART{B}20260105T100000", f"RDATE{B}20260106T100000,20260107T110000")],
        ["20260105T0900", "20260106T0900", "20260107T1000"],
    ),
    "whole days more": (
        [event("DTSTART;VALUE=DATE:20260105", "RDATE;VALUE=DATE:20260109,20260110")],
        ["20260105>20260104T2300", "20260109>20260108T2300", "20260110>20260109T2300"],
    ),
    "a day more of an event with a time": ([weekly("RDATE;VALUE=DATE:20260107")], but("20260107T0900")),
    # fewer dates
    "a date less": ([weekly(f"EXDATE{B}20260112T100000")], but(without="20260112T0900")),
    "dates less in one line": (
        [weekly(f"EXDATE{B}20260112T100000,20260119T100000")],
        [MONDAYS[0], MONDAYS[3]],
    ),
    "a date less in UTC": ([weekly("EXDATE:20260112T090000Z")], but(without="20260112T0900")),
    "a date less in another zone": (
        [weekly("EXDATE;TZID=America/New_York:20260112T040000")],
        but(without="20260112T0900"),
    ),
    "a date less without a zone": ([weekly("EXDATE:20260112T100000")], but(without="20260112T0900")),
    "a day less of an event with a time": ([weekly("EXDATE;VALUE=DATE:20260112")], but(without="20260112T0900")),
    "a whole day less": (
        [event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260106")],
        ["20260105>20260104T2300", "20260107>20260106T2300"],
    ),
    "a whole day less, written with a time, as Outlook does": (
        [event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20260106T000000")],
        ["20260105>20260104T2300"],
    ),
    "the first less": ([weekly(f"EXDATE{B}20260105T100000")], MONDAYS[1:]),
    "less what there is not": ([weekly(f"EXDATE{B}20260113T100000", "EXDATE:nonsense")], MONDAYS),
    "a rule of exceptions": ([weekly("EXRULE:FREQ=WEEKLY;INTERVAL=2")], [MONDAYS[1], MONDAYS[3]]),
    "all of them less": ([weekly("EXRULE:FREQ=WEEKLY")], []),
    # otherwise
    "one is moved": (
        [weekly(), otherwise(f"{B}20260112T100000", f"{B}20260113T150000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one is moved to before the first": (
        [weekly(), otherwise(f"{B}20260112T100000", f"{B}20260101T100000")],
        but("20260112T0900>20260101T0900"),
    ),
    "one is moved to the time of another": (
        [weekly(), otherwise(f"{B}20260112T100000", f"{B}20260119T100000")],
        ["20260105T0900", "20260112T0900>20260119T0900", "20260119T0900", "20260126T0900"],
    ),
    "one is moved, told by UTC as Google does": (
        [weekly(), otherwise(":20260112T090000Z", f"{B}20260113T150000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one is moved, told by the clock of another zone": (
        [weekly(), otherwise(";TZID=America/New_York:20260112T040000", ";TZID=America/New_York:20260113T090000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one is moved, told by its day as Exchange does": (
        [weekly(), otherwise(";VALUE=DATE:20260112", f"{B}20260113T150000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one is moved, told by a time without a zone": (
        [weekly(), otherwise(":20260112T100000", f"{B}20260113T150000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one stands before the series in the file": (
        [otherwise(f"{B}20260112T100000", f"{B}20260113T150000"), weekly()],
        but("20260112T0900>20260113T1400"),
    ),
    "one is cancelled": (
        [weekly(), otherwise(f"{B}20260112T100000", f"{B}20260112T100000", "STATUS:CANCELLED")],
        but(without="20260112T0900"),
    ),
    "one is cancelled, with nothing said but that": (
        [weekly(), event(f"RECURRENCE-ID{B}20260112T100000", "STATUS:cancelled", people=[])],
        but(without="20260112T0900"),
    ),
    "one is moved, and left out by the rule too": (
        [weekly(f"EXDATE{B}20260112T100000"), otherwise(f"{B}20260112T100000", f"{B}20260113T150000")],
        but("20260112T0900>20260113T1400"),
    ),
    "one was moved twice, and the later counts": (
        [
            weekly(),
            otherwise(f"{B}20260112T100000", f"{B}20260114T100000", "SEQUENCE:2"),
            otherwise(f"{B}20260112T100000", f"{B}20260113T100000", "SEQUENCE:1"),
        ],
        but("20260112T0900>20260114T0900"),
    ),
    "one is a whole day": (
        [weekly(), otherwise(f"{B}20260112T100000", ";VALUE=DATE:20260113")],
        but("20260112T0900>20260112T2300"),
    ),
    "one of whole days is moved": (
        [
            event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=2"),
            otherwise(";VALUE=DATE:20260106", ";VALUE=DATE:20260108"),
        ],
        ["20260105>20260104T2300", "20260106>20260107T2300"],
    ),
    "one of whole days, told by a time": (
        [
            event("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=DAILY;COUNT=2"),
            otherwise(":20260106T000000", ";VALUE=DATE:20260108"),
        ],
        ["20260105>20260104T2300", "20260106>20260107T2300"],
    ),
    "one that the rule does not know": (
        [weekly(), otherwise(f"{B}20260114T100000", f"{B}20260114T100000")],
        but("20260114T0900"),
    ),
    "one of a date more is moved": (
        [weekly(f"RDATE{B}20260107T100000"), otherwise(f"{B}20260107T100000", f"{B}20260108T100000")],
        but("20260107T0900>20260108T0900"),
    ),
    # and all that follow
    "from one on later": (
        [weekly(), otherwise(f";RANGE=THISANDFUTURE{B}20260119T100000", f"{B}20260119T110000")],
        [*MONDAYS[:2], "20260119T0900>20260119T1000", "20260126T0900>20260126T1000"],
    ),
    "from one on a day later, but one of them": (
        [
            weekly(),
            otherwise(f";RANGE=THISANDFUTURE{B}20260112T100000", f"{B}20260113T100000"),
            otherwise(f"{B}20260119T100000", f"{B}20260119T120000"),
        ],
        [MONDAYS[0], "20260112T0900>20260113T0900", "20260119T0900>20260119T1100", "20260126T0900>20260127T0900"],
    ),
    "from one on, and from another on": (
        [
            weekly(),
            otherwise(f";RANGE=THISANDFUTURE{B}20260112T100000", f"{B}20260112T110000"),
            otherwise(f";RANGE=THISANDFUTURE{B}20260126T100000", f"{B}20260126T080000"),
        ],
        [MONDAYS[0], "20260112T0900>20260112T1000", "20260119T0900>20260119T1000", "20260126T0900>20260126T0700"],
    ),
    "from one on cancelled": (
        [weekly(), otherwise(f";RANGE=THISANDFUTURE{B}20260119T100000", f"{B}20260119T100000", "STATUS:CANCELLED")],
        MONDAYS[:2],
    ),
    "from one on in another zone": (
        [
            event(f"DTSTART{B}20260317T100000", "RRULE:FREQ=WEEKLY;COUNT=3"),
            otherwise(f";RANGE=THISANDFUTURE{B}20260324T100000", ";TZID=America/New_York:20260324T060000"),
        ],
        ["20260317T0900", "20260324T0900>20260324T1000", "20260331T0800>20260331T0900"],
    ),
    # of several
    "the series is there twice, and the later counts": (
        [event(f"DTSTART{B}20260105T120000", "RRULE:FREQ=DAILY", "SEQUENCE:1"), weekly("SEQUENCE:2")],
        MONDAYS,
    ),
    "the series is there twice with one number, and the last counts": (
        [event(f"DTSTART{B}20260105T120000", "SEQUENCE:1"), weekly("SEQUENCE:1")],
        MONDAYS,
    ),
    "the series is there twice, and the one that was changed last counts": (
        [weekly("LAST-MODIFIED:20260102T000000Z"), event(f"DTSTART{B}20260105T120000", "LAST-MODIFIED:20260101T000000Z")],
        MONDAYS,
    ),
    "single ones without the series": (
        [otherwise(f"{B}20260112T100000", f"{B}20260113T150000"), otherwise(":20260119T090000Z", ":20260119T090000Z")],
        ["20260112T0900>20260113T1400", "20260119T0900"],
    ),
    "a single one without the series, told by a time without a zone": (
        [otherwise(":20260112T100000", f"{B}20260113T150000")],
        ["20260112T0900>20260113T1400"],
    ),
    "a single whole day without the series": (
        [otherwise(";VALUE=DATE:20260112", ";VALUE=DATE:20260112")],
        ["20260112>20260111T2300"],
    ),
    "a single one that does not say when it is": (
        [event(f"RECURRENCE-ID{B}20260112T100000")],
        ["20260112T0900"],
    ),
    "the event is none that recurs, and one of it is otherwise": (
        [event(f"DTSTART{B}20260105T100000"), otherwise(f"{B}20260105T100000", f"{B}20260106T100000")],
        ["20260105T0900>20260106T0900"],
    ),
    "the series is cancelled": (
        [weekly("STATUS:CANCELLED"), otherwise(f"{B}20260112T100000", f"{B}20260113T150000")],
        [],
    ),
    "an event is cancelled": ([event(f"DTSTART{B}20260105T100000", "STATUS:CANCELLED")], []),
    "an event may take place": ([event(f"DTSTART{B}20260105T100000", "STATUS:TENTATIVE")], [">20260105T0900"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_series_is_said(name: str) -> None:
    components, expected = CASES[name]
    assert told(calendar(*components)) == expected


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_in_two_turns_is_what_is_said_in_one(name: str) -> None:
    data = calendar(*CASES[name][0])
    whole = told(data)
    for day in (5, 6, 12, 13, 14, 20, 27):
        for hour in (9, 10):
            middle = datetime(2026, 1, day, hour, tzinfo=UTC)
            assert sorted(told(data, middle) + told(data, UNTIL, BERLIN, middle)) == sorted(whole)


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        (["RRULE:FREQ=WEEKLY"], True),
        (["RRULE:FREQ=WEEKLY;COUNT=3"], False),
        (["RRULE:FREQ=WEEKLY;COUNT=300"], True),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260601"], False),
        (["RRULE:FREQ=WEEKLY;UNTIL=20280601"], True),
        (["RDATE:20280101T090000Z"], True),
        (["RDATE:20260108T090000Z"], False),
        ([], False),
    ],
)
def test_whether_there_is_more_later(lines: list[str], more: bool) -> None:
    assert occurrences(calendar(event(f"DTSTART{B}20260105T100000", *lines)), "m", UNTIL, BERLIN).open_ended is more


def test_an_event_later_is_to_be_asked_for_again() -> None:
    data = calendar(event(f"DTSTART{B}20270105T100000"))
    found = occurrences(data, "m", UNTIL, BERLIN)
    assert (found.observations, found.open_ended) == ([], True)
    assert told(data, datetime(2028, 1, 1, tzinfo=UTC), BERLIN, UNTIL) == [">20270105T0900"]


def test_one_that_is_moved_to_later_is_to_be_asked_for_again() -> None:
    data = calendar(weekly(), otherwise(f"{B}20260112T100000", f"{B}20270113T150000"))
    assert occurrences(data, "m", UNTIL, BERLIN).open_ended
    assert told(data, datetime(2028, 1, 1, tzinfo=UTC), BERLIN, UNTIL) == ["20260112T0900>20270113T1400"]


def test_of_very_many_the_last_are_said() -> None:
    data = calendar(event("DTSTART:19000101T090000Z", "RRULE:FREQ=DAILY"))
    found = meetings(data)
    assert 9_990 < len(found) <= 10_000
    assert found[-1].happened_at == datetime(2026, 6, 30, 9, tzinfo=UTC)
    assert occurrences(data, "m", UNTIL, BERLIN).open_ended


def test_an_occurrence_has_its_own_people_and_title() -> None:
    carol = [PEOPLE[0], "ATTENDEE:mailto:carol@example.org"]
    data = calendar(
        weekly(),
        otherwise(f"{B}20260112T100000", f"{B}20260113T150000", "SUMMARY:With Carol", people=carol),
        otherwise(f"{B}20260119T100000", f"{B}20260119T100000", people=[]),
    )
    found = {each.native_id: (each.title, [party.handle.value for party in each.parties]) for each in meetings(data)}
    usual = ("Jour fixe", ["alice@example.org", "bob@example.org"])
    assert found == {
        "mark/e/20260105T090000Z": usual,
        "mark/e/20260112T090000Z": ("With Carol", ["alice@example.org", "carol@example.org"]),
        "mark/e/20260126T090000Z": usual,
    }


def test_several_events_in_one_file() -> None:
    once = [event(f"DTSTART{B}20260105T100000", uid=uid) for uid in "ac"]
    data = calendar(once[0], event(*WEEKLY, uid="b"), once[1])
    assert sorted(each.native_id for each in meetings(data)) == [
        "mark/a/",
        *(f"mark/b/{each}00Z" for each in MONDAYS),
        "mark/c/",
    ]


def test_several_calendars_in_one_file_and_messages_about_events() -> None:
    inside = "\r\n".join(["METHOD:CANCEL", event(f"DTSTART{B}20260105T100000", uid="cancelled")])
    reply = "\r\n".join(["METHOD:REPLY", event(f"DTSTART{B}20260105T100000", uid="reply")])
    request = "\r\n".join(["METHOD:REQUEST", event(f"DTSTART{B}20260105T100000", uid="request")])
    data = calendar(inside) + calendar(reply) + calendar(request) + calendar(event(f"DTSTART{B}20260105T100000", uid="none"))
    assert [each.native_id for each in meetings(data)] == ["mark/request/", "mark/none/"]
