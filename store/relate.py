"""Evidence that two handles are one person, as the facts show it, and the decision that they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from store.duck import Connection
from store.facts import micros
from store.rows import TEXTS, insert, listed


class Reply(NamedTuple):
    """The user's mail to one handle, answered from another. Handles are canonical; names as written in the two mails."""

    to: str
    to_names: tuple[str, ...]
    by: str
    by_name: str
    answer: int
    mail: int


class Link(NamedTuple):
    """Two canonical handles that are one person, and why."""

    a: str
    b: str
    evidence: Mapping[str, Any]


def news(connection: Connection) -> tuple[int, int]:
    """(first, last) id of the interactions that have not been looked at for evidence yet; nothing new where last < first."""
    seen = connection.execute("SELECT value FROM meta WHERE name = 'related'").fetchone()
    last = connection.execute("SELECT coalesce(max(id), 0) FROM interaction").fetchone()
    return (int(seen[0]) if seen else 0) + 1, int(last[0]) if last else 0


def seen(connection: Connection, last: int) -> None:
    """Interactions up to this id have been looked at."""
    connection.execute("DELETE FROM meta WHERE name = 'related'")
    connection.execute("INSERT INTO meta VALUES ('related', ?)", [str(last)])


def replies_from_elsewhere(connection: Connection, first: int) -> list[Reply]:
    """Answers to the user's mail from a handle that it was not sent to, where one of the two has an id from ``first`` on."""
    rows = connection.execute(
        """
        WITH pair AS MATERIALIZED (
          SELECT r.id AS answer, m.id AS mail FROM interaction r JOIN interaction m ON m.key = r.answers
          WHERE r.verdict = 'counts' AND m.verdict = 'counts' AND (r.id >= $first OR m.id >= $first)),
        sent AS MATERIALIZED (
          SELECT DISTINCT pair.answer, pair.mail FROM pair JOIN party p ON p.interaction_id = pair.mail AND p.role = 'from'
          JOIN handle h ON h.id = p.handle_id AND h.own),
        wrote AS MATERIALIZED (
          SELECT sent.answer, sent.mail, h.canonical, p.name, h.person_id FROM sent
          JOIN party p ON p.interaction_id = sent.answer AND p.role = 'from' AND contains(p.name, ' ')
          JOIN handle h ON h.id = p.handle_id AND NOT h.own),
        asked AS MATERIALIZED (
          SELECT sent.mail, sent.answer, h.canonical, p.name, h.name AS known, h.person_id FROM sent
          JOIN party p ON p.interaction_id = sent.mail AND p.role <> 'from' JOIN handle h ON h.id = p.handle_id AND NOT h.own)
        SELECT DISTINCT a.canonical, list_filter([a.name, a.known], lambda n: n IS NOT NULL), w.canonical, w.name, w.answer,
               w.mail
        FROM wrote w JOIN asked a ON a.answer = w.answer AND a.mail = w.mail
        WHERE a.canonical <> w.canonical AND a.person_id IS NOT NULL AND a.person_id IS DISTINCT FROM w.person_id
          AND NOT EXISTS (SELECT 1 FROM asked b WHERE b.mail = w.mail AND b.answer = w.answer AND b.canonical = w.canonical)
        ORDER BY ALL""",
        {"first": first},
    ).fetchall()
    return [Reply(to, tuple(names), by, name, answer, mail) for to, names, by, name, answer, mail in rows]


def names_of(connection: Connection, canonicals: Sequence[str]) -> dict[str, list[str]]:
    """All names of several words that each of these canonical handles was ever written with."""
    rows = connection.execute(
        f"""SELECT h.canonical, list(DISTINCT p.name ORDER BY p.name) FROM handle h JOIN party p ON p.handle_id = h.id
            WHERE h.canonical IN {TEXTS} AND contains(p.name, ' ') GROUP BY h.canonical""",
        [listed(sorted(set(canonicals)))],
    ).fetchall()
    return {row[0]: list(row[1]) for row in rows}


def link(connection: Connection, links: Sequence[Link]) -> list[Link]:
    """The matcher has decided these links: they are in the log with their evidence.

    Returns those that it had not decided before; what was undone since is not decided again.
    """
    rows = connection.execute("SELECT other FROM decision WHERE what = 'link'").fetchall() if links else []
    known = {frozenset(json.loads(row[0])) for row in rows}
    links = [each for each in links if frozenset((each.a, each.b)) not in known]
    if not links:
        return []
    top = connection.execute("SELECT coalesce(max(id), 0) FROM decision").fetchone()
    now = micros(datetime.now(UTC))
    insert(
        connection,
        "decision",
        "id BIGINT, made_at TIMESTAMP, made_by VARCHAR, what VARCHAR, other VARCHAR, evidence VARCHAR",
        [
            (
                (top[0] if top else 0) + 1 + n,
                now,
                "matcher",
                "link",
                json.dumps([x.a, x.b], ensure_ascii=False),
                json.dumps(dict(x.evidence), ensure_ascii=False),
            )
            for n, x in enumerate(links)
        ],
    )
    return links
