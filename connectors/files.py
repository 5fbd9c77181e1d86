"""Files that are watched: one file, or a folder of them such as a vdir. What they say is said when they change.

A pull takes one ``stat`` for each file. One whose time or size changed is read, and says something if its content changed
too; what a changed file said before is withdrawn in the same page. A file that was written within SETTLE of being read is
read once more, since what is written in the same tick of the file system's clock would leave no trace.

What vanishes all at once is not believed: a disk may not be mounted, and a program may be writing all files anew. It must be
missing for an hour before it is withdrawn; a path that is not there withdraws nothing.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from connectors.base import Cursor, Gone, Page, Unreadable
from connectors.dav_marks import EXTENDED, MISSING, OPEN, Entry, Marks, of_content
from connectors.file_listing import SETTLE, THIS_FILE, Found, content_of, files_at, whole
from connectors.paging import Pages
from connectors.resources import Read, mark, understood
from connectors.vanishing import DAY, deleted, long_missing, withdrawn

_VERSION = 1
_NEVER = bytes(4)
"""Kept in the place of a file's time and size, so that it is read again."""
_PARTLY = bytes(5)
"""Kept in the place of a file's content while only a part of it was said."""
_REFUSED = b"\xff" * 5
"""Kept in the place of the content of a file that could not be read."""


