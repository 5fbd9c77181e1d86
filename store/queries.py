"""The statements that answer questions: one each, over what is kept small for them.

Handles are read through the view ``reached``, which knows of meetings whose time has come since the last capture.
"""

from __future__ import annotations

FIND = """
WITH asked AS (
  SELECT strip_accents(lower(trim($name))) AS q,
         coalesce((SELECT coalesce(part_of, id) FROM person WHERE id = $id), -1) AS number),
words AS (SELECT q, number, string_split_regex(q, '\\s+') AS w, $phone::VARCHAR AS phone, $whole AS whole,
                 CASE WHEN $short THEN NULL ELSE q END AS part FROM asked),
spoken AS (
  SELECT h.id, h.person_id, CASE WHEN h.person_id IS NULL THEN h.canonical END AS stranger, h.kind, h.value, h.name,
         h.name_rank, h.name_at, h.interactions, h.last_contact,
         strip_accents(lower(coalesce(h.name, CASE WHEN h.kind = 'name' THEN h.value END, ''))) AS n,
         strip_accents(lower(h.value)) AS v
  FROM reached h WHERE NOT h.own),
given AS (
  SELECT id, strip_accents(lower(name)) AS n FROM person WHERE name IS NOT NULL AND origin IS NOT NULL
  UNION ALL SELECT person_id, strip_accents(lower(name)) FROM called),
maybe AS (
  SELECT s.person_id, s.stranger, s.v, s.n, coalesce(s.kind = 'phone' AND ends_with(s.v, phone), false) AS dialled
  FROM spoken s, words WHERE contains(s.n, w[1]) OR contains(s.v, part) OR s.v = q OR dialled
  UNION ALL SELECT g.id, NULL, '', g.n, false FROM given g, words WHERE contains(g.n, w[1])
  UNION ALL SELECT p.id, NULL, '', '', false FROM person p, words WHERE p.id = number AND p.origin IS NOT NULL),
hit AS (
  SELECT person_id, stranger, min(CASE
      WHEN person_id = number OR v = q OR n = q OR (dialled AND whole) THEN 0
      WHEN len(list_filter(w, lambda x: NOT contains(' ' || n || ' ', ' ' || x || ' '))) = 0 THEN 1
      WHEN len(list_filter(w, lambda x: NOT contains(' ' || n, ' ' || x))) = 0 THEN 2
      WHEN contains(n, part) OR contains(v, part) OR dialled THEN 3 ELSE 9 END) AS tier
  FROM maybe, words GROUP BY ALL HAVING tier < 9)
SELECT hit.person_id,
       coalesce(any_value(m.name), any_value(m.card_name),
                arg_max(s.name, (s.name_rank, s.name_at)) FILTER (s.name IS NOT NULL), arg_min(s.value, s.id)) AS name,
       hit.tier, coalesce(list(s.id ORDER BY s.id) FILTER (s.id IS NOT NULL), []) AS ids,
       coalesce(list(s.kind || ':' || s.value ORDER BY s.id) FILTER (s.id IS NOT NULL), []) AS handles,
       coalesce(sum(s.interactions), 0)::BIGINT AS interactions
FROM hit LEFT JOIN person m ON m.id = hit.person_id
LEFT JOIN spoken s ON s.person_id IS NOT DISTINCT FROM hit.person_id AND s.stranger IS NOT DISTINCT FROM hit.stranger
GROUP BY hit.person_id, hit.stranger, hit.tier
ORDER BY hit.tier, hit.person_id IS NULL, any_value(m.origin) = 'may know', max(s.last_contact) DESC NULLS LAST,
         interactions DESC, hit.person_id, hit.stranger LIMIT 20
"""

