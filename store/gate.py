"""Who may open the file, and who waits for it.

DuckDB 2.0 reads the headers of a file before it locks it: open, read 12,288 bytes, close, open again, lock. A process that
commits between the two leaves the other with headers that are no longer true. It then reads blocks that are not there any
more, and if it writes, what was committed between is gone (measured: 500,000 rows). So a lock of our own comes first: a
``flock`` on ``NAME.lock``, shared for reading and exclusive for writing, taken before DuckDB opens the file and given back
after it has closed it. The process that has it for itself alone leaves its number in there, for the message.

A capture that writes page after page would open and close the file each time, which costs as much as the page, or keep it,
and lock everybody else out. So it keeps the file from one page to the next as long as nobody wants it. Who finds the file
taken says so by a shared ``flock`` on ``NAME.wanted``, and takes it back when they are in; the writer asks between two pages.

A process that dies lets go of both.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from store.errors import Busy

PAGE = 4096
"""Bytes."""


class Line:
    """Threads of this process that want one thing: each has it in its turn, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def enter(self, patience: float) -> bool:
        """Whether our turn came within ``patience`` seconds."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            ours = threading.Lock()
            ours.acquire()
            self._waiting.append(ours)
        if ours.acquire(timeout=max(patience, 0)):
            return True
        with self._lock:
            if ours not in self._waiting:
                return True  # just now
            self._waiting.remove(ours)
            return False

    def leave(self) -> None:
        """The next one has it."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_lines: dict[Path, Line] = {}


def _line(path: Path) -> Line:
    return _lines.setdefault(path, Line())


class Gate:
    """The right to open the database file at ``path``: one object for one use at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._alone = False

    def enter(self, *, alone: bool, patience: float) -> None:
        """The file may be opened: for writing by us ``alone``, or for reading by many. Raises Busy after ``patience`` s.

        The folder of the file is there. In one that we may only read, in which nobody can have made the lock file, nobody
        writes either, and there is nothing to hold.
        """
        end = time.monotonic() + patience
        if alone and not _line(self.path).enter(patience):
            raise _busy(self.path, os.getpid())
        try:
            self._enter(alone, end - time.monotonic())
        except BaseException:
            if alone:
                _line(self.path).leave()
            raise
        self._alone = alone

    def _enter(self, alone: bool, patience: float) -> None:
        descriptor = _descriptor(self.path.with_name(self.path.name + ".lock"))
        if descriptor is None:
            return
        try:
            _take(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, self.path, patience)
            if alone:
                with contextlib.suppress(OSError):  # a disk that is full, a folder that we may only read
                    os.pwrite(descriptor, b"%10d\n" % os.getpid(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def leave(self) -> None:
        """The file is closed, and others may open it: other processes, and who only reads, before threads of this one write."""
        descriptor, self._descriptor = self._descriptor, None
        alone, self._alone = self._alone, False
        try:
            if descriptor is not None:
                if alone:
                    with contextlib.suppress(OSError):
                        os.ftruncate(descriptor, 0)
                os.close(descriptor)
                if alone:
                    _let_in(self.path)
        finally:
            if alone:
                _line(self.path).leave()


@contextlib.contextmanager
def inside(path: Path, *, alone: bool, patience: float) -> Iterator[None]:
    """While in here, the database file at ``path`` may be opened, as ``Gate.enter`` says. Raises Busy."""
    gate = Gate(path)
    gate.enter(alone=alone, patience=patience)
    try:
        yield
    finally:
        gate.leave()


def _descriptor(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return None


def _take(descriptor: int, how: int, path: Path, patience: float) -> None:
    with contextlib.suppress(BlockingIOError):
        return fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    end = time.monotonic() + patience
    with wanting(path):
        while True:
            a_moment()
            with contextlib.suppress(BlockingIOError):
                return fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            if time.monotonic() > end:
                number = os.pread(descriptor, 10, 0).strip()
                raise _busy(path, int(number) if number.isdigit() else None)


def _busy(path: Path, process: int | None) -> Busy:
    who = "by another process" if process is None else f"by kith (process {process})"
    return Busy(f"The database {path} is in use {who}.", "try again in a moment, or stop that process")


def a_moment() -> None:
    """Some milliseconds, not the same for everybody who waits, have gone by."""
    time.sleep(0.002 + 0.006 * random.random())


@contextlib.contextmanager
def wanting(path: Path) -> Iterator[None]:
    """While in here, this process waits for the file at ``path``."""
    try:
        descriptor = os.open(_beside(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # a folder that we may only read: we wait without saying so
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def wanted(path: Path) -> bool:
    """Whether anybody else waits for the file."""
    return bool(_line(path)) or _wanted_by_others(path)


def _wanted_by_others(path: Path) -> bool:
    return held(_beside(path), fcntl.LOCK_EX) is not None


def held(path: Path, how: int) -> bytes | None:
    """What is in the file at ``path``, up to a page of it, if somebody keeps us from locking it so; else None.

    Nothing, where the disk does not say what is in there.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        return None
    except OSError:
        with contextlib.suppress(OSError):
            return os.pread(descriptor, PAGE, 0)
        return b""
    finally:
        os.close(descriptor)


def _let_in(path: Path, longest: float = 0.5) -> None:
    """Those who are at the gate, which is open now, have had ``longest`` seconds to come in."""
    end = time.monotonic() + longest
    while _wanted_by_others(path) and time.monotonic() < end:
        time.sleep(0.002)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".wanted")
