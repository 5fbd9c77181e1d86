"""HTTP/1.1 to one DAV server that nobody trusts to be kind (RFC 9110, RFC 9112).

A request has one deadline for all the waiting it causes, so that a server that sends one byte a second is left as soon as
one that sends none. An answer has a limit in bytes, before and after it is unpacked, and only gzip is unpacked. Redirects
are not followed here, nothing is said in the clear but on this machine, and no proxy or ``.netrc`` of the environment is
looked at. Only methods that read are ever sent.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.base import NeedsHuman, TryLater
from connectors.remote import is_loopback, said, tls_context, unproven

MOST_BODY = 64 << 20
"""Bytes of one answer."""
METHODS = frozenset({"OPTIONS", "PROPFIND", "REPORT", "GET"})
TOO_LARGE = 413
"""The status that an answer gets which is larger than it may be."""

_CHUNK = 64 << 10


@dataclass(slots=True)
class Reply:
    """An answer, unpacked."""

    status: int
    reason: str
    headers: HTTPMessage
    body: bytes


class _Clock:
    """How long the present request may still keep us waiting."""

    def __init__(self) -> None:
        self.until = 0.0

    def left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Timed(socket.socket):
    """A socket on which all waiting ends at the deadline."""

    clock: _Clock

    def recv_into(self, *arguments: Any) -> int:
        self.settimeout(self.clock.left())
        return super().recv_into(*arguments)

    def sendall(self, *arguments: Any) -> None:
        self.settimeout(self.clock.left())
        super().sendall(*arguments)


class _TimedTls(_Timed, ssl.SSLSocket):
    """The same, over TLS."""


class _Connection(HTTPConnection):
    """One connection to ``host``; with a context over TLS."""

    def __init__(self, host: str, port: int, clock: _Clock, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port)
        self._clock = clock
        self._context = context

    def connect(self) -> None:
        """Raises OSError."""
        reason: OSError = OSError("it has no address")
        places = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for place, (family, kind, protocol, _, address) in enumerate(places):
            try:
                sock = _Timed(family, kind, protocol)
            except OSError as error:  # this machine knows no such addresses
                reason = error
                continue
            sock.clock = self._clock
            try:
                # an address from which nothing comes leaves time for the others
                sock.settimeout(self._clock.left() / (len(places) - place))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError as error:
                sock.close()
                reason = error
                continue
            self.sock = sock if self._context is None else self._secured(sock, self._context)
            return
        raise reason

    def _secured(self, sock: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        secured = context.wrap_socket(sock, server_hostname=self.host, do_handshake_on_connect=False)
        assert isinstance(secured, _TimedTls)
        secured.clock = self._clock
        try:
            secured.settimeout(self._clock.left())
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured


class Plain:
    """Asks as nobody, or with a login by Basic (RFC 7617) that the server is known to want."""

    basic = True

    def __init__(self, wire: Wire, user: str = "", password: str = "") -> None:
        self._wire = wire
        login = b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._login = {"Authorization": f"Basic {login}"} if user else {}

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: str) -> Reply:
        """The answer to one request. Raises TryLater and NeedsHuman."""
        said = {**headers, **self._login, "Accept": "*/*", "User-Agent": "kith"}
        return self._wire.ask(method, url, said, body.encode() or None)


class Wire:
    """Connections to DAV servers, one for each origin. Used by one thread at a time."""

    def __init__(self, patience: float, ca: Path | None) -> None:
        """``patience`` is how many seconds one request may keep us waiting, in all; for ``ca`` see ``tls_context``."""
        self._ca = ca
        self._context: ssl.SSLContext | None = None
        self._patience = patience
        self._clock = _Clock()
        self._open: dict[str, _Connection] = {}
        self.came = 0
        """Bytes of all answers that have come, packed as they were."""
        self.most = MOST_BODY
        """Bytes that an answer may have."""
        self._ended = False

    def close(self) -> None:
        """The connections are gone, and with them what another thread may be waiting for. Never raises."""
        while self._open:
            try:
                _, connection = self._open.popitem()
            except KeyError:  # another thread was faster
                return
            if connection.sock is not None:
                with contextlib.suppress(OSError, AttributeError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()

    def end(self) -> None:
        """The connections are gone, and no other is made: what another thread asks from here on is TryLater."""
        self._ended = True
        self.close()

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """The answer to one request; an answer that is too large has the status TOO_LARGE and no body.

        Raises TryLater, and NeedsHuman where it would be asked in the clear.
        """
        assert method in METHODS
        if self._ended:
            raise TryLater("the pull has ended")
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" and not is_loopback(host):
            raise NeedsHuman(f"{said(host)} would be asked in the clear.", "make `url` begin with https://")
        self._clock.until = time.monotonic() + self._patience
        place = f"{parts.scheme}://{parts.netloc}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            for fresh in (False, True):
                if fresh or place not in self._open:
                    self._open[place] = self._connection(parts.scheme, host, parts.port)
                    fresh = True
                connection = self._open[place]
                try:
                    connection.request(method, target, body, {**headers, "Accept-Encoding": "gzip"})
                    response = connection.getresponse()
                except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, HTTPException) as error:
                    # A server may hang up between two requests; of one that only reads, asking twice does no harm.
                    connection.close()
                    if fresh or not isinstance(error, OSError):
                        raise
                    continue
                return self._received(response)
            raise AssertionError
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise unproven(said(host), "url", error, self._ca is not None) from error
        except TimeoutError as error:
            self.close()
            raise TryLater(f"{host} kept us waiting for more than {self._patience:.0f} seconds") from error
        except (OSError, HTTPException, ValueError, zlib.error) as error:
            self.close()
            what = "cannot find the host" if isinstance(error, socket.gaierror) else "no answer from"
            raise TryLater(f"{what} {host}: {said(str(error)) or type(error).__name__}") from error

    def _connection(self, scheme: str, host: str, port: int | None) -> _Connection:
        if scheme != "https":
            return _Connection(host, port or 80, self._clock, None)
        if self._context is None:
            self._context = tls_context(self._ca)
            self._context.sslsocket_class = _TimedTls
        return _Connection(host, port or 443, self._clock, self._context)

    def _received(self, response: HTTPResponse) -> Reply:
        """The answer whose head has come."""
        coding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip", ""):
            raise ValueError(f"it answers packed as {coding}, for which nobody asked")
        unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
        parts: list[bytes] = []
        size = came = 0
        while data := response.read1(_CHUNK):
            came += len(data)
            self.came += len(data)
            while data:
                part = data if unpack is None else unpack.decompress(data, _CHUNK)
                data = b"" if unpack is None else unpack.unconsumed_tail
                size += len(part)
                parts.append(part)
                if max(size, came) > self.most:
                    self.close()
                    return Reply(TOO_LARGE, "it is too large", response.headers, b"")
        if response.length or (unpack is not None and came and not unpack.eof):
            raise ValueError("its answer is cut off")
        response.close()  # read1 leaves it open at its end, and the connection could not be used again
        return Reply(response.status, said(response.reason or ""), response.headers, b"".join(parts))
