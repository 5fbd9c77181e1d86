"""Cards: what of a page changes them, and how they come into the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.base import Card, Handle
from store.duck import Connection
from store.page import Withdrawn
from store.rows import CARD_KEY, TEXTS, insert, listed

CARD = """source VARCHAR, native_id VARCHAR, kind VARCHAR, name VARCHAR, organisation VARCHAR, title VARCHAR,
    birthday VARCHAR, note VARCHAR, more VARCHAR, person_id BIGINT"""
CARD_HANDLE = "source VARCHAR, native_id VARCHAR, kind VARCHAR, value VARCHAR, label VARCHAR, canonical VARCHAR"

REACHES = ("email", "phone")
"""The kinds of handles on a card that are its person's; a page on the web may be anybody's."""


@dataclass(slots=True)
class CardNews:
    """What of a page changes cards: those that it says otherwise than the file, and those that it withdraws."""

    put: list[Card] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    """Native ids of rows that go, also those in whose place others are put."""
    fresh: int = 0
    """How many of them the file did not know."""
    people: dict[str, int] = field(default_factory=dict)
    """Native id to person, of the cards that are put in the place of others."""
    canonicals: set[str] = field(default_factory=set)
    """All canonical handles that they held or hold."""
    held: list[tuple[str, str, str, str | None, str]] = field(default_factory=list)
    """Native id, kind, value, label and canonical form of each handle on the cards that are put."""
    keys: set[str] = field(default_factory=set)
    """What the cards are called among handles: ``key_of``."""

    def handles(self) -> Iterator[Handle]:
        """The handles by which those who are on these cards are reached."""
        for card in self.put:
            if card.kind == "individual":
                yield from (h.handle for h in card.handles if h.handle.kind in REACHES)


def key_of(source: str, native_id: str) -> str:
    """What a card is called among canonical handles, which begin otherwise."""
    return f"card:{source}/{native_id}"


def on_cards(connection: Connection, person: int) -> list[tuple[str, str, str | None]]:
    """What is on this person's cards: the key of the card, a canonical address or number, and the card's name."""
    rows = connection.execute(
        f"""SELECT DISTINCT {CARD_KEY}, h.canonical, c.name FROM card_handle h
            JOIN card c USING (source, native_id)
            WHERE c.person_id = ? AND h.kind IN ('email', 'phone') ORDER BY ALL""",
        [person],
    ).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def sift(
    connection: Connection,
    source: str,
    said: Mapping[str, Card],
    withdrawn: Withdrawn,
    canonical: Callable[[Handle], str],
) -> CardNews:
    """What changes because the source says these cards and withdraws others. What is said is not withdrawn."""
    news = CardNews()
    gone = {row[0] for row in withdrawn.rows(connection, "card", source, "native_id")} - said.keys()
    if not said and not gone:
        return news
    natives = [source, listed([*said, *gone])]
    stored = connection.execute(
        f"""SELECT native_id, kind, name, organisation, title, birthday, note, more, person_id FROM card
            WHERE source = ? AND native_id IN {TEXTS}""",
        natives,
    ).fetchall()
    held: dict[str, list[tuple[Any, ...]]] = {}
    for native, *row in connection.execute(
        f"""SELECT native_id, kind, value, label, canonical FROM card_handle WHERE source = ? AND native_id IN {TEXTS}
            ORDER BY rowid""",
        natives,
    ).fetchall():
        held.setdefault(native, []).append(tuple(row))
    known = {row[0]: row for row in stored}
    for native, card in said.items():
        handles = [(h.handle.kind, h.handle.value, h.label, canonical(h.handle)) for h in card.handles]
        before = known.get(native)
        if before is not None and before[1:8] == _said(card) and held.get(native, []) == handles:
            continue
        news.put.append(card)
        news.held += ((native, *h) for h in handles)
        news.canonicals.update(h[3] for h in handles)
        if before is None:
            news.fresh += 1
            continue
        gone.add(native)
        if before[8] is not None:
            news.people[native] = before[8]
    news.removed = sorted(gone)
    news.canonicals.update(h[3] for native in gone for h in held.get(native, ()))
    news.keys.update(key_of(source, native) for native in [*gone, *(card.native_id for card in news.put)])
    return news


def record(connection: Connection, source: str, news: CardNews) -> None:
    """The cards are in the file as the source says them now."""
    if news.removed:
        for table in ("card", "card_handle"):
            connection.execute(f"DELETE FROM {table} WHERE source = ? AND native_id IN {TEXTS}", [source, listed(news.removed)])
    insert(
        connection,
        "card",
        CARD,
        [(source, c.native_id, *_said(c), news.people.get(c.native_id)) for c in news.put],
    )
    insert(connection, "card_handle", CARD_HANDLE, [(source, *row) for row in news.held])


def _said(card: Card) -> tuple[object, ...]:
    return (card.kind, card.name, card.organisation, card.title, card.birthday, card.note, _more(card))


def _more(card: Card) -> str:
    said: dict[str, Any] = {k: v for k, v in asdict(card).items() if k in ("nicknames", "dates", "relations", "tags") and v}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
