"""Calendars made to be slow, to be big or to raise; run as a program, one is read from a file and what it took is printed."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.base import Unreadable
from tests.connectors.hostile import peak

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = "ORGANIZER:mailto:alice@example.org\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org\n"


def calendar(*components: str) -> bytes:
    return ("BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(components) + "END:VCALENDAR\n").encode()


def event(*lines: str, start: str = ":20200106T090000Z", uid: str = "e") -> str:
    """A meeting of Alice and Bob with these lines."""
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTART{start}\n{PEOPLE}" + "".join(f"{line}\n" for line in lines) + "END:VEVENT\n"


def rule(value: str, start: str = ":20200106T090000Z") -> Callable[[], bytes]:
    return lambda: calendar(event(f"RRULE:{value}", start=start))


def zone(name: str, *lines: str) -> str:
    body = "".join(f"{line}\n" for line in lines)
    return f"BEGIN:VTIMEZONE\nTZID:{name}\n{body}END:VTIMEZONE\n"


def observance(name: str, before: str, after: str, *lines: str) -> tuple[str, ...]:
    return (f"BEGIN:{name}", f"TZOFFSETFROM:{before}", f"TZOFFSETTO:{after}", *lines, f"END:{name}")


def yearly(number: int) -> tuple[str, ...]:
    """An observance that there is only one of."""
    begin = f"DTSTART:1601{number % 12 + 1:02}{number // 60 + 1:02}T0000{number % 60:02}"
    return observance("STANDARD", "+0100", "+0200", begin, "RRULE:FREQ=YEARLY")


HOURS = ",".join(map(str, range(24)))
SIXTY = ",".join(map(str, range(60)))
DAYS = ",".join(map(str, range(1, 367)))

BOMBS: dict[str, Callable[[], bytes]] = {
    "every second": rule("FREQ=SECONDLY"),
    "every minute of a day that there is not": rule("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=31"),
    "the 31st of February": rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31"),
    "the 31st of February since the year 2": rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", ":00020101T090000Z"),
    "the 31st of February, by month": rule("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31", ":00020101T090000Z"),
    "the 31st of February, by year": rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", ":00020101T090000Z"),
    "the 31st of February, by hour": rule("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31", ":00020101T090000Z"),
    "the 31st of February, three times": rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=3", ":00020101T090000Z"),
    "a milliard times": rule("FREQ=DAILY;COUNT=1000000000"),
    "a milliard times since the year 2": rule("FREQ=DAILY;COUNT=1000000000", ":00020101T090000Z"),
    "a milliard hours": rule("FREQ=HOURLY;COUNT=1000000000", ":19700101T090000Z"),
    "hourly since the year 2": rule("FREQ=HOURLY", ":00020101T090000Z"),
    "an interval of all time": rule("FREQ=DAILY;INTERVAL=99999999999999999999"),
    "every second, by parts": rule(f"FREQ=DAILY;BYHOUR={HOURS};BYMINUTE={SIXTY};BYSECOND={SIXTY}"),
    "every day at every hour, by parts": rule(f"FREQ=YEARLY;BYYEARDAY={DAYS};BYHOUR={HOURS};BYSETPOS=-1,1"),
    "a position that there is not": rule(f"FREQ=YEARLY;BYYEARDAY={DAYS};BYHOUR={HOURS};BYSETPOS=-100000", ":00020101T000000Z"),
    "a rule of a megabyte": lambda: calendar(event("RRULE:FREQ=DAILY;BYMONTHDAY=" + "1," * 500_000)),
    "10,000 rules": lambda: calendar(event(*["RRULE:FREQ=DAILY"] * 10_000)),
    "300 rules of exceptions": lambda: calendar(event("RRULE:FREQ=DAILY", *["EXRULE:FREQ=HOURLY"] * 300)),
    "a million dates": lambda: calendar(event(*(f"RDATE:2{n:07}T090000Z" for n in range(1_000_000)))),
    "a million dates in one line": lambda: calendar(event("RDATE:" + ",".join(["20250106T090000Z"] * 1_000_000))),
    "300,000 exceptions": lambda: calendar(event("RRULE:FREQ=DAILY", *(["EXDATE:20250106T090000Z"] * 300_000))),
    "a million folded lines": lambda: calendar(event("SUMMARY:" + "a\n " * 1_000_000)),
    "300,000 attendees": lambda: calendar(event(*(f"ATTENDEE:mailto:a{n}@x.y" for n in range(300_000)))),
    "300,000 parameters": lambda: calendar(event("ATTENDEE" + ";A=b" * 300_000 + ":mailto:c@example.org")),
    "300,000 values of a parameter": lambda: calendar(event("ATTENDEE;A=" + "b," * 300_000 + ":mailto:c@d.e")),
    "300,000 alarms": lambda: calendar(event("BEGIN:VALARM\n" * 300_000)),
    "300,000 ends": lambda: calendar(event(), "END:VEVENT\n" * 300_000),
    "300,000 colons": lambda: calendar(event("ATTENDEE;CN=" + ":" * 300_000)),
    "300,000 quotes": lambda: calendar(event('ATTENDEE;CN=' + '"' * 300_000 + ":mailto:c@example.org")),
    "300,000 brackets": lambda: calendar(event("ATTENDEE:mailto:" + "(" * 300_000 + "@example.org")),
    "a name of a megabyte": lambda: calendar(event("ATTENDEE;CN=" + "=?utf-8?q?=C3=A4?= " * 50_000 + ":mailto:c@d.e")),
    "300,000 blanks": lambda: calendar(event("DTSTART:" + " " * 300_000, "UID:" + "\t " * 150_000 + "x")),
    "zeros": lambda: b"\0" * 1_000_000,
    "no line breaks": lambda: calendar(event()).replace(b"\n", b" ") * 5_000,
    "returns": lambda: calendar(event()).replace(b"\n", b"\r") + b"\r \r" * 300_000,
    "a zone that changes every second": lambda: calendar(
        zone("X", *observance("STANDARD", "+0100", "+0200", "DTSTART:19700101T000000", "RRULE:FREQ=SECONDLY")),
        event(start=";TZID=X:20250106T090000"),
    ),
    "a zone that changes every hour": lambda: calendar(
        zone("X", *observance("STANDARD", "+0100", "+0200", "DTSTART:00020101T000000", "RRULE:FREQ=HOURLY") * 200),
        event("RRULE:FREQ=DAILY", start=";TZID=X:20250106T090000"),
    ),
    "a zone with 300,000 changes": lambda: calendar(
        zone("X", *observance("STANDARD", "+0100", "+0200", "DTSTART:19700101T000000", *["RDATE:19700101T000000"] * 299_999)),
        event("RRULE:FREQ=DAILY", start=";TZID=X:20250106T090000"),
    ),
    "1,000 zones and an event in each": lambda: calendar(
        *(zone(f"X{n}", *yearly(n)) for n in range(1_000)),
        *(event(start=f";TZID=X{n}:20250106T090000", uid=f"e{n}") for n in range(1_000)),
    ),
    "2,000 zones that there are not": lambda: calendar(
        *(event(start=f";TZID=Nowhere {n}/City, Town:20250106T090000", uid=f"e{n}") for n in range(2_000)),
    ),
    "series that all go on for ever": lambda: calendar(
        *(event("RRULE:FREQ=DAILY", start=":19700106T090000Z", uid=f"e{n}") for n in range(200)),
    ),
    "shifted by all time": lambda: calendar(
        event("RRULE:FREQ=DAILY"),
        event("RECURRENCE-ID;RANGE=THISANDFUTURE:20200107T090000Z", start=":99900106T090000Z"),
        event("RECURRENCE-ID;RANGE=THISANDFUTURE:20200109T090000Z", start=":00020106T090000Z"),
    ),
    "5,000 occurrences otherwise": lambda: calendar(
        event("RRULE:FREQ=HOURLY"),
        *(event(f"RECURRENCE-ID:20200{n % 9 + 1}{n % 28 + 1:02}T{n % 24:02}0000Z") for n in range(5_000)),
    ),
}  # fmt: skip


def main(path: str) -> None:
    """Read one bomb from a file and print what it took: seconds of processor, MB at the highest."""
    from connectors.ical import occurrences

    data = Path(path).read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = occurrences(data, "mark", UNTIL, ZoneInfo("Europe/Berlin"))
    after = resource.getrusage(resource.RUSAGE_SELF)
    names = [each.native_id for each in found.observations]
    json.dump(
        {
            "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "megabytes": peak() / 1024,
            "unreadable": sum(isinstance(each, Unreadable) for each in found.observations),
            "said": len(names),
            "twice": len(names) - len(set(names)),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
