"""Small worlds of made-up people, and what a database file holds after they were captured, for tests to compare."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from capture.match import Me
from capture.poll import Outcome, Source, poll
from capture.replay import remember_me
from connectors.base import Card, CardHandle, Connector, Handle, HandleKind, Interaction, Party, Role, Signals
from store.duck import blank, connect
from store.file import Store
from store.reader import Reader
from store.schema import create
from store.writer import Tx

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
ME = "me@example.org"
me = Me([Handle("email", ME)])


def party(role: Role, address: str, name: str | None = None, kind: HandleKind = "email") -> Party:
    return Party(Handle(kind, address), role, name)


def mail(
    number: int,
    sender: str | Party = "alice@example.org",
    to: str | Iterable[str | Party] = ME,
    *,
    days: float = 0,
    answers: int | None = None,
    title: str | None = "Hello",
    **signals: Any,
) -> Interaction:
    """Mail number ``number``, ``days`` before NOW; ``answers`` is the number of the mail that it answers."""
    receivers = [to] if isinstance(to, str) else list(to)
    parties = [sender if isinstance(sender, Party) else party("from", sender)]
    parties += [each if isinstance(each, Party) else party("to", each) for each in receivers]
    signals.setdefault("recipients", len(receivers))
    return Interaction(
        native_id=f"{number}@mail.example",
        kind="mail",
        happened_at=NOW - timedelta(days=days),
        parties=tuple(parties),
        same_as=f"mid:{number}@mail.example",
        title=title,
        thread=f"mid:{number if answers is None else answers}@mail.example",
        answers=None if answers is None else f"mid:{answers}@mail.example",
        signals=Signals(**signals),
    )


def meeting(
    number: int,
    organizer: str | Party,
    attendees: Iterable[str | Party],
    *,
    days: float = 0,
    native: str | None = None,
    **answers: str,
) -> Interaction:
    """Meeting number ``number``, which a source may know by a ``native`` name of its own.

    ``answers`` are by the local part of an address, with "_" for a sign: ``me="accepted"``.
    """
    who = [organizer if isinstance(organizer, Party) else party("organizer", organizer)]
    who += [each if isinstance(each, Party) else party("attendee", each) for each in attendees]
    return Interaction(
        native_id=native or f"event-{number}",
        kind="meeting",
        happened_at=NOW - timedelta(days=days),
        parties=tuple(who),
        same_as=f"ical:{number}@calendar.example/",
        title=f"Meeting {number}",
        signals=Signals(attendees=len({each.handle for each in who}), partstats=_partstats(who, answers)),
    )


def _partstats(who: Iterable[Party], answers: Mapping[str, str]) -> tuple[str, ...]:
    given = {each.handle.key: answers.get(re.sub(r"\W", "_", each.handle.value.partition("@")[0])) for each in who}
    return tuple(sorted(f"{key} {answer}" for key, answer in given.items() if answer))


def card(native: str, name: str | None, *handles: str, **said: Any) -> Card:
    """A card with these addresses and telephone numbers."""
    reached = (Handle("email" if "@" in each else "phone", each) for each in handles)
    return Card(native, name, tuple(CardHandle(handle) for handle in reached), **said)


def capture(store: Store, connector: Connector, source: str = "mail", own: Me = me, stop: Event | None = None) -> Outcome:
    """One poll of the connector under this name."""
    return poll(Source(source, "scripted", connector), store, own, stop or Event())


class InMemory(Store):
    """A database in memory, for tests of what a file holds, and not of the file: opening one takes most of a poll."""

    def __init__(self) -> None:
        super().__init__(Path("in memory"))
        self._connection, self._trying = blank(), False
        self._connection.execute("SET threads = 1")
        create(self._connection)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """What it says."""
        yield Reader(self._connection)

    @contextmanager
    def write(self, more: Callable[[], bool] = bool, soon: bool = False) -> Iterator[Tx]:
        """One transaction, or a part of the one that is tried."""
        if self._trying:
            yield Tx(self._connection)
            return
        self._connection.execute("BEGIN")
        try:
            yield Tx(self._connection)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is written in here is one transaction, and undone at the end."""
        self._connection.execute("BEGIN")
        self._trying = True
        try:
            yield
        finally:
            self._trying = False
            self._connection.execute("ROLLBACK")


