"""An HTTP server on 127.0.0.1 that says what a test wants, word for word, and keeps every request that it was sent."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, cast


@dataclass(frozen=True)
class Request:
    """What came. ``login`` is its Authorization."""

    method: str
    path: str
    login: str | None
    body: str


@dataclass(frozen=True)
class Answer:
    """What goes out; ``body`` may write by itself, after the head, as slowly and as wrongly as it likes."""

    status: int
    body: bytes | Callable[[BinaryIO], None] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ScriptedHttp:
    """Listens on ``port`` of 127.0.0.1, until ``stop``; over TLS with a context."""

    def __init__(self, answer: Callable[[Request], Answer], context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.answer = answer
        self.hangs_up = False
        """It closes the connection after each answer, without a word that it will."""
        self._http = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": self}))
        if context is not None:
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._http.server_port
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Ends the server."""
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: ScriptedHttp

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = Request(self.command, self.path, self.headers.get("Authorization"), body)
        self.script.requests.append(request)
        answer = self.script.answer(request)
        self.close_connection |= self.script.hangs_up
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        with suppress(OSError):
            if isinstance(answer.body, bytes):
                if "Content-Length" not in answer.headers:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            else:
                self.close_connection = True
                self.send_header("Connection", "close")
                self.end_headers()
                answer.body(cast(BinaryIO, self.wfile))
            self.wfile.flush()

    do_OPTIONS = do_GET = do_PROPFIND = do_REPORT = do_PUT = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        return
