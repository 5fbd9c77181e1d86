"""The log of decisions: append-only, each with its evidence, each to be undone by a later one.

``what`` is one of these. About who is one person: ``link`` and ``unlink`` by the matcher, ``merge``, ``split`` and ``not same``
by the user. About a person: ``rename``, ``hide``, ``show``, ``tag``, ``untag``, ``cadence``. About a handle: ``archive``. About
a decision: ``undo``. ``other`` is what two sides a decision on identity is about, as JSON: two canonical handles for a link,
two lists of handles and keys of cards for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from store.duck import Connection
from store.facts import micros
from store.rows import CARD_KEY, NUMBERS, insert, listed

IDENTITY = ("link", "unlink", "merge", "split", "not same")
"""What is decided about who is one person."""


class Link(NamedTuple):
    """Two canonical handles that are one person, and why."""

    a: str
    b: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Word:
    """What the user said of two sides, canonical handles and keys of cards: that they are one person, or that they are not."""

    together: bool
    one: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the log."""

    id: int
    by: str
    what: str
    person_id: int | None
    other: Any
    evidence: dict[str, Any]
    undone_by: int | None
    made_at: datetime | None = None


def append(
    connection: Connection,
    what: str,
    evidence: Mapping[str, Any],
    *,
    person: int | None = None,
    other: object = None,
    by: str = "user",
) -> int:
    """The decision is in the log; returns its number."""
    number = _next(connection)
    connection.execute(
        """INSERT INTO decision (id, made_at, made_by, what, person_id, other, evidence)
           VALUES (?, make_timestamp(?), ?, ?, ?, ?, ?)""",
        [
            number,
            micros(datetime.now(UTC)),
            by,
            what,
            person,
            None if other is None else json.dumps(other, ensure_ascii=False),
            json.dumps(dict(evidence), ensure_ascii=False),
        ],
    )
    return number


def read(connection: Connection, number: int) -> Decision | None:
    """One decision."""
    row = connection.execute(f"{_READ} WHERE id = ?", [number]).fetchone()
    return _decision(row) if row else None


