"""R01. Killed at random, again and again, while it reads a mailbox and a calendar: nothing lost, nothing there twice.

The servers are real. ``KITH_KILLS=1000`` kills that often, over 20,000 messages and 5,000 events; the figures are printed
(``pytest -s``).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random

import pytest

from capture.replay import replay
from store.errors import Missing
from store.file import Store
from tests.servers.dav import Account as Dates
from tests.servers.dav import Radicale
from tests.servers.dovecot import Account, Dovecot
from tests.small_world import ME, NOW, me, output, python, tables

KILLS = int(os.environ.get("KITH_KILLS") or 15)
MESSAGES = min(20_000, max(3000, 100 * KILLS))
EVENTS = MESSAGES // 4
READ = """
import sys
from pathlib import Path
from threading import Event
from capture.config import SourceConfig
from capture.match import Me
from capture.poll import Source, poll
from connectors.base import Handle
from store.file import Store
file, host, port, user, url, other, me = sys.argv[1:]
mail = {"host": host, "port": int(port), "tls": "none", "user": user, "password": {"env": "MAIL_PASSWORD"}}
dates = {"url": url, "user": other, "password": {"env": "DATES_PASSWORD"}}
print("begins", flush=True)
for config in (SourceConfig("mail", "imap", settings=mail), SourceConfig("dates", "caldav", settings=dates)):
    source = Source(config.name, config.type, config.connector(), config)
    outcome = poll(source, Store(Path(file), 30), Me([Handle("email", me)]), Event())
    assert outcome.state == "ok", outcome
"""


@pytest.fixture(scope="module")
def mailbox(dovecot: Dovecot) -> Account:
    """MESSAGES mails: two thirds received, a third sent; every tenth lies in Archive, too."""
    account = dovecot.account()
    for number in range(MESSAGES):
        mine = number % 3 == 0
        other = f"Person {number % 50} <p{number % 50}@example.org>"
        content = (
            f"From: {ME if mine else other}\r\nTo: {other if mine else ME}\r\nSubject: Letter {number}\r\n"
            f"Date: {format_datetime(NOW - timedelta(hours=number))}\r\nMessage-ID: <{number}@kill.example>\r\n\r\n"
        ).encode()
        account.deliver("Sent" if mine else "INBOX", content, flags="S")
        if number % 10 == 0:
            account.deliver("Archive", content, flags="S")
    return account


@pytest.fixture(scope="module")
def calendar() -> Iterator[Dates]:
    """EVENTS meetings with one of fifty people."""
    server = Radicale()
    try:
        account = server.account()
        account.put(account.calendar("meetings"), {f"{n}.ics": event(n) for n in range(EVENTS)})
        yield account
    finally:
        server.stop()


def event(number: int) -> bytes:
    start = NOW - timedelta(hours=number + 1)
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//kill//EN", "BEGIN:VEVENT", f"UID:{number}@kill.example"),
        *("DTSTAMP:20260101T000000Z", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", "DURATION:PT1H", f"SUMMARY:Meeting {number}"),
        *(f"ORGANIZER:mailto:{ME}", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:p{number % 50}@example.org"),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


def start(store: Store, account: Account, dates: Dates) -> subprocess.Popen[str]:
    """A process that reads the mailbox, and has begun."""
    url = f"http://{dates.server.host}:{dates.server.port}/"
    where = (store.path, account.server.host, str(account.server.port), account.user, url, dates.user, ME)
    process = python(READ, *where, MAIL_PASSWORD=account.password, DATES_PASSWORD=dates.password)
    assert process.stdout is not None
    if process.stdout.readline() != "begins\n":
        raise AssertionError(process.communicate())
    return process


def test_no_kill_loses_anything_or_keeps_it_twice(mailbox: Account, calendar: Dates, tmp_path: Path) -> None:
    random = Random(20)
    kills = rounds = 0
    opened: list[float] = []
    for name in ("first", "whole"):  # in the first the servers fill their caches, which takes ten times as long
        store = Store(tmp_path / f"{name}.duckdb", patience=10)
        process, began = start(store, mailbox, calendar), time.monotonic()
        output(process, 600)
        # two thirds of what a run takes from the moment it begins to pull: some get nowhere, some to the end of the mail
        longest = (time.monotonic() - began) * 2 / 3
        check(store)
    while kills < KILLS:
        rounds += 1
        store = Store(tmp_path / f"{rounds}.duckdb", patience=10)
        while True:
            process = start(store, mailbox, calendar)
            try:
                # any part of a run is come by, as each goes on from the last; most die early, so that there are many
                process.wait(0.01 + longest * random.random() ** 3 if kills < KILLS else 120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                opened.append(once(store))
            else:
                output(process)
                break
        check(store)
        store.path.unlink()
    print(f"\n{kills} kills in {rounds} backfills of {MESSAGES} messages and {EVENTS} events: 0 lost, 0 twice; ", end="")
    print(f"opened again in {1000 * max(opened):.0f} ms at most, {1000 * sorted(opened)[len(opened) // 2]:.0f} at p50")


def once(store: Store) -> float:
    """What a kill left opens, and holds nothing twice and no half of anything; in how many seconds it opened."""
    began = time.monotonic()
    try:
        with store.read() as reader:
            took = time.monotonic() - began
            counted = """SELECT count(*), count(DISTINCT key), count(DISTINCT (source, native_id)), (SELECT count(*) FROM party)
                         FROM interaction"""
            rows, keys, natives, parties = reader.connection.execute(counted).fetchall()[0]
            cursor = reader.cursor("mail")
    except Missing:
        return 0.0
    assert rows == keys == natives
    assert parties == 2 * rows
    assert bool(rows) == (cursor is not None)
    assert rows <= MESSAGES + EVENTS
    return took


def check(store: Store) -> None:
    """Every message is there once, with its parties, and is believed as if nothing had happened."""
    found = tables(store)
    keys = [f"mid:<{n}@kill.example>" for n in range(MESSAGES)] + [f"ical:{n}@kill.example/" for n in range(EVENTS)]
    assert sorted(row[1] for row in found["interaction"]) == sorted(keys)
    assert len(found["party"]) == 2 * len(keys)
    assert found["unreadable"] == []
    assert sum(row[7] for row in found["handle"]) == len(keys)  # the user's own handle is not counted
    labels = [row[7] for row in found["interaction"] if '"Archive"' in row[7]]
    assert len(labels) == MESSAGES // 10 + bool(MESSAGES % 10)
    assert len(found["person"]) == 50
    assert replay(store, me) == 0
