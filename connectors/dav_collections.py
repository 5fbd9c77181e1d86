"""Calendars and address books on a DAV server (RFC 4791, RFC 6352): what they have that was not said. Only ever read.

One request lists the collections and tells which of them changed; a pull with nothing new is that request alone. Of one
that changed the changes are asked for (``dav_changes``), then the contents of what is new (``dav_contents``), and what is
kept of each resource (``dav_marks``) sees to it that nothing is said twice. A token is kept only when all that it stands for
was said, so a pull may stop after any page.

What vanishes all at once is not believed: a collection, or most of it, must be missing for an hour before it is withdrawn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.base import Cursor, Gone, NeedsHuman, Page, SourceError, TryLater, Unreadable
from connectors.coming import Coming
from connectors.dav import Dav
from connectors.dav_changes import CTAG, TOKEN, Changes, changed, ctag, listed
from connectors.dav_contents import Contents, Fetched, Multiget
from connectors.dav_listing import Found, Home, Listing, collections, homes
from connectors.dav_marks import EXTENDED, MISSING, OPEN, Entry, Kept, of_content, of_etag
from connectors.dav_wire import TOO_LARGE
from connectors.dav_xml import Condition
from connectors.paging import Pages
from connectors.resources import Read, mark, understood
from connectors.vanishing import DAY, HOUR, deleted, long_missing, withdrawn

if TYPE_CHECKING:
    from connectors.dav_settings import DavSettings

LIST_AGAIN = 7 * 86400.0
"""Seconds after which a collection is listed even if its token says that nothing changed."""

_UNREADABLE = {403: "the server does not let it be read", TOO_LARGE: "it is larger than 64 MB"}
_VERSION = 1


def now() -> float:
    """Seconds since 1970."""
    return time.time()


@dataclass(frozen=True, slots=True)
class Service:
    """What the resources of a service are, and how they are read."""

    collection: str
    """The resource type of its collections."""
    multiget: Multiget
    read: Read
    horizon: int | None = None
    """Days from now that are said of what goes on for ever; None where nothing does."""
    keeps_history: bool = False
    """What has happened stays when a whole collection is withdrawn."""


@dataclass(frozen=True, slots=True)
class News:
    """What a server answers when it is asked what is new in a collection."""

    tag: str | None
    """Its CTag before that."""
    changes: Changes | None
    """None where the CTag says that there are none."""
    sync: bool
    """It answers sync-collection, as far as is known now."""


class Collections:
    """One pull from the collections of one account. Used once."""

    def __init__(self, dav: Dav, settings: DavSettings, service: Service, cursor: Cursor | None, ahead: bool = True) -> None:
        """With ``ahead`` there may be a second connection."""
        self._dav = dav
        self._exclude = settings.exclude
        self._service = service
        said: Cursor = cursor if cursor is not None and cursor.get("version") == _VERSION else {}
        self._homes = [Home(path, depth) for path, depth in said.get("homes", ())]
        self._apart = bool(said.get("apart"))
        self._kept = {key: Kept.from_json(each) for key, each in said.get("collections", {}).items()}
        self._now = now()
        days = service.horizon
        self._until = 0 if days is None else int(self._now) // DAY * DAY + days * DAY
        self._pages = Pages(self._cursor, cursor)
        self._left = 0
        self._beside: Dav | None = None
        self._ahead = ahead
        self._next: tuple[str, Coming[News]] | None = None

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
        for place, each in enumerate(found):
            kept = self._kept.setdefault(each.key, Kept(sync=each.sync))
            if kept.away:
                # It may be another one that was made at its place: a token or CTag that counts (sabre/dav) says nothing then.
                kept.away, kept.sync, kept.token, kept.ctag, kept.listed = False, each.sync, None, None, 0.0
                kept.missing = self._now if kept.marks.having(MISSING) else None
            try:
                yield from self._read(each, kept, found[place + 1] if place + 1 < len(found) else None)
            except Condition as refusal:
                if refusal.status in (404, 410):
                    yield from self._is_away(each.key)
                else:
                    refused = TryLater(f"{each.name} cannot be read: the server answers {refusal}.")
            except NeedsHuman as refusal:
                refused = refusal
        yield from self._pages.rest()
        if refused is not None:
            raise refused

    def _listing(self) -> Listing:
        """The collections that there are; the account is looked for anew where they were not found."""
        here = [kept for kept in self._kept.values() if not kept.away]
        state = [TOKEN] * any(kept.sync for kept in here) + [CTAG] * any(not kept.sync for kept in here)
        if self._apart:
            state = []
        known = bool(self._homes)
        if known:
            try:
                return collections(self._dav, self._homes, self._service.collection, state)
            except Condition:
                pass
        try:
            self._homes = homes(self._dav, self._service.collection)
            return collections(self._dav, self._homes, self._service.collection, state)
        except Condition as refusal:
            raise TryLater(f"The collections cannot be listed: the server answers {refusal}.") from refusal
        except NeedsHuman as refusal:
            # What was there before is there again, as a rule, when the server or the network is well.
            if not known:
                raise
            raise TryLater(refusal.what, refusal.hint) from refusal

    def _is_away(self, key: str) -> Iterator[Page]:
        """Notes that a collection is not there; an hour later it is withdrawn."""
        kept = self._kept[key]
        if not kept.away:
            kept.away, kept.missing = True, self._now
        elif kept.missing is not None and self._now - kept.missing >= HOUR:
            for name in kept.marks:
                self._pages.observations += withdrawn(kept.marks, name, self._now, self._service.keeps_history)
                yield from self._full()
            del self._kept[key]

    # ------------------------------------------------------------------------------------------- one collection

    def _read(self, found: Found, kept: Kept, following: Found | None) -> Iterator[Page]:
        """Says what is new in a collection; ``following`` is the next one. Raises Condition, with 404 if it is not there."""
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
        known = not whole and kept.read
        if known and kept.sync and kept.token is not None and found.token == kept.token:
            return
        news = self._asked_ahead(found) or self._news(self._dav, found, kept, whole, known)
        kept.sync = news.sync
        if following is not None:
            self._ask_ahead(following)
        if (changes := news.changes) is None:
            return
        if not changes.whole and self._says_the_known(found, kept, changes):
            changes, kept.sync = self._changes(self._dav, found, kept, whole=True)
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
        contents = Contents(self._dav, found.path, self._service.multiget, changes.contents)
        for done, item in enumerate(contents.fetched(new), 1):
            if not self._say(kept, self._mark(found, item.href), item, changes.etags[item.href]):
                changes.sure = False
            self._left = len(new) - done
            yield from self._full()
        if kept.extending is not None and changes.whole:
            yield from self._extend(found, kept, here, contents)
        if changes.sure:
            kept.read = True
            kept.token, kept.ctag = changes.token if kept.sync else None, news.tag
            if changes.whole:
                kept.listed = self._now
        if kept.missing is not None and not kept.marks.having(MISSING):
            kept.missing = None

    def _ask_ahead(self, found: Found) -> None:
        """The first question about a collection of which nothing was ever read is asked while another one is being read.

        It is the longest: a server may work for seconds on it, for which kith needs as long again.
        """
        kept = self._kept.get(found.key)
        if not self._ahead or (kept is not None and (kept.away or not kept.unread)):
            return
        kept = Kept(sync=found.sync)
        beside = self._beside = self._beside or self._dav.another()
        self._next = found.key, Coming(lambda: self._news(beside, found, kept, whole=True, known=False), "dav-ahead")

    def _asked_ahead(self, found: Found) -> News | None:
        """What came for this collection, if it was asked ahead. Raises Condition."""
        (key, coming), self._next = self._next or ("", None), None
        if coming is None or key != found.key:
            return None
        try:
            return coming.result()
        except SourceError:
            return None  # a second connection may be one too many: it is asked on the first one

    def _news(self, dav: Dav, found: Found, kept: Kept, whole: bool, known: bool) -> News:
        """What the server says to what is new. Nothing of ``kept`` is changed. Raises Condition."""
        tag = found.ctag
        if tag is None and (not kept.sync or found.token is None):
            # where the list does not tell of news, this question costs least: with Radicale 0.7 of the other
            tag = ctag(dav, found.path)
        if known and tag is not None and tag == kept.ctag:
            return News(tag, None, kept.sync)
        return News(tag, *self._changes(dav, found, kept, whole))

    def _changes(self, dav: Dav, found: Found, kept: Kept, whole: bool) -> tuple[Changes, bool]:
        """What changed, or the whole of it, by the best question that the server answers, and whether that was
        sync-collection. Raises Condition."""
        token = None if whole else kept.token
        if kept.sync:
            if kept.unread:
                # all of it is new: the contents may come with the list, if the server has no difficulty of any kind with that
                try:
                    return changed(dav, found.path, None, self._service.multiget.name), True
                except (Condition, NeedsHuman):
                    pass
                except TryLater as error:
                    if error.retry_after is not None:
                        raise
            for asked in dict.fromkeys((token, None)):
                try:
                    return changed(dav, found.path, asked), True
                except Condition:
                    continue
        return listed(dav, found.path), False

    def _says_the_known(self, found: Found, kept: Kept, changes: Changes) -> bool:
        """Whether the answer names, as changed, what is as it was.

        So does the answer to a token that the server forgot, if it says nothing of that but tells all that is there
        (DAViCal): then what was deleted meanwhile is named nowhere.
        """
        for href, said in changes.etags.items():
            entry, etag = kept.marks.get(self._mark(found, href)), of_etag(said)
            if entry is not None and entry.etag == etag and any(etag) and not entry.flags & MISSING:
                return True
        return False

    def _gone(self, found: Found, kept: Kept, changes: Changes, here: dict[str, str], confirm: bool) -> Iterator[Page]:
        """Withdraws what is not there any more, unless it is so much that it is not believed yet."""
        names = {self._mark(found, href) for href in changes.gone}
        if changes.whole and changes.sure:
            hidden = {self._mark(found, href) for href in changes.hidden}
            names.update(name for name in kept.marks if name not in here and name not in hidden)
        if confirm and changes.whole and changes.sure:
            for name in long_missing(kept.marks, names, kept.missing, self._now):
                self._pages.observations += withdrawn(kept.marks, name, self._now, self._service.keeps_history)
                yield from self._full()
        fresh = deleted(kept.marks, names, fewest=2)
        if fresh is None:
            kept.missing = self._now
        for name in fresh or ():
            self._pages.observations += withdrawn(kept.marks, name, self._now, keeps_history=False)
            yield from self._full()

    def _say(self, kept: Kept, name: str, item: Fetched, etag: str | None) -> bool:
        """Says a resource that is new or changed. False if it could not be had, so that it has to be asked for again."""
        entry = kept.marks.get(name)
        if item.data is None:
            if item.status not in _UNREADABLE:
                # What has gone meanwhile is told by the next pull.
                return item.status == 404
            self._pages.observations += [Gone(f"{name}/")] if entry else []
            self._pages.observations.append(Unreadable(f"{name}/", _UNREADABLE[item.status]))
            kept.marks.put(name, Entry(of_etag(etag or item.etag), bytes(5)))
            return True
        now = Entry(of_etag(etag or item.etag), of_content(item.data))
        if entry is not None and entry.content == now.content:
            now.flags, now.day = entry.flags & ~MISSING, entry.day
        else:
            said = understood(self._service.read, item.data, name, kept.until or 0, None)
            self._pages.observations += [Gone(f"{name}/")] if entry else []
            self._pages.observations += said.observations
            now.flags, now.day = OPEN if said.open_ended else 0, said.day
        kept.marks.put(name, now)
        return True

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
            said = understood(self._service.read, item.data, name, until, kept.until)
            self._pages.observations += said.observations
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
        return self._pages.full(lambda: self._left)

    def _cursor(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "homes": [[home.path, home.depth] for home in self._homes],
            "apart": self._apart,
            "basic": self._dav.basic,
            "collections": {key: kept.as_json() for key, kept in self._kept.items()},
        }
