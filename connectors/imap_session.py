"""A connection to an IMAP server, from the greeting to the last reply: the only file that knows imapclient.

imapclient and imaplib greet, ask for capabilities, number the commands and sort the replies to short ones; all bytes
go through ``Wire`` and its limits. Replies to FETCH, which are nearly all there is, never reach them. Only commands
that change nothing are ever sent: CAPABILITY, STARTTLS, LOGIN, AUTHENTICATE, ID, LIST, EXAMINE, UID SEARCH, UID FETCH
with BODY.PEEK, IDLE, LOGOUT (RFC 9051 and RFC 3501 section 6).

Every method raises TryLater or NeedsHuman, or ``Refused`` where the server said NO or BAD to one command.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from threading import Event
from typing import Any, Literal

import imapclient

from connectors.base import NeedsHuman, SourceError, TryLater
from connectors.clocks import slept
from connectors.imap_fetch import MOST_BLOCK, Message, Scanner, Violation
from connectors.imap_replies import Box, Listed, Refused, folders_of, login_refusal, number, pause, quoted, refusal
from connectors.imap_uids import TOP, Ranges, Uids, listed, set_text
from connectors.imap_wire import MOST_LINE, MOST_REPLY, Wire
from connectors.remote import said

Tls = Literal["implicit", "starttls", "none"]
Login = Literal["auto", "login", "plain", "xoauth2"]

IDLE_FOR = 9 * 60.0
"""Seconds until IDLE is asked for again: servers may hang up after 30 minutes (RFC 2177), and a router on the way, which
forgets a connection that is still, lets nobody know; so it is found out here."""


class _Imaplib(imaplib.IMAP4):
    """imaplib on a Wire. It keeps no log: imaplib's holds the last ten commands, the password among them."""

    def __init__(self, host: str, port: int, patience: float, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(host, port, patience)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        self.wire = Wire(host, port, timeout or 60.0)
        if self._context is not None:
            self.wire.secure(self._context)
        self.sock = self.wire.sock

    def secure(self, context: ssl.SSLContext) -> None:
        """TLS from here on; nothing said before it is believed (RFC 3501 section 6.2.1)."""
        self.wire.secure(context)
        self.sock = self.wire.sock
        self.untagged_responses.clear()
        self._get_capabilities()

    def read(self, size: int) -> bytes:
        return self.wire.read(size)

    def readline(self) -> bytes:
        line = self.wire.readline()
        if line.endswith((b" OK\r\n", b" NO\r\n", b" BAD\r\n")) and line[:1] != b"*":
            return line[:-2] + b" \r\n"  # imaplib knows no tagged line without a text
        return line

    def _get_response(self, *args: Any) -> Any:
        """One reply. A goodbye is an ``abort`` at once, also while imaplib waits for something else."""
        reply = super()._get_response(*args)  # type: ignore[misc]
        self._check_bye()
        return reply

    def send(self, data: Any) -> None:
        self.wire.send(data)

    def shutdown(self) -> None:
        self.wire.close()

    def _log(self, line: object) -> None:
        """Nothing is logged."""

    def _mesg(self, s: object, secs: object = None) -> None:
        """Nothing is printed."""


def _unsure(host: str, error: Exception) -> TryLater:
    """The error for what imaplib could not make sense of."""
    text = said(str(error))
    return TryLater(f"{host} does not speak IMAP as it should: {text}", retry_after=pause(text))


class Session(imapclient.IMAPClient):  # type: ignore[misc]
    """A connection that is made on construction, and encrypted; ``login`` comes next, ``close`` last."""

    def __init__(self, host: str, port: int, tls: Tls, context: ssl.SSLContext | None, patience: float) -> None:
        """``context`` is None with ``tls="none"`` alone. ``patience``: seconds that one command may keep us waiting."""
        self._implicit = context if tls == "implicit" else None
        self.patience = patience
        self._tag = 0
        self.caps: frozenset[str] = frozenset()
        self.waited = 0.0
        """Seconds that the last FETCH kept us waiting."""
        try:
            super().__init__(host, port, ssl=tls == "implicit", timeout=patience)
            self._quiet()
            self.caps = self._capabilities()
            if tls == "starttls":
                assert context is not None
                self._starttls(context)
        except SourceError:
            self.close()
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError, OSError) as error:
            self.close()
            raise _unsure(host, error) from error

    def _create_IMAP4(self) -> _Imaplib:
        return _Imaplib(self.host, self.port, self.patience, self._implicit)

    def _quiet(self) -> None:
        """imapclient has just told imaplib to put every line into the debug log: no."""
        self._imap.debug = 0
        self._imap._mesg = self._imap._log
        self.normalise_times = False

    @property
    def wire(self) -> Wire:
        wire: Wire = self._imap.wire
        return wire

    def _capabilities(self) -> frozenset[str]:
        return frozenset(name.decode("ascii", "replace").upper() for name in self.capabilities())

    def _starttls(self, context: ssl.SSLContext) -> None:
        hint = 'use `tls = "implicit"` if the server offers it (port 993); do not log in on this network until then'
        if self._imap.state != "NONAUTH":
            raise NeedsHuman(f"{self.host} greets as if logged in already, so that nothing would be encrypted", hint)
        if "STARTTLS" not in self.caps:
            raise NeedsHuman(f"{self.host} does not offer STARTTLS: the password was not sent", hint)
        kind, text = self._ask("STARTTLS")
        if kind != "OK":
            raise TryLater(f"{self.host} refuses STARTTLS: {said(text)}")
        self._imap.secure(context)
        self._starttls_done = True
        self._cached_capabilities = None
        self.caps = frozenset(self._imap.capabilities)

    def _ask(self, name: str, *args: str | bytes, line: int = MOST_LINE, reply: int = MOST_REPLY) -> tuple[str, str]:
        """Sends one command and reads to its tagged line: OK, NO or BAD, and the text after it."""
        imap = self._imap
        self.wire.begin(line, reply)
        try:
            imap.untagged_responses.clear()
            tag = imap._command(name, *args)
            kind, data = imap._get_tagged_response(tag)
        except SourceError:
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError, OSError) as error:
            self.close()
            raise _unsure(self.host, error) from error
        return str(kind).upper(), (data[-1] or b"").decode("utf-8", "replace")

    def _must(self, name: str, *args: str | bytes, line: int = MOST_LINE, reply: int = MOST_REPLY) -> None:
        kind, text = self._ask(name, *args, line=line, reply=reply)
        if kind != "OK":
            raise self._refusal(text)

    def _refusal(self, text: str) -> TryLater | Refused:
        error = refusal(self.host, text)
        if isinstance(error, TryLater):
            self.close()
        return error

    def _untagged(self, name: str) -> Iterator[list[bytes | None]]:
        """The untagged replies of one name to the last command, each as its texts and literals in turn."""
        pieces: list[bytes | None] = []
        for part in self._imap.untagged_responses.get(name) or ():
            if isinstance(part, tuple):
                pieces += part
            else:
                yield [*pieces, part]
                pieces = []

    def login(self, user: str, password: str, how: Login = "auto") -> None:
        """Logs in, by the first way that server and ``how`` have in common, and reads the capabilities again."""
        if re.search(r"[\r\n\0]", user + password):
            raise NeedsHuman("there is a line break in the user name or the password", "correct `user` and `password`")
        if self._imap.state == "NONAUTH":
            kind, text = "BAD", f"{self.host} offers no way to log in that kith knows"
            ways = [how] if how != "auto" else self._ways()
            for way in ways:
                kind, text = self._authenticate(way, user, password)
                if kind != "BAD":
                    break
            if kind != "OK":
                self.close()
                raise login_refusal(self.host, text, user, token=how == "xoauth2")
            self._imap.state = "AUTH"
        self._cached_capabilities = None
        try:
            self.caps = self._capabilities()
        except SourceError:
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError, OSError) as error:
            self.close()
            raise _unsure(self.host, error) from error
        if "ID" in self.caps:
            self._ask("ID", '("name" "kith")')  # RFC 2971; some servers let nobody in without it

    def _ways(self) -> list[Login]:
        ways: list[Login] = []
        if "AUTH=PLAIN" in self.caps:
            ways.append("plain")
        if "LOGINDISABLED" not in self.caps:
            ways.append("login")
        return ways

    def _authenticate(self, way: Login, user: str, password: str) -> tuple[str, str]:
        if way == "login":
            if "LOGINDISABLED" in self.caps:
                return "BAD", f"{self.host} does not allow LOGIN"
            if not user.isascii():
                return "BAD", f"{self.host} takes no user name with these letters"
            if password.isascii():
                return self._ask("LOGIN", quoted(user.encode()), quoted(password.encode()))
            self._imap.literal = password.encode()
            return self._ask("LOGIN", quoted(user.encode()))
        secret = f"\0{user}\0{password}" if way == "plain" else f"user={user}\1auth=Bearer {password}\1\1"
        answers = iter([secret.encode()])
        questions = 0

        def answer(_: bytes) -> bytes:
            # the second question is why a token was refused, and wants an empty answer
            nonlocal questions
            questions += 1
            if questions > 3:
                raise Violation("questions without end")
            return next(answers, b"")

        # without an initial response (RFC 4959): a round trip more, but servers that only think they know it work
        self._imap.literal = imaplib._Authenticator(answer).process
        return self._ask("AUTHENTICATE", way.upper())

    def folders(self, status: bool) -> list[Listed]:
        """All folders, with their status where ``status`` and the server allow it in the same command (RFC 5819)."""
        extras = []
        if "LIST-EXTENDED" in self.caps or "IMAP4REV2" in self.caps:
            extras += ["SPECIAL-USE"] * ("SPECIAL-USE" in self.caps or "IMAP4REV2" in self.caps)
            if status and ("LIST-STATUS" in self.caps or "IMAP4REV2" in self.caps):
                extras.append("STATUS (MESSAGES UIDNEXT UIDVALIDITY)")
        kind, text = "BAD", ""
        if extras:
            kind, text = self._ask("LIST", '""', '"*"', f"RETURN ({' '.join(extras)})", reply=8 << 20)
        if kind != "OK":
            kind, text = self._ask("LIST", '""', '"*"', reply=8 << 20)
        if kind != "OK":
            error = self._refusal(text)
            raise error if isinstance(error, TryLater) else TryLater(f"{self.host} lists no folders: {error}")
        return folders_of(self._untagged("LIST"), self._untagged("STATUS"))

    def examine(self, raw: bytes) -> Box:
        """Opens a folder for reading (RFC 3501 section 6.3.2). A name with a line break or NUL is Refused."""
        if re.search(rb"[\r\n\0]", raw):
            raise Refused("its name cannot be sent")
        self._imap.is_readonly = True
        self._imap.state = "AUTH"
        self._must("EXAMINE", quoted(raw))
        self._imap.state = "SELECTED"
        return Box(self._told("UIDVALIDITY"), self._told("UIDNEXT"), self._told("EXISTS"))

    def _told(self, name: str) -> int:
        values = self._imap.untagged_responses.get(name) or [b""]
        return number(values[-1])

    def search(self, low: int, high: int, exists: int) -> Uids:
        """The UIDs from ``low`` to ``high`` in the open folder, which has about ``exists`` messages."""
        span = f"{low}:{'*' if high >= TOP else high}"
        # a mailbox of a million messages answers SEARCH in one line of eight megabytes
        limit = min(64 << 20, 12 * exists + MOST_LINE)
        if "ESEARCH" in self.caps or "IMAP4REV2" in self.caps:
            kind, _ = self._ask("UID", "SEARCH", "RETURN (ALL)", "UID", span, line=limit, reply=limit + MOST_REPLY)
            if kind == "OK" and "ESEARCH" in self._imap.untagged_responses:
                data = b" ".join(piece[-1] or b"" for piece in self._untagged("ESEARCH")).upper()
                found = Uids.of_set(data.partition(b" ALL ")[2], low, high)
                if 0 < len(found) <= exists + 1000:
                    return found  # else it may be made up: the old way names each
        self._must("UID", "SEARCH", "UID", span, line=limit, reply=limit + MOST_REPLY)
        data = b" ".join(piece[-1] or b"" for piece in self._untagged("SEARCH"))
        return Uids.of_numbers(data.partition(b"(")[0], low, high)

    def ask_fetch(self, asked: Ranges, items: str) -> bytes:
        """Sends a UID FETCH; its tag. The replies are read by ``messages``, in the order of asking."""
        self._tag += 1
        tag = b"K%d" % self._tag
        self.wire.send(b"%b UID FETCH %b %b\r\n" % (tag, set_text(asked).encode(), items.encode()))
        return tag

    def messages(self, tag: bytes, count: int) -> Iterator[list[Message]]:
        """The messages that a UID FETCH for ``count`` of them brings, as they come in; then Refused if it was."""
        wire = self.wire
        wire.begin(reply=count * MOST_BLOCK + (64 << 20))
        scanner = Scanner(tag)
        while not scanner.done:
            try:
                found = scanner.feed(wire.more())
            except Violation as error:
                raise wire.broken(f"{self.host} does not speak IMAP as it should: {error}") from error
            if found:
                yield found
        self.waited = wire.waited
        wire.back(scanner.rest)
        if scanner.status == "OK":
            return
        text = scanner.text.decode("utf-8", "replace")
        if scanner.status == "BYE":
            raise wire.broken(f"{self.host} hung up: {said(text)}", retry_after=pause(text))
        raise self._refusal(text)

    def fetch_each(self, asked: Ranges, items: str) -> list[Message]:
        """The messages of one UID FETCH, all at once. Refused if it was."""
        tag = self.ask_fetch(asked, items)
        return [message for found in self.messages(tag, len(listed(asked))) for message in found]

    def idle(self, stop: Event) -> None:
        """Returns when the open folder has news, the machine has slept, or ``stop`` is set (RFC 2177)."""
        imap = self._imap
        try:
            while not stop.is_set():
                self.wire.begin()
                imap.untagged_responses.clear()
                tag = imap._command("IDLE")
                while imap._get_response() is not None:
                    if imap.tagged_commands.get(tag):
                        raise TryLater(f"{self.host} refuses IDLE: {said(imap.tagged_commands[tag][1][-1] or b'')}")
                news = self._doze(stop)
                self.wire.begin()
                imap.send(b"DONE\r\n")
                imap._get_tagged_response(tag)
                if news:
                    return
        except SourceError:
            raise
        except (imaplib.IMAP4.error, ValueError, LookupError, TypeError, OSError) as error:
            self.close()
            raise _unsure(self.host, error) from error

    def _doze(self, stop: Event) -> bool:
        """Waits while the server is in IDLE; whether it is worth while to look."""
        imap, until, before = self._imap, time.monotonic() + IDLE_FOR, slept()
        while time.monotonic() < until and not stop.is_set():
            if "EXISTS" in imap.untagged_responses:
                return True
            imap.untagged_responses.clear()
            if self.wire.readable(1.0):
                self.wire.begin()
                imap._get_response()
            if slept() - before > 5:  # the connection may be dead without a word
                return True
        return False

    def close(self) -> None:
        """Ends the connection, saying goodbye if it is possible at once. Never raises."""
        imap = getattr(self, "_imap", None)
        wire = getattr(imap, "wire", None)
        if wire is None:
            return
        with contextlib.suppress(SourceError, ValueError):
            wire.begin()
            wire.send(b"K0 LOGOUT\r\n")
        wire.close()
