"""Cards, and what a source withdraws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from connectors.base import Card, Gone
from store.duck import Connection
from store.rows import NUMBERS, TEXTS, delete, insert, listed


def put(connection: Connection, source: str, cards: Sequence[Card]) -> None:
    """These cards are in the file as the source says them now, in the place of what it said before."""
    latest = {card.native_id: card for card in cards}
    remove(connection, source, list(latest))
    insert(
        connection,
        "card",
        """source VARCHAR, native_id VARCHAR, name VARCHAR, organisation VARCHAR, title VARCHAR, birthday VARCHAR,
        note VARCHAR, more VARCHAR""",
        [
            (source, c.native_id, c.name, c.organisation, c.title, c.birthday, c.note, _more(c))
            for c in latest.values()
        ],
    )
    insert(
        connection,
        "card_handle",
        "source VARCHAR, native_id VARCHAR, kind VARCHAR, value VARCHAR, label VARCHAR",
        [(source, c.native_id, h.handle.kind, h.handle.value, h.label) for c in latest.values() for h in c.handles],
    )


def remove(connection: Connection, source: str, natives: Sequence[str]) -> None:
    """No card of these names is in the file."""
    for table in ("card", "card_handle"):
        connection.execute(
            f"DELETE FROM {table} WHERE source = ? AND native_id IN {TEXTS}",
            [source, listed(natives)],
        )


def withdraw(connection: Connection, source: str, gone: Sequence[Gone]) -> list[int]:
    """What the source withdrew is gone: cards, and interactions that no other source has seen.

    Returns the ids of the handles that have to be counted anew.
    """
    natives = [g.native_id for g in gone]
    remove(connection, source, natives)
    connection.execute(
        f"DELETE FROM also_seen WHERE source = ? AND native_id IN {TEXTS}",
        [source, listed(natives)],
    )
    mine = [
        row[0]
        for row in connection.execute(
            f"SELECT id FROM interaction WHERE source = ? AND native_id IN {TEXTS}",
            [source, listed(natives)],
        ).fetchall()
    ]
    if not mine:
        return []
    # another source that has seen it takes it over
    heirs = connection.execute(
        f"""UPDATE interaction SET source = a.source, native_id = a.native_id FROM
             (SELECT interaction_id, min(source) AS source, arg_min(native_id, source) AS native_id FROM also_seen
              WHERE interaction_id IN {NUMBERS} GROUP BY interaction_id) a
           WHERE interaction.id = a.interaction_id RETURNING interaction.id, interaction.source, interaction.native_id""",
        [listed(mine)],
    ).fetchall()
    for heir, name, native in heirs:
        connection.execute(
            "DELETE FROM also_seen WHERE interaction_id = ? AND source = ? AND native_id = ?", [heir, name, native]
        )
    lost = sorted(set(mine) - {row[0] for row in heirs})
    if not lost:
        return []
    touched = [
        row[0]
        for row in connection.execute(
            f"SELECT DISTINCT handle_id FROM party WHERE interaction_id IN {NUMBERS}",
            [listed(lost)],
        ).fetchall()
    ]
    delete(connection, "party", "interaction_id", lost)
    delete(connection, "interaction", "id", lost)
    return touched


def _more(card: Card) -> str:
    said: dict[str, Any] = {k: v for k, v in asdict(card).items() if k in ("nicknames", "dates", "relations", "tags") and v}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
