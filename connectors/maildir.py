"""Mail that lies in files: a Maildir or Maildir++ tree, and folders of ``.eml`` files. Only ever read.

Both are boxes of files. A file is told from all others of its box by a 48-bit mark (eight characters of base64), and
the cursor keeps, for each box, the marks of what was said. So a message that arrives with an old time is seen, a
message that is read, flagged or moved from ``new`` to ``cur`` is not said twice, and a pull may stop after any page.

A second pull lists no box whose directories have not changed since: one ``stat`` for each. A directory that changed
within SETTLE before it was listed is listed once more, since a file that came in the same tick of the file system's
clock would leave no trace; and every box is listed once a day, for the sake of file systems that keep no such times.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from connectors.base import Cursor, Interaction, NeedsHuman, Page, TryLater, Unreadable
from connectors.file_listing import SETTLE, THIS_FILE, UserPath, refusal
from connectors.folders import decode_name, is_read, role_of
from connectors.headers import interaction
from connectors.mail_file import header_of
from connectors.paging import Pages

LIST_AGAIN = 86400.0
"""Seconds after which a box is listed even if its directories say that nothing changed."""

_VERSION = 1
_MARK = 8
_INFO = re.compile(r"[:;!]2,([^/]*)$")
"""What follows the base name of a Maildir file: flags. Other than ":" where a file system has no colons."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A file of a box: its mark, and where it lies."""

    mark: str
    path: str


@dataclass(frozen=True, slots=True)
class _Box:
    """Directories that make one folder. ``key`` names it in the cursor, ``label`` in the signals."""

    key: str
    label: str | None
    directories: tuple[str, ...]
    list: Callable[[tuple[str, ...]], Iterator[_Found]]
    rewritten: bool = False
    """Its files may change in their place, of which the times of directories tell nothing."""


@dataclass(slots=True)
class _Read:
    """How far a box has been read."""

    times: list[int]
    """The change times of its directories before they were listed, in ns; 0 is "list it"."""
    listed: float
    marks: str
    """The marks of what was said, one after the other."""


def _mark(text: str) -> str:
    return base64.b64encode(hashlib.blake2b(os.fsencode(text), digest_size=6).digest()).decode("ascii")


def _text(name: str) -> str:
    """``name`` without what is no text: file names are bytes, the cursor and the labels are not."""
    return os.fsencode(name).decode("utf-8", "replace")


class MaildirSettings(BaseModel):
    """``[[source]]`` of type "maildir"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: UserPath
    exclude: tuple[str, ...] = ()
    """Folders that are not read, with all below them; ``*`` and ``?`` stand for anything."""


class EmlSettings(BaseModel):
    """``[[source]]`` of type "eml"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: UserPath


