"""Where each source stands, and how it is: written in the transaction of the rows that it covers."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from connectors.base import Cursor
from store.duck import Connection
from store.facts import micros


class Overtaken(Exception):
    """Somebody else pulled this source meanwhile: its cursor is not the one that our pull began from."""

    hint = "nothing is to be done: the other pull goes on"


def cursor_text(cursor: Cursor | None) -> str | None:
    """A cursor as the file keeps it: equal cursors, equal texts."""
    if cursor is None:
        return None
    return json.dumps(cursor, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def advance(connection: Connection, name: str, kind: str, old: Cursor | None, new: Cursor, captured: int) -> None:
    """Compare and set: the source is well and stands at ``new``, if it stood at ``old``; else Overtaken."""
    if old is None:
        _meet(connection, name, kind)
    done = connection.execute(
        """UPDATE source SET cursor = $new, captured = captured + $captured, polled_at = make_timestamp($now::BIGINT),
             ok_at = make_timestamp($now::BIGINT), failures = 0, error = NULL, fix = NULL, next_at = NULL
           WHERE name = $name AND cursor IS NOT DISTINCT FROM $old RETURNING name""",
        {"new": cursor_text(new), "captured": captured, "now": _now(), "name": name, "old": cursor_text(old)},
    ).fetchall()
    if not done:
        raise Overtaken(name)


def polled(connection: Connection, name: str, kind: str) -> None:
    """The source was asked, and is well."""
    _meet(connection, name, kind)
    connection.execute(
        """UPDATE source SET polled_at = make_timestamp($now::BIGINT), ok_at = make_timestamp($now::BIGINT), failures = 0,
             error = NULL, fix = NULL, next_at = NULL WHERE name = $name""",
        {"now": _now(), "name": name},
    )


def failed(connection: Connection, name: str, kind: str, error: str, fix: str, next_at: datetime | None) -> None:
    """The source could not be read: what it said, what mends it, and when to ask again (None: not by itself)."""
    _meet(connection, name, kind)
    connection.execute(
        """UPDATE source SET polled_at = make_timestamp($now::BIGINT), failures = failures + 1, error = $error, fix = $fix,
             next_at = make_timestamp($next::BIGINT) WHERE name = $name""",
        {"now": _now(), "error": error, "fix": fix, "next": None if next_at is None else micros(next_at), "name": name},
    )


def _meet(connection: Connection, name: str, kind: str) -> None:
    connection.execute(
        """INSERT INTO source (name, type, captured, failures) SELECT $name, $type, 0, 0
           WHERE NOT EXISTS (SELECT 1 FROM source WHERE name = $name)""",
        {"name": name, "type": kind},
    )


def _now() -> int:
    return micros(datetime.now(UTC))
