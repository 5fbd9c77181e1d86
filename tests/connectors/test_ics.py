"""Calendars in files: the contract, and what is special about meetings."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors import files
from connectors.base import Connector, Gone, Interaction, Page, Unreadable
from connectors.contract import ConnectorContract, World, pages, said
from connectors.ics import Ics, IcsSettings
from connectors.resources import mark
from tests.connectors.icals import calendar, event
from tests.servers.dovecot import fingerprint

NOW = datetime(2026, 2, 2, 12, tzinfo=UTC).timestamp()
DAY = 86_400
_numbers = count(1)


def put(path: Path, data: bytes, at: float = NOW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (at, at))
    return path


def once(number: int, *lines: str) -> str:
    return event("DTSTART:20260105T090000Z", f"SUMMARY:Meeting {number}", *lines, uid=f"{number}@example.org")


class Diary(World):
    """A vdir, as vdirsyncer writes one: a folder for each calendar, a file for each event."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("private", "work"):
            put(folder / name / "displayname", name.encode())

    def connector(self) -> Connector:
        return Ics(IcsSettings(path=self.folder, zone="Europe/Berlin"))

    def add(self, count: int) -> None:
        for _ in range(count):
            number = next(_numbers)
            folder = self.folder / ("private" if number % 2 else "work")
            put(folder / f"{number}.ics", calendar(once(number)), NOW - number)

    def spoil(self) -> None:
        put(self.folder / "work" / "bad.ics", b"\0 nothing of a calendar")

    def fingerprint(self) -> str:
        return fingerprint(self.folder)


class TestIcsContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Diary:
        return Diary(tmp_path / "calendars")


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that it is; a test may set it."""
    time = [NOW + 10 * DAY]
    monkeypatch.setattr(files, "now", lambda: time[0])
    return time


def days(heard: list[Page]) -> list[str]:
    return [f"{each.happened_at:%m-%d}" for each in said(heard) if isinstance(each, Interaction)]


def test_one_file_with_many_events_is_said_in_pages_that_can_be_stopped_after(tmp_path: Path) -> None:
    file = put(tmp_path / "export.ics", calendar(*(once(number) for number in range(650))))
    source = IcsSettings(path=file, zone="Europe/Berlin")
    whole = list(Ics(source).pull(None))
    assert [len(page.observations) for page in whole] == [200, 400, 50]
    for stop in (1, 2, 3):
        assert said([*whole[:stop], *Ics(source).pull(whole[stop - 1].cursor)]) == said(whole)


def test_what_goes_on_for_ever_is_said_as_time_passes(tmp_path: Path, today: list[float]) -> None:
    weekly = event("DTSTART;TZID=Europe/Berlin:20260302T100000", "RRULE:FREQ=WEEKLY", uid="weekly")
    later = event("DTSTART;TZID=Europe/Berlin:20260501T100000", uid="later")
    diary = Diary(tmp_path)
    put(tmp_path / "work/weekly.ics", calendar(weekly))
    put(tmp_path / "work/later.ics", calendar(later))
    first = pages(diary)
    assert days(first) == ["03-02", "03-09", "03-16", "03-23", "03-30", "04-06"]
    assert said(pages(diary, first[-1].cursor)) == []
    today[0] += 20 * DAY
    second = pages(diary, first[-1].cursor)
    assert sorted(days(second)) == ["04-13", "04-20", "04-27", "05-01"]
    assert not any(isinstance(each, Gone) for each in said(second))
    assert said(pages(diary, second[-1].cursor)) == []


def test_an_event_that_changed_is_withdrawn_and_said_in_one_page(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    path = put(tmp_path / "work/1.ics", calendar(once(1)))
    first = pages(diary)
    put(path, calendar(once(1, "LOCATION:Room 4", "SEQUENCE:1").replace("20260105", "20260106")), NOW + 10)
    [page] = pages(diary, first[-1].cursor)
    gone, moved = page.observations
    assert gone == Gone(f"{mark('work/1.ics')}/")
    assert isinstance(moved, Interaction)
    assert (moved.native_id, moved.happened_at.day) == (f"{mark('work/1.ics')}/1@example.org/", 6)
    put(path, calendar(once(1, "STATUS:CANCELLED")), NOW + 20)
    [page] = pages(diary, page.cursor)
    assert page.observations == (gone,)


def test_a_new_stamp_of_the_same_event_says_nothing(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    path = put(tmp_path / "1.ics", calendar(once(1, "DTSTAMP:20260101T000000Z")))
    first = pages(diary)
    put(path, calendar(once(1, "DTSTAMP:20260102T000000Z")), NOW + 10)
    assert said(pages(diary, first[-1].cursor)) == []


def test_meetings_that_were_held_stay_when_a_whole_calendar_vanishes(tmp_path: Path, today: list[float]) -> None:
    diary = Diary(tmp_path)
    held = put(tmp_path / "work/held.ics", calendar(once(1)))
    coming = put(tmp_path / "work/coming.ics", calendar(event("DTSTART:20260310T090000Z", uid="coming")))
    first = pages(diary)
    held.unlink()
    coming.unlink()
    second = pages(diary, first[-1].cursor)
    assert said(second) == []
    today[0] += 2 * 3600
    assert said(pages(diary, second[-1].cursor)) == [Gone(f"{mark('work/coming.ics')}/")]


def test_another_zone_reads_whole_days_anew(tmp_path: Path) -> None:
    put(tmp_path / "1.ics", calendar(event("DTSTART;VALUE=DATE:20260105")))
    cursor, hours = None, []
    for zone in ("Europe/Berlin", "Europe/Berlin", "Asia/Tokyo"):
        heard = list(Ics(IcsSettings(path=tmp_path, zone=zone)).pull(cursor))
        cursor = heard[-1].cursor if heard else cursor
        hours += [each.happened_at.hour for each in said(heard) if isinstance(each, Interaction)]
    assert hours == [23, 15]


def test_files_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    for name in ("1.ICS", "2.ical", "3.ifb", "4.ics.bak", "5.vcf", ".6.ics"):
        put(tmp_path / name, calendar(once(int(name.strip(".")[0]))))
    heard = said(Ics(IcsSettings(path=tmp_path)).pull(None))
    assert {each.title for each in heard if isinstance(each, Interaction)} == {"Meeting 1", "Meeting 2"}


def test_a_bad_event_is_told_of_once(tmp_path: Path) -> None:
    diary = Diary(tmp_path)
    put(tmp_path / "1.ics", calendar(event("DTSTART:whenever", uid="bad"), once(1)))
    first = pages(diary)
    assert [type(each) for each in said(first)] == [Unreadable, Interaction]
    assert said(pages(diary, first[-1].cursor)) == []


@pytest.mark.parametrize("zone", ["Nonsense/Town", "", "../etc/passwd", "/etc/localtime"])
def test_a_zone_that_there_is_not_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(ValidationError, match="is not a time zone"):
        IcsSettings(path=tmp_path, zone=zone)
