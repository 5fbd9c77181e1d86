"""Where the messages of an mbox file (RFC 4155) begin, and their headers: read in pieces, however large the file is.

A message begins with a line "From somebody date" that is the file's first or comes after an empty line; or, for programs that
forget that line, is followed by what only a stored message begins with. Content-Length is not believed. Bodies are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from connectors.headers import MOST_HEADER

PIECE = 1024 * 1024
"""Bytes that are read at once."""
LONGEST_LINE = 2000
"""Bytes of a line that begins a message, and of the line after it, that are looked at."""

_BEGIN = b"From "
_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED = re.compile(
    rb"From (?:.*?[ \t])?(?:(?P<date>(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+)?(?:\d\d?[ \t]+)?" + _MONTHS
    + rb"\b[^\n]{0,40}?\d\d?:\d\d(?::\d\d)?[^\n]{0,40}?(?<!\d)(?:19|20)\d\d(?!\d)"
    rb"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ \t]+)?\d\d?[ \t]+" + _MONTHS + rb"[ \t]+(?:19|20)\d\d[ \t]+\d\d?:\d\d(?::\d\d)?"
    rb"|(?:19|20)\d\d-\d\d-\d\d[ T]\d\d:\d\d)[^\n]*)"
)  # fmt: skip
_STRICT = re.compile(
    rb"From \S+[ \t]+(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) " + _MONTHS + rb" [ \d]?\d \d\d:\d\d:\d\d"
    rb"(?: [+-]\d{4}| [A-Z]{1,5})? (?:19|20)\d\d(?: [+-]\d{4})?\s*"
)  # fmt: skip
_STORED = re.compile(
    rb"(?:Return-Path|Received|Delivered-To|X-Original-To|Envelope-To|X-Mozilla-Status2?|X-Mozilla-Keys|X-Account-Key|X-UIDL"
    rb"|X-GM-THRID|X-Gmail-Labels|X-IMAP|X-IMAPbase|X-Status|Status)[ \t]*:",
    re.IGNORECASE,
)
"""What a program that stores mail puts on top of a header, and nobody quotes."""
_FIELD = re.compile(rb">?[!-9;-~]{1,80}[ \t]*:|>From ")
_EMPTY = re.compile(rb"\n\r?\n")


@dataclass(frozen=True, slots=True)
class Message:
    """One message: where its first line begins, what date stands there, and its header.

    ``whole`` is whether the header ends before the file does.
    """

    at: int
    date: bytes
    header: bytes
    whole: bool


class Splitter:
    """Goes through an open mbox file from an offset on. Before ``place`` no message begins that was not given."""

    def __init__(self, stream: BinaryIO, start: int) -> None:
        self._stream = stream
        self._base = self._floor = max(0, start - 3)  # what precedes a message tells whether it is one
        self._buffer = b""
        self._over = False
        self.place = start
        stream.seek(self._base)

    def messages(self) -> Iterator[Message]:
        """The messages that begin at or after the offset, in the order in which they stand. Raises OSError."""
        at = self._next(self.place)
        while at is not None:
            begin, header, whole = self._header(at)
            found = _DATED.match(self._slice(at, begin)[:LONGEST_LINE])
            message = Message(at, found["date"].strip() if found is not None else b"", header, whole)
            at = self._next(begin + len(header))
            yield message

    def _slice(self, begin: int, end: int) -> bytes:
        return self._buffer[max(0, begin - self._base) : max(0, end - self._base)]

    def _more(self) -> bool:
        """Reads another piece behind what is there, and lets go what is not needed any more; False at the end."""
        if not self._over:
            piece = self._stream.read(PIECE)
            self._over = not piece
            cut = max(0, self._floor - 3 - self._base)
            self._buffer = self._buffer[cut:] + piece
            self._base += cut
        return not self._over

    def _next(self, place: int) -> int | None:
        """Where the first message at or after this offset begins; None if there is none up to the end of the file."""
        while True:
            self._floor = max(place, self._floor)
            found = self._find(place)
            if found is None:
                end = self._base + len(self._buffer)
                place = max(place, end - len(_BEGIN))
                self._floor = place
                if not self._more():
                    self.place = self._open_end(end)
                    return None
                continue
            self._floor = found
            while self._base + len(self._buffer) < found + 2 * LONGEST_LINE and self._more():
                pass
            if self._begins(found):
                self.place = found
                return found
            if self._over and self._slice(found, found + 2 * LONGEST_LINE).count(b"\n") < 2:
                self.place = found  # it may be one when there is more of it
                return None
            place = found + 1

    def _find(self, place: int) -> int | None:
        if place == 0 and (self._buffer or self._more()) and self._buffer.startswith(_BEGIN):
            return 0
        found = self._buffer.find(b"\n" + _BEGIN, max(0, place - 1 - self._base))
        return None if found < 0 else self._base + found + 1

    def _begins(self, at: int) -> bool:
        """Whether a message begins with the line at this offset."""
        lines = self._slice(at, at + 2 * LONGEST_LINE).split(b"\n", 2)
        if len(lines) < 2:
            return False
        before = self._slice(at - 3, at)
        if not before.endswith((b"\n\n", b"\n\r\n")) and (at > 2 or before.strip()):
            return _STORED.match(lines[1]) is not None and _STRICT.fullmatch(lines[0]) is not None
        if at > 2 and _DATED.match(lines[0][:LONGEST_LINE]) is None:
            return False
        return _FIELD.match(lines[1]) is not None or (len(lines) > 2 and _STRICT.fullmatch(lines[0]) is not None)

    def _open_end(self, end: int) -> int:
        """Up to where nothing begins in a file that ends so: a last line may be the begin of one that begins a message."""
        line = self._buffer.rfind(b"\n") + 1
        last = self._buffer[line : line + len(_BEGIN)]
        return self._base + line if last and _BEGIN.startswith(last) else end

    def _header(self, at: int) -> tuple[int, bytes, bool]:
        """Of the message at this offset: where its header begins, the header, and whether that ends there."""
        begin = self._base + self._buffer.find(b"\n", at - self._base) + 1
        searched = begin - 1
        while True:
            found = _EMPTY.search(self._buffer, searched - self._base)
            end = self._base + (found.end() if found else len(self._buffer))
            whole = found is not None or end - begin >= MOST_HEADER
            if whole or not self._more():
                return begin, self._slice(begin, min(end, begin + MOST_HEADER)), whole
            searched = max(begin - 1, end - 3)