TIMELINE = """
WITH newest AS MATERIALIZED (
  SELECT interaction_id FROM party
  WHERE list_contains(from_json($handles, '["INTEGER"]'), handle_id) AND happened_at >= $since
    AND happened_at < $soon
  ORDER BY happened_at DESC, interaction_id DESC LIMIT $enough),
top AS MATERIALIZED (
  SELECT i.id, i.happened_at, i.kind, i.title, i.source, i.verdict, i.rule FROM interaction i
  WHERE i.id IN (SELECT interaction_id FROM newest)
    AND i.id NOT IN (SELECT interaction_id FROM coming WHERE happened_at > now()::TIMESTAMP)
  ORDER BY i.happened_at DESC, i.id DESC LIMIT $limit),
parties AS MATERIALIZED (
  SELECT p.interaction_id, p.role, p.name AS written, h.own, h.person_id, h.name AS spoken, h.value
  FROM party p JOIN handle h ON h.id = p.handle_id WHERE p.interaction_id IN (SELECT id FROM top)),
named AS (
  SELECT p.id, coalesce(p.name, p.card_name,
                        arg_max(h.name, (h.name_rank, h.name_at)) FILTER (h.name IS NOT NULL)) AS name
  FROM person p JOIN handle h ON h.person_id = p.id
  WHERE p.id IN (SELECT person_id FROM parties) AND NOT h.own GROUP BY p.id, p.name, p.card_name),
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
tags AS (
  SELECT coalesce(p.part_of, p.id) AS person_id, t.tag FROM tag t JOIN person p ON p.id = t.person_id
  UNION SELECT person_id, tag FROM card_tag),
tagged AS (SELECT t.person_id, list(t.tag ORDER BY t.tag) AS tags,
                  min(c.days) AS days, arg_min(t.tag, (c.days, t.tag)) FILTER (c.days IS NOT NULL) AS by
           FROM tags t LEFT JOIN (SELECT key AS tag, value::DOUBLE AS days FROM json_each($tags)) c ON c.tag = t.tag
           GROUP BY t.person_id),
paced AS (SELECT coalesce(p.part_of, p.id) AS person_id, arg_min([c.days], (p.part_of IS NOT NULL, p.id))[1] AS days
          FROM cadence c JOIN person p ON p.id = c.person_id GROUP BY ALL),
pace AS (SELECT p.id AS person_id, coalesce(g.tags, []) AS tags,
                CASE WHEN c.person_id IS NOT NULL THEN c.days WHEN g.days IS NOT NULL THEN g.days
                     WHEN p.origin <> 'may know' THEN $default::DOUBLE END AS cadence_days,
                CASE WHEN c.person_id IS NOT NULL THEN 'their own cadence'
                     WHEN g.days IS NOT NULL THEN 'tag ' || g.by ELSE 'the default' END AS because
         FROM person p LEFT JOIN tagged g ON g.person_id = p.id LEFT JOIN paced c ON c.person_id = p.id
         WHERE p.origin IS NOT NULL)
"""

OVERDUE = f"""
WITH {_PACE},
contact AS (SELECT person_id, max(last_contact) AS last_contact FROM reached
            WHERE person_id IS NOT NULL AND NOT own GROUP BY person_id),
late AS MATERIALIZED (
  SELECT c.person_id, coalesce(p.name, p.card_name) AS name, pace.cadence_days, c.last_contact, pace.because,
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
  FROM reached WHERE $all AND person_id IS NULL AND NOT own GROUP BY canonical)
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
        WHERE h.person_id = $person
          AND i.id NOT IN (SELECT interaction_id FROM coming WHERE happened_at > now()::TIMESTAMP)) AS story
FROM known k JOIN pace ON pace.person_id = k.person_id WHERE k.person_id = $person
"""

ARCHIVED = """
SELECT DISTINCT h.kind || ':' || h.value AS handle, a.until FROM archived a JOIN handle h ON h.canonical = a.canonical
WHERE h.person_id = $person ORDER BY ALL
"""

CARDS = """
SELECT c.source, c.native_id, c.name, c.organisation, c.title, c.birthday, c.note, c.more,
       (SELECT list(h.value ORDER BY h.value) FROM card_handle h
        WHERE h.source = c.source AND h.native_id = c.native_id AND h.kind = 'url') AS links
FROM card c WHERE c.person_id = $person ORDER BY c.source, c.native_id
"""

