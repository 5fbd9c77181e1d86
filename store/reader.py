"""Answers: each is one SQL statement, and comes back as rows of the JSON contract.

A row is a dict whose keys are the contract's fields. Times come out of the file as UTC and stay aware.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from store.duck import Connection

Row = dict[str, Any]


class Reader:
    """An open connection for reading. Made by ``Store.read``."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Where the source's reading stands; None for a source that was never read."""
        row = self._db.execute("SELECT cursor FROM source WHERE name = ?", [source]).fetchone()
        return json.loads(row[0]) if row and row[0] is not None else None

    def own(self) -> list[str]:
        """The canonical handles that this file believes are the user's own, as the last sync was told."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'own'").fetchone()
        return list(json.loads(row[0])) if row else []

    def find(self, name: str) -> list[Row]:
        """Who ``name`` may be, best first: ``{person_id, name, handles, tier, interactions}``.

        A number is a person's id. Tier 0 is the very name or address, 1 all of its words, 2 the beginnings of words, 3
        anywhere in it; among equals who was in touch last comes first. Those whom the user only may know, and strangers,
        who are handles without a person, come after people of the same tier.
        """
        return self._rows(FIND, {"name": name, "id": int(name) if name.isdecimal() and len(name) < 18 else -1})

    def timeline(self, handles: Sequence[int], limit: int | None = 50, since: datetime | None = None) -> list[Row]:
        """What happened with these handles, newest first."""
        return self._rows(
            TIMELINE,
            {
                "handles": json.dumps(list(handles)),
                "limit": limit if limit is not None else 1 << 40,
                # one interaction may name somebody several times, by each handle and in several roles
                "enough": limit * (2 + 2 * len(handles)) if limit is not None else 1 << 40,
                "since": (since or datetime.min.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None),
            },
        )

    def overdue(self, now: datetime, default: float | None, tags: Mapping[str, float]) -> list[Row]:
        """People out of touch for longer than their cadence, worst first. ``default`` and ``tags`` are days."""
        return self._rows(
            OVERDUE,
            {"now": now.astimezone(UTC).replace(tzinfo=None), "default": default, "tags": json.dumps(dict(tags))},
        )

    def people(self, everybody: bool, default: float | None, tags: Mapping[str, float], tag: str | None = None) -> list[Row]:
        """People, those with the latest contact first; with ``everybody`` also hidden ones, those whom the user
        only may know, and strangers."""
        return self._rows(
            PEOPLE, {"all": everybody, "default": default, "tags": json.dumps(dict(tags)), "tag": tag}
        )

    def person(
        self, person_id: int, default: float | None = None, tags: Mapping[str, float] = MappingProxyType({})
    ) -> Row | None:
        """One person: name, origin, hidden, tags, cadence, last contact, counts, handles, and their story so far."""
        rows = self._rows(PERSON, {"person": person_id, "default": default, "tags": json.dumps(dict(tags))})
        for row in rows:
            row["story"] = _aware(row["story"])
        return rows[0] if rows else None

    def sources(self) -> list[Row]:
        """What the file knows about each source that was ever read."""
        return self._rows(
            "SELECT name, type, polled_at, ok_at, next_at, failures, error, fix, captured FROM source ORDER BY name", {}
        )

    def counts(self) -> Row:
        """How many people and interactions there are."""
        return self._rows(
            """SELECT (SELECT count(*) FROM known WHERE NOT hidden AND origin <> 'may know') AS people,
                      (SELECT count(*) FROM interaction) AS interactions,
                      (SELECT count(*) FROM unreadable) AS unreadable""",
            {},
        )[0]

    def export(self) -> Iterator[tuple[str, list[str], Iterator[tuple[Any, ...]]]]:
        """Every table of the contract: its name, its columns, and its rows as they stream from the file."""
        for table, query in EXPORT.items():
            result = self._db.execute(query)
            columns = [str(c[0]) for c in result.description or ()]
            yield table, columns, _stream(result)

    def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        result = self._db.execute(sql, dict(parameters)) if parameters else self._db.execute(sql)
        names = [str(c[0]) for c in result.description or ()]
        return [_aware(dict(zip(names, row, strict=True))) for row in result.fetchall()]


def _aware(row: Row) -> Row:
    return {name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for name, value in row.items()}


def _stream(result: Connection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(2000):
        yield from rows


def days(cadence: timedelta) -> float:
    """A cadence as the file keeps it."""
    return cadence.total_seconds() / 86400


FIND = """
WITH asked AS (SELECT strip_accents(lower(trim($name))) AS q),
words AS (SELECT q, string_split_regex(q, '\\s+') AS w FROM asked),
spoken AS (
  SELECT h.id, h.person_id, CASE WHEN h.person_id IS NULL THEN h.canonical END AS stranger, h.kind, h.value, h.name,
         h.name_rank, h.name_at, h.interactions, h.last_contact, strip_accents(lower(coalesce(h.name, ''))) AS n
  FROM handle h WHERE NOT h.own),
