"""``kith run`` while the world around it changes: new mail, a machine that sleeps, clocks that are set, a full disk."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from store.lone import at_work
from tests.cli.running import Kith, until
from tests.cli.sources import ME, source
from tests.faults.daemon import Daemon, letters, running, state
from tests.servers.dovecot import Account
from tests.small_world import NOW

NEWS = int(os.environ.get("KITH_NEWS") or 6)
"""Mails that arrive one by one at a server that has IDLE."""


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    """Alice has written three letters, which lie in a folder; it is looked at every hour."""
    kith = Kith(tmp_path)
    letters(kith.place / "mail", range(3))
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="1 hour"))
    return kith


def letter(number: int, moment: datetime = NOW) -> bytes:
    return (
        f"From: Bob Example <bob@example.org>\r\nTo: me@example.org\r\nSubject: News {number}\r\n"
        f"Date: {format_datetime(moment)}\r\nMessage-ID: <news{number}@example.org>\r\n\r\n"
    ).encode()


def test_new_mail_is_in_the_timeline_within_five_seconds_where_the_server_has_idle(kith: Kith, account: Account) -> None:
    server = account.server
    settings = {"host": server.host, "port": server.port, "tls": "none", "user": account.user, "every": "1 hour"}
    kith.configure(ME + source("imap", "imap", **settings) + 'password = { env = "MAIL_PASSWORD" }\n')
    account.deliver("INBOX", letter(0))
    with running(kith, MAIL_PASSWORD=account.password) as daemon:
        until(lambda: daemon.count() == 1)
        took = []
        for n in range(1, NEWS + 1):
            time.sleep(0.7 * (n % 3))
            began = time.monotonic()
            account.deliver("INBOX", letter(n, NOW + timedelta(minutes=n)))
            until(lambda n=n: daemon.count() == n + 1)
            assert kith("timeline", "bob", "--json").json[0]["title"] == f"News {n}"
            took.append(time.monotonic() - began)
        print(f"\n{NEWS} mails: in the timeline after {min(took):.1f} to {max(took):.1f} s")
        assert max(took) < 5
        time.sleep(3)
        used, then = daemon.processor(), time.monotonic()
        time.sleep(5)
        rest = (daemon.processor() - used) / (time.monotonic() - then)
        print(f"{daemon.memory():.0f} MB, {100 * rest:.2f} % of a processor at rest")
        assert daemon.memory() < 150
        assert rest < 0.02
        code, seconds = daemon.stop()
        assert (code, seconds < 5) == (0, True)


SLEEPS = """
import os
from pathlib import Path
import connectors.clocks as clocks
real, asleep = clocks.always, Path(os.environ["ASLEEP"])
clocks.always = lambda: real() + float(asleep.read_text())
"""


def test_a_machine_that_slept_has_every_source_asked_within_half_a_minute(kith: Kith) -> None:
    """N06: the clock that goes on in sleep is ahead by an hour all at once."""
    asleep = kith.place / "asleep"
    asleep.write_text("0")
    with running(kith, SLEEPS, ASLEEP=str(asleep)) as daemon:
        until(lambda: daemon.count() == 3)
        time.sleep(2)
        letters(kith.place / "mail", range(3, 4))
        time.sleep(1)
        assert daemon.count() == 3
        asleep.write_text("3605")
        began = time.monotonic()
        until(lambda: daemon.count() == 4)
        print(f"\nasked {time.monotonic() - began:.1f} s after it woke up")
        assert "the machine slept for 36" in daemon.log


def test_a_process_that_was_stopped_for_a_while_goes_on(kith: Kith) -> None:
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="8 s"))
    with running(kith) as daemon:
        until(lambda: daemon.count() == 3)
        time.sleep(3)  # not while it has the file open: everybody would wait for it
        daemon.process.send_signal(signal.SIGSTOP)
        letters(kith.place / "mail", range(3, 4))
        time.sleep(9)
        assert daemon.count() == 3
        daemon.process.send_signal(signal.SIGCONT)
        until(lambda: daemon.count() == 4)


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), Path("/usr/lib/faketime/libfaketimeMT.so.1"))


def test_a_clock_that_is_set_makes_nothing_earlier_or_later(kith: Kith) -> None:
    """T01: ten years ahead, to 1970, and back."""
    assert FAKETIME.exists()
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="3 s"))
    clock = kith.place / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    # libfaketime refuses clock_nanosleep, by which Python sleeps, while it leaves the monotonic clock alone
    awake = "import select, time; time.sleep = lambda seconds: select.select([], [], [], seconds)"
    with running(kith, awake, **faked) as daemon:
        until(lambda: daemon.count() == 3)
        for n, offset in enumerate(("+3650d", "-20400d", "+0", "-1d")):
            half = kith.place / ".clock"
            half.write_text(offset)
            half.rename(clock)
            until(lambda n=n: daemon.log.count("the clock was set") == n + 1)
            letters(kith.place / "mail", range(3 + n, 4 + n))
            began = time.monotonic()
            until(lambda n=n: daemon.count() == 4 + n)
            assert time.monotonic() - began < 8, daemon.log
        assert daemon.stop()[1] < 5
    half.write_text("+0")
    half.rename(clock)
    assert kith("sync").code == 0
    (mail,) = kith("status", "--json").json["sources"]
    assert abs(datetime.fromisoformat(mail["last_ok"]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_full_disk_is_said_once_and_capture_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """R05. The floor stands for the end of the disk: it is raised above what is free, and lowered again."""
    kith = Kith(tmp_path)
    letters(kith.place / "mail", range(3))
    kith.configure(ME + source("mail", "eml", path=str(kith.place / "mail"), every="1 s"))
    full = kith.place / "full"
    before = f"""
from pathlib import Path
import capture.runner, store.room
capture.runner.NO_ROOM = 1.0
real = store.room.floor
store.room.floor = lambda *a: 1 << 60 if Path({str(full)!r}).exists() else real(*a)
"""
    with running(kith, before) as daemon:
        until(lambda: daemon.count() == 3)
        full.touch()
        letters(kith.place / "mail", range(3, 4))
        until(lambda: "nearly full" in daemon.log)
        time.sleep(4)
        assert daemon.log.count("nearly full") == 1
        assert "nearly full" in (at_work(daemon.file) or {})["trouble"]
        assert "nearly full" in kith("status").err
        assert len(kith("timeline", "alice", "--json").json) == 3
        full.unlink()
        until(lambda: daemon.count() == 4)
        until(lambda: "trouble" not in (at_work(daemon.file) or {}))
        assert "can be used again" in daemon.log
        assert state(daemon, "mail") == "ok"


def test_what_systemd_wants_to_hear_it_hears(kith: Kith) -> None:
    """sd_notify(3): READY when the sources are asked, WATCHDOG in time, STOPPING at the end."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(kith.place / "notify"))
        ear.settimeout(20)
        heard: list[str] = []
        with running(kith, NOTIFY_SOCKET=str(kith.place / "notify"), WATCHDOG_USEC="20000000") as daemon:
            while "WATCHDOG=1" not in heard:
                heard += ear.recv(4096).decode().splitlines()
            daemon.stop()
            ear.settimeout(1)
            while "STOPPING=1" not in heard:
                heard += ear.recv(4096).decode().splitlines()
    assert heard[0] == "READY=1"
    assert "STATUS=1 sources" in heard


def test_it_needs_no_service_manager(kith: Kith) -> None:
    daemon = Daemon(kith, NOTIFY_SOCKET=str(kith.place / "nobody"))
    until(lambda: daemon.count() == 3)
    assert daemon.stop()[0] == 0
