"""Why handles are one person's, and what is known of two people who may be one: by the log, and by the matcher's evidence."""

from __future__ import annotations

from typing import Any

from capture.link import scored
from store import log
from store.cards import on_cards
from store.duck import Connection


def within(connection: Connection, person: int) -> list[dict[str, Any]]:
    """What makes a person of their handles: rows ``{a, b, by, what, score, evidence, decision}``, decisions first."""
    nodes = set(log.nodes(connection, [person]))
    rows = _decided(connection, nodes, nodes)
    shared = on_cards(connection, person)
    for key, handle, name in shared:
        if handle in nodes:
            rows.append(_row(key, handle, "card", f"on the card of {name}", None, [], None))
    linked = {frozenset((row["a"], row["b"])) for row in rows}
    return rows + [row for row in _evidence(connection, nodes, nodes) if frozenset((row["a"], row["b"])) not in linked]


def between(connection: Connection, a: int, b: int) -> list[dict[str, Any]]:
    """What is known of two people: what was decided about them, and what the matcher weighs for and against."""
    one, two = (set(log.nodes(connection, [person])) for person in (a, b))
    return _decided(connection, one, two) + _evidence(connection, one, two)


def _evidence(connection: Connection, one: set[str], two: set[str]) -> list[dict[str, Any]]:
    return [
        _row(each.a, each.b, "matcher", "evidence", each.score, list(each.features), None)
        for each in scored(connection)
        if (each.a in one and each.b in two) or (each.a in two and each.b in one)
    ]


def _decided(connection: Connection, one: set[str], two: set[str]) -> list[dict[str, Any]]:
    found = []
    for made in log.on_identity(connection):
        sides = [{side} if isinstance(side, str) else set(side) for side in made.other]
        for x, y in (sides, sides[::-1]):
            if x & one and y & two:
                ends, why = (min(x & one), min(y & two)), made.evidence
                found.append(_row(*ends, made.by, made.what, why.get("score"), why.get("features", []), made.id))
                break
    return found


def _row(
    a: str, b: str, by: str, what: str, score: float | None, evidence: list[str], decision: int | None
) -> dict[str, Any]:
    return {"a": a, "b": b, "by": by, "what": what, "score": score, "evidence": evidence, "decision": decision}