given AS (SELECT id, name, strip_accents(lower(name)) AS n FROM person WHERE name IS NOT NULL),
maybe AS (
  SELECT s.person_id, s.stranger, s.value, s.n FROM spoken s, words
  WHERE contains(s.n, w[1]) OR contains(s.value, q) OR s.person_id = $id
  UNION ALL SELECT g.id, NULL, '', g.n FROM given g, words WHERE contains(g.n, w[1])),
hit AS (
  SELECT person_id, stranger, min(CASE
      WHEN person_id = $id OR value = q OR n = q THEN 0
      WHEN len(list_filter(w, lambda x: NOT contains(' ' || n || ' ', ' ' || x || ' '))) = 0 THEN 1
      WHEN len(list_filter(w, lambda x: NOT contains(' ' || n, ' ' || x))) = 0 THEN 2
      WHEN contains(n, q) OR contains(value, q) THEN 3 ELSE 9 END) AS tier
  FROM maybe, words GROUP BY ALL HAVING tier < 9)
SELECT hit.person_id,
       coalesce(any_value(g.name), arg_max(s.name, (s.name_rank, s.name_at)) FILTER (s.name IS NOT NULL),
                arg_min(s.value, s.id)) AS name,
       hit.tier, list(s.id ORDER BY s.id) AS ids, list(s.kind || ':' || s.value ORDER BY s.id) AS handles,
       sum(s.interactions)::BIGINT AS interactions
FROM hit JOIN spoken s ON s.person_id IS NOT DISTINCT FROM hit.person_id AND s.stranger IS NOT DISTINCT FROM hit.stranger
LEFT JOIN given g ON g.id = hit.person_id LEFT JOIN person m ON m.id = hit.person_id
GROUP BY hit.person_id, hit.stranger, hit.tier
ORDER BY hit.tier, hit.person_id IS NULL, any_value(m.origin) = 'may know', max(s.last_contact) DESC NULLS LAST,
         interactions DESC, hit.person_id, hit.stranger LIMIT 20
"""

TIMELINE = """
WITH newest AS MATERIALIZED (
  SELECT interaction_id FROM party
  WHERE list_contains(from_json($handles, '["INTEGER"]'), handle_id) AND happened_at >= $since
  ORDER BY happened_at DESC, interaction_id DESC LIMIT $enough),
top AS MATERIALIZED (
  SELECT i.id, i.happened_at, i.kind, i.title, i.source, i.verdict, i.rule FROM interaction i
  WHERE i.id IN (SELECT interaction_id FROM newest) ORDER BY i.happened_at DESC, i.id DESC LIMIT $limit),
parties AS MATERIALIZED (
  SELECT p.interaction_id, p.role, p.name AS written, h.own, h.person_id, h.name AS spoken, h.value
  FROM party p JOIN handle h ON h.id = p.handle_id WHERE p.interaction_id IN (SELECT id FROM top)),
named AS (
  SELECT p.id, coalesce(p.name, arg_max(h.name, (h.name_rank, h.name_at)) FILTER (h.name IS NOT NULL)) AS name
  FROM person p JOIN handle h ON h.person_id = p.id
  WHERE p.id IN (SELECT person_id FROM parties) AND NOT h.own GROUP BY p.id, p.name),
others AS (
  SELECT q.interaction_id,
         bool_or(q.own AND q.role IN ('from', 'organizer')) AS sent,
         list_distinct(list(coalesce(n.name, q.written, q.spoken, q.value) ORDER BY q.role = 'from' DESC)
                       FILTER (NOT q.own)) AS people
  FROM parties q LEFT JOIN named n ON n.id = q.person_id GROUP BY q.interaction_id),
seen AS (SELECT interaction_id, list(DISTINCT source) AS sources FROM also_seen
         WHERE interaction_id IN (SELECT id FROM top) GROUP BY interaction_id)
SELECT top.id, top.happened_at, top.kind,
       CASE WHEN top.kind IN ('meeting', 'note') THEN 'both' WHEN o.sent THEN 'out' ELSE 'in' END AS direction,
       top.title, coalesce(list_sort(o.people), []) AS people,
       list_sort(list_distinct(list_concat([top.source], coalesce(s.sources, [])))) AS sources, top.verdict, top.rule
FROM top LEFT JOIN others o ON o.interaction_id = top.id LEFT JOIN seen s ON s.interaction_id = top.id
ORDER BY top.happened_at DESC, top.id DESC
"""

_PACE = """
tagged AS (SELECT t.person_id, list(t.tag ORDER BY t.tag) AS tags,
                  min(c.days) AS days, arg_min(t.tag, (c.days, t.tag)) FILTER (c.days IS NOT NULL) AS by
           FROM tag t LEFT JOIN (SELECT key AS tag, value::DOUBLE AS days FROM json_each($tags)) c ON c.tag = t.tag
           GROUP BY t.person_id),
