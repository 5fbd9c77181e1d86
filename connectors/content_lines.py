"""Content lines: what iCalendar (RFC 5545 section 3.1) and vCard (RFC 6350 section 3.2) files are made of.

Bytes of any quality in, lines out; nothing here raises. A line is ``[group.]NAME[;PARAM=value[,value]]*:value``, folded over
several by a line break and a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_PIECE = 1 << 16
"""Bytes of a file that are gone through at once, or the next line break after so many."""
_NAME = re.compile(r"(?:([A-Za-z0-9_-]+)\.)?([A-Za-z0-9_/-]+)[ \t]*(?=[;:])")
_PARAMETER = re.compile(r"[ \t]*([A-Za-z0-9_/-]+)[ \t]*(=?)")
_PARAMETER_VALUE = re.compile(r'"([^"]*)"|([^",;:]*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class Line:
    """One content line: names in upper case, values as written (see ``unescaped``), a parameter without "=" under ""."""

    name: str
    value: str
    parameters: dict[str, list[str]] = field(default_factory=dict)
    group: str | None = None

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter."""
        found = self.parameters.get(name)
        return found[0] if found else None


def decoded(data: bytes) -> str:
    """The text: UTF-16 if it looks so (also without a byte order mark), UTF-8, or else Windows-1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:200]:
        zeros = data[:200:2].count(0), data[1:200:2].count(0)
        if max(zeros) > 20 or max(zeros) * 4 > len(data[:200]):
            return data.decode("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def unfolded(data: bytes) -> Iterator[bytes]:
    """The lines of a file, each whole; on bytes, since a line may be folded in the middle of a character.

    It is gone through in pieces, so that a large file is never in memory once more.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:200]:
        data = decoded(data).encode("utf-8", "replace")
    start = 3 if data[:3] == b"\xef\xbb\xbf" else 0
    end = len(data)
    while start < end:
        stop = data.find(b"\n", min(start + _PIECE, end))
        while stop >= 0 and data[stop + 1 : stop + 2] in (b" ", b"\t"):
            stop = data.find(b"\n", stop + 1)
        piece = data[start : stop if stop >= 0 else end]
        start = stop + 1 if stop >= 0 else end
        if b"\r" in piece:
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n " in piece or b"\n\t" in piece:
            piece = piece.replace(b"\n ", b"").replace(b"\n\t", b"")
        yield from piece.split(b"\n")


def parsed(text: str) -> Line | None:
    """One unfolded line; None if it is none."""
    found = _NAME.match(text)
    if found is None:
        return None
    place, end = found.end(), len(text)
    parameters: dict[str, list[str]] = {}
    while place < end and text[place] == ";":
        named = _PARAMETER.match(text, place + 1)
        if named is None:
            place += 1
            continue
        place = named.end()
        if not named[2]:
            parameters.setdefault("", []).append(named[1])
            continue
        values = parameters.setdefault(named[1].upper(), [])
        while True:
            value = _PARAMETER_VALUE.match(text, place)
            if value is None:
                break
            values.append(value[1] if value[1] is not None else value[2])
            place = value.end()
            if place >= end or text[place] != ",":
                break
            place += 1
        while place < end and text[place] not in ";:":  # something after a quoted value
            place += 1
    if place >= end or text[place] != ":":
        return None
    return Line(found[2].upper(), text[place + 1 :], parameters, found[1])


def unescaped(value: str) -> str:
    """A TEXT value as it was meant (RFC 5545 section 3.3.11)."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def split(value: str, separator: str = ";") -> list[str]:
    """The parts of a structured value, not split where the separator is escaped; each part still escaped."""
    parts = [""]
    place = 0
    while place < len(value):
        letter = value[place]
        if letter == "\\":
            parts[-1] += value[place : place + 2]
            place += 2
            continue
        if letter == separator:
            parts.append("")
        else:
            parts[-1] += letter
        place += 1
    return parts
