"""Times in calendars: by whatever name a zone is called, at the edges of summer time, and without a zone at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.ical_rules import Budget
from connectors.ical_zones import Zones
from connectors.zones import zone_of
from tests.connectors.icals import calendar, event, meetings, told

FAR = datetime(2030, 1, 1, tzinfo=UTC)
BERLIN = """
TZID:{name}|BEGIN:DAYLIGHT|TZOFFSETFROM:+0100|TZOFFSETTO:+0200|DTSTART:19700329T020000|RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU|
END:DAYLIGHT|BEGIN:STANDARD|TZOFFSETFROM:+0200|TZOFFSETTO:+0100|DTSTART:19701025T030000|RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU|
END:STANDARD
"""
OUTLOOK = """
TZID:{name}|BEGIN:STANDARD|DTSTART:16010101T030000|TZOFFSETFROM:+0200|TZOFFSETTO:+0100|
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10|END:STANDARD|BEGIN:DAYLIGHT|DTSTART:16010101T020000|TZOFFSETFROM:+0100|
TZOFFSETTO:+0200|RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3|END:DAYLIGHT
"""
RULES_CHANGED = """
TZID:{name}|BEGIN:DAYLIGHT|TZOFFSETFROM:-0500|TZOFFSETTO:-0400|DTSTART:19870405T020000|
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z|END:DAYLIGHT|BEGIN:DAYLIGHT|TZOFFSETFROM:-0500|TZOFFSETTO:-0400|
DTSTART:20070311T020000|RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU|END:DAYLIGHT|BEGIN:STANDARD|TZOFFSETFROM:-0400|TZOFFSETTO:-0500|
DTSTART:19671029T020000|RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z|END:STANDARD|BEGIN:STANDARD|
TZOFFSETFROM:-0400|TZOFFSETTO:-0500|DTSTART:20071104T020000|RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU|END:STANDARD
"""
BY_DATES = """
TZID:{name}|BEGIN:STANDARD|TZOFFSETFROM:+0500|TZOFFSETTO:+0330|DTSTART:20200101T000000|END:STANDARD|BEGIN:DAYLIGHT|
TZOFFSETFROM:+0330|TZOFFSETTO:+0500|DTSTART:20250501T000000|RDATE:20260501T000000|END:DAYLIGHT|BEGIN:STANDARD|
TZOFFSETFROM:+0500|TZOFFSETTO:+0330|DTSTART:20250901T000000|RDATE:20260901T000000|END:STANDARD
"""
ONE = "TZID:{name}|BEGIN:STANDARD|DTSTART:16010101T000000|TZOFFSETFROM:-0741|TZOFFSETTO:-0741|END:STANDARD"
EVOLUTION = "TZID:{name}|X-LIC-LOCATION:Asia/Tokyo"
JUNK = "TZID:{name}|BEGIN:STANDARD|DTSTART:nonsense|TZOFFSETFROM:x|TZOFFSETTO:+9900|END:STANDARD|BEGIN:DAYLIGHT|END:STANDARD"
WRONG = "TZID:{name}|BEGIN:STANDARD|DTSTART:19700101T000000|TZOFFSETFROM:+0000|TZOFFSETTO:+0000|END:STANDARD"

TABLE: list[tuple[str, str, str, str, str]] = [
    # user's zone, DTSTART, the name's VTIMEZONE, the moment in UTC, the user's day
    # zones by their names
    ("Europe/Berlin", ";TZID=Europe/Berlin:20260105T100000", "", "20260105T0900", "2026-01-05"),
    ("Europe/Berlin", ";TZID=America/New_York:20260105T200000", "", "20260106T0100", "2026-01-06"),
    ("America/Los_Angeles", ";TZID=Asia/Tokyo:20260106T090000", "", "20260106T0000", "2026-01-05"),
    ("Pacific/Auckland", ";TZID=Europe/London:20260105T120000", "", "20260105T1200", "2026-01-06"),
    ("Pacific/Kiritimati", ":20260105T110000Z", "", "20260105T1100", "2026-01-06"),
    ("Asia/Kolkata", ";TZID=Asia/Kolkata:20260105T010000", "", "20260104T1930", "2026-01-05"),
    ("Australia/Lord_Howe", ";TZID=Australia/Lord_Howe:20260105T100000", "", "20260104T2300", "2026-01-05"),
    ("America/St_Johns", ";TZID=America/St_Johns:20260704T203000", "", "20260704T2300", "2026-07-04"),
    ("Europe/Berlin", ";TZID=/sourceforge.net/Tzfile/Europe/Berlin:20260105T100000", "", "20260105T0900", "2026-01-05"),
    ("Europe/Berlin", ";TZID=/mozilla.org/20070129_1/America/New_York:20260105T100000", "", "20260105T1500", "2026-01-05"),
    ("Europe/Berlin", ";TZID=/a.example/America/Argentina/Buenos_Aires:20260105T100000", "", "20260105T1300", "2026-01-05"),
    ("Europe/Berlin", ";TZID=W. Europe Standard Time:20260705T100000", "", "20260705T0800", "2026-07-05"),
    ("Europe/Berlin", ";TZID=Eastern Standard Time:20260705T100000", "", "20260705T1400", "2026-07-05"),
    ("Europe/Berlin", ";TZID=India Standard Time:20260705T100000", "", "20260705T0430", "2026-07-05"),
    ("Europe/Berlin", ';TZID="(UTC+01:00) Amsterdam, Berlin, Bern, Rome":20260705T100000', "", "20260705T0800", "2026-07-05"),
    ("Europe/Berlin", ";TZID=(UTC-05:00) Eastern Time (US & Canada):20260705T100000", "", "20260705T1400", "2026-07-05"),
    ("Europe/Berlin", ";TZID=GMT-0500:20260705T100000", "", "20260705T1500", "2026-07-05"),
    ("Europe/Berlin", ";TZID=tzone://Microsoft/Utc:20260705T100000", "", "20260705T1000", "2026-07-05"),
    ("Europe/Berlin", ";TZID=europe/paris:20260705T100000", "", "20260705T0800", "2026-07-05"),
    ("Asia/Tokyo", ";TZID=Nowhere in particular:20260105T100000", "", "20260105T0100", "2026-01-05"),
    ("Europe/Berlin", ";TZID=America/New_York:20260105T150000Z", "", "20260105T2000", "2026-01-05"),
    ("Europe/Berlin", ":20260105T100000+0530", "", "20260105T0430", "2026-01-05"),
    # zones that the file describes
    ("Asia/Tokyo", ";TZID=Customized Time Zone:20260705T100000", BERLIN, "20260705T0800", "2026-07-05"),
    ("Asia/Tokyo", ";TZID=Customized Time Zone:20260105T100000", OUTLOOK, "20260105T0900", "2026-01-05"),
    ("Asia/Tokyo", ";TZID=tzone://Microsoft/Custom:20260705T100000", OUTLOOK, "20260705T0800", "2026-07-05"),
    ("Asia/Tokyo", ";TZID=Ours:20060320T100000", RULES_CHANGED, "20060320T1500", "2006-03-21"),
    ("Asia/Tokyo", ";TZID=Ours:20070320T100000", RULES_CHANGED, "20070320T1400", "2007-03-20"),
    ("Europe/Berlin", ";TZID=Ours:20260601T100000", BY_DATES, "20260601T0500", "2026-06-01"),
    ("Europe/Berlin", ";TZID=Ours:20260110T100000", BY_DATES, "20260110T0630", "2026-01-10"),
    ("Europe/Berlin", ";TZID=Nowhere/Middle:20230306T134200", ONE, "20230306T2123", "2023-03-06"),
    ("Europe/Berlin", ";TZID=Ours:20260105T100000", EVOLUTION, "20260105T0100", "2026-01-05"),
    ("Europe/Berlin", ";TZID=Ours:20260105T100000", JUNK, "20260105T0900", "2026-01-05"),
    ("Asia/Tokyo", ";TZID=Europe/Berlin:20260105T100000", WRONG, "20260105T0900", "2026-01-05"),
    ("Asia/Tokyo", ";TZID=GMT:20260705T100000", BERLIN, "20260705T0800", "2026-07-05"),
    ("Asia/Tokyo", ";TZID=EST:20070320T100000", RULES_CHANGED, "20070320T1400", "2007-03-20"),
    ("Asia/Tokyo", ";TZID=GMT:20260705T100000", ONE, "20260705T1000", "2026-07-05"),
    # what a clock skips, and what it shows twice
    ("Europe/Berlin", ";TZID=Europe/Berlin:20260329T023000", "", "20260329T0130", "2026-03-29"),
    ("Europe/Berlin", ";TZID=Europe/Berlin:20261025T023000", "", "20261025T0030", "2026-10-25"),
    ("America/New_York", ";TZID=America/New_York:20260308T023000", "", "20260308T0730", "2026-03-08"),
    ("America/New_York", ";TZID=America/New_York:20261101T013000", "", "20261101T0530", "2026-11-01"),
    ("Australia/Lord_Howe", ";TZID=Australia/Lord_Howe:20261004T021500", "", "20261003T1545", "2026-10-04"),
    ("Europe/Berlin", ";TZID=Ours:20260329T023000", BERLIN, "20260329T0130", "2026-03-29"),
    ("Europe/Berlin", ";TZID=Ours:20261025T023000", BERLIN, "20261025T0030", "2026-10-25"),
    ("Pacific/Apia", ";TZID=Pacific/Apia:20111230T100000", "", "20111230T2000", "2011-12-31"),
    # times without a zone, and whole days
    ("America/Sao_Paulo", ":20260105T233000", "", "20260106T0230", "2026-01-05"),
    ("Asia/Tokyo", ":20260105T003000", "", "20260104T1530", "2026-01-05"),
    ("Europe/Berlin", ":20260329T023000", "", "20260329T0130", "2026-03-29"),
    ("Pacific/Auckland", ";VALUE=DATE:20260105", "", "20260104T1100", "2026-01-05"),
    ("America/Los_Angeles", ";VALUE=DATE:20260105", "", "20260105T0800", "2026-01-05"),
    ("Pacific/Kiritimati", ":20260105", "", "20260104T1000", "2026-01-05"),
    ("America/Santiago", ";VALUE=DATE:20260906", "", "20260906T0400", "2026-09-06"),
    ("Asia/Kolkata", ";VALUE=DATE:20260105T000000", "", "20260104T1830", "2026-01-05"),
    # as nobody should write it
    ("Europe/Berlin", ";TZID=Europe/Berlin:2026-01-05T10:00:00", "", "20260105T0900", "2026-01-05"),
    ("Europe/Berlin", ";TZID=Europe/Berlin:20260105T1000", "", "20260105T0900", "2026-01-05"),
    ("Europe/Berlin", ":20260105T240000Z", "", "20260106T0000", "2026-01-06"),
    ("Europe/Berlin", ":20161231T235960Z", "", "20161231T235959", "2017-01-01"),
]  # fmt: skip


def zone(described: str, name: str) -> list[str]:
    lines = described.replace("\n", "").format(name=name).split("|")
    return ["BEGIN:VTIMEZONE", *lines, "END:VTIMEZONE"] if described else []


def name_in(start: str) -> str:
    return start.removeprefix(";TZID=").rpartition(":")[0].strip('"')


NAMES = [f"{number} {row[1]}" for number, row in enumerate(TABLE)]


@pytest.mark.parametrize(("own", "start", "described", "at", "day"), TABLE, ids=NAMES)
def test_a_time_is_that_moment(own: str, start: str, described: str, at: str, day: str) -> None:
    its_zone = zone(described, name_in(start))
    for components in ([*its_zone, event(f"DTSTART{start}")], [event(f"DTSTART{start}"), *its_zone]):
        data = calendar(*components)
        assert told(data, zone=ZoneInfo(own), until=FAR) == [f">{at}"]
        [meeting] = meetings(data, zone=ZoneInfo(own), until=FAR)
        assert meeting.happened_at.astimezone(ZoneInfo(own)).date() == date.fromisoformat(day)


def test_there_are_enough_cases_and_zones() -> None:
    assert len(TABLE) >= 40
    assert len({own for own, *_ in TABLE}) >= 12


def test_a_clock_that_is_changed_leaves_a_series_where_it_is() -> None:
    """At ten o'clock in summer and in winter, by each way to say that."""
    for name, described in (("Europe/Berlin", ""), ("W. Europe Standard Time", ""), ("Ours", BERLIN), ("Ours", OUTLOOK)):
        data = calendar(*zone(described, name), event(f"DTSTART;TZID={name}:20260328T100000", "RRULE:FREQ=DAILY;COUNT=2"))
        assert told(data) == ["20260328T0900", "20260329T0800"]


