"""A copy of the file that is whole, and such a copy in the file's place again.

Never by copying bytes: a process that opens the database file itself loses DuckDB's lock on it, and a second writer then
destroys rows without a word. ``COPY FROM DATABASE`` reads through DuckDB, whose checksums it verifies on the way; the copy has
no free blocks and nothing in it that was deleted before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.aside import beside
from store.duck import (
    STORAGE_VERSION,
    Connection,
    EngineError,
    attach,
    blank,
    connect,
    drop,
    explained,
    make_room,
    private,
    quoted,
)
from store.errors import Broken, Busy, Missing, StoreError
from store.gate import inside
from store.room import check_room, size_of
from store.schema import remove, sync
from store.steps import step


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: ``rows`` by table, in ``file`` of ``size`` bytes. ``kept`` is the file that was there before."""

    file: Path
    rows: dict[str, int]
    size: int
    kept: Path | None = None


def back_up(path: Path, target: Path, patience: float) -> Copied:
    """The database at ``path`` as it is between two transactions, whole, in the new file ``target`` (mode 0600).

    Others may read meanwhile; who writes waits (half a million rows take about a second). Raises StoreError if ``target`` is
    there already, Missing, Busy, Broken or Full.
    """
    if not path.exists():
        raise Missing(f"There is no database at {path} yet.", "kith sync makes it")
    if target.exists():
        raise StoreError(f"{target} is there already.", "name another file; kith overwrites no backup")
    make_room(target.parent)
    check_room(target, size_of(path))
    with inside(path, alone=False, patience=patience):
        rows = _copy(path, target)
    return Copied(target, rows, size_of(target))


def restore(path: Path, backup: Path, patience: float) -> Copied:
    """The backup is the database now. What was there is beside it as ``NAME.before-restore-<time>``, with its log.

    Killed on the way, the old database or the new one is in its place, never neither. Cursors are those of the backup: what
    has come since is read again by the next sync. Raises Missing, Broken, Busy or Full; then nothing has changed.
    """
    if not backup.exists():
        raise Missing(f"There is no backup {backup}.", "kith backup makes one")
    if path.exists() and os.path.samefile(path, backup):
        raise StoreError(f"{backup} is the database itself.", "name a backup")
    make_room(path.parent)
    check_room(path, size_of(backup))
    fresh = path.with_name(path.name + ".restored")
    kept = beside(path, "before-restore")
    with inside(path, alone=True, patience=patience):
        remove(fresh)
        rows = _copy(backup, fresh)
        step()
        if path.exists():
            try:
                drop(connect(path, write=True, patience=patience))
            except Busy:  # by a program that knows nothing of our gate; what it writes would be lost
                remove(fresh)
                raise
            except StoreError:
                pass  # what cannot be opened any more is kept as it is
        log = path.with_name(path.name + ".wal")
        if path.exists():
            os.link(path, kept)
            step()
        if log.exists():
            # only beside a file that did not open; it would be refused beside the new one
            os.rename(log, kept.with_name(kept.name + ".wal"))
            step()
        os.replace(fresh, path)
        step()
        sync(path.parent)
    return Copied(path, rows, size_of(path), kept if kept.exists() else None)


def _copy(source: Path, target: Path, plain: bool = False) -> dict[str, int]:
    """All tables and views of ``source`` in the new file ``target``; how many rows each has. Raises Broken or StoreError."""
    half = target.with_name(target.name + ".half")
    remove(half)
    with _attached(source) as connection:
        try:
            with private():
                how = f"STORAGE_VERSION '{STORAGE_VERSION}'"
                if plain:
                    connection.execute(f"ATTACH {quoted(half)} AS made ({how})")
                else:
                    attach(connection, half, "made", how)
                connection.execute("COPY FROM DATABASE old TO made")
                step()
                connection.execute("CHECKPOINT made")
                rows = counts(connection, "old")
                if counts(connection, "made") != rows:
                    raise Broken(f"The copy of {source} has not all its rows.", "the original is untouched; report this")
                connection.execute("DETACH made")
        except EngineError as error:
            remove(half)
            raise explained(error, source) from error
        except BaseException:
            remove(half)
            raise
    os.chmod(half, 0o600)
    sync(half)
    step()
    os.rename(half, target)
    sync(target.parent)
    return rows


def rewrite(path: Path, patience: float, plain: bool) -> Copied:
    """The database is a new file with the same rows: encrypted with the key, or with ``plain`` not; the old one is gone.

    Others wait meanwhile. Killed on the way, the old file or the new one is in its place. Raises CannotEncrypt, Busy or Full.
    """
    if not path.exists():
        raise Missing(f"There is no database at {path} yet.", "kith sync makes it")
    check_room(path, size_of(path))
    fresh = path.with_name(path.name + ".restored")
    with inside(path, alone=True, patience=patience):
        remove(fresh)
        # what is in the log comes into the file, and the log goes
        drop(connect(path, write=True, patience=patience))
        rows = _copy(path, fresh, plain)
        step()
        os.replace(fresh, path)
        step()
        sync(path.parent)
    return Copied(path, rows, size_of(path))


def encrypted(path: Path, patience: float) -> bool:
    """Whether the database is encrypted with the key that there is. Raises Missing, Locked or Busy."""
    if not path.exists():
        raise Missing(f"There is no database at {path} yet.", "kith sync makes it")
    with inside(path, alone=False, patience=patience):
        connection = blank()
        try:
            return attach(connection, path, "seen", "READ_ONLY")
        except EngineError as error:
            raise explained(error, path) from error
        finally:
            drop(connection)


@contextmanager
def _attached(source: Path) -> Iterator[Connection]:
    """A connection that has ``source`` as ``old``, read-only."""
    connection = blank()
    try:
        try:
            attach(connection, source, "old", "READ_ONLY")
        except EngineError as error:
            raise explained(error, source) from error
        yield connection
    finally:
        drop(connection)


def counts(connection: Connection, database: str) -> dict[str, int]:
    """How many rows each table of an attached database has."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND NOT internal ORDER BY 1", [database]
    ).fetchall()
    found = {}
    for (table,) in tables:
        row = connection.execute(f'SELECT count(*) FROM {database}.main."{table}"').fetchone()
        found[str(table)] = int(row[0]) if row else 0
    return found
