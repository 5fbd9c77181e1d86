"""What the facts show of two handles, for the matcher to weigh; and who has to be looked at again.

``profile`` holds the names that handles go by, ``block`` the keys under which they are compared, ``pair`` what is known of
those that share one, ``unmatched`` the handles of which something has changed since they were last looked at. All of them are
beliefs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from store.duck import Connection
from store.rows import NUMBERS, TEXTS, as_rows, given, insert, listed, note

CHUNK = 10_000
"""Rows that go into the file at once: what is written is in memory twice until then."""

MOST = 100
"""Handles under one key; a key that more share tells nothing."""

COMPANY = 8
"""Parties beside the user that are still a company, in which people know of each other."""

CROWD = 20
"""Parties beside the user from which on an interaction is a mass mailing."""


_SEEN = f"""
    WITH talk AS MATERIALIZED (
      SELECT canonical, thread, bool_or(wrote) AS wrote, bool_or(by_me AND NOT wrote) AS told FROM part
      WHERE thread IS NOT NULL AND n <= {CROWD} GROUP BY canonical, thread),
    talking AS MATERIALIZED (
      SELECT q.a, q.b, x.thread, x.told, x.wrote FROM asked q JOIN talk x ON x.canonical = q.a),
    threads AS (
      SELECT x.a, x.b, count(*) AS n FROM talking x JOIN talk y ON y.canonical = x.b AND y.thread = x.thread
      WHERE (x.told AND (y.wrote OR y.told)) OR (x.wrote AND y.told) GROUP BY x.a, x.b),
    taking AS MATERIALIZED (
      SELECT q.a, q.b, x.interaction_id, x.n FROM asked q JOIN part x ON x.canonical = q.a),
    joint AS (
      SELECT x.a, x.b, count(*) FILTER (x.n <= {CROWD}) AS few, count(*) FILTER (x.n > {CROWD}) AS many
      FROM taking x JOIN part y ON y.canonical = x.b AND y.interaction_id = x.interaction_id GROUP BY x.a, x.b),
    beside AS MATERIALIZED (
      SELECT q.a, q.b, x.other FROM asked q JOIN company x ON x.canonical = q.a AND x.other <> q.b),
    circle AS (
      SELECT x.a, x.b, count(*) AS n FROM beside x JOIN company y ON y.canonical = x.b AND y.other = x.other
      WHERE x.other NOT IN {TEXTS} GROUP BY x.a, x.b)
    SELECT q.a, q.b, coalesce(t.n, 0), coalesce(c.n, 0), coalesce(o.few, 0), coalesce(o.many, 0)
    FROM asked q LEFT JOIN threads t ON t.a = q.a AND t.b = q.b LEFT JOIN circle c ON c.a = q.a AND c.b = q.b
    LEFT JOIN joint o ON o.a = q.a AND o.b = q.b
    WHERE t.n IS NOT NULL OR c.n IS NOT NULL OR o.a IS NOT NULL"""


class Names(NamedTuple):
    """How often a canonical handle was written under a name, by itself (``own``) or by others."""

    canonical: str
    origin: str
    name: str | None
    own: bool
    times: int


class Together(NamedTuple):
    """What two canonical handles were seen to do: counts over mail and meetings that are no noise."""

    threads: int = 0
    """Conversations in which the user wrote to the one, and the other took part: wrote, or was written to as well."""
    circle: int = 0
    """People who were in small company with both."""
    both: int = 0
    """Mails and meetings, of at most CROWD parties beside the user, in which both have a part."""
    crowds: int = 0
    """The same, of more parties."""
    answers: bool = False
    """Whether mail from the one asked for its answer to go to the other, and the user has written to both."""


def look_again(connection: Connection, canonicals: Iterable[str]) -> None:
    """These handles are to be looked at again."""
    insert(connection, "unmatched", "canonical VARCHAR", [(each,) for each in sorted(set(canonicals))])


def look_again_at(connection: Connection, handles: Iterable[int]) -> None:
    """The same, by the ids of the handles."""
    connection.execute(
        f"INSERT INTO unmatched SELECT DISTINCT canonical FROM handle WHERE NOT own AND id IN {NUMBERS}",
        [listed(sorted(set(handles)))],
    )


def look_again_in(connection: Connection, interactions: Iterable[int]) -> None:
    """The same, for all who have a part in these interactions."""
    connection.execute(
        f"""INSERT INTO unmatched SELECT DISTINCT h.canonical FROM party p JOIN handle h ON h.id = p.handle_id
            WHERE NOT h.own AND p.interaction_id IN {NUMBERS}""",
        [listed(interactions)],
    )


def touched(connection: Connection) -> set[str]:
    """Canonical handles that are to be looked at, since there is news of them; from now on there is none."""
    seen = connection.execute("SELECT value FROM meta WHERE name = 'related'").fetchone()
    last = connection.execute("SELECT coalesce(max(id), 0) FROM interaction").fetchone()
    first, top = (int(seen[0]) if seen else 0) + 1, int(last[0]) if last else 0
    rows = connection.execute("SELECT canonical FROM unmatched").fetchall()
    if top >= first:
        rows += connection.execute(
            """SELECT DISTINCT h.canonical FROM party p JOIN handle h ON h.id = p.handle_id AND NOT h.own
               WHERE p.interaction_id >= ?""",
            [first],
        ).fetchall()
    if rows:
        connection.execute("DELETE FROM unmatched")
    if rows or top >= first:
        note(connection, "related", str(top))
    return {row[0] for row in rows}


def ids_are_free(connection: Connection) -> None:
    """Interactions have gone, and new ones may get the ids of the last of them: those are to be looked at, too."""
    connection.execute(
        """UPDATE meta SET value = least(value::BIGINT, (SELECT coalesce(max(id), 0) FROM interaction))::VARCHAR
           WHERE name = 'related'"""
    )


def forget(connection: Connection) -> None:
    """Everybody is to be looked at, also who is on a card and in no interaction."""
    note(connection, "related", None)
    for table in ("profile", "block", "pair", "unmatched"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute(
        "INSERT INTO unmatched SELECT DISTINCT canonical FROM handle WHERE NOT own AND person_id IS NOT NULL ORDER BY 1"
    )


def names(connection: Connection, canonicals: Iterable[str]) -> list[Names]:
    """Under which names these handles were written in what is no noise; those that are nobody's are left out."""
    rows = connection.execute(
        f"""WITH mine AS MATERIALIZED (
              SELECT id, canonical, coalesce(origin, 'card') AS origin FROM handle
              WHERE canonical IN {TEXTS} AND NOT own AND person_id IS NOT NULL),
            bits AS MATERIALIZED (
              SELECT p.handle_id, p.interaction_id, p.name, p.role IN ('from', 'organizer') AS own FROM party p
              WHERE p.handle_id IN (SELECT id FROM mine) AND p.name IS NOT NULL),
            counted AS MATERIALIZED (
              SELECT b.handle_id, b.name, b.own, count(*) AS n FROM bits b
              JOIN interaction i ON i.id = b.interaction_id AND i.verdict <> 'noise' GROUP BY ALL)
            SELECT m.canonical, any_value(m.origin), c.name, c.own, sum(c.n)::BIGINT
            FROM counted c JOIN mine m ON m.id = c.handle_id GROUP BY m.canonical, c.name, c.own
            UNION ALL SELECT canonical, any_value(origin), NULL, false, 0 FROM mine GROUP BY canonical
            ORDER BY ALL""",
        [listed(sorted(set(canonicals)))],
    ).fetchall()
    return [Names(*row) for row in rows]


