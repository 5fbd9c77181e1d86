"""What is kept per handle, because every start asks for it: how often, when last, and by what name.

The user's own handles, which are in every interaction and never asked for, are left out.
Counting 10 million interactions anew takes 0.9 s. All of it is sums and maxima over the facts, so that pages may come in any
order and a replay ends in the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from store.duck import Connection
from store.rows import NUMBERS, listed

_TALLY = """
    SELECT p.handle_id, count(DISTINCT p.interaction_id)::INTEGER AS n,
           max(i.happened_at) FILTER (i.verdict = 'counts') AS last,
           max({{'rank': ((CASE WHEN p.role IN ('from', 'organizer') THEN 2 ELSE 1 END)
                          + (CASE WHEN contains(p.name, ' ') THEN 2 ELSE 0 END))::TINYINT,
                 'moment': i.happened_at, 'name': p.name}}) FILTER (p.name IS NOT NULL) AS best
    FROM party p JOIN interaction i ON i.id = p.interaction_id JOIN handle o ON o.id = p.handle_id AND NOT o.own
    WHERE {where} GROUP BY p.handle_id"""
# A full name is better than one word, and what somebody writes themselves better than what others write; among equals the
# newest stands.

_ADD = """
    UPDATE handle SET interactions = handle.interactions + t.n,
      last_contact = greatest(handle.last_contact, t.last),
      name = CASE WHEN t.better THEN t.best.name ELSE handle.name END,
      name_rank = CASE WHEN t.better THEN t.best.rank ELSE handle.name_rank END,
      name_at = CASE WHEN t.better THEN t.best.moment ELSE handle.name_at END
    FROM (SELECT t.*, t.best IS NOT NULL AND (h.name IS NULL OR (t.best.rank, t.best.moment, t.best.name)
                 > (h.name_rank, h.name_at, h.name)) AS better
          FROM ({tally}) t JOIN handle h ON h.id = t.handle_id) t WHERE handle.id = t.handle_id"""

_CLEAR = "UPDATE handle SET interactions = 0, last_contact = NULL, name = NULL, name_rank = NULL, name_at = NULL WHERE {where}"

_SET = """
    UPDATE handle SET interactions = t.n, last_contact = t.last, name = t.best.name, name_rank = t.best.rank,
      name_at = t.best.moment
    FROM ({tally}) t WHERE handle.id = t.handle_id"""


def add(connection: Connection, first: int) -> None:
    """Interactions with this id or a later one, which were not counted before, are counted."""
    where = "i.id >= $first AND p.interaction_id >= $first"
    connection.execute(_ADD.format(tally=_TALLY.format(where=where)), {"first": first})


def recount(connection: Connection, handles: Iterable[int] | None = None) -> None:
    """These handles, or all, are counted anew."""
    if handles is None:
        connection.execute(_CLEAR.format(where="true"))
        connection.execute(_SET.format(tally=_TALLY.format(where="true")))
        return
    which = [listed(sorted(handles))]
    connection.execute(_CLEAR.format(where=f"id IN {NUMBERS}"), which)
    connection.execute(_SET.format(tally=_TALLY.format(where=f"p.handle_id IN {NUMBERS}")), which)


def contacted(connection: Connection, interactions: Iterable[int]) -> None:
    """These interactions, which count since now, are contact with their parties."""
    connection.execute(
        f"""UPDATE handle SET last_contact = greatest(handle.last_contact, t.last) FROM
              (SELECT p.handle_id, max(i.happened_at) AS last FROM party p JOIN interaction i ON i.id = p.interaction_id
               WHERE i.id IN {NUMBERS} GROUP BY p.handle_id) t
            WHERE handle.id = t.handle_id AND NOT handle.own""",
        [listed(interactions)],
    )
