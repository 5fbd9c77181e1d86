"""I05. Never more connections to an account at a time than may be, and every source of it has its turn all the same.

A proxy counts them; the figures are printed (``pytest -s``).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from tests.cli.running import Kith, until
from tests.cli.sources import ME, source
from tests.faults.daemon import Daemon, running
from tests.faults.folders import FOLDERS, fill, letter
from tests.servers.dav import PASSWORD, Radicale
from tests.servers.dav_items import card, event
from tests.servers.dovecot import Account
from tests.servers.wirelog import WireLog

HASTY = [sys.executable, "-c", "import capture.seats; capture.seats.PATIENCE = 1; from cli.main import main; main()"]
"""``kith`` that waits for a connection only shortly."""


@pytest.fixture
def mailbox(account: Account) -> Account:
    """Forty mails in each of three folders."""
    return fill(account, 40)


def configure(kith: Kith, mailbox: Account, wire: WireLog, connections: int | None) -> None:
    """Each folder is a source of its own."""
    text = ME
    for folder in FOLDERS:
        more = {"host": wire.host, "port": wire.port, "tls": "none", "user": mailbox.user, "every": "2 s"}
        text += source(folder.lower(), "imap", **more) + 'password = { env = "MAIL_PASSWORD" }\n'
        text += f'folders.include = ["{folder}"]\n'
        # one of them says it for all
        text += "" if connections is None or folder != "Sent" else f"connections = {connections}\n"
    kith.configure(text)


def watching(wire: WireLog) -> int:
    """How many connections there are in which the server is to say what is new."""
    return sum(session.commands()[-1:] == ["IDLE"] for session in wire.open())


@pytest.mark.parametrize(("connections", "watched"), [(1, 0), (2, 1), (None, 3)])
def test_three_sources_of_one_account_are_all_captured_and_kept_up_with(
    mailbox: Account, wire: WireLog, kith: Kith, connections: int | None, watched: int
) -> None:
    configure(kith, mailbox, wire, connections)
    most = 0
    with running(kith, MAIL_PASSWORD=mailbox.password) as daemon:
        until(lambda: daemon.count() == 120, 90)
        if watched:
            until(lambda: watching(wire) == watched, 60)
        for n, folder in enumerate(FOLDERS):
            mailbox.deliver(folder, letter(1000 + n))
        # another process of the same data folder beside it
        manual = [kith.start("sync", MAIL_PASSWORD=mailbox.password) for _ in range(2)]
        until(lambda: daemon.count() == 123, 90)
        for each in manual:
            said = each.communicate(timeout=90)
            assert each.returncode == 0, said
        until(lambda: everything_is_well(daemon), 90)
        for _ in range(20):
            most = max(most, watching(wire))
            time.sleep(0.1)
        assert daemon.stop()[0] == 0
        assert "Traceback" not in daemon.log
    print(f"\n{connections}: {wire.most} connections at a time, {most} of them watched, {len(wire.sessions)} in all")
    assert most <= watched
    assert wire.most <= (connections or 99)
    assert connections is not None or wire.most >= 3, "the proxy counts them"
    assert any("IDLE" in session.commands() for session in wire.sessions) == bool(watched)
    assert len(wire.sessions) > 6


def everything_is_well(daemon: Daemon) -> bool:
    return {row["state"] for row in daemon.sources().values()} == {"ok"}


def test_who_asks_beside_a_long_pull_is_told_how_many_there_are(mailbox: Account, wire: WireLog, kith: Kith) -> None:
    configure(kith, mailbox, wire, 1)
    wire.drip = 0.02  # it will not come to an end
    with running(kith, MAIL_PASSWORD=mailbox.password):
        until(lambda: len(wire.open()) == 1)
        done = kith("sync", "archive", command=HASTY, MAIL_PASSWORD=mailbox.password)
        assert done.code == 69
        assert "1 connection is in use to this account at 127.0.0.1" in done.err
        assert "connections = 2" in done.err
        rows = kith("doctor", "--json", MAIL_PASSWORD=mailbox.password).json
        (found,) = [row for row in rows if row["check"] == "sent: answer"]
        assert (found["state"], "1 connection is in use" in found["what"]) == ("warning", True)
        assert wire.most == 1


@pytest.fixture
def radicale() -> Iterator[Radicale]:
    server = Radicale()
    yield server
    server.stop()


@pytest.mark.parametrize("connections", [1, 2])
def test_calendars_and_address_books_of_one_account_share_them(radicale: Radicale, kith: Kith, connections: int) -> None:
    account = radicale.account()
    for name in ("work", "home", "club"):
        meetings = {f"{n}.ics": event(f"{name}{n}", "20260302T100000Z", summary=f"{name} {n}") for n in range(30)}
        account.put(account.calendar(f"cal-{name}"), meetings)
        account.put(account.address_book(f"book-{name}"), {f"{n}.vcf": card(f"{name}{n}", f"Bob {n}") for n in range(30)})
    wire = WireLog(radicale.port)
    more = {"url": f"http://127.0.0.1:{wire.port}/", "user": account.user, "connections": connections}
    secret = 'password = { env = "DAV_PASSWORD" }\n'
    kith.configure(ME + "".join(source(kind, kind, **more) + secret for kind in ("caldav", "carddav")))
    try:
        for _ in range(2):
            done = kith("sync", "--json", DAV_PASSWORD=PASSWORD)
            assert (done.code, [row["state"] for row in done.json]) == (0, ["ok", "ok"])
        assert [row["captured"] for row in kith("status", "--json").json["sources"]] == [90, 90]
        print(f"\n{connections}: {wire.most} connections at a time")
        assert wire.most <= connections
    finally:
        wire.stop()
