"""An IMAP server on 127.0.0.1 that is as good, as odd or as hostile as a test wants.

By default it is a plain, correct one with the mailboxes it was given. What it says to single commands can be replaced,
its connection can be cut or slowed down, and every line that it was sent is kept.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.base import Cursor, Interaction, Page, SourceError, Unreadable
from connectors.imap import Imap, ImapSettings

PASSWORD = "correct horse"
PASSWORD_VARIABLE = "SCRIPTED_PASSWORD"
"""The environment variable where connectors of ``imap`` find the password."""

Serve = Callable[..., "ScriptedImap"]
"""The fixture ``serve``: starts a ScriptedImap."""

Answer = bytes | Callable[["Talk", bytes], bytes]
"""What is said to a command, ``%t`` standing for its tag; or what makes it of the connection and the command."""


def mail(number: int, subject: str = "hello") -> bytes:
    """A header block of a good message."""
    return (
        f"From: Alice <alice@example.org>\r\nTo: bob@example.org\r\nDate: Mon, 1 Jun 2026 10:00:00 +0200\r\n"
        f"Message-ID: <{number}@example.org>\r\nSubject: {subject} {number}\r\n\r\n"
    ).encode()


@dataclass
class Mailbox:
    """A folder: its messages' header blocks by UID. ``next`` is UIDNEXT if it is not one above the highest."""

    messages: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    next: int | None = None
    flags: str = ""

    @property
    def uidnext(self) -> int:
        return max(self.messages, default=0) + 1 if self.next is None else self.next


def fetched(seq: int, uid: int, block: bytes) -> bytes:
    """A FETCH reply as most servers write it."""
    echo = b"BODY[HEADER.FIELDS (FROM TO)]"
    return b'* %d FETCH (UID %d INTERNALDATE "01-Jun-2026 08:00:00 +0000" %b {%d}\r\n%b)\r\n' % (
        seq, uid, echo, len(block), block
    )  # fmt: skip


@dataclass
class Script:
    """What the server is like; may be changed while it runs."""

    boxes: dict[bytes, Mailbox] = field(default_factory=lambda: {b"INBOX": Mailbox()})
    capabilities: str = "IMAP4rev1 AUTH=PLAIN"
    greeting: bytes = b"* OK scripted\r\n"
    answers: dict[str, Answer] = field(default_factory=dict)
    """By a regular expression that matches the whole command without its tag; the first that does counts."""
    render: Callable[[int, int, bytes], bytes] = fetched
    """How a message is described: sequence number, UID and header block."""
    cut_after: int | None = None
    """The connection is closed after so many bytes."""
    drip: float | None = None
    """Seconds before each single byte."""


class ScriptedImap:
    """The running server: ``host``, ``port``, ``lines`` that it was sent without tags, ``connections`` so far."""

    host = "127.0.0.1"

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, implicit: bool = False) -> None:
        """``tls`` is for STARTTLS, or with ``implicit`` for the connection from its first byte."""
        self.script, self.tls, self.implicit = script, tls, implicit
        self.lines: list[bytes] = []
        self.in_clear: list[bytes] = []
        """Those of the lines that were not encrypted."""
        self.connections = 0
        self.sent = 0
        """Bytes that the last connection was sent."""
        self.open: list[Talk] = []
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def push(self, data: bytes) -> None:
        """Says something unasked on every connection."""
        for talk in list(self.open):
            with suppress(OSError):
                talk.say(data)

    def stop(self) -> None:
        """Ends the server and its connections."""
        for each in (self._listener, *(talk.sock for talk in list(self.open))):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sent = 0
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, EOFError, ValueError):
            if self.implicit and self.tls is not None:
                sock = self.tls.wrap_socket(sock, server_side=True)
            talk = Talk(self, sock)
            self.open.append(talk)
            try:
                talk.run()
            finally:
                self.open.remove(talk)
        sock.close()


