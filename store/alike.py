"""Interactions that are alike in all that a verdict hangs on: each kind of them is looked at once, and judged for all.

Two are alike that are of one kind, have the same signals and titles of one class, and are between handles of the same classes
in the same roles; of meetings, where it matters who answered what, between the same handles. The engine says the classes. All
of it is in temporary tables, for as long as the transaction that replays: ``alike`` has the shape of each interaction, and its
marks; ``judged`` what each shape with such marks is judged to be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from connectors.base import Handle
from store.beliefs import MAY_KNOW, MET, NOT_THE_LIST, WROTE
from store.duck import Connection
from store.facts import micros
from store.load import Kept, interactions_by_id
from store.rows import insert

CHUNK = 250_000
"""Ids that are looked at together: what they say is in memory until then."""

FEW = 10_000
"""Interactions that are read whole together."""

ANSWERED, COUNTS, NOISE = 1, 2, 4
"""The marks, added up: the user answered it; it is learned of a sender that their mail counts, or is noise."""

_AUTHOR = "('from', 'organizer')"

_CODE = """
    CASE WHEN i.kind = 'meeting' THEN -1 - p.handle_id::BIGINT ELSE c.class::BIGINT END * 8
      + CASE p.role WHEN 'from' THEN 0 WHEN 'to' THEN 1 WHEN 'cc' THEN 2 WHEN 'bcc' THEN 3 WHEN 'organizer' THEN 4
                    WHEN 'attendee' THEN 5 ELSE 6 END"""

_TEMPORARY = ("class_of", "titled", "looked", "shape", "alike", "judged")


class Example(NamedTuple):
    """The first interaction that is of this shape and has these marks."""

    shape: int
    marks: int
    kept: Kept


class Part(NamedTuple):
    """A part in an interaction by which somebody may be somebody; the ``name`` is told of authors whom the user may know."""

    handle_id: int
    author: bool
    name: str | None


def handles(connection: Connection) -> dict[int, Handle]:
    """All handles, by their ids."""
    rows = connection.execute("SELECT id, kind, value FROM handle").fetchall()
    return {row[0]: Handle(row[1], row[2]) for row in rows}


def sort_out(
    connection: Connection,
    classes: Mapping[int, int],
    class_of_title: Callable[[str | None], int] | None,
    all_the_same: Sequence[str],
) -> None:
    """Every interaction has its shape, by the class of each handle, and that of its title unless all are of one; and no marks.

    Signals of these names are ``all_the_same``, whatever they say.
    """
    forget(connection)
    connection.execute("CREATE TEMP TABLE class_of (handle_id INTEGER, class INTEGER)")
    insert(connection, "class_of", "handle_id INTEGER, class INTEGER", list(classes.items()))
    connection.execute("CREATE TEMP TABLE titled (id BIGINT, class INTEGER)")
    connection.execute(
        "CREATE TEMP TABLE shape (shape INTEGER, kind VARCHAR, signals VARCHAR, title INTEGER, who BIGINT[], example BIGINT)"
    )
    connection.execute("CREATE TEMP TABLE alike (id BIGINT, shape INTEGER, marks TINYINT)")
    connection.execute("CREATE TEMP TABLE judged (shape INTEGER, marks TINYINT, verdict VARCHAR, rule VARCHAR, origin VARCHAR)")
    after = 0
    while (first := _first(connection, after)) is not None:
        after = first + CHUNK - 1
        if class_of_title is not None:
            _look_at_titles(connection, first, after, class_of_title)
        _look_at(connection, first, after, all_the_same)


def _first(connection: Connection, after: int) -> int | None:
    row = connection.execute("SELECT min(id) FROM interaction WHERE id > ?", [after]).fetchone()
    return row[0] if row else None


def _look_at_titles(connection: Connection, first: int, last: int, class_of: Callable[[str | None], int]) -> None:
    rows = connection.execute("SELECT id, title FROM interaction WHERE id BETWEEN ? AND ?", [first, last]).fetchall()
    found = [(number, which) for number, title in rows if (which := class_of(title))]
    insert(connection, "titled", "id BIGINT, class INTEGER", found)


def _look_at(connection: Connection, first: int, last: int, all_the_same: Sequence[str]) -> None:
    says = " OR ".join(f"""contains(i.signals, '"{name}":')""" for name in all_the_same)
    without = json.dumps(dict.fromkeys(all_the_same))
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE looked AS
            SELECT i.id, any_value(i.kind) AS kind, coalesce(any_value(t.class), 0) AS title,
                   any_value(CASE WHEN {says} THEN json_merge_patch(i.signals, '{without}') ELSE i.signals END) AS signals,
                   list_sort(list(DISTINCT {_CODE}) FILTER (p.handle_id IS NOT NULL)) AS who
            FROM interaction i LEFT JOIN party p ON p.interaction_id = i.id AND p.interaction_id BETWEEN $first AND $last
            LEFT JOIN class_of c ON c.handle_id = p.handle_id LEFT JOIN titled t ON t.id = i.id
            WHERE i.id BETWEEN $first AND $last GROUP BY i.id""",
        {"first": first, "last": last},
    )
    same = """s.kind = l.kind AND s.signals = l.signals AND s.title = l.title AND s.who IS NOT DISTINCT FROM l.who"""
    connection.execute(
        f"""INSERT INTO shape
            SELECT row_number() OVER (ORDER BY example) + (SELECT count(*) FROM shape), kind, signals, title, who, example
            FROM (SELECT kind, signals, title, who, min(id) AS example FROM looked l
                  WHERE NOT EXISTS (SELECT 1 FROM shape s WHERE {same}) GROUP BY kind, signals, title, who)"""
    )
    connection.execute(f"INSERT INTO alike SELECT l.id, s.shape, 0 FROM looked l JOIN shape s ON {same}")
    connection.execute("DROP TABLE looked")


