"""What was said of a DAV collection: the part of a cursor that makes the next pull say only what is new.

Of each resource 21 bytes are kept: its mark (9), what its entity tag was (4) and its content (5), a byte of flags, and
the day of a meeting that happens once (2). 10,000 resources make 280 KB of JSON.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

OPEN = 1
"""It has occurrences after the horizon that it was read for."""
MISSING = 2
"""It was not there when it was looked for, together with so many others that this is not believed yet."""
EXTENDED = 4
"""It was read for the horizon that the collection is being extended to."""

_MARK, _REST = 9, 12
_NOISE = re.compile(rb"^(?:DTSTAMP|LAST-MODIFIED|PRODID|SEQUENCE|REV)[:;].*\n", re.MULTILINE | re.IGNORECASE)
_FOLD = re.compile(rb"\n[ \t]")


def of_etag(etag: str | None) -> bytes:
    """What is kept of an entity tag, weak or not; zeros for none, which is never what it was."""
    if not etag:
        return bytes(4)
    return hashlib.blake2b(etag.strip().removeprefix("W/").encode(), digest_size=4).digest()


def of_content(data: bytes) -> bytes:
    """What is kept of a resource: equal if nothing changed but folding, and the lines that count and date its versions."""
    text = _NOISE.sub(b"", _FOLD.sub(b"", data.replace(b"\r\n", b"\n")) + b"\n")
    return hashlib.blake2b(text.rstrip(), digest_size=5).digest()


@dataclass(slots=True)
class Entry:
    """What was said of one resource, and when. ``day`` counts from 1970; 0 if it happens more than once, or never."""

    etag: bytes
    content: bytes
    flags: int = 0
    day: int = 0


class Marks:
    """The resources of a collection of which something was said, each by its mark: 12 characters of base64url."""

    def __init__(self, text: str = "") -> None:
        data = base64.b64decode(text)
        size = _MARK + _REST
        self._kept = {data[n : n + _MARK]: data[n + _MARK : n + size] for n in range(0, len(data), size)}

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[str]:
        return (base64.urlsafe_b64encode(mark).decode("ascii") for mark in list(self._kept))

    def __contains__(self, mark: object) -> bool:
        return isinstance(mark, str) and base64.urlsafe_b64decode(mark) in self._kept

    def get(self, mark: str) -> Entry | None:
        """What is kept of the resource."""
        rest = self._kept.get(base64.urlsafe_b64decode(mark))
        if rest is None:
            return None
        return Entry(rest[:4], rest[4:9], rest[9], int.from_bytes(rest[10:], "big"))

    def put(self, mark: str, entry: Entry) -> None:
        """The entry is kept, in the place of an earlier one."""
        rest = entry.etag + entry.content + bytes((entry.flags,)) + entry.day.to_bytes(2, "big")
        self._kept[base64.urlsafe_b64decode(mark)] = rest

    def drop(self, mark: str) -> None:
        """Nothing is kept of the resource."""
        self._kept.pop(base64.urlsafe_b64decode(mark), None)

    def having(self, flag: int) -> list[str]:
        """The marks of the resources with this flag."""
        return [base64.urlsafe_b64encode(mark).decode("ascii") for mark, rest in self._kept.items() if rest[9] & flag]

    def clear(self, flag: int) -> None:
        """No resource has this flag."""
        for mark, rest in self._kept.items():
            if rest[9] & flag:
                self._kept[mark] = rest[:9] + bytes((rest[9] & ~flag,)) + rest[10:]

    def text(self) -> str:
        """All of it as base64, which ``Marks(text)`` reads."""
        return base64.b64encode(b"".join(mark + rest for mark, rest in self._kept.items())).decode("ascii")


@dataclass(slots=True)
class Kept:
    """How far a collection has been read."""

    marks: Marks = field(default_factory=Marks)
    sync: bool = True
    """It answers sync-collection (RFC 6578), as far as is known."""
    token: str | None = None
    """Its sync token when all that it had was said; None if that has not come to an end."""
    ctag: str | None = None
    """Its CTag at that time, where it has no sync tokens."""
    read: bool = False
    """All that it had has been said once."""
    listed: float = 0.0
    """When all its resources were last listed."""
    until: int | None = None
    """The horizon, in seconds since 1970, that what was said reaches to."""
    extending: int | None = None
    """The horizon that it is being read for again."""
    missing: float | None = None
    """When it, or most of what it had, was first not there."""
    away: bool = False
    """It is not there as a whole."""

    @property
    def unread(self) -> bool:
        """Nothing of it was ever said, as far as is known."""
        return not self.read and not self.marks

    def as_json(self) -> dict[str, Any]:
        """The part of the cursor that is about this collection; what is as it begins is left out."""
        fresh = Kept()
        said = {name: getattr(self, name) for name in _PLAIN if getattr(self, name) != getattr(fresh, name)}
        return {**said, "marks": self.marks.text()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Kept:
        """What ``as_json`` wrote."""
        return cls(Marks(said["marks"]), **{name: said[name] for name in _PLAIN if name in said})


_PLAIN = ("sync", "token", "ctag", "read", "listed", "until", "extending", "missing", "away")
