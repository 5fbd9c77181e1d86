"""IMAP against a real Dovecot: what a pull costs, what it survives, and how it hears of news."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import Any

import pytest

from connectors.base import Cursor, Interaction, Page, TryLater
from connectors.imap import Imap, ImapSettings
from tests.servers.dovecot import PASSWORD, Account
from tests.servers.scripted_imap import ids, mail
from tests.servers.wirelog import WireLog


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOVECOT_PASSWORD", PASSWORD)


def imap(account: Account, port: int, **settings: Any) -> Imap:
    given = {"host": "127.0.0.1", "port": port, "tls": "none", "user": account.user, "timeout": 10.0}
    return Imap(ImapSettings.model_validate(given | {"password": {"env": "DOVECOT_PASSWORD"}} | settings))


def pull(account: Account, port: int, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    return list(imap(account, port, **settings).pull(cursor))


def deliver(account: Account, folder: str, first: int, count: int) -> None:
    for number in range(first, first + count):
        account.deliver(folder, mail(number) + b"a body\r\n")


def test_a_pull_with_nothing_new_opens_no_folder(account: Account, wire: WireLog) -> None:
    for n, folder in enumerate(("INBOX", "Sent", "Archive", "Lists")):
        deliver(account, folder, n * 100, 3)
    cursor = pull(account, wire.port)[-1].cursor
    before = len(wire.commands())
    assert pull(account, wire.port, cursor) == []
    words = [command.split(" ")[0] for command in wire.commands()[before:]]
    assert words.count("LIST") == 1
    assert not {"EXAMINE", "UID", "STATUS"} & set(words)


def test_only_the_folder_with_news_is_opened(account: Account, wire: WireLog) -> None:
    for n, folder in enumerate(("INBOX", "Sent", "Archive")):
        deliver(account, folder, n * 100, 3)
    cursor = pull(account, wire.port)[-1].cursor
    deliver(account, "Archive", 900, 1)
    before = len(wire.commands())
    assert ids(pull(account, wire.port, cursor)) == ["900@example.org"]
    opened = [command for command in wire.commands()[before:] if command.startswith("EXAMINE")]
    assert opened == ['EXAMINE "Archive"']


def test_the_next_page_is_asked_for_before_this_one_is_handed_over(account: Account, wire: WireLog) -> None:
    deliver(account, "INBOX", 1, 900)
    pages = imap(account, wire.port).pull(None)
    assert isinstance(pages, Generator)
    next(pages)  # the newest
    next(pages)  # the first of the backfill
    time.sleep(0.2)
    fetches = [command for command in wire.commands() if command.startswith("UID FETCH")]
    assert [fetch.split(" ")[2] for fetch in fetches] == ["701:900", "301:700", "1:300"]
    pages.close()


def test_an_abandoned_pull_ends_its_connection(account: Account, wire: WireLog) -> None:
    deliver(account, "INBOX", 1, 450)
    before = threading.active_count()
    pages = imap(account, wire.port).pull(None)
    assert isinstance(pages, Generator)
    next(pages)
    pages.close()
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    assert threading.active_count() <= before, "the threads of the proxy's connection end with it"


def test_a_connection_cut_anywhere_loses_nothing(account: Account, wire: WireLog) -> None:
    """Real replies, cut at 40 places from the greeting to the last page."""
    deliver(account, "INBOX", 1, 230)
    deliver(account, "Sent", 1000, 20)
    whole = sorted(ids(pull(account, wire.port)))
    assert len(whole) == 250
    for place in range(40):
        wire.cut_after = 5 + place * 1700
        heard: list[Page] = []
        try:
            for page in imap(account, wire.port).pull(None):
                heard.append(page)
        except TryLater:
            pass
        wire.cut_after = None
        heard += pull(account, wire.port, heard[-1].cursor if heard else None)
        assert sorted(ids(heard)) == whole


@pytest.mark.parametrize("after", [0, 700, 30_000])
def test_a_connection_that_goes_quiet_is_left_in_time(account: Account, wire: WireLog, after: int) -> None:
    deliver(account, "INBOX", 1, 230)
    wire.stall_after = after
    started = time.monotonic()
    with pytest.raises(TryLater, match="waiting"):
        pull(account, wire.port, timeout=0.5)
    assert time.monotonic() - started < 2


def test_a_connection_that_drips_is_left_in_time(account: Account, wire: WireLog) -> None:
    deliver(account, "INBOX", 1, 30)
    wire.drip = 0.02
    started = time.monotonic()
    with pytest.raises(TryLater, match="waiting"):
        pull(account, wire.port, timeout=1.0)
    assert time.monotonic() - started < 2


def test_messages_that_go_while_they_are_read_are_not_missed(account: Account, wire: WireLog) -> None:
    deliver(account, "INBOX", 1, 450)
    pages = imap(account, wire.port).pull(None)
    heard = [next(pages)]
    account.expunge("INBOX", "uid", "100:300")
    heard += pages
    said = ids(heard)
    assert len(said) == len(set(said))
    assert {f"{n}@example.org" for n in (*range(1, 100), *range(301, 451))} <= set(said)


def test_all_that_a_message_has_arrives(account: Account, wire: WireLog) -> None:
    account.create("Projekte/Küche & Bad")
    account.deliver("Projekte/Küche & Bad", mail(1) + b"a body\r\n")
    (page,) = pull(account, wire.port)
    (said,) = page.observations
    assert isinstance(said, Interaction)
    assert said.title == "hello 1"
    assert said.signals.labels == ("Projekte/Küche & Bad",)
    assert [(party.role, party.handle.value) for party in said.parties] == [
        ("from", "alice@example.org"),
        ("to", "bob@example.org"),
    ]
    assert page.left == 0


def test_watch_hears_of_mail_as_it_comes(account: Account, wire: WireLog) -> None:
    deliver(account, "INBOX", 1, 2)
    source = imap(account, wire.port)
    cursor = list(source.pull(None))[-1].cursor
    watching = threading.Thread(target=source.watch, args=(threading.Event(),), daemon=True)
    watching.start()
    until = time.monotonic() + 5
    while "IDLE" not in wire.commands() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)
    assert watching.is_alive()
    deliver(account, "INBOX", 3, 1)
    watching.join(10)
    assert not watching.is_alive()
    assert ids(source.pull(cursor)) == ["3@example.org"]