def now() -> float:
    """Seconds since 1970."""
    return time.time()


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the files of a source are, and how they are read."""

    path: Path
    suffixes: tuple[str, ...]
    """Of the files in a folder that are read, in lower case: (".ics",). A file that ``path`` itself names may be called
    anything."""
    read: Read
    horizon: int | None = None
    """Days from now that are said of what goes on for ever; None where nothing does."""
    keeps_history: bool = False
    """What has happened stays when all files vanish."""
    load: Callable[[BinaryIO], bytes] = whole
    """Of an open file all that ``read`` needs: most of a large one may be nothing but pictures."""
    salt: str = ""
    """What else the reading depends on, such as a setting: with another one all files are said anew."""


class Files:
    """One pull from the files of one source. Used once."""

    def __init__(self, shelf: Shelf, cursor: Cursor | None) -> None:
        said: Cursor = cursor if cursor is not None and cursor.get("version") == _VERSION else {}
        self._shelf = shelf
        self._known = cursor is not None
        self._marks = Marks(said.get("marks", ""))
        self._read = bool(said.get("read"))
        self._missing: float | None = said.get("missing")
        self._until: int | None = said.get("until")
        self._extending: int | None = said.get("extending")
        self._part: list[Any] | None = said.get("part")
        self._salt = shelf.salt.encode()
        self._now = now()
        self._pages = Pages(self._cursor, cursor)
        self._left = 0

    def pages(self) -> Iterator[Page]:
        """Pages of what is new. Raises TryLater and NeedsHuman, at the end if only some files or folders are refused."""
        listing = files_at(self._shelf.path, self._shelf.suffixes, self._known)
        if self._shelf.horizon is not None:
            self._look_ahead(int(self._now) // DAY * DAY + self._shelf.horizon * DAY)
        here = {mark(file.name): file for file in listing.found if file.size or self._is_fresh(file)}
        yield from self._gone(here, listing.sure)
        new = self._new(here)
        for done, (name, file) in enumerate(new, 1):
            self._left = len(new) - done
            try:
                yield from self._say(name, file)
            except OSError as error:
                listing.refuse(error, file.path)
            yield from self._full()
        if self._extending is not None:
            yield from self._extend(here)
        self._read = True
        yield from self._pages.rest()
        if listing.refused is not None:
            raise listing.refused

    def _look_ahead(self, until: int) -> None:
        """Sets the horizon for what is read first, and the one that what goes on is to be read for again."""
        if self._until is None:
            self._until = until
        elif self._extending is None and self._read and until > self._until:
            if self._marks.having(OPEN):
                self._extending = until
            else:
                self._until = until

    def _is_fresh(self, file: Found) -> bool:
        """Whether the file was written so lately that it may be written again in the same tick."""
        return self._now - SETTLE < file.mtime / 1e9 < self._now + DAY

    def _stamp(self, file: Found) -> bytes:
        """What is kept of a file's time and size."""
        if self._is_fresh(file):
            return _NEVER
        return hashlib.blake2b(f"{file.mtime}/{file.size}/".encode() + self._salt, digest_size=4).digest()

    def _content(self, data: bytes) -> bytes:
        """What is kept of a file's content."""
        return hashlib.blake2b(of_content(data) + self._salt, digest_size=5).digest()

    def _new(self, here: dict[str, Found]) -> list[tuple[str, Found]]:
        """The files to be read: first those of which something was said, then the others, those written last before."""
        changed: list[tuple[str, Found]] = []
        new: list[tuple[str, Found]] = []
        for name, file in here.items():
            entry = self._marks.get(name)
            if entry is None:
                new += [(name, file)] if file.size else []
                continue
            if entry.flags & MISSING:
                entry.flags &= ~MISSING
                if entry.flags & OPEN:  # it may have been passed over when the horizon moved
                    entry.etag, entry.content = _NEVER, _PARTLY
                self._marks.put(name, entry)
            if file.size and (entry.etag == _NEVER or entry.etag != self._stamp(file)):
                changed.append((name, file))
        if self._missing is not None and not self._marks.having(MISSING):
            self._missing = None
        changed.sort(key=lambda each: each[1].name)
        new.sort(key=lambda each: (-each[1].mtime, each[1].name))
        return changed + new

    def _gone(self, here: dict[str, Found], sure: bool) -> Iterator[Page]:
        """Withdraws what is not there any more, unless it is so much that it is not believed yet."""
        if not sure:
            return
        lost = [name for name in self._marks if name not in here]
        if not lost:
            return
        for name in long_missing(self._marks, lost, self._missing, self._now):
            self._pages.observations += withdrawn(self._marks, name, self._now, self._shelf.keeps_history)
            yield from self._full()
        fresh = deleted(self._marks, lost)
        if fresh is None:
            self._missing = self._now
        for name in fresh or ():
            self._pages.observations += withdrawn(self._marks, name, self._now, keeps_history=False)
            yield from self._full()

    def _say(self, name: str, file: Found) -> Iterator[Page]:
        """Says what is new in a file, with pages where a file that is new says more than fits in one. Raises OSError."""
        entry = self._marks.get(name)
        try:
            data = content_of(file, self._shelf.load)
        except OSError as error:
            if error.errno not in THIS_FILE:
                raise
            again = _NEVER if error.errno != errno.EFBIG else self._stamp(file)
            self._refuse(name, entry, f"the file cannot be read: {error.strerror}", again)
            return
        if data is None:
            return
        stamp, content = self._stamp(file), self._content(data)
        if entry is not None and entry.content == content:
            self._marks.put(name, Entry(stamp, content, entry.flags, entry.day))
            return
        said = understood(self._shelf.read, data, name, self._until or 0, None)
        del data
        flags = OPEN if said.open_ended else 0
        named = base64.b64encode(content).decode("ascii")
        observations = said.observations
        if entry is None or (self._part is not None and self._part[:2] == [name, named]):
            done = self._part[2] if entry is not None and self._part is not None else 0
            while len(observations) - done > (room := self._pages.room):
                self._pages.observations += observations[done : done + room]
                done += room
                self._part = [name, named, done]
                self._marks.put(name, Entry(_NEVER, _PARTLY, flags))
                yield from self._full()
            observations = observations[done:]
        else:
            self._pages.observations.append(Gone(f"{name}/"))
        self._pages.observations += observations
        if self._part is not None and self._part[0] == name:
            self._part = None
        self._marks.put(name, Entry(stamp, content, flags, said.day))

    def _refuse(self, name: str, entry: Entry | None, reason: str, stamp: bytes) -> None:
        """Says that a file cannot be read, once; what it said before stays."""
        if entry is None or entry.content != _REFUSED:
            self._pages.observations.append(Unreadable(f"{name}/", reason))
        self._marks.put(name, Entry(stamp, _REFUSED))

    def _extend(self, here: dict[str, Found]) -> Iterator[Page]:
        """Says what is between the horizon that was and the one that is now, of what goes on for ever."""
        until, all_had = self._extending or 0, True
        for name in self._marks.having(OPEN):
            entry = self._marks.get(name)
            if entry is None or entry.flags & (EXTENDED | MISSING):
                continue
            if name not in here:  # in a folder that cannot be listed just now
                all_had = False
                continue
            try:
                data = content_of(here[name], self._shelf.load)
            except OSError as error:
                if error.errno in THIS_FILE:
                    self._refuse(name, entry, f"the file cannot be read: {error.strerror}", _NEVER)
                else:
                    all_had = False
                continue
            if data is None or self._content(data) != entry.content:  # it changes just now: the next pull says it
                continue
            said = understood(self._shelf.read, data, name, until, self._until)
            self._pages.observations += said.observations
            entry.flags = (OPEN if said.open_ended else 0) | EXTENDED
            self._marks.put(name, entry)
            yield from self._full()
        if all_had:
            self._marks.clear(EXTENDED)
            self._until, self._extending = until, None

    def _full(self) -> Iterator[Page]:
        return self._pages.full(lambda: self._left)

    def _cursor(self) -> dict[str, Any]:
        cursor: dict[str, Any] = {"version": _VERSION, "read": self._read, "marks": self._marks.text()}
        for key, value in (
            ("missing", self._missing),
            ("until", self._until),
            ("extending", self._extending),
            ("part", self._part),
        ):
            if value is not None:
                cursor[key] = value
        return cursor
