"""The one daemon: a file beside the database that it holds a lock on, and in which it says who it is and how it does.

The lock goes when the process does, however it ends. The file is made as large as it will ever be, so that a daemon can say
that the disk is full when it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from store.duck import make_room
from store.errors import Busy
from store.gate import PAGE, held

SIZE = PAGE
"""Bytes of the file."""


class Lone:
    """The mark of the daemon of the database at ``path``; ``take`` it, ``say`` things in it, and ``leave`` it."""

    def __init__(self, path: Path) -> None:
        self._path = beside(path)
        self._descriptor: int | None = None
        self._said: dict[str, Any] = {}

    def take(self) -> None:
        """We are the daemon. Raises Busy, which names the one there is, within a second."""
        make_room(self._path.parent)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + 0.5
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # who asks whether there is a daemon holds it for a moment, too
                said = _read(os.pread(descriptor, SIZE, 0))
                if time.monotonic() > end:
                    os.close(descriptor)
                    who = f" (process {said['pid']})" if said.get("pid") else ""
                    what = f"kith run is at work already{who}."
                    raise Busy(what, "kith status shows how it does; kith sync works beside it") from None
                time.sleep(0.02)
        self._descriptor = descriptor
        self._said = {}

    def say(self, **more: Any) -> None:
        """These things are in the file, beside what was said before; None takes one back."""
        if self._descriptor is None:
            return
        now = {key: value for key, value in {**self._said, **more}.items() if value is not None}
        if now == self._said:
            return
        self._said = now
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, _fitting(self._said).ljust(SIZE), 0)

    def leave(self) -> None:
        """There is no daemon any more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.pwrite(descriptor, b"".ljust(SIZE), 0)
            os.close(descriptor)


def beside(path: Path) -> Path:
    """The file of the daemon of the database at ``path``."""
    return path.with_name("kith.daemon")


def at_work(path: Path) -> dict[str, Any] | None:
    """What the daemon of this database says of itself, at least its ``pid``; None if there is none."""
    text = held(beside(path), fcntl.LOCK_SH)
    return None if text is None else _read(text)


def _read(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _fitting(said: dict[str, Any]) -> bytes:
    """The same as JSON of no more than SIZE bytes: where it would be longer, its longest texts are cut."""
    said = dict(said)
    while len(text := json.dumps(said).encode()) > SIZE:
        longest = max((key for key, value in said.items() if isinstance(value, str)), key=lambda key: len(said[key]))
        said[longest] = said[longest][: len(said[longest]) * 3 // 4] + "…"
    return text