NOISE = """
SELECT i.rule, h.value AS sender, any_value(h.name) AS name, count(DISTINCT i.id) AS count, max(i.happened_at) AS latest,
       arg_max(i.id, i.happened_at) AS id
FROM interaction i LEFT JOIN party p ON p.interaction_id = i.id AND p.role IN ('from', 'organizer')
LEFT JOIN handle h ON h.id = p.handle_id
WHERE i.verdict = 'noise' AND i.happened_at >= $since
GROUP BY i.rule, h.value ORDER BY count DESC, latest DESC, sender LIMIT $limit
"""

DAYS = """
WITH met AS MATERIALIZED (
  SELECT i.id, i.happened_at, i.title FROM interaction i
  WHERE i.kind = 'meeting' AND i.happened_at >= $since AND i.happened_at < $until
    AND (i.verdict = 'counts' OR i.rule = 'not accepted')),
dated AS (
  SELECT person_id, birthday, CASE WHEN contains(more, '"dates"') THEN json_extract(more, '$.dates')::VARCHAR END AS dates
  FROM card WHERE person_id IS NOT NULL AND (birthday IS NOT NULL OR contains(more, '"dates"'))),
there AS MATERIALIZED (
  SELECT q.interaction_id, h.person_id, any_value(coalesce(q.name, h.name, h.value)) AS name
  FROM party q JOIN handle h ON h.id = q.handle_id AND NOT h.own
  WHERE q.interaction_id IN (SELECT id FROM met)
  GROUP BY q.interaction_id, h.person_id, CASE WHEN h.person_id IS NULL THEN h.canonical END),
named AS (
  SELECT person_id, name FROM known
  WHERE person_id IN (SELECT person_id FROM there UNION SELECT person_id FROM dated) AND NOT hidden)
SELECT NULL AS id, NULL AS happened_at, NULL AS title, d.person_id, n.name AS person, d.birthday, d.dates
FROM dated d JOIN named n ON n.person_id = d.person_id
UNION ALL
SELECT met.id, met.happened_at, met.title, t.person_id, coalesce(n.name, t.name), NULL, NULL
FROM met JOIN there t ON t.interaction_id = met.id LEFT JOIN named n ON n.person_id = t.person_id
WHERE t.person_id IS NULL OR n.person_id IS NOT NULL
ORDER BY ALL
"""

EXPORT = {
    "person": "SELECT person_id, name, origin, hidden FROM known ORDER BY person_id",
    "handle": """SELECT h.kind, h.value, h.person_id, h.own, a.until AS archived FROM handle h
                 LEFT JOIN archived a ON a.canonical = h.canonical ORDER BY h.id""",
    "interaction": """SELECT id, source, native_id, same_as, kind, happened_at, title, printf('%016x', thread) AS thread,
                      verdict, rule, signals::JSON AS signals FROM interaction ORDER BY id""",
    "also_seen": "SELECT interaction_id, source, native_id FROM also_seen ORDER BY ALL",
    "party": """SELECT p.interaction_id, h.kind, h.value, p.role, p.name FROM party p JOIN handle h ON h.id = p.handle_id
                ORDER BY p.interaction_id""",
    "card": """SELECT source, native_id, coalesce(kind, 'individual') AS kind, name, organisation, title, birthday, person_id,
               note, more::JSON AS more FROM card ORDER BY source, rowid""",
    "card_handle": "SELECT source, native_id, kind, value, label FROM card_handle ORDER BY ALL",
    "unreadable": "SELECT source, native_id, reason, seen_at FROM unreadable ORDER BY source, native_id",
    "decision": "SELECT id, made_at, made_by, what, person_id, other, evidence, undone_by FROM decision ORDER BY id",
    "tag": """SELECT DISTINCT coalesce(p.part_of, t.person_id) AS person_id, t.tag FROM tag t
              LEFT JOIN person p ON p.id = t.person_id ORDER BY ALL""",
    "card_tag": "SELECT person_id, tag FROM card_tag ORDER BY ALL",
    "cadence": """SELECT coalesce(p.part_of, c.person_id) AS person_id, c.days FROM cadence c
                  LEFT JOIN person p ON p.id = c.person_id ORDER BY ALL""",
}
"""Table of the contract to the statement that reads it."""
