"""The one file that imports DuckDB: how a database file is opened, and what its errors mean.

Importing the package ``duckdb`` costs 110 ms, most of it Python wrappers that kith does not use; its extension module
``_duckdb`` alone costs 30. The name is private, so the package is the fallback, and a test opens a store through both.

The file belongs to DuckDB alone. Its lock is a POSIX lock, which a process loses as soon as it opens and closes the file
itself, whatever for: nothing of kith may ``open()``, copy or hash it. That is why permissions come from the umask and
``chmod`` (neither opens the file), and why a backup is ``COPY FROM DATABASE``.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import Broken, Busy, Missing, Newer, StoreError
from store.gate import a_moment, wanting
from store.steps import step

if TYPE_CHECKING:
    import duckdb as engine
else:
    try:
        import _duckdb as engine
    except ImportError:
        import duckdb as engine

Connection = engine.DuckDBPyConnection
EngineError = engine.Error
NoSuchTable = engine.CatalogException

STORAGE_VERSION = "v1.5.0"
"""Files are written so that both lines, 1.5 and 2, open them; 2.x would otherwise use a format that 1.5 refuses."""

_umask = threading.RLock()


def connect(path: Path, *, write: bool, patience: float) -> Connection:
    """An open connection to the file, in UTC, without a progress bar and without a way out to other files or hosts.

    The caller has the right to open it (``store.gate``). Another program that has it open, which knows nothing of that,
    is waited for up to ``patience`` seconds. With ``write`` the file and its folder are made if need be, readable by their
    owner only. Raises Busy, Missing, Broken or StoreError.
    """
    if not write and not os.path.exists(path):
        raise Missing(f"There is no database at {path} yet.", "kith sync makes it")
    if write:
        make_room(path.parent)
    try:
        return _settled(path, write)
    except engine.Error as error:
        if not _locked(error, write):
            raise _explained(error, path) from error
    end = time.monotonic() + patience
    with wanting(path):
        while True:
            a_moment()
            try:
                return _settled(path, write)
            except engine.Error as error:
                if not _locked(error, write):
                    raise _explained(error, path) from error
                if time.monotonic() > end:
                    what = _who_holds(str(error), path)
                    raise Busy(what, "try again in a moment, or stop that process") from error


def _settled(path: Path, write: bool) -> Connection:
    """A connection that has read the headers as they are now: a program that does not ask at our gate, DuckDB's own shell
    for one, may have written between DuckDB's look at the headers and its lock (``store.gate``).
    """
    for _ in range(5):
        before = _form(path)
        connection = _open(path, write)
        if before in (None, _form(path)):
            return connection
        connection.close()
    return _open(path, write)


def _form(path: Path) -> tuple[int, int] | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_size, seen.st_mtime_ns


@contextmanager
def private() -> Iterator[None]:
    """What DuckDB makes in here is its owner's alone; the log, for one, comes only with the first commit."""
    with _umask:
        before = os.umask(0o077)
        try:
            yield
        finally:
            os.umask(before)


def _locked(error: Exception, write: bool) -> bool:
    # for a moment, while the first process makes the file, it is there and no database yet
    text = str(error)
    return bool(_LOCKED.search(text)) or (not write and "does not exist" in text)


def _open(path: Path, write: bool) -> Connection:
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "storage_compatibility_version": STORAGE_VERSION,
    }
    if write:
        # a page is small: a second thread costs more than it brings
        config["threads"] = 1
    if not write:
        connection = engine.connect(str(path), read_only=True, config=config)
    else:
        fresh = not path.exists()
        with private():
            step()
            connection = engine.connect(str(path), config=config)
            step()
        if fresh:
            os.chmod(path, 0o600)
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


def make_room(folder: Path) -> None:
    """The folder is there, its owner's alone if it was not there before. Raises StoreError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The data folder {folder} cannot be made: {error.strerror}.", "name another with --data or KITH_DATA"
        ) from error


_LOCKED = re.compile(r"Could not set lock|lock is held|being used by another process|different configuration", re.I)
_HOLDER = re.compile(r"held in (?P<what>.+?) \(PID (?P<pid>\d+)\)")


def _who_holds(text: str, path: Path) -> str:
    found = _HOLDER.search(text)
    if not found:
        return f"The database {path} is in use by another process."
    name = os.path.basename(found["what"])
    return f"The database {path} is in use by {name} (process {found['pid']})."


def _explained(error: Exception, path: Path) -> StoreError:
    text = str(error)
    first = text.splitlines()[0] if text else type(error).__name__
    lower = text.lower()
    if "no space left" in lower:
        return StoreError(f"The disk of {path} is full.", "make room; kith goes on by itself")
    if "permission denied" in lower or "read-only file system" in lower:
        return StoreError(f"{path} cannot be opened: {first}", f"chown or chmod {path.parent}, or use --data")
    # a database of another kind, as of SQLite, is what DuckDB would want an extension for
    signs = ("not a valid duckdb", "checksum", "corrupt", "replay", "existing extension")
    if any(sign in lower for sign in signs):
        return Broken(
            f"{path} cannot be read: {first}",
            f"move {path.name} and {path.name}.wal aside and run kith sync: it reads everything again",
        )
    if "newer version" in lower or "version number" in lower:
        return Newer(f"{path} was written by a newer DuckDB: {first}", "install a newer kithline")
    return StoreError(f"{path}: {first}", "kith --debug status shows where; the file itself is untouched")
