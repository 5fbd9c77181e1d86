"""Of a source whose budget of bytes is used up no more than what is new is read until tomorrow, and then the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from capture.config import SourceConfig
from capture.poll import Outcome, Progress, Source, poll
from capture.ready import ready
from store.file import Store
from store.sources import CAME
from tests.cli.running import Kith, until
from tests.cli.sources import ME, source
from tests.connectors.dav_worlds import Calendars
from tests.faults.daemon import running, state
from tests.faults.folders import fill, letter
from tests.servers.dav import PASSWORD, Radicale
from tests.servers.dovecot import Account
from tests.servers.wirelog import WireLog
from tests.small_world import me


@pytest.fixture
def mailbox(account: Account) -> Account:
    """Sixty mails in each of three folders."""
    return fill(account, 60)


def ask(
    store: Store, mailbox: Account, port: int, budget: float, tell: Callable[[Progress], None] = lambda _: None
) -> Outcome:
    """One poll in this process, or in a process of the source's own where it is the first."""
    settings = {"host": "127.0.0.1", "port": port, "tls": "none", "user": mailbox.user, "password": {"env": "MAIL_PASSWORD"}}
    return poll(ready(SourceConfig("mail", "imap", settings=settings, budget=budget)), store, me, Event(), tell)


def error(store: Store) -> str | None:
    """What the file says is wrong with the one source, between two pages."""
    with store.read() as reader:
        (row,) = reader.sources()
    return None if row["error"] is None else str(row["error"])


def test_what_is_used_up_today_is_there_again_tomorrow_and_what_is_new_is_read_all_the_time(
    mailbox: Account, wire: WireLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I05."""
    monkeypatch.setenv("MAIL_PASSWORD", mailbox.password)
    monkeypatch.setattr("connectors.imap_reading.FIRST_PAGE", 20)
    store = Store(tmp_path / "kith.duckdb")
    with store.write() as tx:  # pages are small in this process alone
        tx.advance("mail", "imap", None, {"v": 1, "folders": {}}, 0)
    some = ask(store, mailbox, wire.port, 8000)
    assert (some.state, 0 < some.captured < 180) == ("history waits", True)
    assert "until midnight" in (some.error or "")
    with store.read() as reader:
        assert 8000 <= reader.came("mail") <= len(b"".join(bytes(each.server) for each in wire.sessions))
        (row,) = reader.sources()
    assert (row["failures"], row["error"], row["backlog"]) == (0, some.error, 180 - some.captured)
    captured, said = some.captured, list[str | None]()
    for n in range(2):
        mailbox.deliver("INBOX", letter(600 + n))
        more = ask(store, mailbox, wire.port, 8000, lambda _: said.append(error(store)))
        assert more.state == "history waits"
        assert all(each and "until midnight" in each for each in said), "as long as it waits it is said to, also within a poll"
        with store.write() as tx:
            assert tx.execute("SELECT count(*) FROM interaction WHERE title = ?", [f"Letter {600 + n}"]) == [(1,)]
        assert more.captured <= (1 if n else 41), "what is new; of folders not come to yet a page"
        captured += more.captured
    asked = len(wire.commands())
    assert ask(store, mailbox, wire.port, 8000).state == "history waits"
    assert not [each for each in wire.commands()[asked:] if each.startswith("UID")], "where nothing is new nothing is read"
    today = datetime.now().date()
    yesterday = f"{CAME}{today - timedelta(days=1)} mail"
    for _ in range(40):
        with store.write() as tx:
            tx.execute("UPDATE meta SET name = ? WHERE starts_with(name, ?)", [yesterday, CAME])
            tx.execute("INSERT INTO meta VALUES (?, '7')", [f"{CAME}2026-01-01 gone"])
        captured += (more := ask(store, mailbox, wire.port, 8000)).captured
        with store.write() as tx:
            assert len(tx.execute("SELECT name FROM meta WHERE starts_with(name, ?)", [CAME])) == 1
        if more.state == "ok":
            break
    assert captured == 182
    with store.read() as reader:
        assert reader.sources()[0]["backlog"] is None
    # nothing is left: news are asked for, whatever has come
    mailbox.deliver("INBOX", letter(500))
    assert [ask(store, mailbox, wire.port, 1).captured, ask(store, mailbox, wire.port, 1).state] == [1, "ok"]


def test_every_byte_of_a_pull_is_counted_be_it_made_here_or_by_a_process_of_its_own(
    mailbox: Account, wire: WireLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", mailbox.password)
    for name in ("apart", "here"):
        store = Store(tmp_path / name / "kith.duckdb")
        if name == "here":
            with store.write() as tx:
                tx.advance("mail", "imap", None, {"v": 1, "folders": {}}, 0)
        before = sum(len(each.server) for each in wire.sessions)
        assert ask(store, mailbox, wire.port, 1e9).captured == 180
        sent = sum(len(each.server) for each in wire.sessions) - before
        with store.read() as reader:
            assert sent - 200 <= reader.came("mail") <= sent, name


def test_calendars_are_counted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    server = Radicale()
    world = Calendars(server.account())
    try:
        world.add(20)
        store = Store(tmp_path / "kith.duckdb")
        assert poll(Source("dav", "caldav", world.connector()), store, me, Event()).captured == 20
        with store.read() as reader:
            sent = sum(len(each.server) for each in world.wire.sessions)
            assert sent / 2 < reader.came("dav") < sent  # without the heads of answers
    finally:
        world.stop()
        server.stop()


def test_a_daemon_says_so_hears_of_what_is_new_and_goes_on_at_once_when_more_is_allowed(account: Account, kith: Kith) -> None:
    mailbox = fill(account, 260)  # more than the newest page of each folder
    settings = {"host": "127.0.0.1", "port": mailbox.server.port, "tls": "none", "user": mailbox.user, "every": "1 hour"}
    text = source("mail", "imap", **settings, budget="8 kB") + 'password = { env = "MAIL_PASSWORD" }\n'
    kith.configure(ME + text)
    with running(kith, MAIL_PASSWORD=mailbox.password) as daemon:
        until(lambda: state(daemon, "mail") == "history waits")
        some = daemon.sources()["mail"]
        assert some["captured"] + some["backlog"] == 780
        before = some["captured"]
        mailbox.deliver("INBOX", letter(7000))
        until(lambda: daemon.count() > before)  # by IDLE: by the clock it would be asked in an hour
        assert state(daemon, "mail") == "history waits"
        assert "8 kB a day is its budget" in some["error"]
        kith.configure(ME + text.replace("8 kB", "1 GB"))
        until(lambda: daemon.count() == 781 and state(daemon, "mail") == "ok")
        assert daemon.stop()[0] == 0
