"""What a server answers to UID FETCH, read while it comes in: bytes to messages, in constant memory.

Nearly every reply of nearly every server has one shape, which one regular expression takes. Any other shape that
RFC 3501 section 7.4.2 allows, and some that it does not, goes the careful way: a reply is first cut into pieces along
its lines and literals, which a server can hardly get wrong, then the pieces are parsed. A reply that makes no sense is
one message that cannot be read; only lines and literals that make no sense end the connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from connectors.folders import decode_name

MOST_BLOCK = 1 << 20
"""Bytes of header fields of one message; a message with more is passed over, and its bytes are not kept."""

MOST_SKIPPED = 64 << 20
"""Bytes of a literal that is read to pass it over; one that is longer ends the connection."""

_MOST_LINE = 1_000_000
_MOST_PIECES = 400
_MOST_TOKENS = 50_000
_MOST_DEPTH = 20

_COMMON = re.compile(
    rb'\* [0-9]+ FETCH \(UID ([0-9]{1,10}) INTERNALDATE "([^"\r\n]{20,40})" '
    rb"BODY\[HEADER\.FIELDS \([^\]]{0,2000}\] \{([0-9]{1,7})\}\r\n"  # all but one character: a set takes twice as long
)
_LITERAL = re.compile(rb"~?\{([0-9]{1,20})\+?\}$")
_FETCH = re.compile(rb"\* ([0-9]{1,10}) FETCH (?=\()", re.IGNORECASE)
_UID = re.compile(rb"[( ]UID ([0-9]{1,10})[ )]", re.IGNORECASE)
_STATUS = re.compile(rb"\* (OK|NO|BAD|BYE|PREAUTH)(?: |$)", re.IGNORECASE)
_TOKEN = re.compile(
    rb' *(?:([()])|"((?:[^"\\]|\\.)*)"|'
    rb'((?:BODY|BINARY)(?:\.PEEK)?\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\](?:<[0-9]+>)?|[^\s()"]+))',
    re.IGNORECASE | re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

Value = bytes | None | list["Value"]
"""What IMAP sends: an atom, string or literal; NIL; a list. An atom and a string look alike, which suffices here."""


class Violation(ValueError):
    """What came is not IMAP, and nothing after it can be trusted."""


class Message(NamedTuple):
    """One message as the server described it. With ``reason``, it could not be read, and ``block`` is empty."""

    uid: int
    received: datetime | None
    """INTERNALDATE, aware; None where it is not a time."""
    block: bytes
    """The header fields that were asked for, as they are on the wire."""
    reason: str | None = None
    labels: tuple[str, ...] = ()
    """X-GM-LABELS, decoded."""
    thread: str | None = None
    """X-GM-THRID."""
    gmail_id: str | None = None
    """X-GM-MSGID."""
    absent: bool = False
    """There was NIL in place of its header."""


def items(fields: Iterable[str], gmail: bool = False) -> str:
    """The items of a UID FETCH that asks for these header fields and marks nothing as read."""
    extra = " X-GM-MSGID X-GM-THRID X-GM-LABELS" if gmail else ""
    return f"(UID INTERNALDATE{extra} BODY.PEEK[HEADER.FIELDS ({' '.join(fields).upper()})])"


_MONTHS = {
    name: number
    for number, month in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
    for name in (month, month.upper(), month.lower())
}
_zones: dict[bytes, timezone] = {b"+0000": UTC}


def _zone(text: bytes) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    zone = timezone(timedelta(minutes=-minutes if text[:1] == b"-" else minutes))
    if len(_zones) < 100:
        _zones[text] = zone
    return zone


def when(text: bytes) -> datetime | None:
    """The time of an INTERNALDATE such as ``17-Jul-1996 02:44:25 -0700``, aware; None if it is none."""
    try:
        zone = _zones.get(text[21:]) or _zone(text[21:26])
        return datetime(
            int(text[7:11]), _MONTHS[text[3:6]], int(text[:2]), int(text[12:14]), int(text[15:17]), int(text[18:20]),
            tzinfo=zone,
        )  # fmt: skip
    except (ValueError, KeyError, OverflowError):
        return None


def tree(pieces: Iterable[bytes | None]) -> list[Value]:
    """The values in a reply. ``pieces`` are texts and literals in turn, a text first; None stays None.

    Raises ValueError if brackets or quotes do not match, or there are too many.
    """
    top: list[Value] = []
    stack = [top]
    tokens = 0
    for n, piece in enumerate(pieces):
        if n % 2 or piece is None:
            stack[-1].append(piece)
            continue
        text = _LITERAL.sub(b"", piece).rstrip()
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            tokens += 1
            if found is None or tokens > _MOST_TOKENS:
                raise ValueError("no values")
            at = found.end()
            bracket, string, atom = found.groups()
            if bracket == b"(":
                inner: list[Value] = []
                stack[-1].append(inner)
                stack.append(inner)
                if len(stack) > _MOST_DEPTH:
                    raise ValueError("too deep")
            elif bracket:
                stack.pop()
                if not stack:
                    raise ValueError("a bracket too many")
            elif atom is None:
                stack[-1].append(_ESCAPED.sub(rb"\1", string) if b"\\" in string else string)
            else:
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
    if len(stack) > 1:
        raise ValueError("a bracket too few")
    return top


def _text(value: Value) -> str | None:
    return value.decode("ascii") if isinstance(value, bytes) and value.isdigit() and len(value) <= 20 else None


def _message(pieces: list[bytes | None], start: int) -> Message | None:
    """The message of one FETCH reply; None if it is not what was asked for, but something the server adds unasked."""
    first = pieces[0] or b""
    try:
        (values,) = tree([first[start:], *pieces[1:]])
        if not isinstance(values, list) or len(values) % 2:
            raise ValueError("not pairs")
        pairs = zip(values[::2], values[1::2], strict=True)
        found = {name.upper(): value for name, value in pairs if isinstance(name, bytes)}
        uid = int(_text(found.get(b"UID")) or 0)
        date, labels = found.get(b"INTERNALDATE"), found.get(b"X-GM-LABELS")
        bodies = [value for name, value in found.items() if name.startswith(b"BODY[HEADER")]
        if not uid or not bodies:
            return None
        if None in pieces[1::2]:
            return Message(uid, None, b"", f"its header is longer than {MOST_BLOCK} bytes")
        return Message(
            uid,
            when(date) if isinstance(date, bytes) else None,
            bodies[0] if isinstance(bodies[0], bytes) else b"",
            None,
            tuple(decode_name(label.decode("utf-8", "replace")) for label in labels if isinstance(label, bytes))
            if isinstance(labels, list)
            else (),
            _text(found.get(b"X-GM-THRID")),
            _text(found.get(b"X-GM-MSGID")),
            bodies[0] is None,
        )
    except ValueError:
        named = _UID.search(first)
        return Message(int(named[1]), None, b"", "what the server says of it makes no sense") if named else None


class Scanner:
    """Reads the replies to one UID FETCH up to its tagged line.

    Give what comes in to ``feed`` until ``done``. Then ``status`` is OK, NO, BAD or BYE, ``text`` is what stood after
    it, and ``rest`` is what came after it: the beginning of the replies to the next command.
    """

    def __init__(self, tag: bytes) -> None:
        self._tag = tag + b" "
        self._parts: list[bytes] = []
        self._have = 0
        self._need = 0
        self._skip = 0
        self._pieces: list[bytes | None] = []
        self._size = 0
        self.done = False
        self.status, self.text, self.rest = "", b"", b""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes. Raises Violation."""
        if self._parts:
            # joined only when that helps: a long literal that comes a byte at a time must not be copied each time
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need or (not self._need and b"\n" not in data and self._have <= _MOST_LINE):
                return []
            data = b"".join(self._parts)
            self._parts, self._have, self._need = [], 0, 0
        found: list[Message] = []
        at, size, common = 0, len(data), _COMMON.match
        while at < size and not self.done:
            match = None if self._skip or self._pieces else common(data, at)
            if match is not None:
                uid, date, length = match.groups()
                start = match.end()
                end = start + int(length)
                if data.startswith(b")\r\n", end) and end - start <= MOST_BLOCK:
                    found.append(Message(int(uid), when(date), data[start:end]))
                    at = end + 3
                    continue
            after = self._careful(data, at, found)
            if after == at:
                self._parts, self._have = [data[at:]], size - at
                return found
            at = after
        if self.done:
            self.rest = data[at:]
        return found

    def _careful(self, data: bytes, at: int, found: list[Message]) -> int:
        """Takes the next piece of a reply; where it ends, or ``at`` if it has not come in completely."""
        if self._skip:
            skipped = min(self._skip, len(data) - at)
            self._skip -= skipped
            return at + skipped
        line_end = data.find(b"\r\n", at)
        if line_end < 0 or line_end - at > _MOST_LINE:
            if len(data) - at > _MOST_LINE:
                raise Violation("a line without end")
            return at
        line = data[at:line_end]
        after = line_end + 2
        literal = None if not self._pieces and not _FETCH.match(line) else _LITERAL.search(line)
        if literal is None:
            self._reply([*self._pieces, line], found)
            self._pieces, self._size = [], 0
            return after
        length = int(literal[1])
        if length > MOST_SKIPPED:
            raise Violation(f"a literal of {length} bytes")
        if len(self._pieces) > _MOST_PIECES:
            raise Violation("a reply without end")
        if length > MOST_BLOCK or self._size + length > MOST_BLOCK + _MOST_LINE:
            self._pieces += [line, None]
            self._skip = length
            return after
        if len(data) < after + length:
            self._need = after + length + 3 - at  # a reply goes on for a bracket and a line break at least
            return at
        self._pieces += [line, data[after : after + length]]
        self._size += len(line) + length
        return after + length

    def _reply(self, pieces: list[bytes | None], found: list[Message]) -> None:
        line = pieces[0] or b""
        fetch = _FETCH.match(line)
        if fetch is not None:
            message = _message(pieces, fetch.end())
            if message is not None:
                found.append(message)
        elif line.startswith(self._tag):
            status, _, self.text = line[len(self._tag) :].partition(b" ")
            self.status = status.decode("ascii", "replace").upper()
            self.done = True
            if self.status not in ("OK", "NO", "BAD"):
                raise Violation("a tagged reply of no known kind")
        elif line.startswith(b"* "):
            told = _STATUS.match(line)
            if told is not None and told[1].upper() == b"BYE":
                self.done, self.status, self.text = True, "BYE", line[told.end() :]
        elif not line.startswith(b"+"):
            raise Violation("a line that is no reply")
