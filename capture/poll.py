"""The way of a page: pulled from its source, judged and matched, committed together with the cursor that covers it."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from capture.apart import Apart
from capture.judge import judge
from capture.link import relate_news
from capture.match import AUTHOR, Me, canonical, somebody
from capture.settle import add, settle, time_has_come
from connectors.base import Connector, Cursor, NeedsHuman, Page, TryLater
from store.errors import Missing, StoreError
from store.facts import name_key
from store.file import Store
from store.sources import Overtaken, failed, polled
from store.steps import step
from store.writer import Beliefs, News

if TYPE_CHECKING:
    from threading import Event

    from capture.config import SourceConfig

LONG = 4000
"""More items than this that are still to come are worth a process of their own."""

RETRY = 120.0
"""Seconds until a source is asked again that did not say when."""

log = logging.getLogger("kith")


@dataclass(frozen=True, slots=True)
class Source:
    """A configured account, ready to be pulled.

    With its ``config``, a long pull is done by a process of its own, which makes a connector of its own.
    """

    name: str
    type: str
    connector: Connector
    config: SourceConfig | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come: ``seen`` items passed, ``captured`` were new, ``left`` are to come if the source knows."""

    seen: int
    captured: int
    left: int | None


State = Literal["ok", "stopped", "overtaken", "try later", "needs you"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended; ``error`` and ``fix`` say what was wrong and what mends it."""

    source: str
    state: State
    seen: int = 0
    captured: int = 0
    error: str | None = None
    fix: str | None = None


def poll(
    source: Source, store: Store, me: Me, stop: Event, tell: Callable[[Progress], None] = lambda _: None
) -> Outcome:
    """Everything new of one source is in the file, page by page; how it ended is in the file too, and returned.

    Ends early when ``stop`` is set, at a page boundary. Never raises because of the source; StoreError goes through.
    """
    # a capture makes a million objects without a cycle among them, which the collector would look through over and over
    gc.set_threshold(50_000, 20, 50)
    seen = captured = 0
    try:
        cursor: Cursor | None = _cursor(store, source.name)
        pages: Pages | None = _pages(source, store, cursor, apart=cursor is None)
        while pages is not None:
            following: Pages | None = None
            with closing(pages):
                for page in pages:
                    step()
                    with store.write(more=pages.ready, soon=isinstance(pages, Apart)) as tx:
                        news = tx.news(source.name, page, canonical)
                        beliefs = believe(news, me, tx.now)
                        tx.record(source.name, news, beliefs)
                        tx.believe(news, beliefs)
                        settle(tx, news, beliefs, me)
                        fresh = news.fresh
                        tx.advance(source.name, source.type, cursor, page.cursor, fresh)
                    cursor = page.cursor
                    seen, captured = seen + len(page.observations), captured + fresh
                    tell(Progress(seen, captured, page.left))
                    if stop.is_set():
                        return Outcome(source.name, "stopped", seen, captured)
                    if isinstance(pages, Here) and source.config and (page.left or 0) > LONG:
                        # a pull may be left at any page: another process goes on from here
                        following = _pages(source, store, cursor, apart=True)
                        break
            pages = following
        with store.write() as tx:
            time_has_come(tx, me)
            relate_news(tx, me)
            if not seen:
                polled(tx.connection, source.name, source.type)
    except Overtaken:
        return Outcome(source.name, "overtaken", seen, captured)
    except NeedsHuman as error:
        return _failed(store, source, seen, captured, "needs you", error.what, error.hint, None)
    except TryLater as error:
        again = datetime.now(UTC) + timedelta(seconds=error.retry_after or RETRY)
        return _failed(store, source, seen, captured, "try later", error.what, error.hint, again)
    except StoreError:
        raise
    except Exception as error:
        log.exception("%s: a bug in its connector", source.name)
        what = f"{source.type} failed: {type(error).__name__}: {error}"
        again = datetime.now(UTC) + timedelta(seconds=RETRY)
        return _failed(store, source, seen, captured, "try later", what, "kith --debug sync shows where", again)
    finally:
        store.let_go()
    return Outcome(source.name, "ok", seen, captured)


def believe(news: News, me: Me, now: datetime) -> Beliefs:
    """What follows from the news, as of ``now``: pure, and independent of the order in which pages come."""
    beliefs = Beliefs(own=me.canonicals)
    sent = [me.wrote(item.interaction) for item in news.items]
    for item, by_me in zip(news.items, sent, strict=True):
        one = item.interaction
        if not by_me:
            continue
        if one.answers:
            answered = name_key(one.answers)
            beliefs.answers.update((answered, news.handles[p.handle.key]) for p in one.parties if p.role not in AUTHOR)
    answers = beliefs.answers | news.answered
    keys = {key for key, _ in answers}
    for item, by_me in zip(news.items, sent, strict=True):
        one = item.interaction
        answered_here = item.key in keys and any(
            (item.key, news.handles[p.handle.key]) in answers for p in one.parties if p.role in AUTHOR
        )
        verdict, rule = judge(one, me, answered_here, by_me)
        beliefs.verdicts.append((verdict, rule))
        people = somebody(one, verdict, rule, me, now, by_me)
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

    def __init__(self, pages: Iterator[Page]) -> None:
        self._pages = pages

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def ready(self) -> bool:
        """Never: the next page is waited for with the file closed."""
        return False

    def close(self) -> None:
        """The connector's generator is closed."""
        close = getattr(self._pages, "close", None)
        if close is not None:
            close()


Pages = Here | Apart


def _pages(source: Source, store: Store, cursor: Cursor | None, apart: bool) -> Pages:
    if apart and source.config is not None:
        return Apart(source.config, cursor, store.undisturbed)
    return Here(source.connector.pull(cursor))


def _cursor(store: Store, name: str) -> dict[str, object] | None:
    try:
        with store.read() as reader:
            cursor = reader.cursor(name)
    except Missing:
        return None
    return None if cursor is None else dict(cursor)


def _failed(
    store: Store, source: Source, seen: int, captured: int, state: State, what: str, fix: str, again: datetime | None
) -> Outcome:
    with store.write() as tx:
        failed(tx.connection, source.name, source.type, what, fix, again)
    return Outcome(source.name, state, seen, captured, what, fix)