def test_an_occurrence_at_a_time_that_is_skipped_or_shown_twice_is_one() -> None:
    spring = event("DTSTART;TZID=Europe/Berlin:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3")
    assert told(calendar(spring)) == ["20260328T0130", "20260329T0130", "20260330T0030"]
    autumn = event("DTSTART;TZID=Europe/Berlin:20261024T023000", "RRULE:FREQ=DAILY;COUNT=3")
    assert told(calendar(autumn), until=FAR) == ["20261024T0030", "20261025T0030", "20261026T0130"]
    hourly = event("DTSTART;TZID=Europe/Berlin:20260329T013000", "RRULE:FREQ=HOURLY;COUNT=3")
    assert told(calendar(hourly)) == ["20260329T0030", "20260329T0130"]


def test_two_zones_of_one_name_in_two_files_are_two() -> None:
    for described, at in ((BERLIN, "20260105T0900"), (BY_DATES, "20260105T0630"), (BERLIN, "20260105T0900")):
        assert told(calendar(*zone(described, "Ours"), event("DTSTART;TZID=Ours:20260105T100000"))) == [f">{at}"]


def test_a_calendar_may_say_which_zone_its_times_are_in() -> None:
    brussels = ["X-WR-TIMEZONE:Europe/Brussels", event("DTSTART:20260105T210000")]
    assert told(calendar(*brussels), zone=ZoneInfo("Asia/Tokyo")) == [">20260105T2000"]
    whole = ["X-WR-TIMEZONE:Europe/Brussels", event("DTSTART;VALUE=DATE:20260105")]
    assert told(calendar(*whole), zone=ZoneInfo("Asia/Tokyo")) == [">20260104T1500"]


def test_the_zone_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert str(zone_of(None)) == "Asia/Tokyo"
    assert str(zone_of("Europe/Berlin")) == "Europe/Berlin"
    for name in ("", "Nonsense/Town"):
        monkeypatch.setenv("TZ", name)
        assert datetime(2026, 1, 5, tzinfo=zone_of(None)).utcoffset() is not None


def test_a_file_that_asks_for_too_much_spoils_no_zone_for_another() -> None:
    lines = [line.encode() for line in zone(BERLIN, "Spoilt")[1:-1]]
    poor = Zones({"Spoilt": lines}, UTC, Budget(steps=0, instances=10))
    rich = Zones({"Spoilt": lines}, UTC, Budget(steps=10_000, instances=10))
    poor.named("Spoilt")
    summer = datetime(2026, 7, 5, 10)
    assert rich.named("Spoilt").utcoffset(summer) == timedelta(hours=2)
