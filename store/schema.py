"""The tables, and how a file comes from an older form of them to this one.

Facts, decisions and beliefs are three kinds of rows that never mix. Facts: ``interaction`` (but for its last two columns),
``also_seen``, ``word`` (what each source says of an event that several know), ``party``, ``card``, ``card_handle``,
``unreadable``, and ``source`` with the cursor among the rows it covers. Decisions: ``decision``, and what stands by it:
``tag``, ``cadence``, ``archived`` (until when a handle was its person's), ``person.name`` and ``hidden``. Beliefs, which replay
makes anew: ``interaction.verdict`` and ``rule``, ``answer``, ``coming`` (meetings whose time had not come when they were
counted), ``person``, ``card.person_id``, ``called`` and ``card_tag`` (what cards call people, and put them under), every column
of ``handle`` after ``canonical``, what the matcher goes by (``profile``, ``block``, ``pair``, ``unmatched``), and ``learned``,
whom the user always answers and whom never.

A person without an origin is nobody at present, and keeps their id; ``part_of`` is whom somebody belongs to now, so that what
was decided about them holds for that person, and is theirs again when the two are told apart.

No unique index (it triples the file and slows the load four times), no foreign keys, no sequences: ids are counted by the
writer, who is alone, and ``interaction.key``, a 63-bit hash of what names the event, is what a page is deduped by.

A migration never alters a file in place: replaying a log with ALTER in it can leave a file that no 1.5 opens. The rows are
copied into a new file in the new form, checked, and renamed; the old file stays beside it as the backup.
"""

from __future__ import annotations

import os
from pathlib import Path

from store.duck import Connection, NoSuchTable, attach, connect, drop
from store.errors import Broken, Newer
from store.room import check_room, size_of
from store.steps import step

VERSION = 3

TABLES = {
    "meta": "name VARCHAR, value VARCHAR",
    "source": """name VARCHAR, type VARCHAR, cursor VARCHAR, captured BIGINT, polled_at TIMESTAMP, ok_at TIMESTAMP,
        next_at TIMESTAMP, failures INTEGER, error VARCHAR, fix VARCHAR""",
    "interaction": """id BIGINT, key BIGINT, source VARCHAR, native_id VARCHAR, same_as VARCHAR,
        kind VARCHAR, happened_at TIMESTAMP, title VARCHAR, thread BIGINT, answers BIGINT, signals VARCHAR,
        verdict VARCHAR, rule VARCHAR""",
    "also_seen": "interaction_id BIGINT, source VARCHAR, native_id VARCHAR",
    "word": "interaction_id BIGINT, source VARCHAR, native_id VARCHAR, said VARCHAR",
    "party": "interaction_id BIGINT, handle_id INTEGER, role VARCHAR, name VARCHAR, happened_at TIMESTAMP",
    "handle": """id INTEGER, kind VARCHAR, value VARCHAR, canonical VARCHAR, own BOOLEAN, person_id BIGINT,
        origin VARCHAR, name VARCHAR, name_rank TINYINT, name_at TIMESTAMP, interactions INTEGER, last_contact TIMESTAMP""",
    "coming": "interaction_id BIGINT, handle_id INTEGER, happened_at TIMESTAMP, counts BOOLEAN",
    "answer": "key BIGINT, handle_id INTEGER",
    "person": """id BIGINT, canonical VARCHAR, name VARCHAR, card_name VARCHAR, origin VARCHAR, hidden BOOLEAN,
        part_of BIGINT""",
    "called": "person_id BIGINT, name VARCHAR",
    "card": """source VARCHAR, native_id VARCHAR, kind VARCHAR, name VARCHAR, organisation VARCHAR, title VARCHAR,
        birthday VARCHAR, note VARCHAR, more VARCHAR, person_id BIGINT""",
    "card_handle": """source VARCHAR, native_id VARCHAR, kind VARCHAR, value VARCHAR, label VARCHAR,
        canonical VARCHAR""",
    "card_tag": "person_id BIGINT, tag VARCHAR",
    "unreadable": "source VARCHAR, native_id VARCHAR, reason VARCHAR, seen_at TIMESTAMP",
    "decision": """id BIGINT, made_at TIMESTAMP, made_by VARCHAR, what VARCHAR, person_id BIGINT, other VARCHAR,
        evidence VARCHAR, undone_by BIGINT""",
    "profile": "canonical VARCHAR, said VARCHAR",
    "block": "canonical VARCHAR, key VARCHAR",
    "pair": "a VARCHAR, b VARCHAR, features VARCHAR",
    "unmatched": "canonical VARCHAR",
    "learned": "canonical VARCHAR, verdict VARCHAR, received INTEGER, answered INTEGER",
    "archived": "canonical VARCHAR, until TIMESTAMP",
    "tag": "person_id BIGINT, tag VARCHAR",
    "cadence": "person_id BIGINT, days DOUBLE",
}
"""Table name to column definitions, in the SQL subset that DuckLake runs too."""

