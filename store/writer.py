"""One page, one transaction: what happens between opening the file and closing it again.

The order is: ``news`` reads what of a page the file does not hold yet; pure functions of the engine judge and match it;
``record`` writes the facts with their verdicts, ``believe`` the beliefs that follow, ``advance`` the cursor. Verdicts come
before the write, not after it, because a row that is inserted and then updated in one transaction is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from connectors.base import Card, Cursor, Gone, Handle, Interaction, Page, Unreadable
from store import beliefs as believed
from store import cards, sources, tally
from store.duck import Connection
from store.facts import key_of, merged, micros, name_key, same, says_more, signals_text
from store.load import Kept, interactions_by_id, interactions_of
from store.rows import NUMBERS, TEXTS, as_rows, delete, given, insert, listed
from store.steps import step

INTERACTION = """id BIGINT, key BIGINT, source VARCHAR, native_id VARCHAR, same_as VARCHAR, kind VARCHAR,
    happened_at TIMESTAMP, title VARCHAR, thread BIGINT, answers BIGINT, signals VARCHAR, verdict VARCHAR, rule VARCHAR"""
SAME_AS = ("same_as", "CASE WHEN same_as IS NULL THEN 'mid:' || native_id ELSE nullif(same_as, '') END")
"""A mail's name across sources is its name at home with three letters before it: it need not travel twice."""
_CHANGED = given(
    """id BIGINT, happened_at TIMESTAMP, title VARCHAR, thread BIGINT, answers BIGINT, signals VARCHAR, verdict VARCHAR,
    rule VARCHAR"""
)
CHANGE = f"""
    UPDATE interaction SET happened_at = c.happened_at, title = c.title, thread = c.thread, answers = c.answers,
      signals = c.signals, verdict = c.verdict, rule = c.rule
    FROM ({_CHANGED}) c WHERE interaction.id = c.id"""
PARTY = "interaction_id BIGINT, handle_id INTEGER, role VARCHAR, name VARCHAR, happened_at TIMESTAMP"
"""The time stands with each party too, so that somebody's newest are found without their oldest."""


@dataclass(slots=True)
class Item:
    """One interaction that the file is to hold: new, or known and now changed."""

    id: int
    key: int
    interaction: Interaction
    before: Kept | None = None
    """What the file says of it so far; None if it is new."""


@dataclass(slots=True)
class News:
    """What a page says that the file does not hold yet, and what the file knows that bears on it."""

    items: list[Item] = field(default_factory=list)
    handles: dict[str, int] = field(default_factory=dict)
    """``Handle.key`` to id, of each handle in ``items``, also of those that are new."""
    new_handles: dict[str, tuple[Handle, str]] = field(default_factory=dict)
    """``Handle.key`` to the handle and its canonical form, of those that are new."""
    people: dict[str, int] = field(default_factory=dict)
    """Canonical handle to person, of those in ``items`` that have one."""
    answered: set[tuple[int, int]] = field(default_factory=set)
    """(key of an interaction, handle): the user has answered it, to that handle."""
    also: list[tuple[int, str, str]] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    leaving: list[Kept] = field(default_factory=list)
    """What the file says of those that are gone."""
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass(slots=True)
class Beliefs:
    """What the engine makes of the news: ``verdicts`` as (verdict, rule), one an item, in their order."""

    verdicts: list[tuple[str, str]] = field(default_factory=list)
    answers: set[tuple[int, int]] = field(default_factory=set)
    """(key of an interaction, handle): the user answers it here, to that handle."""
    people: dict[str, str] = field(default_factory=dict)
    """Canonical handle to origin, of those who are somebody the user knows."""
    own: frozenset[str] = frozenset()
    """Canonical handles of the user's own."""
    doubtful: set[str] = field(default_factory=set)
    """Canonical handles of those who were somebody by what has changed or gone now."""


