"""``kith run``: one at a time, ended within seconds, told of a new configuration, and never stopped by one source."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from capture.config import load
from capture.daemon import Daemon as Planning
from store.file import Store
from store.lone import at_work
from tests.cli.mistakes import OF_ONE, WHOLE
from tests.cli.running import Kith, until
from tests.cli.sources import FAILING, ME, SLOW, source, write
from tests.faults.daemon import Daemon, letters, running, state
from tests.servers.dovecot import Account

STARTS = int(os.environ.get("KITH_STARTS") or 6)
"""Daemons that begin in the same moment."""

ENDS = int(os.environ.get("KITH_ENDS") or 4)
"""Daemons that are told to end at any moment."""


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    """Alice has written three letters, which lie in a folder."""
    kith = Kith(tmp_path)
    letters(kith.place / "mail", range(3))
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="1 s"))
    return kith


def test_it_reads_what_is_there_and_what_comes_and_says_how_it_does(kith: Kith) -> None:
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3)
        letters(kith.place / "mail", range(3, 5))
        until(lambda: daemon.count() == 5)
        told = kith("status", "--json").json
        (mail,) = told["sources"]
        assert told["daemon"]["pid"] == daemon.process.pid
        assert (mail["state"], mail["failures"], mail["error"], mail["captured"]) == ("ok", 0, None, 5)
        assert mail["next"] > mail["last_ok"]
        assert kith("sync").code == 0
        code, took = daemon.stop()
    assert (code, took < 5) == (0, True), daemon.log
    assert kith("status", "--json").json["daemon"] is None
    assert "alice" not in daemon.log.lower()
    assert "Letter" not in daemon.log
    assert len(daemon.log.splitlines()) == 4, daemon.log


def test_two_that_begin_in_the_same_moment_are_one(kith: Kith) -> None:
    """R07."""
    others = [Daemon(kith) for _ in range(STARTS)]
    try:
        until(lambda: sum(each.process.poll() is None for each in others) == 1, 120)
        (one,) = [each for each in others if each.process.poll() is None]
        for each in others:
            if each is not one:
                assert each.process.returncode == 75, each.log
                assert f"process {one.process.pid}" in each.log
        began = time.monotonic()
        late = Daemon(kith)
        assert late.process.wait(30) == 75
        print(f"\nthe second of {STARTS + 1} gave up after {time.monotonic() - began:.1f} s, its start included")
        assert kith("backup").code == 0
        assert Daemon(kith).process.wait(30) == 75
        assert kith("check").code == 0
        one.stop()
        with running(kith):
            pass
    finally:
        for each in others:
            if each.process.poll() is None:
                each.process.kill()
                each.process.wait()


def test_it_ends_within_five_seconds_wherever_it_is_and_nothing_is_lost_or_there_twice(kith: Kith) -> None:
    """P02: told to end in the midst of its first capture, again and again."""
    letters(kith.place / "mail", range(3000))
    longest = 0.0
    for n in range(ENDS):
        with running(kith) as daemon:
            time.sleep(0.15 * (n % 10))
            code, took = daemon.stop(signal.SIGINT if n % 2 else signal.SIGTERM)
            longest = max(longest, took)
            assert code == (130 if n % 2 else 0), daemon.log
        if daemon.file.exists():
            assert kith("check").code == 0
    print(f"\n{ENDS} times told to end: {longest:.1f} s at most")
    assert longest < 5
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3000, 120)
    assert kith("check").code == 0


def test_a_new_configuration_is_taken_and_a_wrong_one_is_not(kith: Kith) -> None:
    """P02, P03."""
    before = kith.config.read_text()
    letters(kith.place / "more", range(10, 14))
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3)
        kith.configure(before + source("more", "eml", path=str(kith.place / "more"), evry="1 s"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "evry" in daemon.log)
        assert re.search(r"config\.toml:\d+:\d+: .*'evry'", daemon.log)
        assert "evry" in kith("status").err
        kith.configure("me.handles = [")
        until(lambda: "not TOML" in daemon.log)
        letters(kith.place / "mail", range(3, 4))
        until(lambda: daemon.count() == 4)
        kith.configure(before + source("more", "eml", path=str(kith.place / "more"), every="1 s"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: daemon.count() == 8)
        kith.configure(ME + source("more", "eml", path=str(kith.place / "more"), every="1 s"))
        until(lambda: daemon.log.count("the configuration was read") == 2)
        letters(kith.place / "mail", range(4, 5))
        time.sleep(2.5)
        assert daemon.count() == 8
        assert "Traceback" not in daemon.log


def test_no_mistake_in_the_configuration_is_taken_and_each_is_told_with_its_place(kith: Kith) -> None:
    """P03: in place of the one that it runs with, one after the other."""
    before = kith.config.read_text()
    mistakes = [*WHOLE, *((ME + text, line and line + 1, word) for text, line, word in OF_ONE)]
    assert len(mistakes) >= 60

    def refused() -> list[str]:
        return [line for line in daemon.log.splitlines() if "was not taken" in line]

    with running(kith) as daemon:
        until(lambda: daemon.count() == 3)
        for text, line, word in mistakes:
            seen = len(refused())
            kith.configure(text)
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda seen=seen: len(refused()) > seen, 10)
            told = refused()[-1]
            assert word in told, told
            assert f"config.toml:{line}:" in told or line is None, told
        until(lambda: str((at_work(daemon.file) or {}).get("config")) in told)
        assert "the one before it holds" in kith("status").err
        letters(kith.place / "mail", range(3, 4))
        until(lambda: daemon.count() == 4)
        kith.configure(before)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "config" not in (at_work(daemon.file) or {}))
        assert daemon.log.count("the configuration was read") == 1
        code, took = daemon.stop()
    assert (code, took < 5) == (0, True)
    assert "Traceback" not in daemon.log
    assert "hunter2" not in daemon.log


def test_a_new_rule_is_what_everything_is_judged_by_and_a_new_region_has_its_sources_asked_anew(kith: Kith) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Bob Example\r\nTEL:030 1234567\r\nEND:VCARD\r\n"
    (kith.place / "cards.vcf").write_text(card, newline="")
    before = kith.config.read_text() + source("cards", "vcf", path=str(kith.place / "cards.vcf"), every="1 hour")
    rule = '[[rule]]\nname = "own"\nverdict = "noise"\naddress = "alice@example.org"\n'

    def judged() -> set[str]:
        return {row["rule"] for row in kith("noise", "--since", "2020-01-01", "--json").json}

    kith.configure(before)
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3 and state(daemon, "cards") == "ok")
        assert judged() == set()
        kith.configure(before + rule)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: judged() == {"your rule own"})
        read = daemon.sources()["cards"]["last_ok"]
        kith.configure('me.region = "DE"\n' + before + rule)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: daemon.log.count("the configuration was read") >= 2)
        until(lambda: daemon.sources()["cards"]["last_ok"] > read)
        assert daemon.stop()[0] == 0


SLOWLY = """
import time
import capture.replay
real = capture.replay.replay
def replay(store, me):
    if "email:slow@example.org" in me.canonicals:
        print("replays", flush=True)
        time.sleep(4)
    return real(store, me)
