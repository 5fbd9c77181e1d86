"""How many connections there are at a time to one account, over all sources and all processes of one data folder.

Servers count them, and a mail program wants its own. Each is a seat: a file in a folder beside the database, with a ``flock``
on it as long as the connection may be there. The lock goes when the last process that has it does, however that ends; a
process that pulls has it from the one that began it. The name of a file does not tell of which account it is.

The first seat is never taken to watch. So where there is but one, nothing is watched and everything is polled, and however
many sources an account has, those that wait for their turn to be polled get one.

Rejected: to count in the database. It would be opened and closed for each connection, and who dies would stay counted.
"""

from __future__ import annotations

import fcntl
import os
import random
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.base import TryLater

if TYPE_CHECKING:
    from threading import Event

    from capture.source import SourceConfig

PATIENCE = 30.0
"""Seconds for which a pull waits for a seat."""


class Crowded(TryLater):
    """All seats were taken for as long as was to be waited."""


class Seats:
    """What one pull, or one watch, of ``one`` has of the seats of its account: nothing yet, and nothing after ``close``.

    ``file`` is the database. A source whose connections nobody limits, or that has none, has as many seats as it likes.
    """

    def __init__(self, one: SourceConfig | None, file: Path) -> None:
        self._most = one.seats if one is not None else None
        self.file = file
        self.taken: list[int] = []
        """The descriptors of the files, for a process that is to have them, too."""
        account = one.account if one is not None else None
        self._host = account[0] if account else ""
        self._name = sha256("\0".join(account).encode("utf-8", "replace")).hexdigest()[:32] if account else ""

    @property
    def limited(self) -> bool:
        """Whether there is a number of seats at all."""
        return self._most is not None

    def take(self, watch: bool = False) -> bool:
        """Whether a seat was free in this moment, and is ours; to ``watch``, one that is not the first."""
        if self._most is None:
            return True
        for number in range(1 if watch else 0, self._most):
            try:
                descriptor = self._open(number)
            except OSError:
                return True  # a disk that is full, a folder that we may only read: that is told by whoever writes the page
            self.taken.append(descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                os.close(self.taken.pop())
            except OSError:
                return True  # a disk that knows no locks: the database's own will not work either
        return False

    def wait(self, stop: Event, patience: float | None = None) -> bool:
        """A seat is ours, or ``stop`` was set before one was free (False). Raises Crowded after ``patience`` (PATIENCE) s."""
        end = time.monotonic() + (PATIENCE if patience is None else patience)
        while not self.take():
            if time.monotonic() > end:
                used = "1 connection is" if self._most == 1 else f"{self._most} connections are"
                raise Crowded(
                    f"{used} in use to this account at {self._host}, as many as may be",
                    f"kith tries again by itself; connections = {(self._most or 0) + 1} in its [[source]] allows for one more",
                )
            if stop.wait(0.05 + 0.1 * random.random()):
                return False
        return True

    def close(self) -> None:
        """The seats are free, as soon as nobody else has them from us."""
        while self.taken:
            os.close(self.taken.pop())

    def _open(self, number: int) -> int:
        folder = self.file.with_name("kith.seats")
        for each in (folder.parent, folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / f"{self._name}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def allow(connector: object, seats: Seats, first: bool) -> None:
    """The connector knows how many connections it may have, where it makes good use of more than one: for a ``first`` pull as
    many as it asks for and there are seats for at this moment, else one."""
    wanted = getattr(type(connector), "connections", None)
    if isinstance(wanted, int) and seats.limited:
        have = 1
        while first and have < wanted and seats.take():
            have += 1
        connector.connections = have  # type: ignore[attr-defined]
