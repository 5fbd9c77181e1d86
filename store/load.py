"""Facts out of the file again, as the words of connectors.base: what merging and replay work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from connectors.base import Handle, Interaction, Party
from store.duck import Connection
from store.facts import KEPT, signals_from
from store.rows import NUMBERS, TEXTS, listed

_FACTS = """
    SELECT id, key, native_id, same_as, kind, happened_at, title, thread, answers, signals, verdict, rule
    FROM interaction WHERE {which} ORDER BY id"""

_PARTIES = """
    SELECT p.interaction_id, h.id, h.kind, h.value, p.role, p.name
    FROM party p JOIN handle h ON h.id = p.handle_id WHERE {which} ORDER BY p.rowid"""


@dataclass(slots=True)
class Kept:
    """One interaction as the file holds it, with the ids of its parties' handles in their order."""

    id: int
    key: int
    interaction: Interaction
    verdict: str
    rule: str
    handles: list[int]


def interactions_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Kept]:
    """These interactions, by their ids."""
    which = [listed(ids)]
    kept = _kept(connection, f"id IN {NUMBERS}", f"p.interaction_id IN {NUMBERS}", which)
    return {k.id: k for k in kept}


def parts_of(connection: Connection, canonicals: Iterable[str]) -> dict[str, list[tuple[int, bool]]]:
    """Each of these canonical handles that has a part in any interaction: their ids, and whether the user wrote it."""
    rows = connection.execute(
        f"""WITH part AS MATERIALIZED (
              SELECT DISTINCT h.canonical, p.interaction_id FROM handle h JOIN party p ON p.handle_id = h.id
              WHERE h.canonical IN {TEXTS}),
            mine AS (
              SELECT DISTINCT p.interaction_id FROM party p JOIN handle h ON h.id = p.handle_id AND h.own
              WHERE p.role IN ('from', 'organizer') AND p.interaction_id IN (SELECT interaction_id FROM part))
            SELECT part.canonical, part.interaction_id, mine.interaction_id IS NOT NULL
            FROM part LEFT JOIN mine ON mine.interaction_id = part.interaction_id ORDER BY ALL""",
        [listed(sorted(canonicals))],
    ).fetchall()
    found: dict[str, list[tuple[int, bool]]] = {}
    for canonical, number, by_me in rows:
        found.setdefault(canonical, []).append((number, by_me))
    return found


def _kept(connection: Connection, which: str, whose: str, parameters: list[Any]) -> list[Kept]:
    facts = connection.execute(_FACTS.format(which=which), parameters).fetchall()
    parties: dict[int, list[Party]] = {}
    handles: dict[int, list[int]] = {}
    for number, handle_id, kind, value, role, name in connection.execute(_PARTIES.format(which=whose), parameters).fetchall():
        parties.setdefault(number, []).append(Party(Handle(kind, value), role, name))
        handles.setdefault(number, []).append(handle_id)
    return [
        Kept(row[0], row[1], _interaction(row, parties.get(row[0], [])), row[10], row[11], handles.get(row[0], []))
        for row in facts
    ]


def _interaction(row: tuple[Any, ...], parties: list[Party]) -> Interaction:
    _, _, native_id, same_as, kind, happened_at, title, thread, answers, signals, _, _ = row
    return Interaction(
        native_id=native_id,
        kind=kind,
        happened_at=happened_at.replace(tzinfo=UTC),
        parties=tuple(parties),
        same_as=same_as,
        title=title,
        thread=None if thread is None else f"{KEPT}{thread}",
        answers=None if answers is None else f"{KEPT}{answers}",
        signals=signals_from(signals),
    )