def put_profiles(connection: Connection, looked_at: Collection[str], said: Mapping[str, str]) -> None:
    """Of those who were looked at, these go by some name, or may be compared by their address, as the text says."""
    connection.execute(f"DELETE FROM profile WHERE canonical IN {TEXTS}", [listed(sorted(looked_at))])
    insert(connection, "profile", "canonical VARCHAR, said VARCHAR", sorted(said.items()))


def profiles(connection: Connection, canonicals: Iterable[str]) -> dict[str, str]:
    """What was put of these handles."""
    asked = [listed(sorted(set(canonicals)))]
    return dict(connection.execute(f"SELECT canonical, said FROM profile WHERE canonical IN {TEXTS}", asked).fetchall())


def put_blocks(connection: Connection, looked_at: Collection[str], keys: Collection[tuple[str, str]]) -> set[str]:
    """Those who were looked at have these keys, as (canonical, key), and no others.

    Returns others who have to be looked at: those under a key that has become one of too many, or is no more.
    """
    if connection.execute("SELECT 1 FROM block LIMIT 1").fetchone() is None:
        # there is nobody else, as after a first capture
        come_first = list(keys)
        for first in range(0, len(come_first), CHUNK):
            insert(connection, "block", "canonical VARCHAR, key VARCHAR", come_first[first : first + CHUNK])
        return set()
    asked = [listed(sorted(looked_at))]
    was = set(connection.execute(f"SELECT canonical, key FROM block WHERE canonical IN {TEXTS}", asked).fetchall())
    now = set(keys)
    gone, come = Counter(key for _, key in was - now), Counter(key for _, key in now - was)
    if gone:
        connection.execute(
            f"""DELETE FROM block WHERE EXISTS (SELECT 1 FROM ({given("canonical VARCHAR, key VARCHAR")}) g
                WHERE g.canonical = block.canonical AND g.key = block.key)""",
            as_rows(sorted(was - now)),
        )
    insert(connection, "block", "canonical VARCHAR, key VARCHAR", sorted(now - was))
    changed = gone.keys() | come.keys()
    counts = connection.execute(
        f"SELECT key, count(*) FROM block WHERE key IN {TEXTS} AND NOT starts_with(key, 'w ') GROUP BY key HAVING count(*) > ?",
        [listed(sorted(changed)), MOST - max(gone.values(), default=0)],
    ).fetchall()
    turned = [key for key, count in counts if (count > MOST) != (count - come[key] + gone[key] > MOST)]
    if not turned:
        return set()
    rows = connection.execute(f"SELECT DISTINCT canonical FROM block WHERE key IN {TEXTS}", [listed(turned)])
    return {row[0] for row in rows.fetchall()}


