"""One TCP or TLS connection to a mail server that nobody trusts to be kind.

Every command has a deadline for all the waiting it causes together, so that a server that sends one byte a second is
left as soon as one that sends none; lines, literals and whole replies have a limit; what goes out is one command line
and no more. Whatever breaks these rules ends the connection.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time

from connectors.base import TryLater
from connectors.remote import by_ca, said, unproven

MOST_LINE = 1_000_000
"""Bytes of one line, where the command did not say otherwise."""

MOST_LITERAL = 64 << 20
"""Bytes of one literal. Nothing that kith asks for is a thousandth of it."""

MOST_REPLY = 1 << 20
"""Bytes of the whole reply to one command, where the command did not say otherwise."""

_CHUNK = 256 << 10


def _keep_alive(sock: socket.socket) -> None:
    """A connection that is still is asked after, often enough that routers on the way do not forget it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("TCP_KEEPIDLE", 120), ("TCP_KEEPALIVE", 120), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, option, seconds)


class Wire:
    """A connection to ``host``, made on construction. Raises TryLater."""

    def __init__(self, host: str, port: int, patience: float) -> None:
        """``patience`` is how many seconds one command may keep us waiting, in all."""
        self.host = host
        self._patience = patience
        self._data, self._at = b"", 0
        self.came = 0
        """Bytes that have come, unpacked from TLS."""
        self.begin()
        self.sock = self._connect(host, port)

    def _connect(self, host: str, port: int) -> socket.socket:
        try:
            places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise TryLater(f"cannot find the host {host}: {said(str(error))}") from error
        reason: OSError = OSError("no address")
        for n, (family, kind, protocol, _, address) in enumerate(places):
            started = time.monotonic()
            try:
                sock = socket.socket(family, kind, protocol)
            except OSError as error:  # this machine knows no such addresses
                reason = error
                continue
            try:
                _keep_alive(sock)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(max(self._left, 1.0) / (len(places) - n))
                sock.connect(address)
            except OSError as error:
                sock.close()
                reason = error
            else:
                return sock
            finally:
                self._left -= time.monotonic() - started
        raise TryLater(f"cannot connect to {host} port {port}: {said(str(reason))}") from reason

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on. What the server sent before it, in the clear, is forgotten (CVE-2011-0411)."""
        self._data, self._at = b"", 0
        try:
            self.sock.settimeout(max(self._left, 0.1))
            secured = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = secured
            secured.do_handshake()
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise unproven(self.host, "host", error, by_ca(context)) from error
        except (OSError, ValueError) as error:
            raise self.broken(f"no TLS with {self.host}: {said(str(error))}") from error

    def begin(self, line: int = MOST_LINE, reply: int = MOST_REPLY) -> None:
        """The next command: its waiting starts at nothing, and these are its limits in bytes."""
        self._left = self._patience
        self._line, self._room = line, reply

    @property
    def waited(self) -> float:
        """Seconds that the present command has kept us waiting."""
        return self._patience - self._left

    def close(self) -> None:
        """The connection is gone. Never raises."""
        self._data, self._at = b"", 0
        self.sock.close()

    def broken(self, what: str, retry_after: float | None = None) -> TryLater:
        """Ends the connection; the error to raise for it."""
        self.close()
        return TryLater(what, retry_after=retry_after)

    def _receive(self) -> bytes:
        if self._left <= 0:
            raise self.broken(f"{self.host} kept us waiting for more than {self._patience:.0f} seconds")
        started = time.monotonic()
        try:
            self.sock.settimeout(self._left)
            data = self.sock.recv(_CHUNK)
        except TimeoutError as error:
            raise self.broken(f"{self.host} kept us waiting for more than {self._patience:.0f} seconds") from error
        except (OSError, ValueError) as error:
            raise self.broken(f"the connection to {self.host} broke: {said(str(error))}") from error
        self._left -= time.monotonic() - started
        if not data:
            raise self.broken(f"{self.host} closed the connection")
        self.came += len(data)
        self._room -= len(data)
        if self._room < 0:
            raise self.broken(f"{self.host} sends more than any answer needs")
        return data

    def send(self, data: bytes) -> None:
        """Sends one command line, or part of one. A line break or NUL in it is a ValueError, and nothing is sent."""
        line = data[:-2] if data.endswith(b"\r\n") else data
        if b"\r" in line or b"\n" in line or b"\0" in line:
            raise ValueError("a line break inside a command")
        started = time.monotonic()
        try:
            self.sock.settimeout(max(self._left, 0.1))
            self.sock.sendall(data)
        except (OSError, ValueError) as error:
            raise self.broken(f"the connection to {self.host} broke: {said(str(error))}") from error
        self._left -= time.monotonic() - started

    def more(self) -> bytes:
        """What has come and was not read yet, else the next that comes; never empty."""
        if self._at < len(self._data):
            data = self._data[self._at :] if self._at else self._data
            self._data, self._at = b"", 0
            return data
        return self._receive()

    def back(self, data: bytes) -> None:
        """``data``, from the end of what ``more`` gave, is not read yet after all."""
        self._data, self._at = data, 0

    def readline(self) -> bytes:
        """The next line with its line break."""
        parts: list[bytes] = []
        size = 0
        while True:
            if self._at >= len(self._data):
                self._data, self._at = self._receive(), 0
            end = self._data.find(b"\n", self._at) + 1
            part = self._data[self._at : end or None]
            self._at = end or len(self._data)
            size += len(part)
            if size > self._line:
                raise self.broken(f"{self.host} sends a line without end")
            if end and not parts:
                return part
            parts.append(part)
            if end:
                return b"".join(parts)

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes: a literal."""
        if size > min(MOST_LITERAL, self._room + len(self._data)):
            raise self.broken(f"{self.host} announces {size} bytes where a few would do")
        parts: list[bytes] = []
        while size:
            if self._at >= len(self._data):
                self._data, self._at = self._receive(), 0
            part = self._data[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def readable(self, seconds: float) -> bool:
        """Whether something can be read within ``seconds``."""
        if self._at < len(self._data) or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return True
        try:
            poll = select.poll()
            poll.register(self.sock.fileno(), select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        except (OSError, ValueError) as error:
            raise self.broken(f"the connection to {self.host} broke: {said(str(error))}") from error
