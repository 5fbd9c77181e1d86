"""The way of a page: pulled from its source, judged and matched, committed together with the cursor that covers it."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from capture.apart import Apart, Crashed
from capture.judge import judge, writers
from capture.link import relate_news
from capture.match import AUTHOR, Me, canonical, somebody
from capture.pace import ASKED, Pace
from capture.seats import Crowded, Seats, allow
from capture.settle import add, settle, time_has_come
from capture.size import said
from connectors.base import Connector, Cursor, NeedsHuman, Page, TryLater
from store.beliefs import Answer
from store.errors import Missing, StoreError
from store.facts import name_key
from store.file import Store
from store.sources import Overtaken, failed, polled
from store.steps import step
from store.writer import Beliefs, News, Tx

if TYPE_CHECKING:
    from threading import Event

    from capture.config import SourceConfig

LONG = 4000
"""More items than this that are still to come are worth a process of their own."""

log = logging.getLogger("kith")


@dataclass(frozen=True, slots=True)
class Source:
    """A configured account, ready to be pulled.

    With its ``config``, a long pull is done by a process of its own, which makes a connector of its own; with ``apart``, every
    pull is.
    """

    name: str
    type: str
    connector: Connector
    config: SourceConfig | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come: ``seen`` items passed, ``captured`` were new, ``left`` are to come if the source knows."""

    seen: int
    captured: int
    left: int | None


State = Literal["ok", "history waits", "stopped", "overtaken", "try later", "needs you", "no file"]
"""How a poll ended; "history waits" where all is well but that the budget of the day is used up; "no file" is said by whoever
goes on after a StoreError."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended; ``error`` and ``fix`` say what was wrong and what mends it.

    ``again`` is in how many seconds the source is asked again, None: not by itself. ``apart``: another process pulled.
    """

    source: str
    state: State
    seen: int = 0
    captured: int = 0
    error: str | None = None
    fix: str | None = None
    again: float | None = None
    apart: bool = False


def poll(
    source: Source,
    store: Store,
    me: Me,
    stop: Event,
    tell: Callable[[Progress], None] = lambda _: None,
    begun: Apart | None = None,
    pace: Pace = ASKED,
    remember: bool = False,
) -> Outcome:
    """Everything new of one source is in the file, page by page; how it ended is in the file too, and returned.

    With ``remember`` the file believes what follows from ``me`` before anything else (``remember_me``, at no cost of its own).
    ``begun`` is a pull of the source from its very start, on its way already: the one to take if the file knows of no other.
    Ends early when ``stop`` is set, at a page boundary. Never raises because of the source; StoreError goes through.
    """
    # a capture makes a million objects without a cycle among them, which the collector would look through over and over
    gc.set_threshold(50_000, 20, 50)
    seen = captured = 0
    seats = Seats(source.config, store.path)
    try:
        who = me if remember else None
        cursor, came, left = _stand(store, source.name, who) if begun else (None, 0, None)
        if begun and cursor is not None:
            begun.close()  # the file knows of more than the start by now
        waits: int | None = None
        pages: Pages | None = begun
        if pages is None or cursor is not None:
            if not seats.wait(stop):
                return Outcome(source.name, "stopped")
            # only now: another process may have had the seat until now
            cursor, came, left = _stand(store, source.name, None if begun else who)
            pages = _pages(source, store, cursor, seats, apart=cursor is None)
        # what is new comes whatever has come; a connector that cannot tell it from the rest has its history cut after a page
        news_only = isinstance(pages, Here) and source.config is not None and came >= source.config.most and pages.news_only()
        if news_only:
            waits = left
        apart = isinstance(pages, Apart)
        while pages is not None:
            elsewhere = False
            counted = 0
            with closing(pages):
                for page in pages:
                    step()
                    with store.write(more=pages.ready, soon=isinstance(pages, Apart)) as tx:
                        fresh = _keep(tx, source, page, me)
                        used = source.config is not None and came >= source.config.most
                        tx.advance(source.name, source.type, cursor, page.cursor, fresh, page.left, waits=used)
                        if pages.came > counted:
                            came, counted = tx.spend(source.name, pages.came - counted), pages.came
                    cursor = page.cursor
                    pace.moved()
                    seen, captured = seen + len(page.observations), captured + fresh
                    tell(Progress(seen, captured, page.left))
                    if stop.is_set():
                        return Outcome(source.name, "stopped", seen, captured)
                    if news_only:
                        waits = waits if page.left is None else page.left
                    elif page.left and source.config and came >= source.config.most:
                        waits = page.left
                        break
                    elif isinstance(pages, Here) and source.config and (page.left or 0) > LONG:
                        # a pull may be left at any page: another process goes on from here
                        elsewhere = apart = True
                        break
                    del page  # before the next one is made
            rest = pages.came - counted
            pages = _pages(source, store, cursor, seats, apart=True) if elsewhere else None
        seats.close()
        with store.write() as tx:
            if rest > 0:
                tx.spend(source.name, rest)
            time_has_come(tx, me)
            relate_news(tx, me)
            again = pace.well()
            what, fix = _budget_is_used(source.config, came) if waits and source.config else (None, None)
            polled(tx.connection, source.name, source.type, _moment(again), waits, what, fix)
    except Overtaken:
        return Outcome(source.name, "overtaken", seen, captured)
    except NeedsHuman as error:
        pace.human()
        return _failed(store, source, seen, captured, error.what, error.hint, None)
    except Crashed as error:
        return _failed(store, source, seen, captured, error.what, error.hint, pace.crashed())
    except Crowded as error:
        return _failed(store, source, seen, captured, error.what, error.hint, pace.crowded())
    except TryLater as error:
        return _failed(store, source, seen, captured, error.what, error.hint, pace.later(error.retry_after))
    except StoreError:
        raise
    except Exception as error:
        log.exception("%s: a bug in its connector", source.name)
        what = f"{source.type} failed: {type(error).__name__}: {error}"
        return _failed(store, source, seen, captured, what, "kith --debug sync shows where", pace.crashed())
    finally:
        seats.close()
        store.let_go()
    return Outcome(source.name, "history waits" if waits else "ok", seen, captured, what, fix, again, apart)


