"""Who waits for the file, so that whoever holds it lets them in.

A capture that writes page after page would open and close the file each time, which costs as much as the page, or keep it,
and lock everybody else out. So it keeps the file from one page to the next as long as nobody wants it. Who finds the file
locked says so by a shared ``flock`` on a second file, and takes it back when they are in; the writer asks between two pages.
The second file is never read or written, and a process that dies lets go of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".wanted")


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
    """Whether another process waits for the file."""
    try:
        descriptor = os.open(_beside(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)


def let_in(path: Path, longest: float = 0.5) -> None:
    """Those who wait for the file, which is free now, have had ``longest`` seconds to take it."""
    end = time.monotonic() + longest
    while wanted(path) and time.monotonic() < end:
        time.sleep(0.002)
