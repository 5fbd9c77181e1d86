"""Rows into the file and out of it, all of a page in one statement: each column as one JSON text.

500,000 rows a second on both lines of DuckDB; rows as JSON, whose values DuckDB looks up one by one, are 350,000. List
parameters fall to 1,000 on 1.5, ``executemany`` is no faster on either, and the Appender of 2.x loses unflushed rows without a
word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from store.duck import Connection

NUMBERS = "(SELECT unnest(from_json(?, '[\"BIGINT\"]')))"
"""What a list of numbers, given as JSON text, is in a statement: ``WHERE id IN NUMBERS``."""

TEXTS = "(SELECT unnest(from_json(?, '[\"VARCHAR\"]')))"
"""The same for texts."""


CARD_KEY = "'card:' || source || '/' || native_id"
"""What a row of ``card`` or ``card_handle`` is called among canonical handles: ``store.cards.key_of`` in SQL."""


def listed(values: Iterable[object]) -> str:
    """The parameter that goes with NUMBERS or TEXTS."""
    return _json(list(values))


def insert(
    connection: Connection,
    table: str,
    columns: str,
    rows: Sequence[Sequence[object]],
    unless: Sequence[str] = (),
    made: tuple[str, str] = ("", ""),
) -> None:
    """The rows are in the table. ``columns`` names and types them; a TIMESTAMP is given in microseconds since 1970.

    With ``unless``, a row is left out if the table has one that is equal in these columns. ``made`` is a column and the
    expression that it is made by, over the columns as they are given.
    """
    if rows:
        connection.execute(_insert(table, columns, tuple(unless), made), as_rows(rows))


def insert_alike(
    connection: Connection,
    table: str,
    columns: str,
    values: Sequence[Sequence[object]],
    common: str,
    cases: Sequence[Sequence[object]],
    which: Sequence[int],
    made: tuple[str, str] = ("", ""),
) -> None:
    """The same for rows of which many are alike in the columns ``common``: a third faster, because those are given once.

    ``cases`` are the different rows of these columns, and ``which`` has for each row of the table the number of its case, from
    1. What stands in the other ``columns`` is given column by column, in ``values``.
    """
    if which:
        parameters = [_json(column) for column in (*values, which, *zip(*cases, strict=True))]
        connection.execute(_insert_alike(table, columns, common, made), parameters)


def as_rows(rows: Sequence[Sequence[object]]) -> list[str]:
    """The parameters that go with ``given``, of at least one row."""
    return [_json(column) for column in zip(*rows, strict=True)]


def _json(values: object) -> str:
    import orjson

    try:
        return orjson.dumps(values).decode()
    except TypeError:
        import json

        # half a character, which a connector of somebody's own may let through, is no text to DuckDB
        return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace").decode()


@lru_cache(maxsize=64)
def given(columns: str, made: tuple[str, str] = ("", "")) -> str:
    """Rows that are parameters, as a query: ``FROM (given("id BIGINT, name VARCHAR"))``. Columns as for ``insert``."""
    picks, values = _unnested(columns, made)
    return f"SELECT {', '.join(picks)} FROM (SELECT {', '.join(values)})"


def _unnested(columns: str, made: tuple[str, str]) -> tuple[list[str], list[str]]:
    picks, values = [], []
    for column in columns.split(","):
        name, kind = column.split()
        value = made[1] if name == made[0] else f"make_timestamp({name})" if kind == "TIMESTAMP" else name
        picks.append(f"{value} AS {name}")
        values.append(f"""unnest(from_json(?, '["{"BIGINT" if kind == "TIMESTAMP" else kind}"]')) AS {name}""")
    return picks, values


def delete(connection: Connection, table: str, column: str, ids: Iterable[int]) -> None:
    """No row of the table has one of these ids in this column."""
    connection.execute(f"DELETE FROM {table} WHERE {column} IN {NUMBERS}", [listed(ids)])


def note(connection: Connection, name: str, value: str | None) -> None:
    """The file holds this about itself under the name, or, with None, nothing."""
    connection.execute("DELETE FROM meta WHERE name = ?", [name])
    if value is not None:
        connection.execute("INSERT INTO meta VALUES (?, ?)", [name, value])


@lru_cache(maxsize=64)
def _insert(table: str, columns: str, unless: tuple[str, ...], made: tuple[str, str]) -> str:
    names = ", ".join(column.split()[0] for column in columns.split(","))
    query = given(columns, made)
    if unless:
        same = " AND ".join(f"t.{name} = u.{name}" for name in unless)
        query = f"SELECT * FROM ({query}) u WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})"
    return f"INSERT INTO {table} ({names}) {query}"


@lru_cache(maxsize=64)
def _insert_alike(table: str, columns: str, common: str, made: tuple[str, str]) -> str:
    picks, values = _unnested(columns, made)
    values.append("""unnest(from_json(?, '["INTEGER"]')) AS which""")
    for column in common.split(","):
        name, kind = column.split()
        picks.append(f"{name}[which] AS {name}")
        values.append(f"""from_json(?, '["{kind}"]') AS {name}""")
    names = ", ".join(column.split()[0] for column in f"{columns},{common}".split(","))
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(picks)} FROM (SELECT {', '.join(values)})"
