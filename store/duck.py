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
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store import cipher
from store.errors import Broken, Busy, Full, Locked, LogRefused, Missing, Newer, StoreError
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

_TROUBLE = (
    engine.IOException,
    engine.FatalException,
    engine.InternalException,
    engine.OutOfMemoryException,
    engine.TransactionException,  # a commit whose log did not fit on the disk; conflicts there are none, we are alone
)
"""After one of these an instance may answer wrongly, and is not asked again. A damaged block is a plain Error on 2.0."""

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
            raise explained(error, path) from error
    end = time.monotonic() + patience
    with wanting(path):
        while True:
            a_moment()
            try:
                return _settled(path, write)
            except engine.Error as error:
                if not _locked(error, write):
                    raise explained(error, path) from error
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


_SETTINGS: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "storage_compatibility_version": STORAGE_VERSION,
}


def blank() -> Connection:
    """A connection to no file, for attaching files to."""
    connection = engine.connect(":memory:", config={**_SETTINGS})
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


def attach(connection: Connection, path: Path, name: str, how: str) -> bool:
    """The file is attached under this name, with the key if there is one and the file is encrypted; whether it is.

    ``how`` is what else stands between the brackets of the ATTACH. A file that is not there is made, encrypted if there is a
    key. Raises CannotEncrypt where there is a key, nothing to write encrypted files with, and not only reading is meant.
    """
    if cipher.key() is not None:
        if how != "READ_ONLY":
            cipher.load(connection)
        try:
            connection.execute(f"ATTACH {quoted(path)} AS {name} ({how}{cipher.option()})")
            return True
        except engine.Error as error:
            if "is not encrypted" not in str(error):
                raise
    connection.execute(f"ATTACH {quoted(path)} AS {name} ({how})")
    return False


def _open(path: Path, write: bool) -> Connection:
    if cipher.key() is not None:
        connection = blank()
        try:
            if write:
                connection.execute("SET threads = 1")
            fresh = not path.exists()
            with private():
                step()
                attach(connection, path, "kith", f"STORAGE_VERSION '{STORAGE_VERSION}'" if write else "READ_ONLY")
                step()
            if fresh:
                os.chmod(path, 0o600)
            connection.execute("USE kith")
        except BaseException:
            drop(connection)
            raise
        return connection
    config = {**_SETTINGS}
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


@contextmanager
def many_threads(connection: Connection) -> Iterator[None]:
    """What is done to a whole file in here is done by as many threads as there are processors, but four at most."""
    connection.execute(f"SET threads = {min(os.cpu_count() or 1, 4)}")
    try:
        yield
    finally:
        with suppress(engine.Error):
            connection.execute("SET threads = 1")


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


def trouble(error: BaseException) -> bool:
    """Whether this error is of the disk or the file, and not of a statement: whoever meets it drops the instance."""
    return isinstance(error, _TROUBLE) or type(error) is engine.Error


def drop(connection: Connection) -> None:
    """The connection is gone, and its instance with it, whatever state it is in. Never raises."""
    with suppress(engine.Error), private():
        connection.close()


def quoted(thing: Path | str) -> str:
    """A path or a text as SQL writes it."""
    return "'" + str(thing).replace("'", "''") + "'"


def explained(error: Exception, path: Path) -> StoreError:
    """The same error, said for people."""
    text = cipher.hidden(str(error))
    first = text.splitlines()[0] if text else type(error).__name__
    lower = text.lower()
    if "no space left" in lower:
        return Full(f"The disk of {path} is full.", "make room; kith goes on by itself")
    if "permission denied" in lower or "read-only file system" in lower:
        return StoreError(f"{path} cannot be opened: {first}", f"chown or chmod {path.parent}, or use --data")
    if "without a key" in lower or "wrong encryption key" in lower:
        return Locked(
            f"{path} is encrypted, and {'the key is another one' if 'wrong' in lower else 'no key is configured'}.",
            "write where the key is into the configuration: store.key = { keyring = \"…\" }",
        )
    if "replaying wal" in lower and "newer version" not in lower:
        return LogRefused(f"The log of {path} cannot be read: {first}", f"mv {path}.wal aside, and run kith sync")
    # a database of another kind, as of SQLite, is what DuckDB would want an extension for
    signs = ("not a valid duckdb", "checksum", "corrupt", "replay", "existing extension")
    if any(sign in lower for sign in signs):
        return Broken(
            f"{path} cannot be read: {first}",
            f"kith restore BACKUP, if there is one; else mv {path.name} aside and run kith sync: it reads everything again",
        )
    if "newer version" in lower or "version number" in lower:
        return Newer(f"{path} was written by a newer DuckDB: {first}", "install a newer kithline")
    return StoreError(f"{path}: {first}", "kith --debug status shows where; the file itself is untouched")