VIEWS = {
    # handles as they stand at this moment: meetings whose time has come since they were counted are contact, and mail that is
    # dated ahead was written by now
    "reached": """
        SELECT h.id, h.kind, h.value, h.canonical, h.own, h.person_id, h.name, h.name_rank, h.name_at,
               h.interactions + coalesce(c.n, 0) AS interactions,
               CASE WHEN greatest(h.last_contact, c.latest) > now()::TIMESTAMP THEN now()::TIMESTAMP
                    ELSE greatest(h.last_contact, c.latest) END AS last_contact
        FROM handle h LEFT JOIN (
          SELECT handle_id, count(DISTINCT interaction_id) AS n, max(happened_at) FILTER (counts) AS latest
          FROM coming WHERE happened_at <= now()::TIMESTAMP GROUP BY handle_id) c ON c.handle_id = h.id""",
    # a person's own name if somebody gave it, else that on their card, else the best name that their handles go by
    "known": """
        SELECT p.id AS person_id,
               coalesce(p.name, p.card_name, arg_max(h.name, (h.name_rank, h.name_at)) FILTER (h.name IS NOT NULL),
                        arg_min(h.value, h.id), p.canonical) AS name,
               coalesce(sum(h.interactions), 0)::BIGINT AS interactions,
               max(h.last_contact) AS last_contact,
               coalesce(list(h.kind || ':' || h.value ORDER BY h.id) FILTER (h.id IS NOT NULL), []) AS handles,
               any_value(p.origin) AS origin, any_value(p.hidden) AS hidden
        FROM person p LEFT JOIN reached h ON h.person_id = p.id AND NOT h.own
        WHERE p.origin IS NOT NULL GROUP BY p.id, p.name, p.card_name, p.canonical""",
}
"""View name to its query."""


def prepare(path: Path, patience: float) -> Connection:
    """A connection for writing to a file in this form: made if it is not there, brought here if it is older.

    The caller is alone at the gate.
    """
    if not path.exists():
        _make(path, patience)
    connection = connect(path, write=True, patience=patience)
    try:
        version = version_of(connection)
        if version is None:
            create(connection)
        elif version > VERSION:
            raise Newer(f"{path} has form {version}; this kith knows {VERSION}.", "install a newer kithline")
        elif version < VERSION:
            migrate(connection, path, patience, version)
            connection.close()
            connection = connect(path, write=True, patience=patience)
    except BaseException:
        drop(connection)
        raise
    return connection


def _make(path: Path, patience: float) -> None:
    """There is a file in this form.

    It is made beside its place and moved there whole: DuckDB makes it by and by, and whoever found it without its
    headers, now or after we were killed, would take it for broken.
    """
    fresh = path.with_name(path.name + ".new")
    remove(fresh)
    connection = connect(fresh, write=True, patience=patience)
    try:
        create(connection)
    finally:
        drop(connection)
    step()
    os.rename(fresh, path)
    step()
    sync(path.parent)


def version_of(connection: Connection) -> int | None:
    """The form of the tables in this file; None for a file without any."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    except NoSuchTable:
        return None
    return int(row[0]) if row else None


def create(connection: Connection) -> None:
    """All tables and views, in one transaction."""
    connection.execute("BEGIN")
    step()
    for name, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {name} ({columns})")
    for name, query in VIEWS.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")
    connection.execute("INSERT INTO meta VALUES ('version', ?), ('writer', '0')", [str(VERSION)])
    step()
    connection.execute("COMMIT")
    step()
    # the definitions leave the log at once: replaying DDL is DuckDB's weak spot
    connection.execute("CHECKPOINT")
    step()


def migrate(connection: Connection, path: Path, patience: float, version: int) -> None:
    """Copy an older file into this form and put the copy in its place.

    The old file is ``NAME.v<version>`` afterwards, and what ``connection`` has open; the caller opens the new one. A crash on
    the way leaves the old file as it was, and a half-made copy that the next run throws away. Raises Broken if the copy does
    not hold as many rows as the original.
    """
    fresh = path.with_name(path.name + ".new")
    kept = path.with_name(f"{path.name}.v{version}")
    remove(fresh)
    check_room(path, size_of(path))
    step()
    copy = connect(fresh, write=True, patience=patience)
    try:
        create(copy)
    finally:
        drop(copy)
    # the old connection holds the lock all the while, so nobody else writes
    connection.execute("CHECKPOINT")
    attach(connection, fresh, "fresh", "READ_WRITE")
    step()
    old = {
        str(t): {str(c) for c in columns}
        for t, columns in connection.execute(
            """SELECT table_name, list(column_name) FROM duckdb_columns()
               WHERE database_name = current_database() AND NOT internal GROUP BY table_name"""
        ).fetchall()
    }
    connection.execute("BEGIN")
    for table, definition in TABLES.items():
        if table not in old or table == "meta":
            continue
        shared = [c for c in column_names(definition) if c in old[table]]
        names = ", ".join(shared)
        connection.execute(f"INSERT INTO fresh.{table} ({names}) SELECT {names} FROM {table}")
        step()
    connection.execute("INSERT INTO fresh.meta SELECT * FROM meta WHERE name NOT IN ('version', 'writer', 'stale')")
    # what this form believes and the old one did not know of has to be derived once
    connection.execute("INSERT INTO fresh.meta VALUES ('stale', ?)", [str(version)])
    connection.execute("COMMIT")
    for table in TABLES:
        if table in old and table != "meta":
            rows = connection.execute(
                f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM fresh.{table})"
            ).fetchone()
            if rows is None or rows[0] != rows[1]:
                raise Broken(f"{path}: the copy of {table} has not all its rows.", "the old file is untouched; report this")
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")
    step()
    # linking and renaming open nothing, so the old file stays locked until its new form stands in its place
    kept.unlink(missing_ok=True)
    os.link(path, kept)
    step()
    os.replace(fresh, path)
    step()
    sync(path.parent)


def column_names(definition: str) -> list[str]:
    """The names in a definition of TABLES."""
    return [part.split()[0] for part in definition.split(",")]


def remove(file: Path) -> None:
    """The database file is not there, nor a log of it."""
    for left in (file, file.with_name(file.name + ".wal")):
        left.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """What is in the folder, or in a file that nobody has open, stays so, whatever happens: it is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
