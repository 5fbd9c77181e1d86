"""What the facts show of handles that may be the user's own."""

from __future__ import annotations

import json
from collections.abc import Collection

from connectors.base import HandleKind
from store.duck import Connection
from store.rows import TEXTS, listed


def senders_by_folder(connection: Connection) -> list[tuple[HandleKind, str, tuple[str, ...], int]]:
    """Who is not known as the user and sent what lies in each set of folders: kind, value, folders, mails; most first."""
    rows = connection.execute(
        """SELECT h.kind, h.value, json_extract(i.signals, '$.labels')::VARCHAR AS labels, count(*) AS n
           FROM interaction i JOIN party p ON p.interaction_id = i.id AND p.role = 'from'
           JOIN handle h ON h.id = p.handle_id AND NOT h.own
           WHERE i.kind = 'mail' AND contains(i.signals, '"labels"') GROUP BY ALL HAVING count(*) > 1 ORDER BY n DESC, value"""
    ).fetchall()
    return [(kind, value, tuple(json.loads(labels)), n) for kind, value, labels, n in rows]


def beside_on_cards(connection: Connection, canonicals: Collection[str]) -> list[tuple[HandleKind, str, str | None]]:
    """Other handles on cards that have one of these: kind, value, and the name of the card."""
    rows = connection.execute(
        f"""SELECT DISTINCT o.kind, o.value, c.name FROM card_handle h
            JOIN card_handle o ON o.source = h.source AND o.native_id = h.native_id AND o.kind IN ('email', 'phone')
            JOIN card c ON c.source = h.source AND c.native_id = h.native_id
            WHERE h.canonical IN {TEXTS} ORDER BY ALL""",
        [listed(sorted(canonicals))],
    ).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def mail_of(connection: Connection) -> dict[str, int]:
    """How many mails came from each of the user's own handles, by its canonical form, in whatever spelling."""
    rows = connection.execute(
        """SELECT h.canonical, count(DISTINCT p.interaction_id) FROM handle h
           JOIN party p ON p.handle_id = h.id AND p.role = 'from' WHERE h.own GROUP BY h.canonical"""
    ).fetchall()
    return dict(rows)
