"""What systemd wants to hear from a service of type notify (sd_notify(3)): a datagram to a socket that it names."""

from __future__ import annotations

import contextlib
import os
import socket


class Heartbeat:
    """Says to the service manager how we do; where there is none, to nobody. Never raises."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        whose = os.environ.pop("WATCHDOG_PID", "")
        usec = os.environ.pop("WATCHDOG_USEC", "")
        mine = not whose or whose == str(os.getpid())
        self.watched = usec.isdigit() and mine
        """Whether it wants to hear again and again that we are well; we say so at every look, its patience is longer."""

    def say(self, *words: str) -> None:
        """``READY=1``, ``STATUS=…``, ``WATCHDOG=1``, ``STOPPING=1``."""
        if not self._address:
            return
        where = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(1)
            out.sendto("\n".join(word.replace("\n", " ") for word in words).encode(), where)
