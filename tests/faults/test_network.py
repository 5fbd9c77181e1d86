"""Networks that cut, hold, drip, garble and refuse, between a capture and a real server: nothing lost, nothing twice.

``KITH_CUTS=1`` cuts at every byte of a session, in place of every so manyeth.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.config import SourceConfig
from capture.poll import Outcome, Source, poll
from store.check import check
from store.file import Store
from tests.cli.running import Kith, until
from tests.cli.sources import ME, source
from tests.faults.daemon import letters, running, state
from tests.servers.dav_items import card
from tests.servers.dovecot import Account
from tests.servers.scripted_http import Answer, ScriptedHttp
from tests.servers.small_dav import Collection, SmallDav
from tests.servers.wirelog import WireLog
from tests.small_world import me, tables

STRIDE = int(os.environ.get("KITH_CUTS") or 500)

MAILS = 12


@pytest.fixture
def mailbox(account: Account) -> Account:
    for n in range(MAILS):
        folder, out = ("Sent", True) if n % 3 == 0 else ("INBOX", False)
        account.deliver(folder, letter(n, out), flags="S")
    return account


def letter(n: int, out: bool = False) -> bytes:
    sender, to = ("me@example.org", f"p{n % 4}@example.org") if out else (f"p{n % 4}@example.org", "me@example.org")
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: Letter {n}\r\nMessage-ID: <{n}@net.example>\r\n"
    return f"{head}Date: Sat, 16 May 2026 10:{n % 60:02d}:00 +0000\r\n\r\n".encode()


def ask(store: Store, account: Account, port: int, timeout: float = 5.0) -> Outcome:
    """One poll of the account through this port, in this process."""
    settings = {"host": "127.0.0.1", "port": port, "tls": "none", "user": account.user, "timeout": timeout}
    config = SourceConfig("mail", "imap", settings={**settings, "password": {"env": "MAIL_PASSWORD"}})
    from threading import Event

    return poll(Source("mail", "imap", config.connector()), store, me, Event())


@pytest.fixture
def whole(mailbox: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The file after a capture that nothing befell."""
    monkeypatch.setenv("MAIL_PASSWORD", mailbox.password)
    store = Store(tmp_path / "whole" / "kith.duckdb")
    assert ask(store, mailbox, mailbox.server.port).state == "ok"
    return store


def test_a_capture_that_is_cut_off_anywhere_goes_on_and_ends_in_the_same(
    mailbox: Account, wire: WireLog, whole: Store, tmp_path: Path
) -> None:
    """N01."""
    expected = tables(whole)
    assert ask(Store(tmp_path / "length" / "kith.duckdb"), mailbox, wire.port).state == "ok"
    length = len(wire.sessions[-1].server)
    cuts = range(0, length, STRIDE)
    for at in cuts:
        store = Store(tmp_path / str(at) / "kith.duckdb")
        wire.cut_after = at
        cut = ask(store, mailbox, wire.port)
        wire.cut_after = None
        assert cut.state in ("try later", "ok"), at
        assert ask(store, mailbox, wire.port).state == "ok"
        assert tables(store) == expected, at
        assert check(store.path, 5).findings == []
    print(f"\ncut off at {len(cuts)} of {length} bytes: nothing lost, nothing twice")


def test_bytes_that_are_garbled_end_no_process_and_are_read_again(
    mailbox: Account, wire: WireLog, tmp_path: Path, whole: Store
) -> None:
    """N04: without TLS nothing proves that a byte is the one that was sent; what cannot be read is not believed."""
    for every in (50, 211, 977):
        wire.garble = every
        store = Store(tmp_path / str(every) / "kith.duckdb")
        outcome = ask(store, mailbox, wire.port, timeout=2)
        assert outcome.state in ("ok", "try later", "needs you"), outcome
        assert "bug" not in (outcome.fix or "")
        assert "failed:" not in (outcome.error or ""), outcome
        if store.path.exists():
            assert check(store.path, 5).findings == []


def test_a_connection_that_is_dead_without_knowing_it_is_found_out(mailbox: Account, wire: WireLog, kith: Kith) -> None:
    """N02: while the server is watched. Four seconds stand for the nine minutes, two for the sixty."""
    settings = {"host": "127.0.0.1", "port": wire.port, "tls": "none", "user": mailbox.user, "timeout": 2, "every": "1 hour"}
    kith.configure(ME + source("imap", "imap", **settings) + 'password = { env = "MAIL_PASSWORD" }\n')
    before = "import capture.pace, connectors.imap_session as s; s.IDLE_FOR = 4.0; capture.pace.FIRST = 1.0"
    with running(kith, before, MAIL_PASSWORD=mailbox.password) as daemon:
        until(lambda: daemon.count() == MAILS)
        until(lambda: any("IDLE" in command for command in wire.sessions[-1].commands()))
        wire.freeze()
        mailbox.deliver("INBOX", letter(MAILS))
        began = time.monotonic()
        until(lambda: daemon.count() == MAILS + 1, 40)
        print(f"\nfound out after {time.monotonic() - began:.1f} s (IDLE 4 s, deadline 2 s)")
        assert time.monotonic() - began < 4 + 2 + 6
        assert daemon.stop()[1] < 5


