"""One pull from an IMAP account: which folders, in which order, in which pages, and the cursor after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connectors.base import Cursor, Gone, Observation, Page, TryLater, Unreadable
from connectors.headers import EARLIEST, FIELDS, interaction
from connectors.imap_fetch import Message, items
from connectors.imap_folders import Folder, chosen, mind_settings
from connectors.imap_replies import Box, Refused
from connectors.imap_session import Session
from connectors.imap_uids import TOP, Ranges, Uids, listed, ranges_of

if TYPE_CHECKING:
    from connectors.imap import Folders

FIRST_PAGE = 200
BIGGEST_PAGE = 2000

MOST_AT_ONCE = 8 << 20
"""Bytes of header fields after which what was read is handed over, although the page has not ended."""

MOST_QUESTIONS = 120
"""Commands in search of the messages for whose sake a server refuses a page."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where the reading of one folder stands: all from ``low`` to ``high`` was said.

    ``next`` and ``exists`` are the server's UIDNEXT and count when there was nothing above ``high`` any more.
    """

    validity: int
    low: int
    high: int
    next: int
    exists: int

    def is_same(self, box: Box | None) -> bool:
        """Whether nothing can have come. UIDNEXT is believed only if it is above all that was seen."""
        return box is not None and (box.validity, box.next, box.exists) == (
            self.validity, self.next, self.exists
        ) and box.next > self.high  # fmt: skip

    def holds(self, box: Box) -> bool:
        """Whether the UIDs still mean the same messages. UIDNEXT goes back when a server comes out of a backup."""
        return box.validity == self.validity and not 0 < box.next < self.next


class Reading:
    """One pull on ``session``, of the folders that ``folders`` lets be read, from ``cursor`` on.

    Without ``history`` it has what is new, and nothing of what lies below what was read.
    """

    def __init__(self, session: Session, folders: Folders, cursor: Cursor | None, history: bool = True) -> None:
        self._session = session
        self._folders = folders
        self._history = history
        self._stands = _stands_of(cursor)
        self._refused: dict[str, str] = dict((cursor or {}).get("refused") or {})
        self._todo: dict[str, Uids] = {}
        self._left: dict[str, int | None] = {}
        self._size = FIRST_PAGE
        self._open: tuple[str, Box] | None = None
        self._stale = cursor is None
        """Whether the cursor says more than the one that the last page had."""
        self._gmail = False
        self._items = ""

    @property
    def inbox(self) -> tuple[int, int] | None:
        """UIDVALIDITY and UIDNEXT of INBOX, if it is read."""
        stand = self._stands.get("INBOX")
        return (stand.validity, stand.next) if stand else None

    def pages(self) -> Iterator[Page]:
        """All pages there are for now. Raises NeedsHuman where the folders that are configured leave none to be read."""
        session = self._session
        gmail = "X-GM-EXT-1" in session.caps
        found = session.folders(status=not gmail)
        folders, refused = chosen(found, self._folders, gmail)
        if not folders:
            mind_settings(found, self._folders, gmail)
        self._gmail = gmail and [folder.role for folder in folders] == ["all"]
        self._items = items(FIELDS, self._gmail)
        names = {folder.name for folder in folders}
        self._stands = {name: stand for name, stand in self._stands.items() if name in names}
        away = [name for name in self._refused if name not in names and name not in refused]
        for folder in folders:
            stand = self._stands.get(folder.name)
            count = folder.box.exists if folder.box else None
            if stand is not None and count is not None:
                count = _below(stand, count)
            self._left[folder.name] = count
        yield from self._opens(*away)
        yield from self._refuse(refused)
        for folder in folders:
            yield from self._news(folder)
        if self._stale:
            yield self._page(())
        for folder in folders if self._history else ():
            yield from self._backfill(folder)

    def _page(self, observations: tuple[Observation, ...]) -> Page:
        self._stale = False
        folders = {
            name: {"validity": s.validity, "low": s.low, "high": s.high, "next": s.next, "exists": s.exists}
            for name, s in self._stands.items()
        }
        cursor: dict[str, Any] = {"v": 1, "folders": folders}
        if self._refused:
            cursor["refused"] = dict(self._refused)
        counts = [count for count in self._left.values() if count is not None]
        return Page(observations, cursor, sum(counts) if len(counts) == len(self._left) else None)

    def _refuse(self, refused: dict[str, str]) -> Iterator[Page]:
        """Folders that cannot be read are said once, not at each pull."""
        new = {name: why for name, why in refused.items() if name not in self._refused}
        if new:
            self._refused |= new
            yield self._page(tuple(Unreadable(f"folder:{name}", why) for name, why in new.items()))

    def _opens(self, *names: str) -> Iterator[Page]:
        """Folders that could not be read can be by now, or are not there: renamed, it may be, as they were to be opened."""
        if told := [name for name in names if self._refused.pop(name, None)]:
            yield self._page(tuple(Gone(f"folder:{name}") for name in told))

    def _examine(self, folder: Folder) -> Box:
        if self._open is None or self._open[0] != folder.name:
            self._open = None
            self._open = (folder.name, self._session.examine(folder.raw))
        return self._open[1]

    def _news(self, folder: Folder) -> Iterator[Page]:
        """Of a folder that was read before, what came since; of another one, the newest page."""
        stand = self._stands.get(folder.name)
        if stand is not None and stand.is_same(folder.box):
            return
        try:
            box = self._examine(folder)
            yield from self._opens(folder.name)
            if stand is not None and stand.holds(box):
                if self._left[folder.name] is None:  # only now does the server say how many there are
                    self._left[folder.name] = _below(stand, box.exists)
                if not stand.is_same(box):
                    yield from self._since(folder, stand, box)
                return
            uids = self._session.search(1, TOP, box.exists)
        except Refused as error:
            self._left[folder.name] = 0
            yield from self._refuse({folder.name: f"the server does not open it: {error}"})
            return
        high = uids.highest
        self._todo[folder.name] = uids
        self._left[folder.name] = len(uids)
        stand = Stand(box.validity, high + 1, high, box.next, box.exists)
        if not high:
            self._stands[folder.name] = replace(stand, low=1)
            self._stale = True
            return
        # only now: until the first page of it is there, the old stand is as good as any
        yield from self._down(folder, stand, uids, pages=1)

    def _since(self, folder: Folder, stand: Stand, box: Box) -> Iterator[Page]:
        uids = self._session.search(stand.high + 1, TOP, box.exists)
        behind = self._left[folder.name]
        left = len(uids)  # the page after the one handed over is taken from uids already
        for observations, asked in self._fetch(folder, box, uids.take_oldest, self._size):
            if asked:
                left -= _count(asked)
                self._left[folder.name] = None if behind is None else behind + left
                stand = replace(stand, high=asked[-1][1])
                if not left:
                    stand = replace(stand, next=box.next, exists=box.exists)
                self._stands[folder.name] = stand
            yield self._page(observations)
        if (stand.next, stand.exists) != (box.next, box.exists):
            self._stands[folder.name] = replace(stand, next=box.next, exists=box.exists)
            self._stale = True

    def _backfill(self, folder: Folder) -> Iterator[Page]:
        """All that is below what was read."""
        stand = self._stands.get(folder.name)
        if stand is None or stand.low <= 1:
            return
        try:
            box = self._examine(folder)
            if not stand.holds(box):
                return  # it changed while we read: the next pull begins anew with it
            uids = self._todo.get(folder.name)
            if uids is None:
                uids = self._session.search(1, stand.low - 1, box.exists)
        except Refused as error:
            yield from self._refuse({folder.name: f"the server does not open it: {error}"})
            return
        self._left[folder.name] = len(uids)
        if not uids:
            self._stands[folder.name] = replace(stand, low=1)
            yield self._page(())
            return
        yield from self._down(folder, stand, uids)

    def _down(self, folder: Folder, stand: Stand, uids: Uids, pages: int | None = None) -> Iterator[Page]:
        """Pages from the newest of ``uids`` down."""
        taken = 0

        def take(most: int) -> Ranges:
            nonlocal taken
            taken += 1
            return uids.take_newest(most) if pages is None or taken <= pages else []

        box = self._examine(folder)
        size = FIRST_PAGE if pages else self._size
        left = len(uids)
        for observations, asked in self._fetch(folder, box, take, size):
            if asked:
                left -= _count(asked)
                self._left[folder.name] = left
                stand = replace(stand, low=asked[0][0] if left else 1)
                self._stands[folder.name] = stand
            yield self._page(observations)

    def _fetch(
        self, folder: Folder, box: Box, take: Callable[[int], Ranges], size: int
    ) -> Iterator[tuple[tuple[Observation, ...], Ranges]]:
        """Pages of observations, each with the UIDs that are settled by it: none if more of them is to come."""
        session = self._session
        asked = take(size)
        tag = session.ask_fetch(asked, self._items) if asked else b""
        while asked:
            named = f"{folder.name}/{box.validity}"
            messages = self._answers(tag, asked)
            observations: list[Observation] = []
            weight = 0
            for message in messages:
                observation = self._observe(message, folder, named)
                if observation is not None:
                    observations.append(observation)
                    weight += len(message.block)
                    if weight > MOST_AT_ONCE:
                        yield tuple(observations), []
                        observations, weight = [], 0
            observations.reverse()
            size = self._next_size(size, asked)
            following = take(size)
            if following:
                tag = session.ask_fetch(following, self._items)
            yield tuple(observations), asked
            asked = following

    def _next_size(self, size: int, asked: Ranges) -> int:
        """Pages grow while the server is quick, and shrink while it is so slow that a page may miss its deadline."""
        waited = self._session.waited / self._session.patience
        if waited > 0.2:
            size = max(50, size // 2)
        elif waited < 0.05 and _count(asked) >= size:
            size = min(BIGGEST_PAGE, size * 2)
        self._size = max(size, FIRST_PAGE)
        return size

    def _observe(self, message: Message, folder: Folder, named: str) -> Observation | None:
        """What is said of a message; None for a draft on Gmail, and for mail that wears an excluded label there."""
        labels: tuple[str, ...] = (folder.name,)
        thread = None
        named = f"{named}/{message.uid}"
        if self._gmail:
            labels = tuple(sorted({label.removeprefix("\\") for label in message.labels})) or labels
            if "\\draft" in map(str.lower, message.labels) or any(map(self._folders.excludes, labels)):
                return None
            thread = message.thread and f"gm:{message.thread}"
            named = f"gm:{message.gmail_id}" if message.gmail_id else named
        if message.reason is not None:
            return Unreadable(named, message.reason)
        try:
            return interaction(message.block, message.received, labels, thread, named)
        except Exception as error:
            # one message that nobody foresaw must not hold up all the others for ever
            return Unreadable(named, f"kith cannot read it ({type(error).__name__})")

    def _answers(self, tag: bytes, asked: Ranges) -> Iterator[Message]:
        """The messages asked for, each once; one that is not there any more is not missed."""
        gone, unsaid = list[int](), set[int]()
        for message in self._said(tag, asked, unsaid):
            if message.absent or (message.received is not None and message.received < EARLIEST):
                gone.append(message.uid)
            else:
                yield message
        if gone:
            # expunged between the question and the answer, for which Dovecot says OK, NIL for what it cannot read any more and
            # 1970 for the time; unless they are there when asked for again
            again = ranges_of(gone)
            yield from self._said(self._session.ask_fetch(again, self._items), again, set(), good=True)
        # of what was expunged in time nothing is said at all; nor of what a server leaves out that is not well
        for last in (False, True):
            unsaid &= self._there(unsaid)
            if unsaid and not last:
                again = ranges_of(sorted(unsaid))
                unsaid.clear()
                yield from self._said(self._session.ask_fetch(again, self._items), again, unsaid, good=True)
        for uid in sorted(unsaid):
            yield Message(uid, None, b"", "the server says nothing of it, though it is there")

    def _there(self, uids: set[int]) -> set[int]:
        """Those of the messages that are in the open folder, and perhaps others."""
        if not uids or self._open is None:
            return set()
        found, there = self._session.search(min(uids), max(uids), self._open[1].exists), set[int]()
        while found:
            there.update(listed(found.take_oldest(len(found))))
        return there

    def _said(self, tag: bytes, asked: Ranges, unsaid: set[int], good: bool = False) -> Iterator[Message]:
        """What the server says of the messages asked for, of each once; those of which it says nothing are in ``unsaid`` then.

        ``good``: it is known to hand out others.
        """
        missing = set(listed(asked))
        count = len(missing)
        try:
            for some in self._session.messages(tag, count):
                for message in some:
                    if message.uid in missing:
                        missing.remove(message.uid)
                        yield message
            unsaid |= missing
            return
        except Refused as error:
            reason = str(error)
        if not _expunged(reason):
            yield from self._one_by_one(missing, good or len(missing) < count, reason)

    def _one_by_one(self, missing: set[int], good: bool, reason: str) -> Iterator[Message]:
        """What a refused page had and did not say, in ever smaller parts, down to the messages that are at fault.

        Raises TryLater if it is not single messages that the server refuses.
        """
        parts = [sorted(missing)] if missing else []
        guilty: list[tuple[int, str]] = []
        for _ in range(MOST_QUESTIONS):
            if not parts:
                break
            part = parts.pop()
            try:
                found = self._session.fetch_each(ranges_of(part), self._items)
            except Refused as error:
                half = len(part) // 2
                if half:
                    parts += [part[:half], part[half:]]
                elif not _expunged(str(error)):
                    guilty.append((part[0], str(error)))
                continue
            good = good or bool(found)
            for message in found:
                if message.uid in missing:
                    missing.remove(message.uid)
                    yield message
        if parts or (guilty and not good and not self._knows(uid for uid, _ in guilty)):
            raise TryLater(f"{self._session.host} does not hand out messages: {reason}")
        for uid, why in guilty:
            yield Message(uid, None, b"", f"the server refuses it: {why}")

    def _knows(self, uids: Iterable[int]) -> bool:
        """Whether the server can say at least when these messages came: then they are at fault, and not the server."""
        try:
            self._session.fetch_each(ranges_of(uids), "(UID INTERNALDATE)")
        except Refused:
            return False
        return True


def _below(stand: Stand, exists: int) -> int:
    """How many messages there may be, of so many, that are below what was read."""
    return 0 if stand.low <= 1 else min(exists, stand.low - 1)


def _expunged(text: str) -> bool:
    """Whether a refusal means that what was not said is not there any more (RFC 5530)."""
    return "[EXPUNGEISSUED]" in text.upper()


def _count(ranges: Ranges) -> int:
    return sum(end - start + 1 for start, end in ranges)


def _stands_of(cursor: Cursor | None) -> dict[str, Stand]:
    """The stands in a cursor; what is none there, as after a change by hand, is read anew."""
    stands = {}
    for name, told in ((cursor or {}).get("folders") or {}).items():
        values = [told.get(key) for key in ("validity", "low", "high", "next", "exists")]
        if all(isinstance(value, int) for value in values):
            stands[name] = Stand(*values)
    return stands