_TABLES = {
    "interaction": """
        SELECT i.key, i.same_as, i.kind, i.happened_at, i.title, i.thread, i.answers, i.signals, i.verdict, i.rule,
               list_sort(list_concat([i.source || ' ' || i.native_id], coalesce(
                 (SELECT list(a.source || ' ' || a.native_id) FROM also_seen a WHERE a.interaction_id = i.id), [])))
        FROM interaction i""",
    "party": """SELECT i.key, h.kind, h.value, p.role, p.name FROM party p JOIN interaction i ON i.id = p.interaction_id
                JOIN handle h ON h.id = p.handle_id""",
    "handle": """SELECT h.kind, h.value, h.canonical, h.own, h.name, h.name_rank, h.name_at, h.interactions,
                        h.last_contact, n.node, h.origin FROM handle h LEFT JOIN ({nodes}) n ON n.person_id = h.person_id""",
    "person": """SELECT n.node, coalesce(p.name, p.card_name), p.origin, p.hidden FROM person p
                 LEFT JOIN ({nodes}) n ON n.person_id = p.id WHERE p.origin IS NOT NULL""",
    "called": "SELECT n.node, c.name FROM called c LEFT JOIN ({nodes}) n ON n.person_id = c.person_id",
    "card tags": "SELECT n.node, t.tag FROM card_tag t LEFT JOIN ({nodes}) n ON n.person_id = t.person_id",
    "coming": """SELECT i.key, h.kind, h.value, c.happened_at, c.counts FROM coming c
                 LEFT JOIN interaction i ON i.id = c.interaction_id LEFT JOIN handle h ON h.id = c.handle_id""",
    "word": "SELECT i.key, w.source, w.native_id, w.said FROM word w LEFT JOIN interaction i ON i.id = w.interaction_id",
    "answer": "SELECT a.key, h.kind, h.value FROM answer a JOIN handle h ON h.id = a.handle_id",
    "card": "SELECT c.* EXCLUDE (person_id, kind), n.node FROM card c LEFT JOIN ({nodes}) n ON n.person_id = c.person_id",
    "card_handle": "SELECT * FROM card_handle",
    "unreadable": "SELECT source, native_id, reason FROM unreadable",
    "own": "SELECT value FROM meta WHERE name = 'own'",
}

_NODES = """
    SELECT person_id, min(node) AS node FROM (
      SELECT person_id, canonical AS node FROM handle UNION ALL SELECT person_id, 'the card ' || native_id FROM card)
    WHERE person_id IS NOT NULL GROUP BY person_id"""
"""A person by a name that does not depend on which of their handles came first."""

_MORE = {
    "source": "SELECT name, type, cursor, captured, failures, error, fix FROM source",
    "decision": "SELECT * EXCLUDE (made_at) FROM decision",
    "tag": "SELECT * FROM tag",
    "cadence": "SELECT * FROM cadence",
    "ids": "SELECT id, key FROM interaction",
    "handle ids": "SELECT id, kind, value FROM handle",
    "person ids": "SELECT id, canonical FROM person",
    "homes": "SELECT id, source, native_id FROM interaction",
    "others": "SELECT * FROM also_seen",
    "version": "SELECT value FROM meta WHERE name = 'version'",
}

Tables = Mapping[str, list[tuple[Any, ...]]]


def tables(store: Store) -> Tables:
    """All facts and beliefs in the file, sorted, without ids, homes and cursors: what must not depend on any order."""
    return _read(store, _TABLES)


def everything(store: Store) -> Tables:
    """All that the file holds, ids and cursors too, but for the times at which something was done."""
    return _read(store, {**_TABLES, **_MORE})


def derived(store: Store) -> Tables:
    """All that the file holds, once what it believes was derived in its present form; what an older form never kept aside."""
    remember_me(store, me)
    return {name: rows for name, rows in everything(store).items() if name != "word"}


def _read(store: Store, queries: Mapping[str, str]) -> Tables:
    connection = connect(store.path, write=False, patience=10)
    try:
        told = {name: sql.replace("{nodes}", _NODES) for name, sql in queries.items()}
        return {name: sorted(connection.execute(sql).fetchall(), key=repr) for name, sql in told.items()}
    finally:
        connection.close()


def make_older(store: Store) -> None:
    """The file is in form 1: without the tables and columns that form 2 has beside those."""
    connection = connect(store.path, write=True, patience=10)
    connection.execute("DROP VIEW known; DROP VIEW reached")
    for table in ("word", "coming", "called", "card_tag"):
        connection.execute(f"DROP TABLE {table}")
    for table, column in (
        ("handle", "origin"),
        ("person", "card_name"),
        ("person", "part_of"),
        ("card", "kind"),
        ("card_handle", "canonical"),
    ):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    connection.execute("UPDATE card SET person_id = NULL; UPDATE meta SET value = '1' WHERE name = 'version'; CHECKPOINT")
    connection.close()


def python(code: str, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """A process of its own that runs this code, with our packages on its path and pipes for what it says."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str], seconds: float = 60) -> str:
    """What the process said; it ended well."""
    said, complaint = process.communicate(timeout=seconds)
    assert process.returncode == 0, complaint
    return said
