"""When a source has fallen silent, by its own rhythm."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from capture.health import concerns, state_of
from store.file import Store
from store.rhythm import Rhythm
from tests.scripted import Scripted
from tests.small_world import NOW, capture, mail


def rhythm(path: Path, hours: list[float], now: datetime = NOW) -> Rhythm:
    """The rhythm of a source whose mail is so many hours old."""
    store = Store(path / "kith.duckdb")
    capture(store, Scripted.of([mail(n, days=h / 24) for n, h in enumerate(hours)]))
    with store.read() as reader:
        return reader.rhythms(now)["mail"]


def office(weeks: int, skip: float = 0) -> list[float]:
    """Mail at an office: forty a working day, none at night and on Sundays; the last ``skip`` hours without any."""
    random, hours = Random(1), []
    for hour in range(weeks * 168):
        moment = NOW - timedelta(hours=hour)
        if moment.weekday() < 5 and 8 <= moment.hour < 18 and hour > skip:
            hours += [hour + random.random() for _ in range(4)]
    return hours


@pytest.mark.parametrize(("skip", "silent"), [(0, False), (24, False), (72, False), (100, False), (240, True)])
def test_an_office_is_silent_after_three_weekends_and_not_after_one(tmp_path: Path, skip: float, silent: bool) -> None:
    found = rhythm(tmp_path, office(8, skip))
    assert 55 <= found.pause / 3600 <= 70
    assert found.silent(NOW) is silent


def test_a_busy_mailbox_is_silent_within_a_day(tmp_path: Path) -> None:
    found = rhythm(tmp_path, [n / 3 for n in range(40, 8 * 168 * 3)])
    assert found.silent(NOW)
    assert not found.silent(found.latest + timedelta(hours=2))


def test_a_source_that_is_new_or_hardly_ever_brings_anything_has_no_rhythm(tmp_path: Path) -> None:
    assert not rhythm(tmp_path / "new", [n / 10 + 100 for n in range(300)]).silent(NOW)
    assert not rhythm(tmp_path / "rare", [200.0, 900.0]).silent(NOW)


def test_meetings_and_mail_that_is_dated_ahead_are_no_sign_of_life(tmp_path: Path) -> None:
    assert rhythm(tmp_path, [*(n / 3 for n in range(90, 8 * 168 * 3)), -30.0]).silent(NOW)


def test_silence_is_a_state_of_a_source_whose_login_works() -> None:
    still = Rhythm("mail", NOW - timedelta(days=9), 8, 3 * 3600.0)
    row = {"name": "mail", "polled_at": NOW, "ok_at": NOW, "failures": 0}
    state, what, fix = state_of(row, still, NOW)
    assert state == "silent"
    assert what == "nothing has come for 9 days; the longest pause of a usual week is 3 hours"
    assert fix
    failing = {**row, "failures": 3, "next_at": NOW, "error": "it is away", "fix": "wait"}
    assert state_of(failing, still, NOW) == ("try later", "it is away", "wait")
    assert concerns([failing], {"mail": still}, NOW) == {}
    away = {**failing, "ok_at": NOW - timedelta(days=2)}
    assert concerns([away], {}, NOW) == {"mail: try later": ("mail: it is away", "wait")}
    assert list(concerns([row], {"mail": still}, NOW)) == ["mail: silent"]