capture.replay.replay = replay
"""


def test_of_two_new_configurations_the_later_one_holds_though_the_first_took_its_time(kith: Kith) -> None:
    before = kith.config.read_text()
    with running(kith, SLOWLY) as daemon:
        until(lambda: daemon.count() == 3)
        kith.configure(before.replace("me@example.org", "slow@example.org"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "replays" in daemon.log)
        kith.configure(before)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: daemon.log.count("the configuration was read") == 2)
        letters(kith.place / "mail", range(3, 4))
        until(lambda: daemon.count() == 4)
        time.sleep(5)
        with Store(daemon.file, 30).read() as reader:
            assert reader.own() == ["email:me@example.org"]
        assert daemon.stop()[0] == 0


def test_a_program_that_holds_the_file_keeps_the_thread_that_plans_only_shortly(kith: Kith) -> None:
    """It has to say that it is well every other minute."""
    settings = load(kith.config, kith.data)
    with Store(settings.file).write():
        pass
    holds = f"import duckdb, sys; held = duckdb.connect({str(settings.file)!r}); print('held', flush=True); sys.stdin.read()"
    other = subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    began = time.monotonic()
    assert Planning(settings, lambda: settings, lambda: Store(settings.file, 60))._kept() == {}
    assert time.monotonic() - began < 30
    other.communicate()


def test_it_does_not_begin_with_a_configuration_that_is_wrong(kith: Kith) -> None:
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), evry="1 s") + "\n[cadense]\n")
    daemon = Daemon(kith)
    assert daemon.process.wait(30) == 78
    assert "cadense" in daemon.log
    kith.configure(ME)
    assert Daemon(kith).process.wait(30) == 78


def test_a_source_that_needs_somebody_is_left_alone_until_its_secret_is_another(kith: Kith, account: Account) -> None:
    """I10."""
    secret = kith.place / "secret"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    dovecot = account.server
    for n in range(2):
        account.deliver("INBOX", f"From: bob@example.org\r\nTo: me@example.org\r\nMessage-ID: <b{n}@x>\r\n\r\n".encode())
    settings = {"host": dovecot.host, "port": dovecot.port, "tls": "none", "user": account.user, "every": "1 s"}
    imap = source("imap", "imap", **settings) + f'password = {{ file = "{secret}" }}\n'
    # the static passwords of the server know one password alone
    kith.configure(kith.config.read_text() + imap)
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3 and state(daemon, "imap") == "needs you")
        time.sleep(4)
        failures = daemon.sources()["imap"]["failures"]
        assert failures == 1, "it was asked again"
        letters(kith.place / "mail", range(3, 4))
        until(lambda: daemon.count() == 4)
        secret.write_text(f"{account.password}\n")
        until(lambda: state(daemon, "imap") == "ok")
        assert daemon.count() == 6
        assert account.password not in daemon.log


def test_a_source_that_asks_to_be_left_alone_is_also_after_a_restart_unless_it_was_mended(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    kith.configure(kith.config.read_text() + source("away", "failing:Failing", text="later", every="1 s"))
    for _ in range(2):
        with running(kith) as daemon:
            until(lambda: daemon.count() == 4 and state(daemon, "away") == "try later")
            time.sleep(3)
            (away,) = (row for name, row in daemon.sources().items() if name == "away")
            assert away["failures"] == 1
            assert away["error"] == "the server is away"
            daemon.stop()
    kith.configure(kith.config.read_text().replace("later", "well"))  # while no daemon looks
    with running(kith) as daemon:
        until(lambda: state(daemon, "away") == "ok")
        daemon.stop()


def test_a_connector_that_crashes_hangs_or_ends_the_process_is_its_own_affair(kith: Kith) -> None:
    """P01."""
    bad = """