def candidates(connection: Connection, canonicals: Iterable[str]) -> list[tuple[str, str]]:
    """All pairs, of which one is among these, that share a key; a key that more than MOST have is none."""
    rows = connection.execute(
        f"""WITH mine AS MATERIALIZED (
              SELECT canonical, key FROM block WHERE NOT starts_with(key, 'w ') AND canonical IN {TEXTS}),
            kept AS MATERIALIZED (
              SELECT canonical, key FROM block WHERE key IN (
                SELECT key FROM block WHERE key IN (SELECT key FROM mine) GROUP BY key HAVING count(*) BETWEEN 2 AND {MOST}))
            SELECT DISTINCT least(x.canonical, y.canonical), greatest(x.canonical, y.canonical)
            FROM mine x JOIN kept y ON x.key = y.key AND x.canonical <> y.canonical ORDER BY ALL""",
        [listed(sorted(set(canonicals)))],
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def seen_together(
    connection: Connection, pairs: Sequence[tuple[str, str]], nobody: Callable[[str], bool]
) -> dict[tuple[str, str], Together]:
    """What the two of each pair were seen to do, but for ``answers``; pairs that were seen to do nothing are left out.

    A correspondent in common is somebody who was in small company with both. What a handle wrote itself shows nothing of the
    kind until the user has written to it: whoever forges a name may copy in whom they like. ``nobody`` tells of a canonical
    handle that it is no correspondent.
    """
    if not pairs:
        return {}
    connection.execute("CREATE TEMP TABLE asked (a VARCHAR, b VARCHAR)")
    insert(connection, "asked", "a VARCHAR, b VARCHAR", pairs)
    connection.execute(
        """CREATE TEMP TABLE part AS
            WITH mine AS MATERIALIZED (
              SELECT id, canonical, coalesce(origin, '') = 'wrote' AS trusted FROM handle
              WHERE NOT own AND canonical IN (SELECT a FROM asked UNION SELECT b FROM asked)),
            bits AS MATERIALIZED (
              SELECT m.canonical, p.interaction_id, bool_or(p.role IN ('from', 'organizer')) AS wrote,
                     any_value(m.trusted) AS trusted
              FROM mine m JOIN party p ON p.handle_id = m.id GROUP BY ALL),
            size AS (
              SELECT p.interaction_id, count(DISTINCT h.canonical) FILTER (NOT h.own) AS n,
                     bool_or(h.own AND p.role IN ('from', 'organizer')) AS by_me
              FROM party p JOIN handle h ON h.id = p.handle_id
              WHERE p.interaction_id IN (SELECT interaction_id FROM bits) GROUP BY p.interaction_id)
            SELECT b.canonical, b.interaction_id, b.wrote, b.trusted, s.n, s.by_me, i.thread
            FROM bits b JOIN size s ON s.interaction_id = b.interaction_id
            JOIN interaction i ON i.id = b.interaction_id AND i.verdict <> 'noise'"""
    )
    connection.execute(
        f"""CREATE TEMP TABLE company AS
            WITH there AS MATERIALIZED (
              SELECT DISTINCT t.canonical, p.handle_id FROM part t JOIN party p ON p.interaction_id = t.interaction_id
              WHERE t.n BETWEEN 2 AND {COMPANY} AND (t.trusted OR NOT t.wrote)),
            who AS MATERIALIZED (
              SELECT t.canonical, h.canonical AS other FROM there t JOIN handle h ON h.id = t.handle_id AND NOT h.own)
            SELECT DISTINCT canonical, other FROM who WHERE other <> canonical"""
    )
    others = connection.execute("SELECT DISTINCT other FROM company ORDER BY other").fetchall()
    strangers = [listed([other for (other,) in others if nobody(other)])]
    rows = connection.execute(_SEEN, strangers).fetchall()
    # not in a finally: what is temporary goes with a transaction that failed, and a DROP in one hides what it failed of
    for table in ("company", "part", "asked"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    return {(row[0], row[1]): Together(*row[2:]) for row in rows}


def answers_to(connection: Connection, canonicals: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Of these handles, those whose mail asked for answers to go elsewhere: the handle, and the addresses as written."""
    rows = connection.execute(
        f"""SELECT DISTINCT h.canonical, json_extract(i.signals, '$.reply_to')::VARCHAR FROM handle h
            JOIN party p ON p.handle_id = h.id AND p.role = 'from'
            JOIN interaction i ON i.id = p.interaction_id AND i.verdict <> 'noise' AND contains(i.signals, '"reply_to"')
            WHERE h.canonical IN {TEXTS} AND NOT h.own""",
        [listed(sorted(set(canonicals)))],
    ).fetchall()
    return [(row[0], tuple(json.loads(row[1]))) for row in rows]


def put_pairs(connection: Connection, looked_at: Iterable[str], pairs: Mapping[tuple[str, str], Sequence[str]]) -> None:
    """Of all pairs with one of those who were looked at, these are candidates, for these features, and no others."""
    who = listed(sorted(looked_at))
    connection.execute(f"DELETE FROM pair WHERE a IN {TEXTS} OR b IN {TEXTS}", [who, who])
    rows = [(a, b, json.dumps(list(found))) for (a, b), found in sorted(pairs.items())]
    insert(connection, "pair", "a VARCHAR, b VARCHAR, features VARCHAR", rows)


def pairs(connection: Connection) -> list[tuple[str, str, list[str]]]:
    """All candidates, and what is known of them."""
    rows = connection.execute("SELECT a, b, features FROM pair ORDER BY a, b").fetchall()
    read: dict[str, list[str]] = {}
    return [(a, b, read.get(text) or read.setdefault(text, json.loads(text))) for a, b, text in rows]


def word_counts(connection: Connection) -> tuple[dict[str, int], int]:
    """How many handles have each word in their full name, and how many have one at all."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT substr(key, 3), count(*) FROM block WHERE starts_with(key, 'w ') GROUP BY key"
    ).fetchall()
    total = connection.execute("SELECT count(DISTINCT canonical) FROM block WHERE starts_with(key, 'w ')").fetchone()
    return {row[0]: row[1] for row in rows}, total[0] if total else 0