class Talk:
    """One connection."""

    def __init__(self, server: ScriptedImap, sock: socket.socket) -> None:
        self.server, self.sock, self.script = server, sock, server.script
        self.box = Mailbox()
        self.tag = b""
        self._file = sock.makefile("rb")

    def say(self, data: bytes) -> None:
        """Sends, as far as the script lets it. Raises EOFError where that ends."""
        room = None if self.script.cut_after is None else self.script.cut_after - self.server.sent
        part = data if room is None else data[: max(room, 0)]
        self.server.sent += len(part)
        if self.script.drip is None:
            self.sock.sendall(part)
        else:
            for n in range(len(part)):
                time.sleep(self.script.drip)
                self.sock.sendall(part[n : n + 1])
        if len(part) < len(data):
            self.sock.shutdown(socket.SHUT_RDWR)
            raise EOFError

    def hear(self) -> bytes:
        """The next line. Raises EOFError."""
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        if not isinstance(self.sock, ssl.SSLSocket):
            self.server.in_clear.append(line[:-2])
        return line[:-2]

    def ok(self) -> bytes:
        return b"%b OK done\r\n" % self.tag

    def run(self) -> None:
        self.say(self.script.greeting)
        while True:
            self.tag, _, command = self.hear().partition(b" ")
            self.server.lines.append(command)
            self.say(self.answer(command))
            if command == b"LOGOUT":
                return
            if command == b"STARTTLS" and self.server.tls is not None:
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
                self._file = self.sock.makefile("rb")

    def answer(self, command: bytes) -> bytes:
        for pattern, said in self.script.answers.items():
            if re.fullmatch(pattern.encode(), command, re.DOTALL):
                return (said if isinstance(said, bytes) else said(self, command)).replace(b"%t", self.tag)
        return self.usual(command)

    def usual(self, command: bytes) -> bytes:
        """What a good server says."""
        name = command.upper().removeprefix(b"UID ").partition(b" ")[0].decode("ascii", "replace").lower()
        says = getattr(self, f"_{name}", None)
        return says(command) if says else b"%b BAD no such command\r\n" % self.tag

    def _capability(self, _: bytes) -> bytes:
        return b"* CAPABILITY %b\r\n%b" % (self.script.capabilities.encode(), self.ok())

    def _starttls(self, _: bytes) -> bytes:
        return self.ok()

    def _noop(self, _: bytes) -> bytes:
        return self.ok()

    def _logout(self, _: bytes) -> bytes:
        return b"* BYE see you\r\n" + self.ok()

    def _id(self, _: bytes) -> bytes:
        return b'* ID ("name" "scripted")\r\n' + self.ok()

    def _login(self, command: bytes) -> bytes:
        literal = re.search(rb"\{(\d+)\}$", command)
        given = command
        if literal:
            self.say(b"+ go on\r\n")
            given = self.hear()
        return self._let_in(given.replace(b'\\"', b'"').replace(b"\\\\", b"\\"))

    def _authenticate(self, command: bytes) -> bytes:
        self.say(b"+ \r\n")
        return self._let_in(base64.b64decode(self.hear()))

    def _let_in(self, given: bytes) -> bytes:
        if PASSWORD.encode() in given:
            return self.ok()
        return b"%b NO [AUTHENTICATIONFAILED] wrong\r\n" % self.tag

    def _list(self, command: bytes) -> bytes:
        if b"RETURN" in command and "LIST-EXTENDED" not in self.script.capabilities:
            return b"%b BAD what is that\r\n" % self.tag
        said = b""
        for name, box in self.script.boxes.items():
            said += b'* LIST (%b) "/" "%b"\r\n' % (box.flags.encode(), name)
            if b"STATUS" in command:
                said += b'* STATUS "%b" (MESSAGES %d UIDNEXT %d UIDVALIDITY %d)\r\n' % (
                    name, len(box.messages), box.uidnext, box.validity
                )  # fmt: skip
        return said + self.ok()

    def _examine(self, command: bytes) -> bytes:
        name = command[len(b'EXAMINE "') : -1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
        if name not in self.script.boxes:
            return b"%b NO no such mailbox\r\n" % self.tag
        self.box = box = self.script.boxes[name]
        uidnext = b"" if box.next == 0 else b"* OK [UIDNEXT %d] next\r\n" % box.uidnext
        told = b"* FLAGS (\\Seen)\r\n* %d EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY %d] valid\r\n%b%b OK done\r\n"
        return told % (
            len(box.messages), box.validity, uidnext, self.tag
        )  # fmt: skip

    def _within(self, text: bytes) -> list[int]:
        """The UIDs of the open folder that are in a set (RFC 3501 section 6.4.8: ``n:*`` always has the highest)."""
        highest = max(self.box.messages, default=0)
        found: set[int] = set()
        for part in text.split(b","):
            low, _, high = part.replace(b"*", b"%d" % highest).partition(b":")
            ends = sorted((int(low), int(high or low)))
            found |= {uid for uid in self.box.messages if ends[0] <= uid <= ends[1]}
        return sorted(found)

    def _search(self, command: bytes) -> bytes:
        uids = self._within(command.rpartition(b" ")[2])
        if b"RETURN" not in command:
            return b"* SEARCH%b\r\n%b" % (b"".join(b" %d" % uid for uid in uids), self.ok())
        if "ESEARCH" not in self.script.capabilities:
            return b"%b BAD what is that\r\n" % self.tag
        everything = b" ALL " + b",".join(b"%d" % uid for uid in uids) if uids else b""
        return b'* ESEARCH (TAG "%b") UID%b\r\n%b' % (self.tag, everything, self.ok())

    def _fetch(self, command: bytes) -> bytes:
        order = sorted(self.box.messages)
        return self.described(self._within(command.split(b" ")[2]), order) + self.ok()

    def described(self, uids: Iterable[int], order: list[int] | None = None) -> bytes:
        """The FETCH replies for these messages of the open folder."""
        order = order or sorted(self.box.messages)
        return b"".join(self.script.render(order.index(uid) + 1, uid, self.box.messages[uid]) for uid in uids)

    def _idle(self, _: bytes) -> bytes:
        if "IDLE" not in self.script.capabilities:
            return b"%b BAD what is that\r\n" % self.tag
        self.say(b"+ idling\r\n")
        return self.ok() if self.hear() == b"DONE" else b"%b BAD\r\n" % self.tag


def boxes(counts: Mapping[bytes, int]) -> dict[bytes, Mailbox]:
    """Mailboxes with so many good messages each, all different."""
    start = 0
    made = {}
    for name, count in counts.items():
        made[name] = Mailbox({uid: mail(start + uid) for uid in range(1, count + 1)})
        start += count
    return made


def imap(server: ScriptedImap, **settings: Any) -> Imap:
    """A connector for the server, in the clear if ``settings`` do not say otherwise."""
    given = {"host": server.host, "port": server.port, "tls": "none", "user": "alice@example.org", "timeout": 5.0}
    return Imap(ImapSettings.model_validate(given | {"password": {"env": PASSWORD_VARIABLE}} | settings))


def pull(server: ScriptedImap, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    """All pages that a fresh connector yields."""
    return list(imap(server, **settings).pull(cursor))


def fails(server: ScriptedImap, **settings: Any) -> SourceError:
    """The error that a pull ends with: short, and fit to be shown."""
    with pytest.raises(SourceError) as caught:
        pull(server, **settings)
    error = caught.value
    assert all(ord(c) >= 32 for c in error.what + error.hint)
    assert len(error.what) < 500
    return error


def ids(pages: Iterable[Page]) -> list[str]:
    """The Message-IDs of all interactions, without angle brackets."""
    return [o.native_id.strip("<>") for page in pages for o in page.observations if isinstance(o, Interaction)]


def unreadable(pages: Iterable[Page]) -> dict[str, str]:
    """The reasons of what cannot be read, by its native id."""
    return {o.native_id: o.reason for page in pages for o in page.observations if isinstance(o, Unreadable)}


def some(count: int, capabilities: str = "IMAP4rev1 AUTH=PLAIN") -> Script:
    """A script with so many messages in INBOX."""
    return Script(boxes=boxes({b"INBOX": count}), capabilities=capabilities)
