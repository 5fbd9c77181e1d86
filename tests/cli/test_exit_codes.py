"""A script can tell apart how a command ended, and people are told what mends it, never by a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.running import COMMAND, Kith
from tests.cli.sources import FAILING, ME, source, write
from tests.house import ROOT


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["status"], 0),
        (["people"], 0),
        (["overdue"], 0),
        (["sources"], 0),
        (["timeline", "Jürgen"], 0),
        (["--help"], 0),
        (["timeline", "--help"], 0),
        (["--version"], 0),
        ([], 0),
        (["timeline", "Nobody Whatsoever"], 1),
        (["who", "Nobody Whatsoever"], 1),
        (["who", ""], 1),
        (["timeline", "Jürgen", "--since", "2999-01-01"], 1),
        (["people", "--tag", "nobody-has-it"], 1),
        (["cadence", "news@loaf.example", "3 weeks"], 1),
        (["frobnicate"], 2),
        (["timeline"], 2),
        (["timeline", "Jürgen", "--jsn"], 2),
        (["timeline", "Jürgen", "--limit", "many"], 2),
        (["timeline", "Jürgen", "--limit=-3"], 2),
        (["timeline", "Jürgen", "--since", "whenever"], 2),
        (["timeline", "Jürgen", "--since", "never"], 2),
        (["cadence", "Jürgen", "soon"], 2),
        (["cadence", "Jürgen", "5 m"], 2),
        (["tag", "Jürgen", "--remove"], 2),
        (["tag", "Zoë Müller", "friends"], 2),
        (["export", "--format", "xml"], 2),
        (["sync", "no-such-source"], 2),
        (["--config"], 2),
        (["--config", "/nonexistent/config.toml", "people"], 78),
    ],
)
def test_exit_codes(household: Kith, words: list[str], code: int) -> None:
    done = household(*words)
    assert (done.code, done.err if code == 0 and words[:1] != ["status"] else "") == (code, "")
    assert "Traceback" not in done.err
    if code:
        first, *more = done.err.splitlines()
        assert first.startswith("kith: ")
        assert more or "--since" in words
        assert all(line.startswith("      ") for line in more)


def test_without_a_word_there_is_help(kith: Kith) -> None:
    assert kith().out == kith("--help").out
    assert "timeline" in kith().out


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["timelin"], "timeline"),
        (["satus"], "status"),
        (["people", "--al"], "--all"),
        (["overdue", "--jsno"], "--json"),
        (["who", "Jurgen Exampel"], "Jürgen Example"),
    ],
)
def test_a_slip_of_the_finger_is_told_the_nearest(household: Kith, words: list[str], meant: str) -> None:
    assert f"did you mean {meant}?" in household(*words).err


def test_before_the_first_sync_there_is_nothing_and_it_says_what_fills_it(kith: Kith) -> None:
    for words in (["people"], ["timeline", "alice"], ["overdue"], ["export"]):
        done = kith(*words)
        assert done.code == 1
        assert "kith sync" in done.err
    assert kith("status").code == 0
    assert kith("sync").code == 78


@pytest.mark.parametrize(
    ("text", "code", "state"),
    [
        ("", 0, "ok"),
        ("later", 69, "try later"),
        ("human", 77, "needs you"),
        ("bug", 69, "try later"),
        ("init", 78, "needs you"),
    ],
)
def test_how_a_source_failed_is_told_by_the_exit_code(kith: Kith, text: str, code: int, state: str) -> None:
    write(kith, "failing", FAILING)
    kith.configure(ME + source("one", "failing:Failing", text=text))
    done = kith("sync")
    assert done.code == code
    assert "Traceback" not in done.err
    (row,) = kith("status", "--json").json["sources"]
    assert row["state"] == state
    assert bool(row["error"]) == bool(row["fix"]) == bool(code)
    assert kith("--debug", "sync").err.count("Traceback") == (1 if text in ("bug", "init") else 0)


def test_a_file_that_is_no_database_is_told_and_left_alone(kith: Kith) -> None:
    kith.data.mkdir()
    (kith.data / "kith.duckdb").write_text("this is no database\n" * 1000)
    done = kith("people")
    assert done.code == 74
    assert "kith.duckdb" in done.err
    assert (kith.data / "kith.duckdb").read_text().startswith("this is no database")


def test_a_folder_that_cannot_be_made_is_told(kith: Kith) -> None:
    (kith.place / "taken").write_text("a file")
    kith.data = kith.place / "taken" / "data"
    (kith.place / "mail").mkdir()
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail")))
    done = kith("sync")
    assert done.code in (73, 74)
    assert "data" in done.err
    assert "--data" in done.err


@pytest.mark.parametrize("words", [["export"], ["people", "--all"]])
def test_a_full_disk_is_told(household: Kith, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [*COMMAND, *words], cwd=ROOT, env=household.environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert run.returncode == 74
    assert "No space left" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("words", [["export"], ["people", "--all", "--jsonl"], ["timeline", "Jürgen", "-n", "0"]])
def test_a_reader_that_leaves_is_nothing_to_speak_of(household: Kith, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=household.environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (0, "")


def test_standard_output_may_be_closed(household: Kith) -> None:
    run = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *COMMAND, "people"], cwd=ROOT, env=household.environment(),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")


BUG = """
import cli.recall
from cli.main import main

def bug(*_):
    raise KeyError("nobody foresaw this")

cli.recall.put = bug
main()
"""


def test_a_bug_is_told_as_one_and_debug_shows_where(household: Kith) -> None:
    done = household("people", command=[sys.executable, "-c", BUG])
    assert done.code == 70
    assert "bug" in done.err
    assert "--debug" in done.err
    assert "Traceback" not in done.err
    loud = household("--debug", "people", command=[sys.executable, "-c", BUG])
    assert loud.code == 70
    assert "Traceback" in loud.err
    assert "in bug" in loud.err
