"""Everything in the file, for other programs."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from json import JSONEncoder, loads
from typing import IO, TYPE_CHECKING, Annotated

from cli.context import OK, USAGE, Problem, config, store
from cli.options import Option

if TYPE_CHECKING:
    from store.reader import Reader

NESTED = ("signals", "more")
"""Columns whose text is JSON itself."""

IN_MEMORY = 8 << 20
"""Bytes of an export that are held in memory before a temporary file takes them."""


def export(
    form: Annotated[str, Option(("--format",), "jsonl: one object a line, each with its table.", "FORMAT")] = "jsonl",
) -> int:
    """Write all that kith knows, for other programs."""
    if form != "jsonl":
        raise Problem(f"There is no format {form!r}.", "kith export --format jsonl", USAGE)
    file = store(config())
    if stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
        with file.read() as reader:
            _write(reader, sys.stdout)
        return OK
    # Who reads a pipe may take their time, and the file is not held open while anybody takes theirs.
    from shutil import copyfileobj
    from tempfile import SpooledTemporaryFile

    with SpooledTemporaryFile(IN_MEMORY, "w+", encoding="ascii") as copy:
        with file.read() as reader:
            _write(reader, copy)
        copy.seek(0)
        copyfileobj(copy, sys.stdout)
    return OK


def _write(reader: Reader, out: IO[str]) -> None:
    out.writelines(_lines(reader))


def _lines(reader: Reader) -> Iterator[str]:
    encode = JSONEncoder(ensure_ascii=True, default=_utc).encode
    for table, columns, rows in reader.export():
        nested = [n for n, column in enumerate(columns) if column in NESTED]
        for row in rows:
            said = dict(zip(columns, row, strict=True))
            for n in nested:
                said[columns[n]] = loads(row[n]) if row[n] else {}
            yield encode({"table": table, **said}) + "\n"


def _utc(value: object) -> str:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no place in the contract")
