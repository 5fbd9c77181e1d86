"""A sync: every source on its own, stopped whenever one likes, and told in the way that fits who listens."""

from __future__ import annotations

import re
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from connectors.household import write as write_household
from tests.cli.running import OWN, Kith, shown, until
from tests.cli.sources import FAILING, ME, SLOW, source, write

ROW = {"source", "state", "seen", "captured", "error", "fix"}


@pytest.fixture
def slow(kith: Kith) -> Kith:
    write(kith, "slow", SLOW)
    kith.configure(ME + source("one", "slow:Slow", path=str(kith.place / "said")))
    return kith


def said(kith: Kith) -> list[int]:
    """The pages that the slow source was asked for."""
    file = kith.place / "said"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def letters(kith: Kith) -> int:
    found: int = kith("status", "--json").json["interactions"]
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_sync_that_is_stopped_goes_on_from_there(slow: Kith, number: signal.Signals) -> None:
    run = slow.start("sync", SLEEP="0.1")
    until(lambda: len(said(slow)) > 3)
    run.send_signal(number)
    began = time.monotonic()
    out, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == 130
    assert "goes on from there" in err
    assert "Traceback" not in err
    assert "stopped" in out
    kept = letters(slow)
    assert 0 < kept < 40
    again = slow("sync", "--json")
    assert again.code == 0
    assert again.json[0]["captured"] == 40 - kept
    assert letters(slow) == 40


def test_a_sync_that_waits_for_a_server_is_stopped_within_seconds(slow: Kith) -> None:
    run = slow.start("sync", "--json", SLEEP="60")
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert run.returncode == 130
    assert '"state": "stopped"' in out
    assert "Traceback" not in err


def test_a_second_signal_is_obeyed_at_once(slow: Kith) -> None:
    run = slow.start("sync", SLEEP="60")
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    began = time.monotonic()
    run.communicate(timeout=20)
    assert time.monotonic() - began < 3.5
    assert run.returncode == 130


def test_a_source_that_is_broken_stops_no_other(kith: Kith) -> None:
    mail = kith.place / "mail"
    write_household(mail, datetime.now(UTC))
    write(kith, "failing", FAILING)
    write(kith, "broken", "import nothing_of_that_name\n")
    kith.configure(
        ME
        + source("unknown", "imapp")
        + source("broken", "broken:Broken")
        + source("wrong", "maildir", pth="/nowhere")
        + source("init", "failing:Failing", text="init")
        + '[[source]]\nname = "secret"\ntype = "imap"\nhost = "127.0.0.1"\nport = 9\nuser = "me"\n'
        + 'password = { env = "NOT_SET" }\n'
        + source("later", "failing:Failing", text="later")
        + source("good", "maildir", path=str(mail))
    )
    done = kith("sync", "--json")
    assert done.code == 78
    assert "Traceback" not in done.err
    assert {frozenset(row) for row in done.json} == {frozenset(ROW)}
    states = {row["source"]: row["state"] for row in done.json}
    assert states.pop("secret") in ("needs you", "try later")
    assert states == {
        "unknown": "needs you",
        "broken": "needs you",
        "wrong": "needs you",
        "init": "needs you",
        "later": "try later",
        "good": "ok",
    }
    assert all(row["error"] and row["fix"] for row in done.json if row["state"] != "ok")
    kept = {row["name"]: row for row in kith("status", "--json").json["sources"]}
    assert kept["good"]["captured"] > 500
    assert {name: row["state"] for name, row in kept.items() if name != "secret"} == states
    assert kept["unknown"]["failures"] == 1
    assert kith("sync", "good").code == 0
    assert kith("sync", "good", "later").code == 69


def test_a_secret_that_cannot_be_had_needs_its_owner(kith: Kith) -> None:
    """The server is not even asked: nothing listens at its port."""
    kith.configure(
        ME
        + '[[source]]\nname = "secret"\ntype = "imap"\nhost = "127.0.0.1"\nport = 9\nuser = "me"\ntls = "none"\n'
        + 'password = { env = "NOT_SET" }\n'
    )
    done = kith("sync")
    assert done.code == 77
    assert "NOT_SET" in done.err
    assert "export NOT_SET" in done.err


def test_a_source_that_asked_for_patience_is_asked_again_when_the_user_says_so(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    kith.configure(ME + source("one", "failing:Failing", text="later"))
    assert kith("sync").code == 69
    before = kith("status", "--json").json["sources"][0]
    assert datetime.fromisoformat(before["next"]) > datetime.now(UTC) + timedelta(minutes=30)
    assert kith("sync").code == 69
    after = kith("status", "--json").json["sources"][0]
    assert (before["failures"], after["failures"]) == (1, 2)
    kith.configure(ME + source("one", "failing:Failing"))
    assert kith("sync").code == 0
    assert kith("status", "--json").json["sources"][0]["state"] == "ok"


def test_a_terminal_sees_a_bar_with_rate_and_time_left_that_is_gone_afterwards(slow: Kith) -> None:
    text = slow.on_terminal("sync", columns=70, SLEEP="0.06").out
    steps = OWN.sub("", text).split("\r")
    bars = [step for step in steps if step.startswith("[")]
    assert any(re.search(r"\[#+\.+\] +\d+ %  one: \d+ read, \d+/s, \d+ s left", bar) for bar in bars)
    assert all(len(bar) < 70 for bar in bars)
    assert re.fullmatch(r"one: 40 new of 40 read in \d\.\d s\n", steps[-1])
    assert text.count("\n") == 1


def test_a_dumb_terminal_and_a_pipe_see_no_bar(slow: Kith) -> None:
    assert "\r" not in slow.on_terminal("sync", SLEEP="0.01", TERM="dumb").out
    done = slow("sync")
    assert done.err == ""
    assert done.out.startswith("one: 0 new of 0 read")


def test_json_on_a_terminal_has_nothing_beside_it(slow: Kith) -> None:
    text = slow.on_terminal("sync", "--jsonl", SLEEP="0.01").out
    assert shown(text) == text
    assert text.count("\n") == 1
    assert set(slow("sync", "--json").json[0]) == ROW


def test_who_named_no_address_of_their_own_is_told(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    kith.configure(source("one", "failing:Failing"))
    done = kith("sync")
    assert done.code == 0
    assert "me.handles" in done.err


def test_a_source_may_be_named_and_only_that_is_read(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    kith.configure(ME + source("one", "failing:Failing") + source("two", "failing:Failing", text="human"))
    assert [row["source"] for row in kith("sync", "one", "--json").json] == ["one"]
    assert kith("sync", "two").code == 77




def test_no_half_page_is_left_by_whoever_is_killed(slow: Kith) -> None:
    """What a sync that was killed leaves behind is read as if it had been stopped."""
    run = slow.start("sync", SLEEP="0.05")
    until(lambda: len(said(slow)) > 5)
    run.kill()
    run.communicate()
    assert slow("sync").code == 0
    assert letters(slow) == 40
