"""Where each source stands, and how it is: written in the transaction of the rows that it covers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from connectors.base import Cursor
from store.duck import Connection
from store.facts import micros

CAPTURED = "captured "
"""What the name of the row of ``meta`` begins with that counts what was captured on a day; there is one, of the last day."""

LEFT = "left "
"""What the name of the row of ``meta`` begins with that counts what is still to come from a source; the source's name follows.
Without a row nothing is known to be left."""

CAME = "came "
"""What the name of the row of ``meta`` begins with that counts the bytes that came on a day; the day and the source follow."""


class Overtaken(Exception):
    """Somebody else pulled this source meanwhile: its cursor is not the one that our pull began from."""

    hint = "nothing is to be done: the other pull goes on"


def cursor_text(cursor: Cursor | None) -> str | None:
    """A cursor as the file keeps it: equal cursors, equal texts."""
    if cursor is None:
        return None
    return json.dumps(cursor, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def advance(
    connection: Connection,
    name: str,
    kind: str,
    old: Cursor | None,
    new: Cursor,
    captured: int,
    left: int | None = None,
    waits: bool = False,
) -> None:
    """Compare and set: the source is well and stands at ``new``, if it stood at ``old``; else Overtaken.

    ``left`` is how many items are still to come; None if the source does not know, which forgets nothing.
    ``waits``: what its history waits for holds still, so that what was said of it stands.
    """
    if old is None:
        _meet(connection, name, kind)
    done = connection.execute(
        """UPDATE source SET cursor = $new, captured = captured + $captured, polled_at = make_timestamp($now::BIGINT),
             ok_at = make_timestamp($now::BIGINT), failures = 0, next_at = NULL,
             error = CASE WHEN $waits AND failures = 0 THEN error END, fix = CASE WHEN $waits AND failures = 0 THEN fix END
           WHERE name = $name AND cursor IS NOT DISTINCT FROM $old RETURNING name""",
        {"new": cursor_text(new), "captured": captured, "now": _now(), "name": name, "old": cursor_text(old), "waits": waits},
    ).fetchall()
    if not done:
        raise Overtaken(name)
    if left is not None:
        _leave(connection, name, left)
    if captured:
        today = CAPTURED + datetime.now().date().isoformat()
        if not connection.execute(
            "UPDATE meta SET value = (value::BIGINT + ?)::VARCHAR WHERE name = ? RETURNING name", [captured, today]
        ).fetchall():
            connection.execute("DELETE FROM meta WHERE starts_with(name, ?)", [CAPTURED])
            connection.execute("INSERT INTO meta VALUES (?, ?)", [today, str(captured)])


def polled(
    connection: Connection,
    name: str,
    kind: str,
    next_at: datetime | None = None,
    left: int | None = None,
    what: str | None = None,
    fix: str | None = None,
) -> None:
    """The source has said everything, and is well; when it is asked again (None: not by itself).

    Or ``left`` items wait, and ``what`` says for what, ``fix`` what ends that.
    """
    _meet(connection, name, kind)
    _leave(connection, name, left)
    connection.execute(
        """UPDATE source SET polled_at = make_timestamp($now::BIGINT), ok_at = make_timestamp($now::BIGINT), failures = 0,
             error = $error, fix = $fix, next_at = make_timestamp($next::BIGINT) WHERE name = $name""",
        {"now": _now(), "name": name, "next": None if next_at is None else micros(next_at), "error": what, "fix": fix},
    )


def failed(connection: Connection, name: str, kind: str, error: str, fix: str, next_at: datetime | None) -> None:
    """The source could not be read: what it said, what mends it, and when to ask again (None: not by itself)."""
    _meet(connection, name, kind)
    connection.execute(
        """UPDATE source SET polled_at = make_timestamp($now::BIGINT), failures = failures + 1, error = $error, fix = $fix,
             next_at = make_timestamp($next::BIGINT) WHERE name = $name""",
        {"now": _now(), "error": error, "fix": fix, "next": None if next_at is None else micros(next_at), "name": name},
    )


def spend(connection: Connection, name: str, came: int) -> int:
    """So many bytes more have come from the source; how many there are of this day, as the clock shows it here.

    What came on other days is forgotten, also of sources that are there no more.
    """
    row = came_name(name)
    total = came_today(connection, name) + came
    today = row[: len(CAME) + 10]
    connection.execute(
        "DELETE FROM meta WHERE starts_with(name, ?) AND (NOT starts_with(name, ?) OR name = ?)", [CAME, today, row]
    )
    connection.execute("INSERT INTO meta VALUES (?, ?)", [row, str(total)])
    return total


def came_today(connection: Connection, name: str) -> int:
    """How many bytes have come from the source on this day."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", [came_name(name)]).fetchone()
    return int(row[0]) if row else 0


def came_name(name: str) -> str:
    """The name of the row of ``meta`` for this source, today: ``came 2026-11-25 home-mail``."""
    return f"{CAME}{datetime.now().date().isoformat()} {name}"


def _meet(connection: Connection, name: str, kind: str) -> None:
    connection.execute(
        """INSERT INTO source (name, type, captured, failures) SELECT $name, $type, 0, 0
           WHERE NOT EXISTS (SELECT 1 FROM source WHERE name = $name)""",
        {"name": name, "type": kind},
    )


def _leave(connection: Connection, name: str, left: int | None) -> None:
    connection.execute("DELETE FROM meta WHERE name = ?", [LEFT + name])
    if left:
        connection.execute("INSERT INTO meta VALUES (?, ?)", [LEFT + name, str(left)])


def _now() -> int:
    return micros(datetime.now(UTC))
