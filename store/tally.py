"""What is kept per handle, because every start asks for it: how often, when last, and by what name.

The user's own handles, which are in every interaction and never asked for, are left out.
Counting 10 million interactions anew takes 0.9 s. All of it is sums and maxima over the facts, so that pages may come in any
order and a replay ends in the same.

A meeting whose time has not come is no contact yet, and becomes one without anybody saying so: it is kept in ``coming``, which
the view ``reached`` adds to what is counted here as time goes by, and is counted here with the first capture after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store.duck import Connection
from store.facts import micros
from store.rows import NUMBERS, listed

_LATER = "(i.kind = 'meeting' AND i.happened_at > make_timestamp($now::BIGINT))"

_TALLY = """
    SELECT p.handle_id, count(DISTINCT p.interaction_id){passed}::INTEGER AS n,
           max(i.happened_at) FILTER (i.verdict = 'counts'{and_passed}) AS last,
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

_COMING = f"""
    INSERT INTO coming (interaction_id, handle_id, happened_at, counts)
    SELECT DISTINCT i.id, p.handle_id, i.happened_at, i.verdict = 'counts'
    FROM interaction i JOIN party p ON p.interaction_id = i.id JOIN handle o ON o.id = p.handle_id AND NOT o.own
    WHERE {_LATER} AND {{where}}"""


def add(connection: Connection, first: int, now: datetime) -> None:
    """Interactions with this id or a later one, which were not counted before, are counted."""
    where = "i.id >= $first AND p.interaction_id >= $first"
    told = {"first": first, "now": micros(now)}
    later = connection.execute(f"SELECT 1 FROM interaction i WHERE i.id >= $first AND {_LATER} LIMIT 1", told).fetchone()
    if later:
        connection.execute(_ADD.format(tally=_counted(where)), told)
        connection.execute(_COMING.format(where=where), told)
    else:
        connection.execute(_ADD.format(tally=_TALLY.format(where=where, passed="", and_passed="")), {"first": first})


def recount(connection: Connection, now: datetime, handles: Iterable[int] | None = None) -> None:
    """These handles, or all, are counted anew."""
    moment: dict[str, object] = {"now": micros(now)}
    whose: dict[str, object] = {}
    clear = count = drop = "true"
    if handles is not None:
        whose = {"handles": listed(sorted(handles))}
        listing = "IN (SELECT unnest(from_json($handles, '[\"BIGINT\"]')))"
        clear, count, drop = f"id {listing}", f"p.handle_id {listing}", f"handle_id {listing}"
    connection.execute(_CLEAR.format(where=clear), whose)
    connection.execute(_SET.format(tally=_counted(count)), moment | whose)
    connection.execute(f"DELETE FROM coming WHERE {drop}", whose)
    connection.execute(_COMING.format(where=count), moment | whose)


def passed(connection: Connection, now: datetime) -> list[int]:
    """Meetings whose time has come by ``now`` are counted; returns the ids of those that count as contact."""
    told = {"now": micros(now)}
    over = "happened_at <= make_timestamp($now::BIGINT)"
    rows = connection.execute(f"SELECT DISTINCT interaction_id, counts FROM coming WHERE {over}", told).fetchall()
    if not rows:
        return []
    connection.execute(
        f"""UPDATE handle SET interactions = handle.interactions + c.n, last_contact = greatest(handle.last_contact, c.latest)
            FROM (SELECT handle_id, count(DISTINCT interaction_id)::INTEGER AS n, max(happened_at) FILTER (counts) AS latest
                  FROM coming WHERE {over} GROUP BY handle_id) c WHERE handle.id = c.handle_id""",
        told,
    )
    connection.execute(f"DELETE FROM coming WHERE {over}", told)
    return sorted(row[0] for row in rows if row[1])


def contacted(connection: Connection, interactions: Iterable[int]) -> None:
    """These interactions, which count since now, are contact with their parties."""
    connection.execute(
        f"""UPDATE handle SET last_contact = greatest(handle.last_contact, t.last) FROM
              (SELECT p.handle_id, max(i.happened_at) AS last FROM party p JOIN interaction i ON i.id = p.interaction_id
               WHERE i.id IN {NUMBERS} GROUP BY p.handle_id) t
            WHERE handle.id = t.handle_id AND NOT handle.own""",
        [listed(interactions)],
    )


def _counted(where: str) -> str:
    """The tally of what has happened by $now."""
    return _TALLY.format(where=where, passed=f" FILTER (NOT {_LATER})", and_passed=f" AND NOT {_LATER}")