import os, time
from connectors.base import Page
from pydantic import BaseModel
class Settings(BaseModel):
    pass
class Dies:
    Settings = Settings
    def __init__(self, settings): pass
    def pull(self, cursor):
        os.kill(os.getpid(), 9)
        yield
class Hangs(Dies):
    def pull(self, cursor):
        time.sleep(1000)
        yield
class Leaks(Dies):
    def pull(self, cursor):
        heap = bytearray(200 << 20)
        raise ZeroDivisionError(len(heap))
        yield
os.environ.get("NEVER") and os._exit(3)
"""
    write(kith, "bad", bad)
    names = ("Dies", "Hangs", "Leaks")
    kith.configure(kith.config.read_text() + "".join(source(n.lower(), f"bad:{n}", every="1 s") for n in names))
    before = "import capture.apart, capture.pace; capture.apart.SILENT = 1.0; capture.pace.FIRST = 0.2"
    with running(kith, before) as daemon:
        until(lambda: daemon.count() == 3)
        for n in range(3, 8):
            letters(kith.place / "mail", range(n, n + 1))
            began = time.monotonic()
            until(lambda n=n: daemon.count() == n + 1)
            assert time.monotonic() - began < 5
        until(lambda: {state(daemon, n.lower()) for n in names} == {"needs you"}, 60)
        assert {daemon.sources()[n.lower()]["failures"] for n in names} == {5}
        assert state(daemon, "mail") == "ok"
        assert daemon.memory() < 150
        assert daemon.stop()[1] < 5


def test_a_source_that_takes_its_time_starves_no_other(kith: Kith) -> None:
    write(kith, "slow", SLOW)
    kith.configure(kith.config.read_text() + source("slow", "slow:Slow", path=str(kith.place / "asked")))
    with running(kith, SLEEP="1.5") as daemon:
        until(lambda: daemon.count() >= 6)
        slow = daemon.sources()["slow"]
        assert slow["backlog"] == 40 - slow["captured"]
        for n in range(3, 6):
            letters(kith.place / "mail", range(n, n + 1))
            began = time.monotonic()
            until(lambda n=n: len(mails(kith)) == n + 1)
            assert time.monotonic() - began < 15
        assert daemon.count() < 46, "the slow one was done before"


def mails(kith: Kith) -> list[object]:
    return [row for row in kith("timeline", "alice", "--json").json if row["title"].startswith("Letter ")]


def test_a_command_by_hand_that_works_wakes_a_source_that_waited_for_somebody(kith: Kith) -> None:
    write(kith, "failing", FAILING)
    flag = kith.place / "flag"
    text = (Path(kith.place) / "failing.py").read_text().replace('self.text == "human"', f'not os.path.exists("{flag}")')
    write(kith, "failing", text)
    kith.configure(kith.config.read_text() + source("away", "failing:Failing", every="1 s"))
    with running(kith, "import capture.daemon; capture.daemon.LOOK = 0.5") as daemon:
        until(lambda: daemon.count() == 4 and state(daemon, "away") == "needs you")
        flag.touch()
        time.sleep(2)
        assert state(daemon, "away") == "needs you"
        assert kith("sync", "away").code == 0
        until(lambda: daemon.sources()["away"]["next"] is not None)
