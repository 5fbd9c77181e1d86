"""The file between a daemon and a command line: opened late, closed early, never held while waiting on anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from store.aside import mended
from store.duck import Connection, connect, drop, explained, make_room, private, trouble
from store.errors import LogRefused, Missing, StoreError
from store.gate import Gate, wanted
from store.reader import Reader
from store.room import check_room
from store.schema import VERSION, version_of
from store.steps import step

if TYPE_CHECKING:
    from store.writer import Tx

LONGEST = 4.0
"""Seconds after which a writer lets go of the file, whoever may want it."""

PAUSE = 1.0
"""Seconds for which a writer keeps a file that nobody wants, if its next transaction is on the way."""

QUIET = 10.0
"""Seconds that have to go by after somebody waited for the file, until long transactions disturb nobody."""


def _no() -> bool:
    return False


def _log(what: str) -> None:
    import logging  # whoever only asks never needs it

    logging.getLogger("kith").warning("%s", what)


class Store:
    """The database file at ``path``. Waits up to ``patience`` seconds for another process to let go of it.

    Making a Store opens nothing. ``read`` and ``write`` raise StoreError, Busy, Missing, Broken, Newer or Full. After an error
    of the disk or of DuckDB itself nothing of that instance is believed: it is dropped, and the next use opens the file anew.
    ``tell`` is told what the user has to know of (a log that was put aside). Each thread has a Store of its own.
    """

    def __init__(self, path: Path, patience: float = 5.0, tell: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.patience = patience
        self.tell = tell or _log
        self._kept: Connection | None = None
        self._gate = Gate(path)
        self._since = 0.0
        self._wanted = float("-inf")

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """What the file says, read by as many processes as like; nobody can write meanwhile, so be quick."""
        gate = Gate(self.path)
        connection = self._open_for_reading(gate)
        try:
            yield Reader(connection)
        except Exception as error:
            if trouble(error):
                raise explained(error, self.path) from error
            raise
        finally:
            drop(connection)
            gate.leave()

    @contextmanager
    def write(self, more: Callable[[], bool] = _no, soon: bool = False) -> Iterator[Tx]:
        """One transaction: committed when the block ends, undone when it raises. Made or migrated first if need be.

        The file is closed afterwards, unless ``more()`` says that another transaction follows at once (with ``soon``: within
        PAUSE), nobody else wants the file, and it has not been open for LONGEST yet. Who says so calls ``let_go`` in the end.
        """
        from store.writer import Tx

        connection = self._kept
        if connection is None:
            connection = self._open_for_writing(self._gate)
            self._since = time.monotonic()
        self._kept = None
        with private():
            try:
                connection.execute("BEGIN")
                try:
                    yield Tx(connection)
                    step()
                except BaseException as error:
                    if not trouble(error):
                        connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
                step()
            except BaseException as error:
                drop(connection)
                self._gate.leave()
                if isinstance(error, Exception) and trouble(error):
                    raise explained(error, self.path) from error
                raise
        self._kept = connection
        end = time.monotonic() + (PAUSE if soon else 0.0)
        while not (others := wanted(self.path)) and not more() and time.monotonic() < end:
            time.sleep(0.004)
        if others or not more() or time.monotonic() - self._since > LONGEST:
            self.let_go()
        if others:
            self._wanted = time.monotonic()

    def undisturbed(self) -> bool:
        """Whether nobody has waited for a transaction of ours for QUIET seconds, so that a longer one will do."""
        return time.monotonic() - self._wanted > QUIET

    def let_go(self) -> None:
        """The file is closed."""
        connection, self._kept = self._kept, None
        if connection is not None:
            # what a checkpoint at the end cannot write is in the log, and is read from there
            drop(connection)
            self._gate.leave()
            step()

    def _open_for_reading(self, gate: Gate) -> Connection:
        if not self.path.exists():
            raise Missing(f"There is no database at {self.path} yet.", "kith sync makes it")
        try:
            connection, version = self._enter_for_reading(gate)
        except LogRefused:
            self._bring_here(gate)
            connection, version = self._enter_for_reading(gate)
        if version == VERSION:
            return connection
        drop(connection)
        gate.leave()
        if version is None:
            raise Missing(f"The database {self.path} is still empty.", "kith sync fills it")
        self._bring_here(gate)
        return self._enter_for_reading(gate)[0]

    def _bring_here(self, gate: Gate) -> None:
        """The file is in this form, without a log that is refused, and closed again."""
        drop(self._open_for_writing(gate))
        gate.leave()

    def _enter_for_reading(self, gate: Gate) -> tuple[Connection, int | None]:
        gate.enter(alone=False, patience=self.patience)
        connection = None
        try:
            connection = connect(self.path, write=False, patience=self.patience)
            return connection, version_of(connection)
        except BaseException:
            if connection is not None:
                drop(connection)
            gate.leave()
            raise

    def _open_for_writing(self, gate: Gate) -> Connection:
        make_room(self.path.parent)
        gate.enter(alone=True, patience=self.patience)
        try:
            check_room(self.path)
            return mended(self.path, self.patience, self.tell)
        except BaseException as error:
            gate.leave()
            if isinstance(error, Exception) and trouble(error):
                raise explained(error, self.path) from error
            if isinstance(error, OSError):
                what = f"{error.filename or self.path}: {error.strerror or error}"
                raise StoreError(what, "see whether the disk is full or failing, and who may write there") from error
            raise
