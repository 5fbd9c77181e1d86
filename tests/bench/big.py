"""A file of any size, made in SQL: what recall is measured on.

``python tests/bench/big.py FOLDER ROWS`` leaves ``FOLDER/kith.duckdb`` with so many interactions, their parties (3.3 each),
and one handle and one person in 200 of them; some have a cadence, some a card, and there are meetings to come. The same numbers
give the same file.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from store import tally
from store.schema import prepare


def make(folder: Path, rows: int) -> Path:
    """The file; people are as unequal as in life: a few write most of the mail."""
    path = folder / "kith.duckdb"
    connection = prepare(path, 5.0)
    connection.execute("SET threads = 2")
    people = max(rows // 200, 50)
    connection.execute("BEGIN")
    connection.execute(
        """INSERT INTO handle (id, kind, value, canonical, own, person_id, interactions)
           SELECT i + 1, 'email', 'person' || i || '@example.org', 'email:person' || i || '@example.org', i = 0,
                  CASE WHEN i = 0 THEN NULL ELSE i END, 0 FROM range(0, $n) t(i)""",
        {"n": people},
    )
    connection.execute(
        """INSERT INTO person (id, canonical, origin, hidden)
           SELECT i, 'email:person' || i || '@example.org', 'wrote', false FROM range(1, $n) t(i)""",
        {"n": people},
    )
    connection.execute(
        """INSERT INTO interaction
               (id, key, source, native_id, same_as, kind, happened_at, title, thread, signals, verdict, rule)
           SELECT i + 1, (hash(i) >> 1)::BIGINT, 'mail', '<' || md5(i::VARCHAR) || '@example.org>',
                  'mid:<' || md5(i::VARCHAR) || '@example.org>', 'mail',
                  TIMESTAMP '2026-11-01' - to_seconds((i * (378432000.0 / $n))::BIGINT), 'Subject number ' || i,
                  (hash(i // 3) >> 1)::BIGINT, '{"recipients":1,"labels":["INBOX"]}',
                  CASE WHEN i % 5 < 2 THEN 'noise' ELSE 'counts' END,
                  CASE WHEN i % 5 < 2 THEN 'list' ELSE 'personal' END
           FROM range(0, $n) t(i)""",
        {"n": rows},
    )
    connection.execute(
        """INSERT INTO party (interaction_id, handle_id, role, name, happened_at)
           SELECT i + 1, CASE WHEN k = 1 THEN 1 ELSE 1 + who END,
                  CASE WHEN k = 0 THEN 'from' WHEN k = 1 THEN 'to' ELSE 'cc' END,
                  CASE WHEN k = 1 THEN NULL ELSE 'Person No' || who END,
                  TIMESTAMP '2026-11-01' - to_seconds((i * (378432000.0 / $n))::BIGINT)
           FROM (SELECT i, k, 1 + least($p - 2, floor(exp(r * ln($p - 1)) - 1))::INTEGER AS who
                 FROM (SELECT i, k, (hash(i * 7 + k) % 1000003) / 1000003.0 AS r
                       FROM range(0, $n) t(i), range(0, 4) u(k) WHERE k < 3 OR i % 3 = 0))""",
        {"n": rows, "p": people},
    )
    connection.execute("INSERT INTO cadence SELECT id, 30 FROM person WHERE id % 3 = 0")
    connection.execute(
        """INSERT INTO card (source, native_id, kind, name, birthday, more, person_id)
           SELECT 'contacts', 'card' || id, 'individual', 'Person No' || id, '1980-05-17', '{"tags":["friends"]}', id
           FROM person WHERE id % 4 = 0"""
    )
    connection.execute(
        """INSERT INTO card_handle (source, native_id, kind, value, canonical)
           SELECT 'contacts', 'card' || id, 'email', substr(canonical, 7), canonical FROM person WHERE id % 4 = 0"""
    )
    connection.execute("UPDATE person SET card_name = 'Person No' || id WHERE id % 4 = 0")
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
    connection.execute("COMMIT")
    connection.close()
    return path


if __name__ == "__main__":
    began = time.perf_counter()
    made = make(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{made}: {made.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - began:.0f} s")
