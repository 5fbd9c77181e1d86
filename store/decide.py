"""What the user decides about a person: the state now, and the log of how it came about, written together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from store.facts import micros
from store.writer import Tx

PARTS = "(SELECT id FROM person WHERE $person IN (id, part_of))"
"""A person, and those who are part of them now."""


def set_cadence(tx: Tx, person: int, days: float | None, *, forget: bool = False) -> None:
    """How often the user wants to be in touch with this person: ``days``, None for never; ``forget`` for no word on it."""
    whom = {"person": person}
    before = tx.execute(f"SELECT days FROM cadence WHERE person_id IN {PARTS}", whom)
    tx.execute(f"DELETE FROM cadence WHERE person_id IN {PARTS}", whom)
    if not forget:
        tx.execute("INSERT INTO cadence VALUES (?, ?)", [person, days])
    _log(tx, "cadence", person, {"days": None if forget else days, "before": [row[0] for row in before]})


def add_tags(tx: Tx, person: int, tags: Sequence[str]) -> None:
    """The person has these tags."""
    for tag in tags:
        tx.execute(
            f"""INSERT INTO tag SELECT $person, $tag
                WHERE NOT EXISTS (SELECT 1 FROM tag WHERE person_id IN {PARTS} AND tag = $tag)""",
            {"person": person, "tag": tag},
        )
    _log(tx, "tag", person, {"tags": list(tags)})


def remove_tags(tx: Tx, person: int, tags: Sequence[str]) -> None:
    """The person has none of these tags, but for those that an address book gives them."""
    for tag in tags:
        tx.execute(f"DELETE FROM tag WHERE person_id IN {PARTS} AND tag = $tag", {"person": person, "tag": tag})
    _log(tx, "untag", person, {"tags": list(tags)})


def set_own(tx: Tx, canonicals: Sequence[str]) -> None:
    """These canonical handles are the user's own, and no others."""
    text = json.dumps(sorted(canonicals))
    tx.execute("DELETE FROM meta WHERE name = 'own'")
    tx.execute("INSERT INTO meta VALUES ('own', ?)", [text])
    tx.execute(
        "UPDATE handle SET own = list_contains(from_json(?, '[\"VARCHAR\"]'), canonical)",
        [text],
    )


def forget_stale(tx: Tx) -> None:
    """What the file believes has been derived in its present form."""
    tx.execute("DELETE FROM meta WHERE name = 'stale'")


def _log(tx: Tx, what: str, person: int, evidence: dict[str, Any]) -> None:
    top = tx.execute("SELECT coalesce(max(id), 0) FROM decision")
    tx.execute(
        """INSERT INTO decision (id, made_at, made_by, what, person_id, evidence)
           VALUES (?, make_timestamp(?), 'user', ?, ?, ?)""",
        [top[0][0] + 1, micros(datetime.now(UTC)), what, person, json.dumps(evidence, ensure_ascii=False)],
    )
