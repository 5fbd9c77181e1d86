"""One page, one transaction: what happens between opening the file and closing it again.

The order is: ``news`` reads what of a page the file does not hold yet; pure functions of the engine judge and match it;
``record`` writes the facts with their verdicts, ``believe`` the beliefs that follow, ``advance`` the cursor. Verdicts come
before the write, not after it, because a row that is inserted and then updated in one transaction is written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.base import Card, Cursor, Handle, Interaction, Observation, Page, Party, Unreadable
from store import beliefs as believed
from store import cards, events, relate, sources, tally
from store.duck import Connection
from store.facts import key_of, merged, micros, name_key, says_more, signals_text
from store.load import Kept, interactions_by_id
from store.page import Withdrawn, what_stands
from store.rows import NUMBERS, TEXTS, as_rows, delete, given, insert, insert_alike, listed
from store.steps import step

INTERACTION = """id BIGINT, key BIGINT, native_id VARCHAR, same_as VARCHAR, happened_at TIMESTAMP, title VARCHAR, thread BIGINT,
    answers BIGINT"""
JUDGED = "source VARCHAR, kind VARCHAR, signals VARCHAR, verdict VARCHAR, rule VARCHAR"
"""The columns in which most mail is like other mail."""
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
PART = "interaction_id BIGINT, happened_at TIMESTAMP"
"""The time stands with each party too, so that somebody's newest are found without their oldest."""
PARTY = "handle_id INTEGER, role VARCHAR, name VARCHAR"
"""The columns in which most parties are like others."""


HANDLE = """id INTEGER, kind VARCHAR, value VARCHAR, canonical VARCHAR, own BOOLEAN, person_id BIGINT, origin VARCHAR,
    interactions INTEGER"""


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
    origins: dict[str, str] = field(default_factory=dict)
    """Canonical handle to origin, of those in ``items`` who are somebody by what the file knows of them."""
    answered: set[believed.Answer] = field(default_factory=set)
    """What the user has answered of the items, and of what they answer."""
    known: dict[int, int | None] = field(default_factory=dict)
    """Key to id in the file, of mail and of what the items answer; None if it is not there yet."""
    names: events.Sighted = field(default_factory=events.Sighted)
    cards: cards.CardNews = field(default_factory=cards.CardNews)
    leaving: list[Kept] = field(default_factory=list)
    """What the file says of those that are gone."""
    unreadable: list[Unreadable] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Native ids of what the file has for unreadable, and what is gone, or can be read by now."""

    @property
    def fresh(self) -> int:
        """How many interactions and cards of it are new."""
        return sum(item.before is None for item in self.items) + self.cards.fresh


@dataclass(slots=True)
class Beliefs:
    """What the engine makes of the news: ``verdicts`` as (verdict, rule), one an item, in their order."""

    verdicts: list[tuple[str, str]] = field(default_factory=list)
    answers: set[believed.Answer] = field(default_factory=set)
    """What the user answers here."""
    people: dict[str, str] = field(default_factory=dict)
    """Canonical handle to origin, of those who are somebody the user knows."""
    own: frozenset[str] = frozenset()
    """Canonical handles of the user's own."""
    doubtful: set[str] = field(default_factory=set)
    """Canonical handles of those who were somebody by what has changed or gone now."""
    left: set[str] = field(default_factory=set)
    """Canonical handles of those who have no part any more in what has changed or gone now."""


