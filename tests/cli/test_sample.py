"""``make run`` without an account: a household to try kith on, as often as one likes, and never in the way."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from cli.context import Problem
from cli.sample import prepare
from tests.cli.running import Done, Kith
from tests.house import ROOT


def run(kith: Kith, **more: str) -> Done:
    command = [sys.executable, "-m", "cli.sample"]
    done = subprocess.run(command, cwd=ROOT, env=kith.environment(**more), capture_output=True, text=True, timeout=120)
    return Done(done.returncode, done.stdout, done.stderr)


def test_it_shows_what_can_be_asked_and_says_what_it_is(sample: tuple[Kith, str]) -> None:
    text = sample[1]
    assert "sample household" in text.lower()
    for command in ("sync", "status", "timeline Jürgen", "overdue"):
        assert f"$ kith {command}" in text
    assert "Sofía Núñez" in text
    assert "people" in text.splitlines()[-2]


def test_the_command_that_it_names_works(sample: tuple[Kith, str]) -> None:
    kith, text = sample
    (line,) = (line for line in text.splitlines() if line.startswith("Ask it more:"))
    words = line.split()[line.split().index("--config") :]
    assert "Jürgen Example" in kith(*words).out


def test_the_configuration_is_the_users_alone(household: Kith) -> None:
    assert household.config.stat().st_mode & 0o777 == 0o600


def test_a_second_run_reads_nothing_twice_and_keeps_what_was_decided(kith: Kith) -> None:
    kith.data = kith.place / "somewhere" / "new"
    kith.config = kith.data / "config.toml"
    assert run(kith).code == 0
    before = kith("status", "--json").json
    assert kith("cadence", "Jürgen", "5 weeks").code == 0
    again = run(kith)
    assert (again.code, again.err.count("Traceback")) == (0, 0)
    assert "0 new of" in again.out
    assert kith("status", "--json").json["interactions"] == before["interactions"]
    assert kith("cadence", "Jürgen", "--json").json["cadence_days"] == 35


def test_on_another_day_it_is_made_anew(kith: Kith) -> None:
    place = kith.data
    now = datetime.now(UTC)
    prepare(place, now - timedelta(days=40))
    (place / "kith.duckdb").write_text("the database of that day")
    prepare(place, now)
    assert [one.name for one in place.glob("household-*")] == [f"household-{now.date()}"]
    assert not (place / "kith.duckdb").exists()


def test_a_database_of_the_users_own_is_not_touched(kith: Kith) -> None:
    kith.data.mkdir()
    own = kith.data / "kith.duckdb"
    own.write_text("mine")
    with pytest.raises(Problem, match="not the sample's"):
        prepare(kith.data, datetime.now(UTC))
    done = run(kith)
    assert done.code == 73
    assert own.read_text() == "mine"
    assert list(kith.data.iterdir()) == [own]


def test_without_a_folder_named_it_stands_beside_the_users_data(kith: Kith) -> None:
    assert run(kith, KITH_DATA="", KITH_CONFIG="").code == 0
    assert (kith.place / ".local/share/kith-sample/kith.duckdb").exists()
    assert not (kith.place / ".local/share/kith").exists()
    assert not (kith.place / ".config").exists()


def test_a_folder_that_cannot_be_written_is_told(kith: Kith) -> None:
    kith.data.write_text("a file")
    done = run(kith)
    assert done.code == 73
    assert str(kith.data) in done.err
    assert "Traceback" not in done.err
