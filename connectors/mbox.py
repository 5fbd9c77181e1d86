"""Mail in mbox files: one file, or a folder of them as Thunderbird, Apple Mail, mutt and Google Takeout write them.

A file that grew is read from where it ended; that its begin and what stood before its end are as they were tells that it only
grew. Any other file that changed was written anew, and is read again as a whole: its messages are known by their ids. A file
that was not read before is read from its end to its begin, in segments, so that what is newest is said first.

A message that is gone from a file is not withdrawn: it was written and read.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, ClassVar

from pydantic import BaseModel, ConfigDict

from connectors import words
from connectors.base import Cursor, Interaction, NeedsHuman, Observation, Page, SourceError, Unreadable
from connectors.dates import moment
from connectors.file_listing import SETTLE, THIS_FILE, Found, UserPath, files_at, refusal
from connectors.files import now
from connectors.folders import NEVER_READ, decode_name, is_among, is_read, role_of
from connectors.headers import EARLIEST, interaction
from connectors.mbox_reading import Message, Splitter
from connectors.paging import Pages
from connectors.resources import mark

SEGMENT = 8 * 1024 * 1024
"""Bytes. The messages of a segment are said in the order in which they stand; of segments the last one comes first."""
EDGE = 1024
"""Bytes at the begin of a file, and before what was its end, that tell whether it was written anew."""

_VERSION = 1
_DAY = timedelta(days=1)
_STATUS = re.compile(rb"^(?:X-)?(?:Mozilla-)?(?:Status2?|Keys|Keywords|Mozilla-Keys):[^\n]*", re.IGNORECASE | re.MULTILINE)
_DELETED = re.compile(rb"^X-Mozilla-Status:[ \t]*[0-9a-f]{3}[89a-f]\b|^X-Status:[^\n]*[DT]", re.IGNORECASE | re.MULTILINE)
_GMAIL = re.compile(rb"^X-(Gmail-Labels|GM-THRID):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_SUFFIX = re.compile(r"\.(?:sbd|mbox|mbx)$", re.IGNORECASE)
_NO_LABELS = {"opened", "unread", "archived"}


class MboxSettings(BaseModel):
    """``[[source]]`` of type "mbox"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: UserPath
    exclude: tuple[str, ...] = ()
    """Folders, and labels of Gmail, that are not read, with all below them; ``*`` and ``?`` stand for anything."""


@dataclass(slots=True)
class _Read:
    """How far a file has been read: said is what begins in it from ``high`` to ``end``, and in the segment below ``high`` up to
    ``at``.
    """

    time: int
    """Its time when it was looked at, in ns; 0 is "look again"."""
    size: int
    edges: str
    """What its edges were when it had this size."""
    end: int
    high: int
    at: int = 0