class Tx:
    """An open transaction on the file. Made by ``Store.write``; used up when that block ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = datetime.now(UTC)
        """The moment as of which this transaction tells what has happened from what is to come."""
        self._first_id = 0
        self._touched: set[int] = set()

    # ------------------------------------------------------------------------------------------------ reading

    def news(self, source: str, page: Page, canonical: Callable[[Handle], str]) -> News:
        """What ``page`` says that is not in the file: copies within the page are one, known facts are left out."""
        news = News()
        mail: dict[int, Interaction] = {}
        twins: dict[int, set[str]] = {}
        other: dict[int, dict[str, Interaction]] = {}
        said: dict[str, Card] = {}
        unreadable: dict[str, Unreadable] = {}
        stands, withdrawn = what_stands(page.observations)
        for seen in stands:
            if isinstance(seen, Interaction):
                key = key_of(source, seen)
                if seen.kind != "mail":
                    other.setdefault(key, {})[seen.native_id] = seen
                else:
                    before = mail.get(key)
                    if before is not None:
                        if seen.native_id != before.native_id:
                            twins.setdefault(key, set()).add(seen.native_id)
                        seen = merged(before, seen)
                    mail[key] = seen
            elif isinstance(seen, Card):
                said[seen.native_id] = seen
            elif isinstance(seen, Unreadable):
                unreadable[seen.native_id] = seen
                continue
            else:
                raise TypeError(f"{type(seen).__name__} is no observation")
            if unreadable:
                unreadable.pop(seen.native_id, None)
        self._first_id = self._next("interaction")
        if mail:
            self._sift(source, mail, twins, news)
        if other or withdrawn:
            new = sum(item.before is None for item in news.items)
            free = self._first_id + new
            changed, news.leaving = events.sift(self.connection, source, other, withdrawn, free, news.names)
            news.items += (Item(event.id, event.key, event.fact, event.before) for event in changed)
        news.cards = cards.sift(self.connection, source, said, withdrawn, canonical)
        self._sift_unreadable(source, stands, unreadable, withdrawn, news)
        if news.items or news.cards.put:
            self._look_up(news, canonical)
        return news

    def _sift(self, source: str, found: dict[int, Interaction], twins: dict[int, set[str]], news: News) -> None:
        """Leave out the mail that the file has already, word for word; complete what it has otherwise.

        ``twins`` are further names that the source has for one of ``found``.
        """
        self._find(news, {*found, *(name_key(each.answers) for each in found.values() if each.answers)})
        ids = [row_id for key in found if (row_id := news.known[key]) is not None]
        stored, homes = {}, {}
        if ids:
            stored = interactions_by_id(self.connection, ids)
            rows = self.execute(f"SELECT id, source, native_id FROM interaction WHERE id IN {NUMBERS}", [listed(ids)])
            homes = {row[0]: (row[1], row[2]) for row in rows}
        next_id = self._first_id
        also = news.names.also
        for key, seen in found.items():
            row_id = news.known[key]
            if row_id is None:
                if key in twins:
                    also += ((next_id, source, twin) for twin in twins[key])
                news.items.append(Item(next_id, key, seen))
                next_id += 1
                continue
            home, native = homes[row_id]
            names = {seen.native_id, *twins.get(key, ())}
            also += ((row_id, source, name) for name in names if (home, name) != (source, native))
            before = stored[row_id]
            now = says_more(before.interaction, seen)
            if now is not None:
                news.items.append(Item(row_id, key, now, before))

    def _find(self, news: News, keys: set[int]) -> None:
        """It is known which of these keys are in the file: one look at that column, which nothing orders, for all of them."""
        news.known.update(dict.fromkeys(keys))
        news.known.update(self.execute(f"SELECT key, id FROM interaction WHERE key IN {NUMBERS}", [listed(keys)]))

    def _sift_unreadable(
        self, source: str, stands: Sequence[Observation], said: dict[str, Unreadable], withdrawn: Withdrawn, news: News
    ) -> None:
        """What is unreadable now and was not, or for another reason; and what is so no more."""
        rows = self.execute("SELECT native_id, reason FROM unreadable WHERE source = ?", [source])
        known = dict(rows)
        news.unreadable = [each for native, each in said.items() if known.get(native) != each.reason]
        if known:
            there = {seen.native_id for seen in stands if seen.native_id in known and seen.native_id not in said}
            there.update(native for native in known if native not in said and withdrawn.after(native) >= 0)
            news.read = sorted(there | {each.native_id for each in news.unreadable if each.native_id in known})

    def _look_up(self, news: News, canonical: Callable[[Handle], str]) -> None:
        """Ids of the handles, their people, and which of the items the user has answered."""
        handles = {p.handle.key: p.handle for item in news.items for p in item.interaction.parties}
        if news.cards.put:
            handles.update((handle.key, handle) for handle in news.cards.handles())
        canonicals = {key: canonical(handle) for key, handle in handles.items()}
        rows = self.execute(
            f"SELECT id, kind || ':' || value, canonical, person_id, origin FROM handle WHERE canonical IN {TEXTS}",
            [listed(set(canonicals.values()))],
        )
        for row_id, key, name, person, origin in rows:
            if key in handles:
                news.handles[key] = row_id
            if person is not None:
                news.people[name] = person
            if origin is not None:
                news.origins[name] = origin
        next_id = self._next("handle")
        for key, handle in handles.items():
            if key not in news.handles:
                news.handles[key] = next_id
                news.new_handles[key] = (handle, canonicals[key])
                next_id += 1
        answers = {name_key(item.interaction.answers) for item in news.items if item.interaction.answers}
        if not answers <= news.known.keys():
            self._find(news, answers)
        news.answered = self.answered([*answers.union(item.key for item in news.items)])

    def answered(self, keys: Sequence[int]) -> set[believed.Answer]:
        """What the user has answered of these interactions."""
        return believed.answered(self.connection, keys)

    # ------------------------------------------------------------------------------------------------ writing

    def record(self, source: str, news: News, beliefs: Beliefs) -> None:
        """The facts of ``news`` are in the file, each interaction with its verdict."""
        ids, people = news.handles, news.people
        step()
        insert(
            self.connection,
            "handle",
            HANDLE,
            [
                (ids[key], h.kind, h.value, name, name in beliefs.own, people.get(name), news.origins.get(name), 0)
                for key, (h, name) in news.new_handles.items()
            ],
        )
        self._change(news, beliefs)
        self._put_in(source, news, beliefs)
        step()
        events.record(self.connection, news.names)
        self._touched.update(handle for kept in news.leaving for handle in kept.handles)
        if news.cards.put or news.cards.removed:
            cards.record(self.connection, source, news.cards)
        if news.read:
            gone = [source, listed(news.read)]
            self.connection.execute(f"DELETE FROM unreadable WHERE source = ? AND native_id IN {TEXTS}", gone)
        now = micros(self.now)
        insert(
            self.connection,
            "unreadable",
            "source VARCHAR, native_id VARCHAR, reason VARCHAR, seen_at TIMESTAMP",
            [(source, u.native_id, u.reason, now) for u in news.unreadable],
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
                parties += ((item.id, moment, news.handles[p.handle.key], p.role, p.name) for p in i.parties)
                self._touched.update(before.handles, (news.handles[p.handle.key] for p in i.parties))
        if not rows:
            return
        self.connection.execute(CHANGE, as_rows(rows))
        if moved:
            delete(self.connection, "party", "interaction_id", sorted(moved))
            insert(self.connection, "party", f"{PART}, {PARTY}", parties)

    def _put_in(self, source: str, news: News, beliefs: Beliefs) -> None:
        rows: list[tuple[object, ...]] = []
        cases: dict[tuple[object, ...], int] = {}
        judged: list[tuple[object, ...]] = []
        which: list[int] = []
        parties: list[Party] = []
        numbers: list[int] = []  # of the interaction of each party, and its time
        moments: list[int] = []
        for item, (verdict, rule) in zip(news.items, beliefs.verdicts, strict=True):
            if item.before is not None:
                continue
            i, number, moment = item.interaction, item.id, micros(item.interaction.happened_at)
            same_as = None if i.same_as == f"mid:{i.native_id}" else i.same_as or ""
            rows.append((number, item.key, i.native_id, same_as, moment, i.title, *_names(i)))
            case = (i.kind, id(i.signals), verdict, rule)
            if case not in cases:
                cases[case] = len(cases) + 1
                judged.append((source, i.kind, signals_text(i.signals), verdict, rule))
            which.append(cases[case])
            parties += i.parties
            numbers += [number] * len(i.parties)
            moments += [moment] * len(i.parties)
        columns = list(zip(*rows, strict=True))
        insert_alike(self.connection, "interaction", INTERACTION, columns, JUDGED, judged, which, SAME_AS)
        step()
        # a page has one object for one party, or nearly so
        alike = {id(p): p for p in parties}
        places = {key: place for place, key in enumerate(alike, 1)}
        taking = [(news.handles[p.handle.key], p.role, p.name) for p in alike.values()]
        which = [places[id(p)] for p in parties]
        insert_alike(self.connection, "party", PART, (numbers, moments), PARTY, taking, which)

    def believe(self, news: News, beliefs: Beliefs) -> None:
        """What follows from the recorded news is believed: people, answers, last contacts."""
        self._raise(beliefs.people, news.origins, news.people)
        step()
        if any(item.before is None for item in news.items):
            tally.add(self.connection, self._first_id, self.now)
        if self._touched:
            tally.recount(self.connection, self.now, self._touched)
            relate.look_again_at(self.connection, self._touched)
        step()
        fresh = beliefs.answers - news.answered
        if fresh:
            believed.add_answers(self.connection, sorted(fresh))
            believed.count_answered(self.connection, fresh, news.known)

    def meet(self, origins: Mapping[str, str]) -> None:
        """These canonical handles are somebody, of these origins at least."""
        rows = self.execute(
            f"SELECT canonical, origin, person_id FROM handle WHERE canonical IN {TEXTS}", [listed(sorted(origins))]
        )
        known = {name: origin for name, origin, _ in rows if origin is not None}
        self._raise(origins, known, {name: person for name, _, person in rows if person is not None})

    def _raise(self, origins: Mapping[str, str], known: Mapping[str, str], people: Mapping[str, int]) -> None:
        rank = believed.RANK
        more = {name: origin for name, origin in origins.items() if rank[origin] > rank[known.get(name)]}
        believed.meet(self.connection, more, people)

    def advance(
        self,
        source: str,
        kind: str,
        old: Cursor | None,
        new: Cursor,
        captured: int,
        left: int | None = None,
        waits: bool = False,
    ) -> None:
        """The source stands at ``new``, if it stood at ``old``; else Overtaken, and nothing of this page is kept.

        ``left`` is how many items are still to come, if the source knows; ``waits``: its history waits still.
        """
        sources.advance(self.connection, source, kind, old, new, captured, left, waits)
        step()

    def spend(self, source: str, came: int) -> int:
        """So many bytes more have come from the source; returns how many of this day there are."""
        return sources.spend(self.connection, source, came)

    def execute(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        return self.connection.execute(sql, parameters).fetchall()

    def _next(self, table: str) -> int:
        """The first id that no row has. The writer is alone, so counting is enough."""
        return int(self.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")[0][0])


def _said(i: Interaction) -> tuple[object, ...]:
    """What a further copy may change, as columns, without the verdict."""
    return (micros(i.happened_at), i.title, *_names(i), signals_text(i.signals))


def _names(i: Interaction) -> tuple[int | None, int | None]:
    """The numbers of its thread and of what it answers."""
    return (name_key(i.thread) if i.thread else None, name_key(i.answers) if i.answers else None)