class Tx:
    """An open transaction on the file. Made by ``Store.write``; used up when that block ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._first_id = 0
        self._touched: set[int] = set()

    # ------------------------------------------------------------------------------------------------ reading

    def news(self, source: str, page: Page, canonical: Callable[[Handle], str]) -> News:
        """What ``page`` says that is not in the file: copies within the page are one, known facts are left out."""
        news = News()
        found: dict[int, Interaction] = {}
        twins: dict[int, set[str]] = {}
        gone: dict[str, Gone] = {}
        for seen in page.observations:
            if isinstance(seen, Interaction):
                key = key_of(source, seen)
                before = found.get(key)
                if before is not None:
                    if seen.native_id != before.native_id:
                        twins.setdefault(key, set()).add(seen.native_id)
                    seen = merged(before, seen) if seen.kind == "mail" else replace(seen, native_id=before.native_id)
                found[key] = seen
            elif isinstance(seen, Card):
                news.cards.append(seen)
            elif isinstance(seen, Gone):
                gone[seen.native_id] = seen
                continue
            else:
                news.unreadable.append(seen)
                continue
            if gone:  # what is there again afterwards has not gone
                gone.pop(seen.native_id, None)
        if gone:
            news.gone += gone.values()
            # what comes and goes again within the page was never there
            found = {key: i for key, i in found.items() if i.native_id not in gone or key in twins}
            rows = self.execute(
                f"SELECT id FROM interaction WHERE source = ? AND native_id IN {TEXTS}", [source, listed(gone)]
            )
            news.leaving += interactions_by_id(self.connection, [row[0] for row in rows]).values()
        if found:
            self._sift(source, found, twins, news)
        if news.items:
            self._look_up(news, canonical)
        return news

    def _sift(self, source: str, found: dict[int, Interaction], twins: dict[int, set[str]], news: News) -> None:
        """Leave out what the file already says, word for word; merge what it says otherwise.

        ``twins`` are further names that the source has for one of ``found``.
        """
        rows = self.execute(f"SELECT key, id, source, native_id FROM interaction WHERE key IN {NUMBERS}", [listed(found)])
        known = {row[0]: row for row in rows}
        stored = interactions_by_id(self.connection, [row[1] for row in rows]) if rows else {}
        self._first_id = next_id = self._next("interaction")
        for key, seen in found.items():
            if key not in known:
                news.also += ((next_id, source, twin) for twin in twins.get(key, ()))
                news.items.append(Item(next_id, key, seen))
                next_id += 1
                continue
            _, row_id, home, native = known[key]
            names = {seen.native_id, *twins.get(key, ())}
            news.also += ((row_id, source, name) for name in names if (home, name) != (source, native))
            # a further copy of a mail completes it; another source's word on an event does not replace the first one's
            before = stored[row_id]
            now = says_more(before.interaction, seen) if seen.kind == "mail" else None
            if seen.kind != "mail" and home == source and not same(before.interaction, seen):
                now = seen
            if now is not None:
                news.items.append(Item(row_id, key, now, before))

    def _look_up(self, news: News, canonical: Callable[[Handle], str]) -> None:
        """Ids of the handles, their people, and which of the items the user has answered."""
        handles = {p.handle.key: p.handle for item in news.items for p in item.interaction.parties}
        canonicals = {key: canonical(handle) for key, handle in handles.items()}
        rows = self.execute(
            f"SELECT id, kind || ':' || value, canonical, person_id FROM handle WHERE canonical IN {TEXTS}",
            [listed(set(canonicals.values()))],
        )
        for row_id, key, name, person in rows:
            if key in handles:
                news.handles[key] = row_id
            if person is not None:
                news.people[name] = person
        next_id = self._next("handle")
        for key, handle in handles.items():
            if key not in news.handles:
                news.handles[key] = next_id
                news.new_handles[key] = (handle, canonicals[key])
                next_id += 1
        news.answered = self.answered([item.key for item in news.items])

    def answered(self, keys: Sequence[int]) -> set[tuple[int, int]]:
        """(key of an interaction, handle): those of these interactions that the user has answered, to that handle."""
        rows = self.execute(f"SELECT DISTINCT key, handle_id FROM answer WHERE key IN {NUMBERS}", [listed(keys)])
        return {(row[0], row[1]) for row in rows}

    # ------------------------------------------------------------------------------------------------ writing

    def record(self, source: str, news: News, beliefs: Beliefs) -> None:
        """The facts of ``news`` are in the file, each interaction with its verdict."""
        step()
        insert(
            self.connection,
            "handle",
            "id INTEGER, kind VARCHAR, value VARCHAR, canonical VARCHAR, own BOOLEAN, person_id BIGINT, interactions INTEGER",
            [
                (news.handles[key], handle.kind, handle.value, name, name in beliefs.own, news.people.get(name), 0)
                for key, (handle, name) in news.new_handles.items()
            ],
        )
        self._change(news, beliefs)
        self._put_in(source, news, beliefs)
        step()
        insert(
            self.connection,
            "also_seen",
            "interaction_id BIGINT, source VARCHAR, native_id VARCHAR",
            sorted(set(news.also)),
            unless=("interaction_id", "source", "native_id"),
        )
        if news.cards:
            cards.put(self.connection, source, news.cards)
        if news.gone:
            self._touched.update(cards.withdraw(self.connection, source, news.gone))
        now = micros(datetime.now(UTC))
        insert(
            self.connection,
            "unreadable",
            "source VARCHAR, native_id VARCHAR, reason VARCHAR, seen_at TIMESTAMP",
            list({u.native_id: (source, u.native_id, u.reason, now) for u in news.unreadable}.values()),
            unless=("source", "native_id"),
        )
        step()

    def _change(self, news: News, beliefs: Beliefs) -> None:
        """What is known says what it says now. Parties, and what is kept per handle, are made anew only where they change."""
        rows: list[tuple[object, ...]] = []
        parties: list[tuple[object, ...]] = []
        moved: set[int] = set()
        for item, (verdict, rule) in zip(news.items, beliefs.verdicts, strict=True):
            if item.before is None:
                continue
            i, before = item.interaction, item.before
            rows.append((item.id, *_said(i), verdict, rule))
            was = before.interaction
            if (set(i.parties), i.happened_at, verdict) != (set(was.parties), was.happened_at, before.verdict):
                moved.add(item.id)
                moment = micros(i.happened_at)
                parties += ((item.id, news.handles[p.handle.key], p.role, p.name, moment) for p in i.parties)
                self._touched.update(before.handles, (news.handles[p.handle.key] for p in i.parties))
        if not rows:
            return
        self.connection.execute(CHANGE, as_rows(rows))
        if moved:
            delete(self.connection, "party", "interaction_id", sorted(moved))
            insert(self.connection, "party", PARTY, parties)

    def _put_in(self, source: str, news: News, beliefs: Beliefs) -> None:
        rows: list[tuple[object, ...]] = []
        parties: list[tuple[object, ...]] = []
        ids = news.handles
        for item, (verdict, rule) in zip(news.items, beliefs.verdicts, strict=True):
            if item.before is not None:
                continue
            i, number = item.interaction, item.id
            same_as = None if i.same_as == f"mid:{i.native_id}" else i.same_as or ""
            said = _said(i)
            rows.append((number, item.key, source, i.native_id, same_as, i.kind, *said, verdict, rule))
            for p in i.parties:
                parties.append((number, ids[p.handle.key], p.role, p.name, said[0]))
        insert(self.connection, "interaction", INTERACTION, rows, made=SAME_AS)
        step()
        insert(self.connection, "party", PARTY, parties)

    def believe(self, news: News, beliefs: Beliefs) -> None:
        """What follows from the recorded news is believed: people, answers, last contacts."""
        believed.meet(self.connection, {c: o for c, o in beliefs.people.items() if c not in news.people})
        written = {news.people[c] for c, o in beliefs.people.items() if o == believed.WROTE and c in news.people}
        believed.written_to(self.connection, written)
        step()
        if any(item.before is None for item in news.items):
            tally.add(self.connection, self._first_id)
        if self._touched:
            tally.recount(self.connection, self._touched)
        step()
        fresh = sorted(beliefs.answers - news.answered)
        if fresh:
            believed.add_answers(self.connection, fresh)
            believed.count_answered(self.connection, fresh)

    def facts_of(self, canonical: str) -> list[Kept]:
        """Every interaction in which this canonical handle has a part."""
        return interactions_of(self.connection, canonical)

    def settle(self, canonical: str, origin: str | None) -> None:
        """The canonical handle is somebody of this origin, or nobody, unless a link makes it somebody."""
        believed.settle(self.connection, canonical, origin)

    def advance(self, source: str, kind: str, old: Cursor | None, new: Cursor, captured: int) -> None:
        """The source stands at ``new``, if it stood at ``old``; else Overtaken, and nothing of this page is kept."""
        sources.advance(self.connection, source, kind, old, new, captured)
        step()

    def execute(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        return self.connection.execute(sql, parameters).fetchall()

    def _next(self, table: str) -> int:
        """The first id that no row has. The writer is alone, so counting is enough."""
        return int(self.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0])


def _said(i: Interaction) -> tuple[object, ...]:
    """The columns of INTERACTION that a further copy may change, without the verdict."""
    thread = name_key(i.thread) if i.thread else None
    answers = name_key(i.answers) if i.answers else None
    return (micros(i.happened_at), i.title, thread, answers, signals_text(i.signals))