def answer(connection: Connection) -> None:
    """What the user answered is known, and which interactions it marks: (key, handle) of whatever mail of theirs answers."""
    connection.execute(
        f"""INSERT INTO answer (key, handle_id)
            SELECT DISTINCT i.answers, p.handle_id FROM interaction i JOIN party p ON p.interaction_id = i.id
            WHERE i.answers IS NOT NULL AND p.role NOT IN {_AUTHOR} AND i.id IN
              (SELECT q.interaction_id FROM party q JOIN handle h ON h.id = q.handle_id AND h.own WHERE q.role IN {_AUTHOR})
            ORDER BY ALL"""
    )
    _mark(
        connection,
        f"""SELECT DISTINCT i.id, {ANSWERED} AS mark FROM answer a JOIN interaction i ON i.key = a.key
            JOIN party p ON p.interaction_id = i.id AND p.role IN {_AUTHOR} JOIN handle h ON h.id = p.handle_id
            JOIN handle o ON o.id = a.handle_id AND o.canonical = h.canonical WHERE {NOT_THE_LIST}""",
    )


def teach(connection: Connection) -> None:
    """Mail from those of whom something is learned is marked so."""
    _mark(
        connection,
        f"""SELECT p.interaction_id AS id, max(CASE WHEN l.verdict = 'counts' THEN {COUNTS} ELSE 0 END)
                   + max(CASE WHEN l.verdict = 'noise' THEN {NOISE} ELSE 0 END) AS mark
            FROM learned l JOIN handle h ON h.canonical = l.canonical
            JOIN party p ON p.handle_id = h.id AND p.role = 'from'
            JOIN interaction i ON i.id = p.interaction_id WHERE {NOT_THE_LIST} GROUP BY p.interaction_id""",
    )


def _mark(connection: Connection, which: str) -> None:
    connection.execute(f"UPDATE alike SET marks = marks + m.mark FROM ({which}) m WHERE m.id = alike.id")


def examples(connection: Connection, marked: bool) -> Iterator[list[Example]]:
    """One interaction of each shape, as if it had no marks; or, where any have some, one of each shape with these marks."""
    query = "SELECT shape, 0, example FROM shape ORDER BY example"
    if marked:
        query = "SELECT shape, marks, min(id) FROM alike WHERE marks <> 0 GROUP BY shape, marks ORDER BY 3"
    rows = connection.execute(query).fetchall()
    for first in range(0, len(rows), FEW):
        some = rows[first : first + FEW]
        kept = interactions_by_id(connection, [row[2] for row in some])
        yield [Example(shape, marks, kept[number]) for shape, marks, number in some]


def put(connection: Connection, judged: Sequence[tuple[int, int, str, str, str | None]]) -> None:
    """(shape, marks, verdict, rule, origin of those who are somebody by it if they may be): so it is judged."""
    insert(connection, "judged", "shape INTEGER, marks TINYINT, verdict VARCHAR, rule VARCHAR, origin VARCHAR", judged)


def parts(connection: Connection, origin: str, now: datetime) -> list[Part]:
    """All who may be somebody of this origin, by what was before ``now`` if it was a meeting: each once. Not for MET."""
    # no mark makes another of what the user wrote, and what is marked was not judged yet when this is asked of it
    rows = connection.execute(
        f"""SELECT DISTINCT p.handle_id, p.role IN {_AUTHOR},
                   CASE WHEN j.origin = '{MAY_KNOW}' AND p.role IN {_AUTHOR} THEN p.name END
            FROM judged j JOIN shape s ON s.shape = j.shape
            JOIN alike a ON a.shape = j.shape AND (a.marks = j.marks OR j.origin = '{WROTE}')
            JOIN party p ON p.interaction_id = a.id
            WHERE j.origin = ? AND (s.kind <> 'meeting' OR p.happened_at <= make_timestamp(?::BIGINT))""",
        [origin, micros(now)],
    ).fetchall()
    return [Part(*row) for row in rows]


def held(connection: Connection, now: datetime) -> list[int]:
    """The shapes of meetings by which somebody is met, if one of that shape was before ``now``."""
    # no mark makes another of a meeting, either
    rows = connection.execute(
        """SELECT DISTINCT j.shape FROM judged j JOIN alike a ON a.shape = j.shape
           JOIN interaction i ON i.id = a.id AND i.happened_at <= make_timestamp($now::BIGINT) WHERE j.origin = $origin""",
        {"now": micros(now), "origin": MET},
    ).fetchall()
    return [row[0] for row in rows]


def judge_all(connection: Connection) -> int:
    """Every interaction has the verdict of its shape and marks; returns how many have another than before."""
    changed = connection.execute(
        """UPDATE interaction SET verdict = v.verdict, rule = v.rule
           FROM (SELECT a.id, j.verdict, j.rule FROM alike a JOIN judged j ON j.shape = a.shape AND j.marks = a.marks) v
           WHERE interaction.id = v.id
             AND (interaction.verdict IS DISTINCT FROM v.verdict OR interaction.rule IS DISTINCT FROM v.rule)"""
    ).fetchone()
    return int(changed[0]) if changed else 0


def forget(connection: Connection) -> None:
    """Nothing of this is there."""
    for table in _TEMPORARY:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
