"""A proxy on 127.0.0.1 that writes down what IMAP clients and servers say, and can spoil the wire.

``violations`` holds such a log against the promise that nothing on a server is changed and no body is fetched.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import ClassVar


class WireLog:
    """Listens on ``port`` and passes every connection on to the server, until ``stop``.

    What is set here holds for connections that begin afterwards; it spoils what the server says, not the client:

    ``cut_after``    the connection is reset once this many bytes were passed on
    ``stall_after``  nothing is passed on any more after this many bytes; the connection stays
    ``drip``         seconds before each single byte
    ``garble``       one bit is another in every so many bytes

    ``freeze`` holds the connections that there are: nothing is passed on in them any more, either way, and nobody is told.
    """

    host = "127.0.0.1"
    everything: ClassVar[list[Session]] = []
    """Every session of every proxy of this process."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.cut_after: int | None = None
        self.stall_after: int | None = None
        self.drip: float | None = None
        self.garble: int | None = None
        self._frozen: set[Session] = set()
        self.sessions: list[Session] = []
        self.most = 0
        """How many connections there have been at a time."""
        self.server = (host, port)
        """Where connections go that begin afterwards."""
        self._stopped = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def commands(self) -> list[str]:
        """The commands of all sessions, without their tags."""
        return [command for session in self.sessions for command in session.commands()]

    def open(self) -> list[Session]:
        """The sessions that clients have not closed, as the system knows it: also those whose last words are on the way."""
        return [session for session in self.sessions if session.is_open()]

    def freeze(self) -> None:
        """All connections that there are now are dead without knowing it, as behind a router that has forgotten them."""
        self._frozen |= set(self.sessions)

    def stop(self) -> None:
        """Ends the proxy and all connections through it."""
        self._stopped.set()
        for each in (self._listener, *self._sockets):
            _close(each)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.server, 10)
                server.settimeout(None)
            except OSError:
                continue
            self._sockets += (client, server)
            session = Session(port=self.server[1])
            session.socket = client
            self.most = max(self.most, 1 + len(self.open()))
            self.sessions.append(session)
            WireLog.everything.append(session)
            threading.Thread(target=self._pass_up, args=(client, server, session), daemon=True).start()
            threading.Thread(target=self._pass_down, args=(client, server, session), daemon=True).start()

    def _pass_up(self, client: socket.socket, server: socket.socket, session: Session) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if session in self._frozen:
                    self._stopped.wait()
                    break
                session.client += data
                server.sendall(data)
        _close(server)

    def _pass_down(self, client: socket.socket, server: socket.socket, session: Session) -> None:
        cut, stall, drip, garble = self.cut_after, self.stall_after, self.drip, self.garble
        limit = min((n for n in (cut, stall) if n is not None), default=None)
        passed = 0
        with suppress(OSError):
            while data := server.recv(65536):
                if session in self._frozen:
                    self._stopped.wait()
                    break
                session.server += data
                if garble:
                    data = bytes(b ^ (1 << n % 7) if n % garble == garble - 1 else b for n, b in enumerate(data, passed))
                data = data if limit is None else data[: limit - passed]
                if drip is None:
                    client.sendall(data)
                else:
                    for byte in data:
                        if self._stopped.wait(drip):
                            break
                        client.sendall(bytes((byte,)))
                passed += len(data)
                if limit is not None and passed >= limit:
                    if limit == stall:
                        self._stopped.wait()
                    break
        _close(client)
        _close(server)


class Session:
    """What was said in one connection to the server at ``port``: the bytes of the client, and those of the server."""

    def __init__(self, client: bytes = b"", server: bytes = b"", port: int = 0) -> None:
        self.port = port
        self.client = bytearray(client)
        self.server = bytearray(server)
        self.socket: socket.socket | None = None

    def is_open(self) -> bool:
        """Whether the client has not closed it."""
        if self.socket is None or self.socket.fileno() < 0:
            return False
        looking = select.poll()
        looking.register(self.socket.fileno(), select.POLLRDHUP)
        return not looking.poll(0)

    def commands(self) -> list[str]:
        """What the client said, one text a command, without tags. Answers to a login challenge are "(secret)".

        After STARTTLS the rest cannot be read and is left out.
        """
        return list(_commands(bytes(self.client)))

    def bodies(self) -> list[str]:
        """The data items of the server's FETCH responses that carry more than header fields and plain facts."""
        if any(command.upper() == "STARTTLS" for command in self.commands()):
            return []
        return list(_bodies(bytes(self.server)))


_LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n$")
_CHANGES_NOTHING = {
    *(
        "CAPABILITY",
        "ID",
        "STARTTLS",
        "LOGIN",
        "AUTHENTICATE",
        "NAMESPACE",
        "LIST",
        "EXAMINE",
        "UID SEARCH",
        "UID FETCH",
    ),
    *("STATUS", "NOOP", "IDLE", "DONE", "ENABLE", "UNSELECT", "LOGOUT", "(SECRET)"),
}
_HEADER_FIELDS = re.compile(r"BODY\.PEEK\[HEADER\.FIELDS \([^()\[\]]*\)\]", re.IGNORECASE)
_PLAIN_FACTS = {"UID", "INTERNALDATE", "RFC822.SIZE", "X-GM-MSGID", "X-GM-THRID", "X-GM-LABELS"}
_BODY_ITEM = re.compile(
    rb"\b(BODY\[(?!HEADER\.FIELDS\b)[^\]]*\]|BINARY\[|RFC822(?:\.TEXT|\.HEADER)?(?= [{\"N~]))", re.IGNORECASE
)


def violations(commands: Iterable[str]) -> list[str]:
    """The commands that could change something, or that ask for more than header fields and plain facts."""
    return [command for command in commands if not _is_harmless(command)]


def _is_harmless(command: str) -> bool:
    words = command.split()
    verb = " ".join(words[: 2 if words and words[0].upper() == "UID" else 1]).upper()
    if verb not in _CHANGES_NOTHING:
        return False
    if verb != "UID FETCH":
        return True
    wanted = _HEADER_FIELDS.sub(" ", " ".join(words[3:])).upper()
    return set(wanted.replace("(", " ").replace(")", " ").split()) <= _PLAIN_FACTS


def _lines(stream: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each line of IMAP, with its literals cut out of it and beside it. A line that is not complete is left out."""
    place = 0
    text, literals = b"", []
    while (end := stream.find(b"\n", place)) >= 0:
        text += stream[place : end + 1]
        place = end + 1
        literal = _LITERAL.search(text)
        if literal:
            literals.append(stream[place : place + int(literal[1])])
            place += int(literal[1])
            text = text[: literal.start()] + b"{}"
        else:
            yield text.rstrip(b"\r\n"), literals
            text, literals = b"", []


def _commands(stream: bytes) -> Iterator[str]:
    for line, literals in _lines(stream):
        said = line.decode("utf-8", "backslashreplace")
        for literal in literals:
            said = said.replace("{}", '"' + literal.decode("utf-8", "backslashreplace") + '"', 1)
        tag, blank, command = said.partition(" ")
        if not blank:
            # Without a tag: the end of IDLE, or the answer to a challenge of the login.
            yield "DONE" if tag.upper() == "DONE" else "(secret)"
            continue
        yield command
        if command.upper() == "STARTTLS":
            return


def _bodies(stream: bytes) -> Iterator[str]:
    for line, literals in _lines(stream):
        if not re.match(rb"\* \d+ FETCH ", line, re.IGNORECASE):
            continue
        bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b'""', line)
        yield from (item.decode("ascii", "replace") for item in _BODY_ITEM.findall(bare))
        for literal in literals:
            # Header fields end with one empty line; what stands behind it is a body.
            if re.search(rb"\n\r?\n.", literal, re.DOTALL):
                yield "what follows an empty line: " + repr(literal[:200])


def raw_commands(log: bytes) -> list[str]:
    """The commands in one of Dovecot's raw logs, where a time stands before each line."""
    return list(_commands(re.sub(rb"(?m)^\d+\.\d+ ", b"", log)))


def _close(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        each.close()


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether ``condition``, a function, is true within ``seconds``: the proxy's threads are not the test's."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
