"""Calendars and address books on a DAV server (RFC 4791, RFC 6352): what they have that was not said. Only ever read.

One request lists the collections and tells which of them changed; a pull with nothing new is that request alone. Of one
that changed the changes are asked for (``dav_changes``), then the contents of what is new (``dav_contents``), and what is
kept of each resource (``dav_marks``) sees to it that nothing is said twice. A token is kept only when all that it stands for
was said, so a pull may stop after any page.

What vanishes all at once is not believed: a collection, or most of it, must be missing for an hour before it is withdrawn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.base import Cursor, Gone, NeedsHuman, Observation, Page, SourceError, TryLater, Unreadable
from connectors.dav import Condition, Dav
from connectors.dav_changes import CTAG, TOKEN, Changes, changed, ctag, listed
from connectors.dav_contents import Contents, Fetched, Multiget
from connectors.dav_listing import Found, Home, Listing, collections, homes
from connectors.dav_marks import EXTENDED, MISSING, OPEN, Entry, Kept, of_content, of_etag
from connectors.resources import mark

if TYPE_CHECKING:
    from connectors.dav import DavSettings

FIRST_PAGE = 200
MOST_PAGE = 2000
HOUR = 3600.0
DAY = 86400
MANY = 20
"""So many resources that vanish at once, and are most of a collection, have not been deleted one by one."""
LIST_AGAIN = 7 * 86400.0
"""Seconds after which a collection is listed even if its token says that nothing changed."""

_VERSION = 1


def now() -> float:
    """Seconds since 1970."""
    return time.time()


@dataclass(slots=True)
class Said:
    """What a resource says. ``open_ended``: more of it comes after the horizon; ``day``: see ``dav_marks.Entry``."""

    observations: Sequence[Observation]
    open_ended: bool = False
    day: int = 0


@dataclass(frozen=True, slots=True)
class Service:
    """What the resources of a service are, and how they are read."""

    collection: str
    """The resource type of its collections."""
    multiget: Multiget
    read: Callable[[bytes, str, int, int | None], Said]
    """Of a resource, its content and mark: all that it says up to a time, or what begins from another time on; seconds
    since 1970."""
    horizon: int | None = None
    """Days from now that are said of what goes on for ever; None where nothing does."""
    keeps_history: bool = False
    """What has happened stays when a whole collection is withdrawn."""


class Collections:
    """One pull from the collections of one account. Used once."""

    def __init__(self, dav: Dav, settings: DavSettings, service: Service, cursor: Cursor | None) -> None:
        self._dav = dav
        self._exclude = settings.exclude
        self._service = service
        said: Cursor = cursor if cursor is not None and cursor.get("version") == _VERSION else {}
        self._before = cursor
        self._homes = [Home(path, depth) for path, depth in said.get("homes", ())]
        self._apart = bool(said.get("apart"))
        self._kept = {key: Kept.from_json(each) for key, each in said.get("collections", {}).items()}
        self._now = now()
        days = service.horizon
        self._until = 0 if days is None else int(self._now) // DAY * DAY + days * DAY
        self._observations: list[Observation] = []
        self._size = FIRST_PAGE
        self._left = 0

    def pages(self) -> Iterator[Page]:
        """Pages of what is new. Raises TryLater and NeedsHuman, at the end if only some collections are refused."""
        listing = self._listing()
        self._apart = listing.apart
        there = {each.key for each in listing.found}
        for key in [key for key in self._kept if key not in there]:
            yield from self._is_away(key)
        found = [each for each in listing.found if not each.matches(self._exclude)]
        # News of what has been read before come before the history of what has not.
        found.sort(key=lambda each: not (each.key in self._kept and self._kept[each.key].read))
        refused: SourceError | None = None
        for each in found:
            kept = self._kept.setdefault(each.key, Kept(sync=each.sync))
            if kept.away:
                kept.away, kept.sync = False, each.sync
                kept.missing = self._now if kept.marks.having(MISSING) else None
            try:
                yield from self._read(each, kept)
            except Condition as refusal:
                if refusal.status in (404, 410):
                    yield from self._is_away(each.key)
                else:
                    refused = TryLater(f"{each.name} cannot be read: the server answers {refusal}.")
            except NeedsHuman as refusal:
                refused = refusal
        after = self._cursor()
        if self._observations or after != self._before:
            yield Page(tuple(self._observations), after, 0)
        if refused is not None:
            raise refused

    def _listing(self) -> Listing:
        """The collections that there are; the account is looked for anew where they were not found."""
        here = [kept for kept in self._kept.values() if not kept.away]
        state = [TOKEN] * any(kept.sync for kept in here) + [CTAG] * any(not kept.sync for kept in here)
        if self._apart:
            state = []
        if self._homes:
            try:
                return collections(self._dav, self._homes, self._service.collection, state)
            except Condition:
                pass
        try:
            self._homes = homes(self._dav, self._service.collection)
            return collections(self._dav, self._homes, self._service.collection, state)
        except Condition as refusal:
            raise TryLater(f"The collections cannot be listed: the server answers {refusal}.") from refusal

    def _is_away(self, key: str) -> Iterator[Page]:
        """Notes that a collection is not there; an hour later it is withdrawn."""
        kept = self._kept[key]
        if not kept.away:
            kept.away, kept.missing = True, self._now
        elif kept.missing is not None and self._now - kept.missing >= HOUR:
            for name in kept.marks:
                self._withdraw(kept, name)
                yield from self._full()
            del self._kept[key]

    # ------------------------------------------------------------------------------------------- one collection

    def _read(self, found: Found, kept: Kept) -> Iterator[Page]:
        """Says what is new in a collection. Raises Condition, with 404 if it is not there."""
        if kept.until is None:
            kept.until = self._until
        if kept.extending is None and kept.read and self._until > kept.until:
            if kept.marks.having(OPEN):
                kept.extending = self._until
            else:
                kept.until = self._until
        confirm = kept.missing is not None and self._now - kept.missing >= HOUR
        whole = confirm or kept.extending is not None or not 0 <= self._now - kept.listed < LIST_AGAIN
        if whole:
            kept.sync = found.sync
        tag = None if kept.sync else found.ctag or ctag(self._dav, found.path)
        if not whole and kept.read:
            if kept.sync and kept.token is not None and found.token == kept.token:
                return
            if not kept.sync and tag is not None and tag == kept.ctag:
                return
        changes = self._changes(found, kept, whole)
        here = {self._mark(found, href): href for href in changes.etags}
        yield from self._gone(found, kept, changes, here, confirm)
        new: list[str] = []
        for name, href in here.items():
            entry = kept.marks.get(name)
            etag = of_etag(changes.etags[href])
            if entry is None or entry.etag != etag or not any(etag):
                new.append(href)
            elif entry.flags & MISSING:
                entry.flags &= ~MISSING
                kept.marks.put(name, entry)
        contents = Contents(self._dav, found.path, self._service.multiget)
        for done, item in enumerate(contents.fetched(new), 1):
            if not self._say(kept, self._mark(found, item.href), item, changes.etags[item.href]):
                changes.sure = False
            self._left = len(new) - done
            yield from self._full()
        if kept.extending is not None and changes.whole:
            yield from self._extend(found, kept, here, contents)
        if changes.sure:
            kept.read = True
            kept.token, kept.ctag = (changes.token, None) if kept.sync else (None, tag)
            if changes.whole:
                kept.listed = self._now
        if kept.missing is not None and not kept.marks.having(MISSING):
            kept.missing = None

    def _changes(self, found: Found, kept: Kept, whole: bool) -> Changes:
        """What changed, or the whole of it, by the best question that the server answers. Raises Condition."""
        token = None if whole else kept.token
        if kept.sync:
            for asked in dict.fromkeys((token, None)):
                try:
                    return changed(self._dav, found.path, asked)
                except Condition:
                    continue
            kept.sync = False
        return listed(self._dav, found.path)

    def _gone(self, found: Found, kept: Kept, changes: Changes, here: dict[str, str], confirm: bool) -> Iterator[Page]:
        """Withdraws what is not there any more, unless it is so much that it is not believed yet."""
        names = {self._mark(found, href) for href in changes.gone}
        if changes.whole and changes.sure:
            names.update(name for name in kept.marks if name not in here)
        missing = set(kept.marks.having(MISSING))
        fresh = [name for name in names if name not in missing and kept.marks.get(name) is not None]
        if confirm and changes.whole and changes.sure:
            for name in sorted(missing & names):
                self._withdraw(kept, name)
                yield from self._full()
        living = len(kept.marks) - len(missing)
        if len(fresh) > 1 and (len(fresh) == living or (len(fresh) >= MANY and 2 * len(fresh) > living)):
            for name in fresh:
                entry = kept.marks.get(name)
                if entry is not None:
                    entry.flags |= MISSING
                    kept.marks.put(name, entry)
            kept.missing = self._now
            return
        for name in sorted(fresh):
            self._observations.append(Gone(f"{name}/"))
            kept.marks.drop(name)
            yield from self._full()

    def _withdraw(self, kept: Kept, name: str) -> None:
        """Withdraws a resource that vanished together with most others: not what has happened, where that is history."""
        entry = kept.marks.get(name)
        if entry is not None and (not self._service.keeps_history or entry.day * DAY > self._now):
            self._observations.append(Gone(f"{name}/"))
        kept.marks.drop(name)

    def _say(self, kept: Kept, name: str, item: Fetched, etag: str | None) -> bool:
        """Says a resource that is new or changed. False if it could not be had, so that it has to be asked for again."""
        entry = kept.marks.get(name)
        if item.data is None:
            if item.status != 403:
                # What has gone meanwhile is told by the next pull.
                return item.status == 404
            self._observations += [Gone(f"{name}/")] if entry else []
            self._observations.append(Unreadable(f"{name}/", "the server does not let it be read"))
            kept.marks.put(name, Entry(of_etag(etag or item.etag), bytes(5)))
            return True
        now = Entry(of_etag(etag or item.etag), of_content(item.data))
        if entry is not None and entry.content == now.content:
            now.flags, now.day = entry.flags & ~MISSING, entry.day
        else:
            said = self._understood(item.data, name, kept.until or 0, None)
            self._observations += [Gone(f"{name}/")] if entry else []
            self._observations += said.observations
            now.flags, now.day = OPEN if said.open_ended else 0, said.day
        kept.marks.put(name, now)
        return True

    def _understood(self, data: bytes, name: str, until: int, since: int | None) -> Said:
        try:
            return self._service.read(data, name, until, since)
        except Exception as error:
            # One resource that nobody foresaw must not hold up all the others for ever.
            return Said([Unreadable(f"{name}/", f"kith cannot read it ({type(error).__name__})")])

    def _extend(self, found: Found, kept: Kept, here: dict[str, str], contents: Contents) -> Iterator[Page]:
        """Says what is between the horizon that was and the one that is now, of what goes on for ever."""
        until, all_had = kept.extending or 0, True
        wanted = []
        for name in kept.marks.having(OPEN):
            entry = kept.marks.get(name)
            if entry is not None and not entry.flags & EXTENDED and name in here:
                wanted.append(here[name])
        for item in contents.fetched(wanted):
            name = self._mark(found, item.href)
            entry = kept.marks.get(name)
            if item.data is None or entry is None or of_content(item.data) != entry.content:
                # What changed meanwhile, or has gone, the next pull says; what could not be had is asked for again.
                all_had &= item.data is not None or item.status in (403, 404)
                continue
            said = self._understood(item.data, name, until, kept.until)
            self._observations += said.observations
            entry.flags, entry.day = (OPEN if said.open_ended else 0) | EXTENDED, said.day or entry.day
            kept.marks.put(name, entry)
            yield from self._full()
        if not all_had:
            return
        kept.marks.clear(EXTENDED)
        kept.until, kept.extending = until, None

    # ------------------------------------------------------------------------------------------- pages

    def _mark(self, found: Found, href: str) -> str:
        return mark(found.member(href))

    def _full(self) -> Iterator[Page]:
        """A page, if there is enough for one."""
        if len(self._observations) >= self._size:
            observations, self._observations = self._observations, []
            self._size = min(2 * self._size, MOST_PAGE)
            yield Page(tuple(observations), self._cursor(), self._left)

    def _cursor(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "homes": [[home.path, home.depth] for home in self._homes],
            "apart": self._apart,
            "collections": {key: kept.as_json() for key, kept in self._kept.items()},
        }