pace AS (SELECT p.id AS person_id, coalesce(g.tags, []) AS tags,
                CASE WHEN c.person_id IS NOT NULL THEN c.days WHEN g.days IS NOT NULL THEN g.days
                     WHEN p.origin <> 'may know' THEN $default::DOUBLE END AS cadence_days,
                CASE WHEN c.person_id IS NOT NULL THEN 'their own cadence'
                     WHEN g.days IS NOT NULL THEN 'tag ' || g.by ELSE 'the default' END AS because
         FROM person p LEFT JOIN tagged g ON g.person_id = p.id LEFT JOIN cadence c ON c.person_id = p.id)
"""

OVERDUE = f"""
WITH {_PACE},
contact AS (SELECT person_id, max(last_contact) AS last_contact FROM handle
            WHERE person_id IS NOT NULL AND NOT own GROUP BY person_id),
late AS MATERIALIZED (
  SELECT c.person_id, p.name, pace.cadence_days, c.last_contact, pace.because,
         epoch($now::TIMESTAMP - c.last_contact) / 86400 AS since
  FROM contact c JOIN person p ON p.id = c.person_id JOIN pace ON pace.person_id = c.person_id
  WHERE NOT p.hidden AND epoch($now::TIMESTAMP - c.last_contact) / 86400 > pace.cadence_days),
named AS (
  SELECT person_id, arg_max(name, (name_rank, name_at)) FILTER (name IS NOT NULL) AS name, arg_min(value, id) AS value
  FROM handle WHERE person_id IN (SELECT person_id FROM late) AND NOT own GROUP BY person_id)
SELECT coalesce(late.name, n.name, n.value) AS person, late.person_id, cadence_days, last_contact,
       floor(since)::BIGINT AS days_since, floor(since - cadence_days)::BIGINT AS overdue_days,
       round(since / cadence_days, 2) AS ratio, because
FROM late JOIN named n ON n.person_id = late.person_id
ORDER BY since / cadence_days DESC, since DESC, late.person_id
"""

PEOPLE = f"""
WITH {_PACE},
everybody AS (
  SELECT k.person_id, k.name, k.handles, k.last_contact, k.interactions, pace.tags, pace.cadence_days, k.origin
  FROM known k JOIN pace ON pace.person_id = k.person_id WHERE $all OR NOT (k.hidden OR k.origin = 'may know')
  UNION ALL
  SELECT NULL, coalesce(arg_max(name, (name_rank, name_at)) FILTER (name IS NOT NULL), arg_min(value, id)),
         list(kind || ':' || value ORDER BY id), max(last_contact), sum(interactions)::BIGINT, [], NULL, 'stranger'
  FROM handle WHERE $all AND person_id IS NULL AND NOT own GROUP BY canonical)
SELECT * FROM everybody WHERE $tag IS NULL OR list_contains(tags, $tag)
ORDER BY last_contact DESC NULLS LAST, interactions DESC, person_id, handles
"""

PERSON = f"""
WITH {_PACE}
SELECT k.person_id, k.name, k.origin, k.hidden, k.interactions, k.last_contact, k.handles, pace.tags, pace.cadence_days,
       (SELECT {{'names': coalesce(list(DISTINCT q.name ORDER BY q.name) FILTER (q.name IS NOT NULL), []),
                'first': min(i.happened_at), 'latest': max(i.happened_at),
                'counts': count(DISTINCT i.id) FILTER (i.verdict = 'counts')}}
        FROM handle h JOIN party q ON q.handle_id = h.id JOIN interaction i ON i.id = q.interaction_id
        WHERE h.person_id = $person) AS story
FROM known k JOIN pace ON pace.person_id = k.person_id WHERE k.person_id = $person
"""

EXPORT = {
    "person": "SELECT person_id, name, origin, hidden FROM known ORDER BY person_id",
    "handle": "SELECT kind, value, person_id, own FROM handle ORDER BY id",
    "interaction": """SELECT id, source, native_id, same_as, kind, happened_at, title, printf('%016x', thread) AS thread,
                      verdict, rule, signals::JSON AS signals FROM interaction ORDER BY id""",
    "also_seen": "SELECT interaction_id, source, native_id FROM also_seen ORDER BY ALL",
    "party": """SELECT p.interaction_id, h.kind, h.value, p.role, p.name FROM party p JOIN handle h ON h.id = p.handle_id
                ORDER BY p.interaction_id""",
    "card": """SELECT source, native_id, name, organisation, title, birthday, person_id, note, more::JSON AS more
               FROM card ORDER BY source, native_id""",
    "card_handle": "SELECT source, native_id, kind, value, label FROM card_handle ORDER BY ALL",
    "unreadable": "SELECT source, native_id, reason, seen_at FROM unreadable ORDER BY source, native_id",
    "decision": "SELECT id, made_at, made_by, what, person_id, other, evidence, undone_by FROM decision ORDER BY id",
    "tag": "SELECT person_id, tag FROM tag ORDER BY ALL",
    "cadence": "SELECT person_id, days FROM cadence ORDER BY ALL",
}
"""Table of the contract to the statement that reads it."""
