"""A file of any size, made in SQL: what recall, replay and a page are measured on.

``python tests/bench/big.py FOLDER ROWS`` leaves ``FOLDER/kith.duckdb`` with so many interactions, their parties (3 each), and
one person in 200 of them, every tenth of whom has a second address; some have a cadence, some a card, and there are meetings to
come. A quarter of it the user wrote, mostly in answer; a third is what lists, shops and machines send; the rest is mail of
people, and meetings with everybody's answers. The same numbers give the same file.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from store import tally
from store.duck import Connection
from store.rows import insert
from store.schema import prepare

_PARTS = ("ba", "de", "li", "mo", "nu", "ra", "se", "ti", "vo", "ka")
GIVEN = [f"{a}{b}{c}".capitalize() for a in _PARTS for b in _PARTS[:6] for c in ("n", "s", "la", "rik", "ne")]
FAMILY = [f"{a}{b}{c}".capitalize() for a in _PARTS for b in _PARTS for c in ("mann", "ler", "sen", "ski", "rov", "ton", "go")]

WHEN = "TIMESTAMP '2026-11-01' - to_seconds((i * (378432000.0 / $n))::BIGINT)"
"""Twelve years, the newest first."""
BY_ME = "(i % 20 < 10 AND i % 2 = 0)"
"""It answers the next one but for every fifth; what others write is told apart by ``i % 20`` from 10 on."""
WHO = "(1 + least($p - 2, floor(exp((hash({i} * 7 + {k}) % 1000003) / 1000003.0 * ln($p - 1)) - 1))::INTEGER)"
"""People are as unequal as in life: a few write most of the mail."""


def name_of(number: int) -> str:
    """What person ``number`` is called: nobody else is, but given and family names are shared."""
    place = number * 7919 % (len(GIVEN) * len(FAMILY))
    return f"{GIVEN[place % len(GIVEN)]} {FAMILY[place // len(GIVEN)]}"


def make(folder: Path, rows: int) -> Path:
    """The file."""
    path = folder / "kith.duckdb"
    connection = prepare(path, 5.0)
    connection.execute("SET threads = 2")
    people = max(rows // 200, 50)
    connection.execute("BEGIN")
    _people(connection, people)
    _interactions(connection, rows, people)
    _parties(connection, rows, people)
    connection.execute("INSERT INTO cadence SELECT id, 30 FROM person WHERE id % 3 = 0")
    connection.execute(
        """INSERT INTO card (source, native_id, kind, name, birthday, more, person_id)
           SELECT 'contacts', 'card' || id, 'individual', n.name, '1980-05-17', '{"tags":["friends"]}', id
           FROM person JOIN named n USING (id) WHERE id % 4 = 0"""
    )
    connection.execute(
        """INSERT INTO card_handle (source, native_id, kind, value, canonical)
           SELECT 'contacts', 'card' || id, 'email', substr(canonical, 7), canonical FROM person WHERE id % 4 = 0"""
    )
    connection.execute("UPDATE person SET card_name = n.name FROM named n WHERE n.id = person.id AND person.id % 4 = 0")
    connection.execute("INSERT INTO called SELECT id, card_name FROM person WHERE card_name IS NOT NULL")
    connection.execute("INSERT INTO card_tag SELECT id, 'friends' FROM person WHERE id % 8 = 0")
    tally.recount(connection, datetime.now(UTC))
    # meetings of the year to come: a derived table that is in the way of every question
    connection.execute(
        """INSERT INTO coming SELECT 1000000000 + i, 2 + i % ($n - 2), now()::TIMESTAMP + to_hours(i::INTEGER), true
           FROM range(0, 2000) t(i)""",
        {"n": people},
    )
    connection.execute("INSERT INTO source (name, type, captured, failures) VALUES ('mail', 'imap', $n, 0)", {"n": rows})
    connection.execute("DROP TABLE named")
    connection.execute("COMMIT")
    connection.close()
    return path


def _people(connection: Connection, people: int) -> None:
    """Handle 1 is the user's own, N + 1 is person N's; behind them come second addresses, and last what sends by itself."""
    connection.execute("CREATE TEMP TABLE named (id BIGINT, name VARCHAR)")
    insert(connection, "named", "id BIGINT, name VARCHAR", [(n, name_of(n)) for n in range(1, people)])
    connection.execute(
        """INSERT INTO handle (id, kind, value, canonical, own, person_id, origin, interactions)
           SELECT id, 'email', address, 'email:' || address, id = 1, person, CASE WHEN person % 2 = 0 THEN 'wrote' END, 0
           FROM (SELECT i + 1 AS id, 'person' || i || '@example.org' AS address, nullif(i, 0) AS person FROM range(0, $n) t(i)
                 UNION ALL
                 SELECT $n + i // 10, lower(replace(name, ' ', '.')) || '@work.example', i
                 FROM range(10, $n, 10) t(i) JOIN named ON named.id = i
                 UNION ALL
                 SELECT 2 * $n + i, CASE WHEN i % 2 = 0 THEN 'news@shop' ELSE 'no-reply@shop' END || i || '.example', NULL
                 FROM range(0, $n // 10) t(i))""",
        {"n": people},
    )
    connection.execute(
        """INSERT INTO person (id, canonical, origin, hidden)
           SELECT i, 'email:person' || i || '@example.org', 'wrote', false FROM range(1, $n) t(i)""",
        {"n": people},
    )


def _interactions(connection: Connection, rows: int, people: int) -> None:
    connection.execute(
        f"""INSERT INTO interaction
               (id, key, source, native_id, same_as, kind, happened_at, title, thread, answers, signals, verdict, rule)
           SELECT i + 1, (hash(i) >> 1)::BIGINT, 'mail', '<' || md5(i::VARCHAR) || '@example.org>',
                  'mid:<' || md5(i::VARCHAR) || '@example.org>', CASE WHEN m = 17 THEN 'meeting' ELSE 'mail' END, {WHEN},
                  'Subject number ' || i, (hash(i // 3) >> 1)::BIGINT,
                  CASE WHEN {BY_ME} AND m < 8 THEN (hash(i + 1) >> 1)::BIGINT END,
                  CASE WHEN {BY_ME} THEN '{{"recipients":' || to_count || ',"labels":["Sent"]}}'
                       WHEN m BETWEEN 10 AND 13
                         THEN '{{"recipients":1,"list_id":"list' || w % 200 || '.example.org","labels":["Lists"]}}'
                       WHEN m IN (14, 15) THEN '{{"recipients":1,"unsubscribe":true,"labels":["INBOX"]}}'
                       WHEN m = 16 THEN '{{"recipients":1,"auto_submitted":"auto-generated","reply_to":["reply+'
                         || md5(i::VARCHAR) || '@shop.example"],"labels":["INBOX"]}}'
                       WHEN m = 17 THEN '{{"partstats":["email:person0@example.org accepted","email:person' || w
                         || '@example.org accepted"],"attendees":' || to_count + 1 || '}}'
                       WHEN m = 18 THEN '{{"recipients":' || to_count || ',"reply_to":["person' || w
                         || '@example.org"],"labels":["INBOX"]}}'
                       ELSE '{{"recipients":' || to_count || ',"labels":["INBOX"]}}' END,
                  CASE WHEN m BETWEEN 10 AND 16 THEN 'noise' ELSE 'counts' END,
                  CASE WHEN {BY_ME} THEN 'written by you' WHEN m BETWEEN 10 AND 13 THEN 'list'
                       WHEN m IN (14, 15) THEN 'newsletter' WHEN m = 16 THEN 'automatic' WHEN m = 17 THEN 'accepted by you'
                       ELSE 'personal' END
           FROM (SELECT i, i % 20 AS m, 2 + (i % 3 = 0)::INTEGER AS to_count, {WHO.format(i="i", k=0)} AS w
                 FROM range(0, $n) t(i))""",
        {"n": rows, "p": people},
    )


def _parties(connection: Connection, rows: int, people: int) -> None:
    """From, the user, and one or two more; every tenth mail of who has a second address comes from there."""
    connection.execute(
        f"""INSERT INTO party (interaction_id, handle_id, role, name, happened_at)
           SELECT i + 1,
                  CASE WHEN who = 0 THEN 1 WHEN m BETWEEN 14 AND 16 AND k = 0 THEN 2 * $p + who % ($p // 10)
                       WHEN who % 10 = 0 AND i % 10 = 9 THEN $p + who // 10 ELSE who + 1 END,
                  CASE WHEN m = 17 THEN CASE WHEN k = 0 THEN 'organizer' ELSE 'attendee' END
                       WHEN k = 0 THEN 'from' WHEN k = 1 THEN 'to' ELSE 'cc' END,
                  CASE WHEN who = 0 THEN NULL WHEN m BETWEEN 14 AND 16 AND k = 0 THEN 'Shop ' || who % ($p // 10)
                       ELSE named.name END,
                  {WHEN}
           FROM (SELECT i, i % 20 AS m, k,
                        CASE WHEN {BY_ME} THEN CASE WHEN k = 0 THEN 0 WHEN k = 1 THEN {WHO.format(i="(i + 1)", k=0)}
                                                    ELSE {WHO.format(i="i", k="k")} END
                             WHEN k = 1 THEN 0 ELSE {WHO.format(i="i", k="k")} END AS who
                 FROM range(0, $n) t(i), range(0, 4) u(k)
                 WHERE k < 2 OR (NOT i % 20 BETWEEN 10 AND 16 AND (k < 3 OR i % 3 = 0)) OR (k < 4 AND i % 20 = 10))
           LEFT JOIN named ON named.id = who ORDER BY i, k""",
        {"n": rows, "p": people},
    )


if __name__ == "__main__":
    began = time.perf_counter()
    made = make(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{made}: {made.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.0f} s")
