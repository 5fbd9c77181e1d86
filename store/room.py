"""How much of a disk kith leaves free: a database that fills the last byte of it makes everything else fail, too."""

from __future__ import annotations

import os
from pathlib import Path

from store.errors import Full

FLOOR = 256 << 20
"""Bytes that are left free, where the disk is no small one."""

SHARE = 20
"""On a small disk it is one part in so many of the whole, and nothing larger is asked for."""


def floor(size: int, disk: int) -> int:
    """Bytes that have to be free beside a database of ``size`` bytes, on a disk of ``disk`` bytes, before it is written.

    Twice the database, because a migration and a rebuild hold it twice; but never more than a twentieth of the disk.
    """
    return min(max(FLOOR, 2 * size), disk // SHARE)


def check_room(path: Path, more: int = 0) -> None:
    """Full, if writing the database at ``path``, and ``more`` bytes beside it, would leave less than the floor.

    A file system that does not say how much is free (some network ones say 0 of 0) is believed to have room.
    """
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return
    free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    needed = floor(size_of(path), whole) + more
    if whole and free < needed:
        what = f"The disk of {path} is nearly full: {_mib(free)} are free, and kith leaves {_mib(needed)}."
        raise Full(what, "make room; kith goes on by itself")


def size_of(path: Path) -> int:
    """Bytes of the database file; 0 if there is none. Looking at its size opens nothing."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _mib(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB" if count < 10 << 20 else f"{count >> 20:,} MiB"
