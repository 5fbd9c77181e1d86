"""A log that DuckDB refuses: put aside and kept, so that the file opens again. Its name is all that is remembered of it.

The log holds what was committed last before a crash. Without it the file stands where the last checkpoint left it, cursors
and all, so the next sync reads again what is missing. What the user decided in those moments is not read again by anything,
which is why the log is kept, and said to be there until somebody removes it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from store.duck import Connection, drop
from store.errors import Broken, LogRefused
from store.schema import prepare, sync
from store.steps import step

WHY = "refused"


def mended(path: Path, patience: float, tell: Callable[[str], None]) -> Connection:
    """A connection for writing to the file at ``path``; a log that DuckDB refuses is put aside first, and told.

    The caller is alone at the gate. Raises Broken if the file does not open without it either. Whatever is raised, the log is
    where it was, unless the file has been brought into this form meanwhile: it belongs to the one before, and stays aside.
    """
    try:
        return prepare(path, patience)
    except LogRefused as refused:
        log = path.with_name(path.name + ".wal")
        kept = beside(log, WHY)
        if not log.exists():
            raise
        connection, file = None, path.stat().st_ino
        os.rename(log, kept)
        try:
            step()
            connection = prepare(path, patience)
            sync(path.parent)
        except BaseException as error:
            if connection is not None:
                drop(connection)
            if path.exists() and path.stat().st_ino == file:
                os.rename(kept, log)
            if isinstance(error, Broken):
                raise Broken(f"{path} cannot be read, with or without its log: {error.what}", error.hint) from refused
            raise
    tell(said(kept))
    return connection


def put_aside(path: Path) -> list[Path]:
    """The logs of the file at ``path`` that were put aside and are still there, the oldest first."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.wal.{WHY}-*"))


def beside(path: Path, why: str) -> Path:
    """A name that nothing has yet, for what stood at ``path`` until now: ``NAME.why-time``."""
    first = path.with_name(f"{path.name}.{why}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    names = (first.with_name(f"{first.name}.{n}") for n in count(2))
    return next(name for name in chain([first], names) if not os.path.lexists(name))


def said(kept: Path) -> str:
    """The sentence about a log that was put aside."""
    return (
        f"DuckDB could not read the log of its last moments, which was put aside: {kept}. What was captured then is read again "
        "by the next sync; look whether a decision of yours from just before is missing."
    )