def test_a_server_that_says_nothing_any_more_is_left_in_time_and_the_others_are_asked(
    mailbox: Account, wire: WireLog, kith: Kith
) -> None:
    """N02, N05: in the midst of a command; then it refuses everybody, and is asked more and more rarely."""
    letters(kith.place / "mail", range(3))
    settings = {"host": "127.0.0.1", "port": wire.port, "tls": "none", "user": mailbox.user, "timeout": 2, "every": "1 s"}
    text = source("imap", "imap", **settings) + 'password = { env = "MAIL_PASSWORD" }\n'
    kith.configure(ME + text + source("eml", "eml", path=str(kith.place / "mail"), every="1 s"))
    wire.stall_after = 900
    with running(kith, MAIL_PASSWORD=mailbox.password) as daemon:
        began = time.monotonic()
        until(lambda: daemon.count() >= 3 and state(daemon, "imap") == "try later")
        assert time.monotonic() - began < 8
        wire.stall_after, wire.cut_after = None, 0
        letters(kith.place / "mail", range(3, 4))
        until(lambda: len(kith("timeline", "alice", "--json").json) == 4, 8)
        time.sleep(10)
        (failing,) = (row for name, row in daemon.sources().items() if name == "imap")
        assert failing["error"]
        assert len(wire.sessions) <= 3
        assert failing["next"]
        assert daemon.stop()[1] < 5


NO_NAMES = """
import os, socket
import capture.pace, connectors.imap_session
capture.pace.FIRST, capture.pace.MOST, connectors.imap_session.IDLE_FOR = 0.2, 1.0, 2.0
real = socket.getaddrinfo
def getaddrinfo(*words, **more):
    if os.path.exists(os.environ["NO_NAMES"]):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return real(*words, **more)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def portals(account: Account) -> Iterator[tuple[ScriptedHttp, ScriptedHttp]]:
    """What answers in the place of every server until one has logged in: in the clear, and over TLS, as somebody else."""

    def welcome(_: object) -> Answer:
        return Answer(302, b"Welcome!", {"Location": "http://login.example/", "Content-Type": "text/html"})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stranger = account.server.wrong_ca
    context.load_cert_chain(stranger, stranger.with_suffix(".key"))
    both = ScriptedHttp(welcome), ScriptedHttp(welcome, context)
    yield both
    for each in both:
        each.stop()


def test_a_network_that_is_not_there_yet_moves_nothing_and_learns_no_password(
    mailbox: Account, kith: Kith, portals: tuple[ScriptedHttp, ScriptedHttp]
) -> None:
    """N07, for a daemon that has worked before: no name is found, a portal answers, and then all is as it was."""
    plain, secured = portals
    dav, server, no_names = SmallDav(), mailbox.server, kith.place / "no names"
    book = dav.collections["/me/card/private/"] = Collection("addressbook")
    book.put("bob.vcf", card("bob"))
    mail, cards = WireLog(server.tls_port), WireLog(dav.port)
    login = 'password = { env = "MAIL_PASSWORD" }\n'
    more = {"user": mailbox.user, "timeout": 2, "every": "1 s"}
    text = source("mail", "imap", host="localhost", port=mail.port, ca=str(server.ca), **more) + login
    kith.configure(ME + text + source("cards", "carddav", url=f"http://localhost:{cards.port}/", **more) + login)

    def stand() -> list[object]:
        with Store(daemon.file, 30).read() as reader:
            return [daemon.count(), *(reader.cursor(name) for name in ("mail", "cards"))]

    def later() -> bool:
        return {row["state"] for row in daemon.sources().values()} == {"try later"}

    def error(name: str) -> str:
        return daemon.sources()[name]["error"] or ""

    with running(kith, NO_NAMES, MAIL_PASSWORD=mailbox.password, NO_NAMES=str(no_names)) as daemon:
        until(lambda: daemon.count() == MAILS and state(daemon, "cards") == "ok")
        until(lambda: len(mail.sessions) > 1)
        before = stand()
        no_names.touch()
        mail.freeze()
        until(lambda: later() and "cannot find the host" in error("mail"))  # what is held may be found out first
        assert stand() == before
        mail.server, cards.server = ("127.0.0.1", secured.port), ("127.0.0.1", plain.port)
        no_names.unlink()
        until(lambda: "certificate" in error("mail") and len(plain.requests) > 1)
        assert later()
        assert all(daemon.sources()[name]["fix"] for name in ("mail", "cards"))
        assert stand() == before
        assert all(request.login is None for request in plain.requests)
        assert secured.requests == []
        mailbox.deliver("INBOX", letter(MAILS))
        mail.server, cards.server = ("127.0.0.1", server.tls_port), ("127.0.0.1", dav.port)
        until(lambda: daemon.count() == MAILS + 1 and state(daemon, "cards") == "ok", 60)
        assert state(daemon, "mail") == "ok"
        assert "Traceback" not in daemon.log
        assert daemon.stop()[1] < 5
    for each in (mail, cards, dav):
        each.stop()