def latest_by_user(connection: Connection) -> Decision | None:
    """The user's latest decision that is neither undone nor an undoing."""
    row = connection.execute(
        f"{_READ} WHERE made_by = 'user' AND what <> 'undo' AND undone_by IS NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return _decision(row) if row else None


def standing(connection: Connection, what: Sequence[str]) -> list[Decision]:
    """The user's decisions of these kinds that are not undone, the oldest first."""
    kinds = ", ".join(f"'{each}'" for each in what)
    rows = connection.execute(
        f"{_READ} WHERE what IN ({kinds}) AND made_by = 'user' AND undone_by IS NULL ORDER BY id"
    ).fetchall()
    return [_decision(row) for row in rows]


def words(connection: Connection) -> list[Word]:
    """All that the user said about who is one person, the oldest first: a link of the matcher's that was undone, too."""
    rows = connection.execute(
        """SELECT d.what = 'merge', d.other FROM decision d LEFT JOIN decision u ON u.id = d.undone_by
           WHERE (d.what IN ('merge', 'split', 'not same') AND d.made_by = 'user' AND d.undone_by IS NULL)
              OR (d.what = 'link' AND d.made_by = 'matcher' AND u.what = 'undo')
           ORDER BY coalesce(u.id, d.id)"""
    ).fetchall()
    found = []
    for together, other in rows:
        one, two = json.loads(other)
        sides = ((one,), (two,)) if isinstance(one, str) else (tuple(one), tuple(two))
        found.append(Word(together, *sides))
    return found


def on_identity(connection: Connection) -> list[Decision]:
    """What stands of all that was decided about who is one person, the oldest first."""
    rows = connection.execute(
        f"{_READ} WHERE what IN ('link', 'merge', 'split', 'not same') AND undone_by IS NULL ORDER BY id"
    ).fetchall()
    return [_decision(row) for row in rows]


def links(connection: Connection) -> dict[tuple[str, str], int]:
    """The links of the matcher that stand: the two handles, and the number of the decision."""
    rows = connection.execute(
        "SELECT id, other FROM decision WHERE what = 'link' AND made_by = 'matcher' AND undone_by IS NULL ORDER BY id"
    ).fetchall()
    found: dict[tuple[str, str], int] = {}
    for number, other in rows:
        a, b = json.loads(other)
        found[a, b] = number
    return found


def link(connection: Connection, made: Sequence[Link]) -> None:
    """The matcher has decided these links: they are in the log with their evidence."""
    _put(connection, "link", [([x.a, x.b], dict(x.evidence)) for x in made])


def unlink(connection: Connection, links_: Mapping[tuple[str, str], int], why: str) -> None:
    """The matcher takes these links back, whose evidence does not hold any more."""
    if not links_:
        return
    first = _put(connection, "unlink", [(list(pair), {"because": why, "link": number}) for pair, number in links_.items()])
    for n, number in enumerate(links_.values()):
        connection.execute("UPDATE decision SET undone_by = ? WHERE id = ?", [first + n, number])


def mark_undone(connection: Connection, number: int, by: int | None) -> None:
    """The decision is undone by another; or, with None, holds again."""
    connection.execute("UPDATE decision SET undone_by = ? WHERE id = ?", [by, number])


def parts(connection: Connection, person: int) -> list[int]:
    """A person, and those who are part of them now."""
    rows = connection.execute("SELECT id FROM person WHERE id = ? OR part_of = ? ORDER BY id", [person, person]).fetchall()
    return [row[0] for row in rows]


def now(connection: Connection, person: int) -> int:
    """Whose part this person is now; their own number, if nobody's."""
    row = connection.execute("SELECT coalesce(part_of, id) FROM person WHERE id = ?", [person]).fetchone()
    return int(row[0]) if row else person


def nodes(connection: Connection, people: Sequence[int]) -> list[str]:
    """Canonical handles and keys of cards of these people."""
    rows = connection.execute(
        f"""SELECT canonical FROM handle WHERE person_id IN {NUMBERS}
            UNION SELECT {CARD_KEY} FROM card WHERE person_id IN {NUMBERS} ORDER BY 1""",
        [listed(people), listed(people)],
    ).fetchall()
    return [row[0] for row in rows]


def owners(connection: Connection) -> dict[str, int]:
    """Whose each canonical handle and each card is, of all people who are not hidden."""
    rows = connection.execute(
        f"""WITH shown AS (SELECT id FROM person WHERE NOT hidden AND origin IS NOT NULL)
           SELECT DISTINCT canonical, person_id FROM handle WHERE NOT own AND person_id IN (SELECT id FROM shown)
           UNION ALL SELECT {CARD_KEY}, person_id FROM card
           WHERE person_id IN (SELECT id FROM shown)"""
    ).fetchall()
    return dict(rows)


def recent(connection: Connection, count: int) -> list[dict[str, Any]]:
    """The latest decisions, the newest first: ``{id, made_at, by, what, person_id, person,
    between, evidence, undone_by}``."""
    rows = connection.execute(
        """SELECT d.id, d.made_at, d.made_by, d.what, coalesce(p.part_of, d.person_id), k.name, d.other, d.evidence, d.undone_by
           FROM decision d LEFT JOIN person p ON p.id = d.person_id
           LEFT JOIN known k ON k.person_id = coalesce(p.part_of, d.person_id) ORDER BY d.id DESC LIMIT ?""",
        [count],
    ).fetchall()
    return [
        {
            "id": number,
            "made_at": made_at.replace(tzinfo=UTC),
            "by": by,
            "what": what,
            "person_id": person,
            "person": name,
            "between": json.loads(other) if other else None,
            "evidence": json.loads(evidence or "{}"),
            "undone_by": undone_by,
        }
        for number, made_at, by, what, person, name, other, evidence, undone_by in rows
    ]


_READ = "SELECT id, made_by, what, person_id, other, evidence, undone_by, made_at FROM decision"


def _decision(row: tuple[Any, ...]) -> Decision:
    number, by, what, person, other, evidence, undone_by, made_at = row
    return Decision(
        number, by, what, person, None if other is None else json.loads(other), json.loads(evidence or "{}"), undone_by, made_at
    )


def _next(connection: Connection) -> int:
    top = connection.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()
    return (int(top[0]) if top else 0) + 1


def _put(connection: Connection, what: str, rows: Sequence[tuple[list[str], dict[str, Any]]]) -> int:
    first, now = _next(connection), micros(datetime.now(UTC))
    insert(
        connection,
        "decision",
        "id BIGINT, made_at TIMESTAMP, made_by VARCHAR, what VARCHAR, other VARCHAR, evidence VARCHAR",
        [
            (first + n, now, "matcher", what, *(json.dumps(each, ensure_ascii=False) for each in row))
            for n, row in enumerate(rows)
        ],
    )
    return first