class Mbox:
    """Mail in an mbox file, or in a folder with such files in it and below it.

    Folders are called as in Thunderbird: the files "Archives.sbd/2020" and "Archives/2020.mbox" are the folder
    "Archives/2020". Spam, junk, trash and drafts are not read, nor are messages that are marked as deleted. Of mail from
    Google Takeout, labels and conversations are taken as Gmail has them.
    """

    Settings: ClassVar[type[BaseModel]] = MboxSettings
    fetches: ClassVar[str] = "the header of each mail in it: who wrote to whom, when, its subject; its text is passed over"

    def __init__(self, settings: MboxSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of the messages that no earlier page said. Raises NeedsHuman and TryLater where they cannot be read."""
        yield from _Pull(self.settings, cursor).pages()


class _Pull:
    """One pull from the files of one source. Used once."""

    def __init__(self, settings: MboxSettings, cursor: Cursor | None) -> None:
        said: Cursor = cursor if cursor is not None and cursor.get("version") == _VERSION else {}
        self._settings = settings
        self._known = cursor is not None
        self._now = now()
        self._read = {name: _Read(*state) for name, state in said.get("boxes", {}).items()}
        self._boxes: dict[str, Found] = {}
        self._labels: dict[str, str] = {}
        self._refused: SourceError | None = None
        self._pages = Pages(self._cursor, cursor)
        self._said = self._passed = 0  # messages, and the bytes that they take

    def pages(self) -> Iterator[Page]:
        """Pages of what is new: news first, then the end of files that are new, then their history."""
        path = self._settings.path
        listing = files_at(path, ("",), self._known)
        self._refused = listing.refused
        single = path.is_file()
        for file in listing.found:
            label = label_of(file.name)
            if file.size and (single or is_read(label, exclude=self._settings.exclude)):
                self._boxes[mark(file.name)], self._labels[mark(file.name)] = file, label
        if self._boxes and listing.sure:
            self._read = {name: read for name, read in self._read.items() if name in self._boxes}
        order = {"sent": 0, "inbox": 1, "archive": 2}
        names = sorted(self._boxes, key=lambda name: (order.get(role_of(self._labels[name]) or "", 3), self._labels[name]))
        for part in (self._news, self._latest, self._history):
            for name in names:
                try:
                    yield from part(name)
                except OSError as error:
                    self._refuse(name, error)
        yield from self._pages.rest()
        if self._refused is not None:
            raise self._refused
        if single and self._boxes and not self._read:
            raise NeedsHuman(f"{path} is no mbox file.", "Set `path` of this source to a file that begins with: From")

    def _refuse(self, name: str, error: OSError) -> None:
        """Says that a file cannot be read, once, if it is that file alone; else it is told at the end."""
        if isinstance(error, FileNotFoundError):
            return
        read = self._read.get(name)
        if error.errno not in THIS_FILE or (read is not None and read.size):
            self._refused = refusal(error, self._boxes[name].path)
        elif read is None:
            reason = f"the file cannot be read: {error.strerror}"
            self._pages.observations.append(Unreadable(f"file:{self._labels[name]}", reason))
            self._read[name] = _Read(0, 0, "", 0, 0)

    def _news(self, name: str) -> Iterator[Page]:
        """Of a file that was read before, says what came since; one that was written anew is forgotten."""
        file, read = self._boxes[name], self._read.get(name)
        if read is None or (read.time, read.size) == (file.mtime, file.size):
            return
        with open(file.path, "rb") as stream:
            if file.size >= read.size > 0 and read.edges == _edges(stream, read.size):
                yield from self._forward(name, read, stream)
            else:
                del self._read[name]

    def _latest(self, name: str) -> Iterator[Page]:
        """Of a file that was not read before, says the last segment."""
        if name not in self._read:
            file = self._boxes[name]
            with open(file.path, "rb") as stream:
                if stream.read(5) == b"From ":
                    begin = max(0, file.size - SEGMENT)
                    read = self._read[name] = _Read(0, file.size, "", begin, begin, max(0, begin - SEGMENT))
                    yield from self._forward(name, read, stream)

    def _forward(self, name: str, read: _Read, stream: BinaryIO) -> Iterator[Page]:
        """Says what begins at ``end`` and after it."""
        file = self._boxes[name]
        settled = not self._now - SETTLE < file.mtime / 1e9 < self._now + _DAY.total_seconds()
        read.time, read.size, read.edges = 0, file.size, _edges(stream, file.size)
        splitter = Splitter(stream, read.end)
        for message in splitter.messages():
            if not message.whole and not settled:  # it is being written
                read.end = message.at
                return
            self._say(name, message)
            self._passed += splitter.place - read.end
            read.end = splitter.place
            yield from self._pages.full(self._left)
        read.end = splitter.place
        status = os.fstat(stream.fileno())
        if settled and (status.st_mtime_ns, status.st_size) == (file.mtime, file.size):
            read.time = file.mtime

    def _history(self, name: str) -> Iterator[Page]:
        """Says what begins below ``high``, segment by segment, the last one first."""
        read = self._read.get(name)
        if read is None or not read.high:
            return
        with open(self._boxes[name].path, "rb") as stream:
            while read.high:
                splitter = Splitter(stream, read.at)
                for message in splitter.messages():
                    if message.at >= read.high:
                        break
                    self._say(name, message)
                    self._passed += max(0, splitter.place - read.at)
                    read.at = splitter.place
                    yield from self._pages.full(self._left)
                read.high = max(0, read.high - SEGMENT)
                read.at = max(0, read.high - SEGMENT)

    def _say(self, name: str, message: Message) -> None:
        self._said += 1
        observation: Observation | None
        try:
            observation = _observation(message, self._labels[name], self._boxes[name].mtime / 1e9, self._settings.exclude)
        except Exception as error:
            # One message that nobody foresaw must not hold up all the others for ever.
            digest = hashlib.blake2b(message.header, digest_size=16).hexdigest()
            observation = Unreadable(f"blake2b:{digest}", f"kith cannot read it ({type(error).__name__})")
        if observation is not None:
            self._pages.observations.append(observation)

    def _left(self) -> int:
        """About how many messages are still to be said."""
        left = 0
        for name, file in self._boxes.items():
            read = self._read.get(name)
            left += file.size if read is None else max(0, file.size - read.end) + read.high
        return left * self._said // max(1, self._passed)

    def _cursor(self) -> dict[str, Any]:
        boxes = {name: [r.time, r.size, r.edges, r.end, r.high, r.at] for name, r in self._read.items()}
        return {"version": _VERSION, "boxes": boxes}


def label_of(name: str) -> str:
    """The folder that the file of this name is: without what programs add to the names of files and folders."""
    segments = [_SUFFIX.sub("", segment) for segment in os.fsencode(name).decode("utf-8", "replace").split("/")]
    if len(segments) > 1 and segments[-1].lower() == "mbox":  # Apple Mail writes a folder with a file of this name in it
        segments.pop()
    return "/".join(decode_name(segment) for segment in segments)


def _edges(stream: BinaryIO, size: int) -> str:
    """What tells whether a file was written anew: its first bytes, and those before this size; flags of messages apart."""
    stream.seek(0)
    head = stream.read(min(EDGE, size))
    stream.seek(max(0, size - EDGE))
    tail = stream.read(min(EDGE, size))
    digest = hashlib.blake2b(_STATUS.sub(b"", head) + b"/" + _STATUS.sub(b"", tail), digest_size=9).digest()
    return base64.b64encode(digest).decode("ascii")


def _observation(message: Message, folder: str, written: float, exclude: tuple[str, ...]) -> Observation | None:
    """What a message says; None if it is marked as deleted or a draft, or has a label that is not read.

    ``written`` is when the file was, in seconds since 1970.
    """
    header = message.header
    if _DELETED.search(header):
        return None
    labels: tuple[str, ...] = (folder,)
    thread = None
    if b"X-G" in header or b"x-g" in header:
        found = {name.lower(): value for name, value in reversed(_GMAIL.findall(header))}
        own = gmail_labels(found.get(b"gmail-labels", b""))
        if any("/" not in label and role_of(label) in NEVER_READ for label in own) or any(
            is_among(label, exclude) for label in own
        ):
            return None
        labels = own or labels
        number = found.get(b"gm-thrid", b"").strip()
        thread = f"gm:{number.decode()}" if number.isdigit() else None
    dated = _moment(message.date, written)
    received = _in_time(written)
    if received is None or (dated is not None and dated > received):
        received = dated
    said = interaction(header, received, labels, thread)
    if isinstance(said, Interaction) and said.signals.date_from == "received" and dated not in (None, received):
        said = interaction(header, dated, labels, thread)
    return said


def gmail_labels(value: bytes) -> tuple[str, ...]:
    """The labels of an X-Gmail-Labels field, sorted, without those that only say whether it was read."""
    text = words.decode(" ".join(words.plain(value).split()))
    row = next(csv.reader([text], skipinitialspace=True), [])
    labels = {words.clean(label).strip().removeprefix("\\") for label in row}
    return tuple(sorted(label for label in labels if label and label.lower() not in _NO_LABELS))


def _in_time(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _moment(date: bytes, written: float) -> datetime | None:
    """The date of the line that a message begins with; None if it can not be when it came."""
    found = moment(date.decode("latin-1")) if date else None
    if found is None or found < EARLIEST or found.timestamp() > max(written, now()) + _DAY.total_seconds():
        return None
    return found