def _keep(tx: Tx, source: Source, page: Page, me: Me) -> int:
    """What the page says is in the file, and what follows from it; returns how much of it is new."""
    news = tx.news(source.name, page, canonical)
    beliefs = believe(news, me, tx.now)
    tx.record(source.name, news, beliefs)
    tx.believe(news, beliefs)
    settle(tx, news, beliefs, me)
    return news.fresh


def believe(news: News, me: Me, now: datetime) -> Beliefs:
    """What follows from the news, as of ``now``: pure, and independent of the order in which pages come."""
    beliefs = Beliefs(own=me.canonicals)
    sent = [me.wrote(item.interaction) for item in news.items]
    for item, by_me in zip(news.items, sent, strict=True):
        one = item.interaction
        if by_me and one.answers:
            answered = name_key(one.answers)
            to = (p.handle for p in one.parties if p.role not in AUTHOR)
            beliefs.answers.update(Answer(answered, news.handles[each.key], canonical(each)) for each in to)
    answers = {(each.key, each.to) for each in beliefs.answers | news.answered}
    keys = {key for key, _ in answers}
    for item, by_me in zip(news.items, sent, strict=True):
        one = item.interaction
        answered_here = item.key in keys and any((item.key, canonical(p.handle)) in answers for p in writers(one))
        verdict, rule = judge(one, me, answered_here, by_me)
        beliefs.verdicts.append((verdict, rule))
        people = somebody(one, verdict, rule, me, now, by_me)
        if people:
            add(beliefs.people, people)
        if item.before:
            # who is somebody by it as before is in no doubt, and most copies add no more than a label
            was = somebody(item.before.interaction, item.before.verdict, item.before.rule, me, now)
            beliefs.doubtful.update(name for name, origin in was.items() if people.get(name) != origin)
            if item.before.interaction.parties != one.parties:
                there = {p.handle for p in one.parties}
                gone = (p.handle for p in item.before.interaction.parties if p.handle not in there)
                beliefs.left.update(map(canonical, gone))
    for before in news.leaving:
        beliefs.doubtful.update(somebody(before.interaction, before.verdict, before.rule, me, now))
        beliefs.left.update(canonical(p.handle) for p in before.interaction.parties)
    return beliefs


class Here:
    """The pages of a connector of this process, one after the other."""

    def __init__(self, connector: Connector, cursor: Cursor | None) -> None:
        self._connector, self._before = connector, getattr(connector, "came", 0)
        self._say(history=True)
        self._pages = connector.pull(cursor)

    @property
    def came(self) -> int:
        """Bytes that have come from the source for the pages so far, where its connector counts them."""
        return int(getattr(self._connector, "came", 0)) - int(self._before)

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def ready(self) -> bool:
        """Never: the next page is waited for with the file closed."""
        return False

    def news_only(self) -> bool:
        """Whether the pages that come will be of what is new alone. To be asked before the first of them."""
        return self._say(history=False)

    def _say(self, history: bool) -> bool:
        can = hasattr(type(self._connector), "history")
        if can:
            self._connector.history = history  # type: ignore[attr-defined]
        return can

    def close(self) -> None:
        """The connector's generator is closed."""
        close = getattr(self._pages, "close", None)
        if close is not None:
            close()


Pages = Here | Apart


def _pages(source: Source, store: Store, cursor: Cursor | None, seats: Seats, apart: bool) -> Pages:
    if (apart or source.apart) and source.config is not None:
        return Apart(source.config, cursor, store.undisturbed, seats=seats)
    allow(source.connector, seats, first=cursor is None)
    return Here(source.connector, cursor)


def _stand(store: Store, name: str, who: Me | None) -> tuple[Cursor | None, int, int | None]:
    """The cursor of the source, how many bytes have come from it today, and how many items of it are known to be still to come.

    Afterwards what is believed follows from ``who``.
    """
    cursor: Cursor | None
    left: int | None
    try:
        with store.read() as reader:
            cursor, came, left = reader.cursor(name), reader.came(name), reader.left(name)
            believed = who is None or who.believed(reader)
    except Missing:
        cursor, came, left, believed = None, 0, None, who is None
    if who is not None and not believed:
        from capture.replay import remember_me  # it is large, and there is rarely anything to do

        remember_me(store, who)
    return (None if cursor is None else dict(cursor)), came, left


def _budget_is_used(config: SourceConfig, came: int) -> tuple[str, str]:
    """What it means that as much has come today as may, and what lets more come."""
    return (
        f"its history waits until midnight: {said(came)} have come today, and {said(config.most)} a day is its budget",
        f'it goes on by itself; budget = "{said(4 * config.most)}" in its [[source]] lets more come',
    )


def _failed(
    store: Store, source: Source, seen: int, captured: int, what: str, fix: str, again: float | None
) -> Outcome:
    with store.write() as tx:
        failed(tx.connection, source.name, source.type, what, fix, _moment(again))
    state: State = "needs you" if again is None else "try later"
    return Outcome(source.name, state, seen, captured, what, fix, again)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) + timedelta(seconds=seconds)
