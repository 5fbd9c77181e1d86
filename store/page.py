"""What a page says in the end: its observations but those that it takes back itself, and what it withdraws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.base import Gone, Observation
from store.duck import Connection
from store.rows import TEXTS, listed


class Withdrawn:
    """What a page withdraws: single items, and with a "/" at the end all whose native ids begin so."""

    def __init__(self, gone: Mapping[str, int]) -> None:
        """``gone``: each native id that was said to be gone, and its last place on the page."""
        self._gone = gone

    def __bool__(self) -> bool:
        return bool(self._gone)

    def after(self, native: str) -> int:
        """The last place on the page where this item is withdrawn; -1 if it is not."""
        return max((self._gone.get(name, -1) for name in _beginnings(native)), default=-1)

    def rows(self, connection: Connection, table: str, source: str, columns: str) -> list[tuple[Any, ...]]:
        """``columns``, of which the native id is the first, of the source's rows in ``table`` that are withdrawn."""
        if not self._gone:
            return []
        select = f"SELECT {columns} FROM {table} WHERE source = ?"
        found = connection.execute(f"{select} AND native_id IN {TEXTS}", [source, listed(self._gone)]).fetchall()
        # marks are looked up, and not beginnings: one pass over the table, however many there are
        marks = {native.partition("/")[0] + "/" for native in self._gone if native.endswith("/")}
        if marks:
            first = f"substr(native_id, 1, instr(native_id, '/')) IN {TEXTS}"
            marked = connection.execute(f"{select} AND {first}", [source, listed(marks)]).fetchall()
            found += [row for row in marked if row[0] not in self._gone and self.after(row[0]) >= 0]
        return found


def what_stands(observations: Sequence[Observation]) -> tuple[Sequence[Observation], Withdrawn]:
    """The observations that nothing after them on the page takes back, and what the page withdraws."""
    gone = {seen.native_id: place for place, seen in enumerate(observations) if type(seen) is Gone}
    withdrawn = Withdrawn(gone)
    if not gone:
        return observations, withdrawn
    kept = [
        seen
        for place, seen in enumerate(observations)
        if not isinstance(seen, Gone) and place > withdrawn.after(seen.native_id)
    ]
    return kept, withdrawn


def _beginnings(native: str) -> Iterator[str]:
    """The native id, and each beginning of it that ends with a "/"."""
    yield native
    place = native.find("/")
    while place >= 0:
        yield native[: place + 1]
        place = native.find("/", place + 1)
