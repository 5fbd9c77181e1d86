"""Answers: each is one SQL statement, and comes back as rows of the JSON contract.

A row is a dict whose keys are the contract's fields. Times come out of the file as UTC and stay aware.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from store.duck import Connection
from store.queries import ARCHIVED, CARDS, DAYS, EXPORT, FIND, NOISE, OVERDUE, PEOPLE, PERSON, TIMELINE
from store.rhythm import Rhythm, rhythms
from store.sources import CAPTURED, LEFT, came_today

Row = dict[str, Any]

SOON = timedelta(hours=49)
"""Mail is not believed to be from later than that."""

AHEAD = 100
"""Parts that somebody may have in meetings of so short a time."""


FEWEST = 6
"""Digits that are looked for within names, addresses and numbers; fewer are somebody's id."""

NUMBER = re.compile(r"\+?[0-9\s./()\u2010-\u2015-]*[0-9][0-9\s./()\u2010-\u2015-]*")
"""What may be a telephone number, however it is written."""


class Reader:
    """An open connection for reading. Made by ``Store.read``."""

    def __init__(self, connection: Connection) -> None:
        self._db = connection

    @property
    def connection(self) -> Connection:
        """The connection itself, for what ``store.log`` and the matcher ask of it."""
        return self._db

    def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Where the source's reading stands; None for a source that was never read."""
        row = self._db.execute("SELECT cursor FROM source WHERE name = ?", [source]).fetchone()
        return json.loads(row[0]) if row and row[0] is not None else None

    def own(self) -> list[str]:
        """The canonical handles that this file believes are the user's own, as the last sync was told."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'own'").fetchone()
        return list(json.loads(row[0])) if row else []

    def rules(self) -> str:
        """The rules of the user's own, as a text, by which this file is judged."""
        row = self._db.execute("SELECT value FROM meta WHERE name = 'rules'").fetchone()
        return str(row[0]) if row else ""

    def stale(self) -> bool:
        """Whether the file was brought here from an older form, and what it believes is not derived in this one yet."""
        return self._db.execute("SELECT 1 FROM meta WHERE name = 'stale'").fetchone() is not None

    def empty(self) -> bool:
        """Whether there is nothing yet that anything could be believed of."""
        row = self._db.execute("SELECT 1 FROM interaction UNION ALL SELECT 1 FROM card LIMIT 1").fetchone()
        return row is None

    def find(self, name: str) -> list[Row]:
        """Who ``name`` may be, best first: ``{person_id, name, handles, tier, interactions}``.

        A number is a person's id. Tier 0 is the very name or address, 1 all of its words, 2 the beginnings of words, 3
        anywhere in it; among equals who was in touch last comes first. Those whom the user only may know, and strangers,
        who are handles without a person, come after people of the same tier. A telephone number is found however it is
        written; of an address it takes more than a few digits.
        """
        said = name.strip()
        number = int(said) if said.isdecimal() and len(said) < 18 else -1
        phone = {"phone": _dialled(said), "whole": said.startswith(("+", "0"))}
        return self._rows(FIND, {"name": name, "id": number, "short": said.isdecimal() and len(said) < FEWEST, **phone})

    def timeline(self, handles: Sequence[int], limit: int | None = 50, since: datetime | None = None) -> list[Row]:
        """What happened with these handles, newest first; meetings to come are left out."""
        return self._rows(
            TIMELINE,
            {
                "handles": json.dumps(list(handles)),
                "limit": limit if limit is not None else 1 << 40,
                # one interaction may name somebody several times, by each handle and in several roles
                "enough": AHEAD + limit * (2 + 2 * len(handles)) if limit is not None else 1 << 40,
                # mail may be dated ahead by this much, and meetings until then are not looked for among it
                "soon": (datetime.now(UTC) + SOON).replace(tzinfo=None),
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
            row["story"] = {said: _aware([value])[0] for said, value in row["story"].items()}
        return rows[0] if rows else None

    def cards(self, person_id: int) -> list[Row]:
        """What address books say of a person: a row a card, with what it has in the words of ``Card``."""
        rows = self._rows(CARDS, {"person": person_id})
        return [{**row, **json.loads(row.pop("more") or "{}")} for row in rows]

    def archived(self, person_id: int) -> dict[str, datetime]:
        """The handles that were somebody's and are so no more, and until when."""
        return {row["handle"]: row["until"] for row in self._rows(ARCHIVED, {"person": person_id})}

    def noise(self, since: datetime, limit: int) -> list[Row]:
        """What was judged noise since then, by rule and sender: ``{rule, sender, name, count, latest, id}``, most first."""
        return self._rows(NOISE, {"since": since.astimezone(UTC).replace(tzinfo=None), "limit": limit})

    def days(self, since: datetime, until: datetime) -> tuple[list[Row], list[Row]]:
        """Cards with a birthday or another day on them, and meetings from ``since`` to before ``until``.

        Cards are ``{person_id, person, birthday, dates}``, meetings ``{id, happened_at, title, person_id, person}``, a row for
        each of those who take part, ``person_id`` None for a stranger.
        """
        moments = {"since": since.astimezone(UTC).replace(tzinfo=None), "until": until.astimezone(UTC).replace(tzinfo=None)}
        rows = self._rows(DAYS, moments)
        cards = [
            {**{name: row[name] for name in ("person_id", "person", "birthday")}, "dates": json.loads(row["dates"] or "[]")}
            for row in rows
            if row["id"] is None
        ]
        meetings = [row for row in rows if row["id"] is not None]
        names = ("id", "happened_at", "title", "person_id", "person")
        return cards, [{name: row[name] for name in names} for row in meetings]

    def sources(self) -> list[Row]:
        """What the file knows about each source that was ever read; of ``backlog`` items it is known that they are to come."""
        return self._rows(
            """SELECT s.name, type, polled_at, ok_at, next_at, failures, error, fix, captured, m.value::BIGINT AS backlog
               FROM source s LEFT JOIN meta m ON m.name = $left || s.name ORDER BY s.name""",
            {"left": LEFT},
        )

    def rhythms(self, now: datetime) -> dict[str, Rhythm]:
        """How often each source brings something, by its name."""
        return {each.source: each for each in rhythms(self._db, now)}

    def captured(self, day: str) -> int:
        """How many interactions and cards were captured on this day (ISO 8601), as the clock showed it where that was done."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", [f"{CAPTURED}{day}"]).fetchone()
        return int(row[0]) if row else 0

    def came(self, source: str) -> int:
        """How many bytes have come from the source on this day, as the clock shows it here."""
        return came_today(self._db, source)

    def left(self, source: str) -> int | None:
        """Of how many items of the source it is known that they are to come."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", [LEFT + source]).fetchone()
        return int(row[0]) if row else None

    def counts(self) -> Row:
        """How many people and interactions there are."""
        return self._rows(
            """SELECT (SELECT count(*) FROM known WHERE NOT hidden AND origin <> 'may know') AS people,
                      (SELECT count(*) FROM interaction) AS interactions,
                      (SELECT count(*) FROM unreadable) AS unreadable""",
            {},
        )[0]

    def sizes(self) -> dict[str, int]:
        """How many rows each table has."""
        names = [row[0] for row in self._db.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall()]
        counts = ", ".join(f'(SELECT count(*) FROM "{name}")' for name in names)
        row = self._db.execute(f"SELECT {counts}").fetchone()
        return dict(zip(names, row or (), strict=True))

    def export(self) -> Iterator[tuple[str, list[str], Iterator[tuple[Any, ...]]]]:
        """Every table of the contract: its name, its columns, and its rows as they stream from the file."""
        for table, query in EXPORT.items():
            result = self._db.execute(query)
            columns = [str(c[0]) for c in result.description or ()]
            yield table, columns, _stream(result)

    def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        result = self._db.execute(sql, dict(parameters)) if parameters else self._db.execute(sql)
        names = [str(c[0]) for c in result.description or ()]
        columns = [_aware(column) for column in zip(*result.fetchall(), strict=True)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _dialled(said: str) -> str | None:
    """What the telephone number ends in that this is, however it is written: all of it, or all after the first zero."""
    if not NUMBER.fullmatch(said):
        return None
    digits = re.sub(r"[^0-9]", "", said.replace("(0)", ""))
    if len(digits) < FEWEST:
        return None
    if said.startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits.removeprefix("0")


def _aware(column: Sequence[Any]) -> Sequence[Any]:
    """The column, its times in UTC if it has times."""
    if not isinstance(next((value for value in column if value is not None), None), datetime):
        return column
    return [None if value is None else value.replace(tzinfo=UTC) for value in column]


def _stream(result: Connection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(2000):
        yield from rows


def days(cadence: timedelta) -> float:
    """A cadence as the file keeps it."""
    return cadence.total_seconds() / 86400