class Maildir:
    """A Maildir, a Maildir++ tree, or a plain tree of Maildirs as mbsync and offlineimap write them.

    The folder name is what Dovecot calls it: INBOX for the root, "/" between segments, decoded from modified UTF-7.
    Spam, junk, trash and drafts are never read, nor are messages with the flags T (trashed) or D (draft) while they
    have them. The sent folder comes first; in each folder the newest file comes first.
    """

    Settings: ClassVar[type[BaseModel]] = MaildirSettings
    fetches: ClassVar[str] = "the header of each mail in the folder: who wrote to whom, when, its subject; never its text"

    def __init__(self, settings: MaildirSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of the messages that no earlier page said. Raises NeedsHuman where there is no Maildir to read."""
        root = self.settings.path
        _needs_folder(root)
        directories: dict[str, tuple[str, ...]] = {}
        for name, path in _folders(root):
            directories[name] = (*directories.get(name, ()), f"{path}/new", f"{path}/cur")
        if not directories:
            raise NeedsHuman(f"There is no Maildir in {root}.", _HINT)
        boxes = [
            _Box(name, name, paths, _list_maildir)
            for name, paths in directories.items()
            if is_read(name, exclude=self.settings.exclude)
        ]
        order = {"sent": 0, "inbox": 1, "archive": 2}
        boxes.sort(key=lambda box: (order.get(role_of(box.key) or "", 3), box.key))
        yield from _pull(boxes, cursor)


class Eml:
    """One ``.eml`` file, or a folder with such files in it and below it.

    A file that was written anew is said anew: its time and size are part of its mark.
    """

    Settings: ClassVar[type[BaseModel]] = EmlSettings
    fetches: ClassVar[str] = "the header of each mail in the folder: who wrote to whom, when, its subject; never its text"

    def __init__(self, settings: EmlSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of the files that no earlier page said. Raises NeedsHuman where there is neither file nor folder."""
        path = self.settings.path
        if path.is_file():
            yield from _pull([_Box("", None, (str(path),), _list_one_eml)], cursor)
            return
        _needs_folder(path)
        folders: list[str] = []
        folders += [folder for folder, _, _ in os.walk(path, onerror=lambda error: folders.append(str(error.filename)))]
        boxes = [_Box(_text(os.path.relpath(folder, path)), None, (folder,), _list_eml, rewritten=True) for folder in folders]
        yield from _pull(sorted(boxes, key=lambda box: box.key), cursor)


_HINT = "Set `path` of this source to the folder that holds the mail, then run: kith doctor"


def _needs_folder(path: Path) -> None:
    """Raises NeedsHuman unless ``path`` is a folder that can be listed."""
    try:
        os.scandir(path).close()
    except PermissionError as error:
        raise refusal(error, str(path)) from error
    except OSError as error:
        raise NeedsHuman(f"{path} cannot be opened: {error.strerror}.", _HINT) from error


def _folders(root: Path) -> Iterator[tuple[str, str]]:
    """Name and path of every Maildir at ``root`` and below it."""
    visited: set[tuple[int, int]] = set()

    def walk(path: str, segments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        name = "/".join(segments) or "INBOX"
        try:
            found = os.stat(path)
            if (found.st_dev, found.st_ino) in visited:
                return
            visited.add((found.st_dev, found.st_ino))
            with os.scandir(path) as entries:
                below = sorted(entry.name for entry in entries if entry.is_dir())
        except PermissionError:
            # Whoever lists it says so; a mail folder must not be missing without a word.
            yield name, path
            return
        except OSError:
            return
        maildir = "cur" in below
        if maildir:
            yield name, path
        for entry in below:
            if entry == "lost+found" or (maildir and entry in ("cur", "new", "tmp")):
                continue
            # Maildir++ keeps its folders side by side, as ".Archive.2020"; in a plain tree a name is one segment.
            parts = entry[1:].split(".") if entry.startswith(".") else [entry]
            yield from walk(f"{path}/{entry}", (*segments, *(decode_name(_text(part)) for part in parts if part)))

    yield from walk(str(root), ())


def _list_maildir(directories: tuple[str, ...]) -> Iterator[_Found]:
    """The messages of a Maildir, each once. ``new`` is listed before ``cur``: a message moves that way only."""
    met: set[str] = set()
    for directory in directories:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(directory) as entries:
            for entry in entries:
                name = entry.name
                info = _INFO.search(name)
                if name.startswith(".") or (info and ("T" in info[1] or "D" in info[1])):
                    continue
                mark = _mark(name[: info.start()] if info else name)
                if mark not in met:
                    met.add(mark)
                    yield _Found(mark, entry.path)


def _list_eml(directories: tuple[str, ...]) -> Iterator[_Found]:
    with suppress(FileNotFoundError), os.scandir(directories[0]) as entries:
        for entry in entries:
            if entry.name.lower().endswith(".eml") and not entry.name.startswith("."):
                with suppress(OSError):
                    found = entry.stat()
                    if stat.S_ISREG(found.st_mode):
                        yield _Found(_mark(f"{entry.name}/{found.st_mtime_ns}/{found.st_size}"), entry.path)


def _list_one_eml(directories: tuple[str, ...]) -> Iterator[_Found]:
    with suppress(FileNotFoundError):
        found = os.stat(directories[0])
        yield _Found(_mark(f"{found.st_mtime_ns}/{found.st_size}"), directories[0])


def _pull(boxes: list[_Box], cursor: Cursor | None) -> Iterator[Page]:
    """Pages of what is new in ``boxes``, which may cross from one box into the next."""
    before = _read_cursor(cursor)
    read = {box.key: before.get(box.key, _Read([], 0.0, "")) for box in boxes}
    pages = Pages(lambda: _cursor(read), cursor)
    refused: OSError | None = None
    for place, box in enumerate(boxes):
        progress = read[box.key]
        now = time.time()
        times = _times(box.directories)
        unchanged = times == progress.times and 0 not in times and 0 <= now - progress.listed < LIST_AGAIN
        if unchanged and not box.rewritten:
            continue
        try:
            fresh, kept = _fresh(box, progress.marks)
        except PermissionError as error:
            # The other boxes are still to be said; this one is not passed, so it is told at the end.
            refused = error
            continue
        except OSError as error:
            raise TryLater(f"{error.filename} cannot be listed: {error.strerror}.") from error
        progress.marks = kept
        missed, beyond = False, boxes[place + 1 :]
        for done, file in enumerate(fresh, 1):
            observation = _observe(box, file)
            if observation is None:
                missed = True
                continue
            pages.observations.append(observation)
            progress.marks += file.mark
            yield from pages.full(partial(_left, len(fresh) - done, beyond, read))
        if unchanged and not fresh:
            continue
        settled = now - SETTLE
        progress.times = [0 if missed or at / 1e9 > settled else at for at in times]
        progress.listed = 0.0 if 0 in progress.times else now
    yield from pages.rest()
    if refused is not None:
        raise refusal(refused, str(refused.filename)) from refused


def _times(directories: tuple[str, ...]) -> list[int]:
    """When each directory last changed, in ns: 1 where there is none, which is as good an answer as any."""
    times = []
    for directory in directories:
        try:
            times.append(os.stat(directory).st_mtime_ns)
        except OSError:
            times.append(1)
    return times


def _fresh(box: _Box, marks: str) -> tuple[list[_Found], str]:
    """What in ``box`` has not been said, newest file first; and ``marks``, without those of files long gone."""
    said = {marks[n : n + _MARK] for n in range(0, len(marks), _MARK)}
    fresh: list[_Found] = []
    here: list[str] = []
    for file in box.list(box.directories):
        if file.mark in said:
            here.append(file.mark)
        else:
            fresh.append(file)
    # Not at once: a listing may miss a file that is being renamed, and it must not be news when it is back.
    if len(said) > 2 * len(here) + 1000:
        marks = "".join(here)
    fresh.sort(key=lambda file: (-_mtime(file.path), file.mark))
    return fresh, marks


def _mtime(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _left(fresh: int, boxes: list[_Box], read: dict[str, _Read]) -> int:
    """About how many files are still to be said: those that are known to be ``fresh``, and those of ``boxes``."""
    total = fresh
    for box in boxes:
        files = 0
        for directory in box.directories:
            with suppress(OSError), os.scandir(directory) as entries:
                files += sum(1 for _ in entries)
        total += max(0, files - len(read[box.key].marks) // _MARK)
    return total


def _observe(box: _Box, file: _Found) -> Interaction | Unreadable | None:
    """What the file says; None if it is gone, which is no error: it was removed, or renamed and is met again."""
    named = _text(f"file:{box.key}/{os.path.basename(_INFO.sub('', file.path))}")
    try:
        block, mtime = header_of(file.path)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            return None
        if error.errno in THIS_FILE:
            return Unreadable(named, f"the file cannot be read: {error.strerror}")
        raise TryLater(f"{file.path} cannot be read: {error.strerror}.") from error
    received = None
    with suppress(ValueError, OverflowError, OSError):
        received = datetime.fromtimestamp(mtime, UTC)
    try:
        return interaction(block, received, (box.label,) if box.label else (), None, named)
    except Exception as error:
        # One message that nobody foresaw must not hold up all the others for ever.
        return Unreadable(named, f"kith cannot read it ({type(error).__name__})")


def _cursor(read: dict[str, _Read]) -> dict[str, Any]:
    boxes = {key: [progress.times, progress.listed, progress.marks] for key, progress in read.items()}
    return {"version": _VERSION, "boxes": boxes}


def _read_cursor(cursor: Cursor | None) -> dict[str, _Read]:
    """What the cursor says of each box; nothing if another version wrote it, and then all is said anew."""
    if cursor is None or cursor.get("version") != _VERSION:
        return {}
    return {key: _Read(list(times), listed, marks) for key, (times, listed, marks) in cursor["boxes"].items()}
