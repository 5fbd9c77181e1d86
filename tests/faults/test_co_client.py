"""I02. While kith reads an account, another program changes it all the time: what is there in the end is in the file, once.

The server is real. ``KITH_ACTIONS=2000`` makes it so many actions, ``KITH_PAUSE=0.05`` so many seconds apart; the figures are
printed (``pytest -s``).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event

import pytest

from capture.config import SourceConfig
from capture.poll import Outcome, poll
from capture.ready import ready
from store.check import check
from store.file import Store
from tests.cli.running import Kith, until
from tests.cli.sources import ME as OWN
from tests.cli.sources import source
from tests.faults.co_client import CoClient, there, when
from tests.faults.daemon import running
from tests.servers.dovecot import Account, Dovecot
from tests.servers.wirelog import WireLog, violations
from tests.small_world import ME, Tables, me, tables

ACTIONS = int(os.environ.get("KITH_ACTIONS") or 150)
PAUSE = float(os.environ.get("KITH_PAUSE") or 0.005)
MAILS = min(1500, 2 * ACTIONS)
FILES = 30
"""At most: where it takes an hour, they are asked by turns, and a file of which the last poll is minutes ago is one of them."""

UNASKED = {
    "expunged": rb"(?m)^\* \d+ EXPUNGE\r",
    "flags": rb"(?m)^\* \d+ FETCH \((?:UID \d+ )?FLAGS ",
    "new": rb"(?m)^\* \d+ EXISTS\r",
    "NIL for what was gone": rb"\)\] NIL\)\r",
}
"""What a server says of it to who only reads: what, and in which form."""


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """A server of our own: of the one of the session it is proven that nobody changes anything there.

    By ``wire`` nobody but kith goes to it.
    """
    own = Dovecot()
    yield own
    own.stop()


def settings(account: Account, wire: WireLog) -> dict[str, object]:
    return {"host": wire.host, "port": wire.port, "tls": "none", "user": account.user, "password": {"env": "MAIL_PASSWORD"}}


def test_what_another_program_does_meanwhile_neither_loses_nor_swaps_anything(
    account: Account, wire: WireLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", account.password)
    config = SourceConfig("mail", "imap", settings=settings(account, wire))

    def ask(store: Store) -> Outcome:
        return poll(ready(config), store, me, Event())

    other = CoClient(account, Random(2), ACTIONS, PAUSE, MAILS)
    stores: list[Store] = []
    outcomes: list[Outcome] = []
    other.start()
    began = time.monotonic()
    while other.is_alive() or len(stores) < 2:
        # one file that is asked again and again, and others that begin with nothing: by turns with the large pages of a
        # process of its own, and with many small ones in this process
        turn = len(outcomes) // 2
        small = turn % 2 == 0
        for size, usual in (("FIRST_PAGE", 200), ("BIGGEST_PAGE", 2000)):
            monkeypatch.setattr(f"connectors.imap_reading.{size}", 25 if small else usual)
        if turn < FILES:
            stores.append(Store(tmp_path / str(turn) / "kith.duckdb", patience=30))
            if small:
                with stores[turn].write() as tx:
                    tx.advance("mail", "imap", None, {"v": 1, "folders": {}}, 0)
        outcomes += [ask(stores[turn % FILES]), ask(stores[0])]
    took = time.monotonic() - began
    other.join()
    assert other.error is None, other.error
    assert {outcome.state for outcome in outcomes} <= {"ok", "try later"}, outcomes
    left = there(account)
    for store in stores:
        assert (last := ask(store)).state == "ok", last
        same(store, left, other.ever)
        assert (last := ask(store)).state == "ok", last
        assert (last.seen, last.captured) == (0, 0)
    said = wire.commands()
    assert violations(said) == []
    told = b"".join(bytes(each.server) for each in wire.sessions)
    unasked = {what: len(re.findall(form, told)) for what, form in UNASKED.items()}
    unasked["new"] -= told.count(b" OK [READ-ONLY]")  # one of which is in the answer to EXAMINE
    later = sum(outcome.state == "try later" for outcome in outcomes)
    print(f"\n{ACTIONS} actions ({other.done}) in {took:.0f} s beside {len(outcomes)} polls of {len(stores)} files, ", end="")
    print(f"{later} tried later; of {len(other.ever)} mails {len(left)} left; ", end="")
    print(f"{sum(command.startswith('UID FETCH') for command in said)} FETCH, told unasked: {unasked}")
    assert ACTIONS < 1000 or min(unasked.values()) > 0, "of what this is about nothing came about"


def test_a_daemon_that_watches_meanwhile_has_it_all(account: Account, wire: WireLog, kith: Kith) -> None:
    given = {key: value for key, value in settings(account, wire).items() if key != "password"}
    text = OWN + source("mail", "imap", **given, every="1 s") + 'password = { env = "MAIL_PASSWORD" }\n'
    kith.configure(text)
    other = CoClient(account, Random(3), ACTIONS // 3, max(PAUSE, 0.03), MAILS // 3)
    with running(kith, MAIL_PASSWORD=account.password) as daemon:
        other.start()
        other.join()
        assert other.error is None, other.error
        left, store = there(account), Store(daemon.file, 30)
        until(lambda: set(left) <= set(numbers(tables(store))))
        until(lambda: not tables(store)["unreadable"])
        assert daemon.stop()[0] == 0
        assert "Traceback" not in daemon.log
    same(store, left, other.ever)
    assert violations(wire.commands()) == []


def numbers(found: Tables) -> list[int]:
    """Of which mails a file has interactions, in the order of its rows."""
    return [int(row[1].removeprefix("mid:<").removesuffix("@beside.example>")) for row in found["interaction"]]


def same(store: Store, left: Mapping[int, set[str]], ever: Mapping[int, set[str]]) -> None:
    """All that is left is in the file, and of the rest what was seen while it was there; each once, and as it was written."""
    found = tables(store)
    kept = numbers(found)
    assert len(kept) == len(set(kept))
    assert set(left) <= set(kept) <= set(ever)
    parties: dict[int, set[tuple[str, ...]]] = {}
    for key, _, value, role, name in found["party"]:
        parties.setdefault(key, set()).add((role, value, name))
    for n, row in zip(kept, found["interaction"], strict=True):
        them = (f"p{n}@example.org", f"Person {n}")
        wanted = {("from", ME, None), ("to", *them)} if n % 3 == 0 else {("from", *them), ("to", ME, None)}
        assert parties[row[0]] == wanted, n
        assert (row[3].replace(tzinfo=when(n).tzinfo) - when(n), row[4]) == (timedelta(), f"Letter {n}")
    assert found["unreadable"] == []
    assert check(store.path, 30).findings == []
