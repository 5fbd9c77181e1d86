"""How the user behaves towards those who send mail, as the facts show it, and what was learned of it.

``learned`` is a belief: canonical handle, the verdict that its mail gets, and the numbers that it was learned from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from store.beliefs import NOT_THE_LIST
from store.duck import Connection
from store.rows import NUMBERS, TEXTS, insert, listed


class Behaviour(NamedTuple):
    """Of one canonical handle: how many mails came from it, how many of them the user answered, and whether it is known.

    What a list sends under its own address came from the list, and is nobody's.
    Known is whom the user has written to or met, and who is on a card.
    """

    canonical: str
    received: int
    answered: int
    known: bool


def behaviour(connection: Connection, canonicals: Iterable[str] | None, least: int) -> list[Behaviour]:
    """Towards these handles, or all, from which at least so many mails came."""
    which, some = "true", []
    if canonicals is not None:
        # nearly always there are few who have written so often, and the others need not be looked for among all parties
        often = connection.execute(
            f"""SELECT canonical FROM handle WHERE canonical IN {TEXTS} AND NOT own
                GROUP BY canonical HAVING sum(interactions) >= ?""",
            [listed(sorted(set(canonicals))), least],
        ).fetchall()
        if not often:
            return []
        which, some = f"h.canonical IN {TEXTS}", [listed([row[0] for row in often])]
    rows = connection.execute(
        # each step is told to come first: together they would be joined over all parties before the few are picked
        f"""WITH mine AS MATERIALIZED (
              SELECT h.id, h.canonical, h.value, dense_rank() OVER (ORDER BY h.canonical) AS who FROM handle h
              WHERE NOT h.own AND {which}),
            wrote AS MATERIALIZED (
              SELECT m.who, m.canonical, m.value, p.interaction_id
              FROM mine m JOIN party p ON p.handle_id = m.id WHERE p.role = 'from'),
            sent AS MATERIALIZED (
              SELECT DISTINCT h.who, i.id, i.key FROM wrote h JOIN interaction i ON i.id = h.interaction_id
              WHERE i.kind = 'mail' AND {NOT_THE_LIST}),
            enough AS MATERIALIZED (
              SELECT who, count(*) AS n FROM sent GROUP BY who HAVING count(*) >= ?),
            answers AS MATERIALIZED (
              SELECT DISTINCT m.who, a.key FROM mine m JOIN answer a ON a.handle_id = m.id),
            told AS (
              SELECT s.who, count(*) AS n FROM sent s JOIN answers a ON a.who = s.who AND a.key = s.key GROUP BY s.who)
            SELECT m.canonical, e.n, coalesce(t.n, 0),
                   m.canonical IN (SELECT canonical FROM handle WHERE origin IN ('wrote', 'met'))
                   OR m.canonical IN (SELECT canonical FROM card_handle WHERE canonical IS NOT NULL)
            FROM enough e JOIN (SELECT DISTINCT who, canonical FROM mine) m ON m.who = e.who
            LEFT JOIN told t ON t.who = e.who ORDER BY ALL""",
        [*some, least],
    ).fetchall()
    return [Behaviour(*row) for row in rows]


def learned(connection: Connection) -> dict[str, tuple[str, int, int]]:
    """Canonical handle to the verdict that its mail gets, mails received, and mails answered."""
    rows = connection.execute("SELECT canonical, verdict, received, answered FROM learned ORDER BY canonical").fetchall()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def put(connection: Connection, looked_at: Collection[str] | None, found: Mapping[str, tuple[str, int, int]]) -> None:
    """Of those who were looked at, or of all, this is learned and nothing else."""
    if looked_at is None:
        connection.execute("DELETE FROM learned")
    else:
        connection.execute(f"DELETE FROM learned WHERE canonical IN {TEXTS}", [listed(sorted(looked_at))])
    rows = [(name, *said) for name, said in sorted(found.items())]
    insert(connection, "learned", "canonical VARCHAR, verdict VARCHAR, received INTEGER, answered INTEGER", rows)


def mail_from(
    connection: Connection, said: Mapping[str, str | None], rules: Iterable[str], steady: Iterable[str], lessons: Iterable[str]
) -> list[int]:
    """Ids of the mails from these handles that may be judged otherwise, now that this verdict, or none, is learned of each.

    They are those that are not judged so, and those that were judged by one of ``rules``, which may hold no more. Of whom the
    same is learned as before (``steady``), what was judged by one of ``lessons`` stands: a sender has thousands of them.
    """
    noise = listed(sorted(name for name, verdict in said.items() if verdict == "noise"))
    others = listed(sorted(name for name, verdict in said.items() if verdict != "noise"))
    learned_rules = listed(sorted(rules))
    rows = connection.execute(
        f"""SELECT DISTINCT p.interaction_id FROM handle h JOIN party p ON p.handle_id = h.id AND p.role = 'from'
            JOIN interaction i ON i.id = p.interaction_id AND i.kind = 'mail'
            WHERE (h.canonical IN {TEXTS} AND (i.verdict <> 'noise' OR i.rule IN {TEXTS})
                OR h.canonical IN {TEXTS} AND (i.verdict = 'noise' OR i.rule IN {TEXTS}))
              AND NOT (h.canonical IN {TEXTS} AND i.rule IN {TEXTS}) ORDER BY 1""",
        [noise, learned_rules, others, learned_rules, listed(sorted(steady)), listed(sorted(lessons))],
    ).fetchall()
    return [row[0] for row in rows]


def parties_of(connection: Connection, interactions: Sequence[int]) -> list[tuple[int, str]]:
    """Ids and canonical forms of all handles but the user's own in these interactions."""
    rows = connection.execute(
        f"""SELECT DISTINCT h.id, h.canonical FROM party p JOIN handle h ON h.id = p.handle_id AND NOT h.own
            WHERE p.interaction_id IN {NUMBERS} ORDER BY ALL""",
        [listed(interactions)],
    ).fetchall()
    return [(row[0], row[1]) for row in rows]
