"""Where in the configuration file something stands, and the error that says so.

tomllib gives values without positions, and a parser that keeps them (tomlkit) takes 95 ms to import, which every
command would pay. So the positions are looked up here, by a scan over a text that tomllib has already found to be good
TOML, and only when there is an error to show.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

Keys = tuple[str | int, ...]
"""The way to a place in the file: names of tables and keys, and numbers of entries, as in ("source", 0, "host")."""


class ConfigError(Exception):
    """The configuration cannot be used: ``what`` is wrong, ``where`` ("file:line:column"), ``hint``, what mends it."""

    def __init__(self, what: str, hint: str, where: str | None = None) -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.where = where
        self.hint = hint


class Place:
    """A place in a configuration file, by its keys; line and column are found when they are asked for."""

    __slots__ = ("keys", "path", "text")

    def __init__(self, path: Path, text: str, keys: Keys = ()) -> None:
        self.path = path
        self.text = text
        self.keys = keys

    def at(self, *keys: str | int) -> Place:
        return Place(self.path, self.text, self.keys + keys)

    def error(self, what: str, hint: str) -> ConfigError:
        line, column = position(self.text, self.keys)
        return ConfigError(what, hint, f"{self.path}:{line}:{column}")

    def unknown(self, key: str, known: Iterable[str]) -> ConfigError:
        """The error for a key that nobody knows; its hint names the nearest one that is known."""
        known = sorted(known)
        hint = nearest(key, known) or f"known there: {', '.join(known)}"
        return self.at(key).error(f"{key!r} is no setting of {self.table}", hint)

    @property
    def table(self) -> str:
        """How the table around this place is written: "[me]", "[[source]]"."""
        if not self.keys:
            return "kith"
        return f"[[{self.keys[0]}]]" if self.keys[0] in ("source", "rule") else f"[{self.keys[0]}]"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """'did you mean "handles"?', or None where nothing known is near."""
    from difflib import get_close_matches

    written = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), written, n=1)
    return f'did you mean "{written[found[0]]}"?' if found else None


def position(text: str, keys: Keys) -> tuple[int, int]:
    """Line and column, from 1, of the key at ``keys``, or of what stands nearest above it; (1, 1) if nothing does."""
    best, length = 0, 0
    for found, where in _keys(text):
        common = len(found) if found == keys[: len(found)] else 0
        if common > length:
            best, length = where, common
            if found == keys:
                break
    return text.count("\n", 0, best) + 1, best - text.rfind("\n", 0, best)


def value_of(text: str, keys: Keys) -> tuple[int, int] | None:
    """Where the value of the key at ``keys`` begins and ends in a good TOML text; of a table, where its header does.

    None if it is not there.
    """
    for found, where in _keys(text):
        if found != keys:
            continue
        if text.startswith("[", where):
            return where, text.index("]", where) + 1
        here = _skip(text, _dotted(text, where)[1] + 1)
        value = _value(text, here, keys)
        try:
            while True:
                next(value)
        except StopIteration as end:
            return here, int(end.value)
    return None


def entries(text: str, name: str, count: int) -> list[int]:
    """The line of each of the ``count`` entries ``[[name]]``, counted from 1."""
    header = f"[[{name}]]"
    lines = [n for n, line in enumerate(text.split("\n"), 1) if "".join(line.split()).startswith(header)]
    # A header in a text of several lines, or entries written as inline tables, deserve the slow way.
    return lines if len(lines) == count else [position(text, (name, n))[0] for n in range(count)]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What stands between two things; a part of a dotted key, and the dot after it; a value that holds no others."""
    import re

    blank = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
    key = re.compile(r'[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')[ \t]*(\.?)')
    scalar = r'''
        """ (?: [^\\] | \\. )*? "{3,5}  |  \'{3} .*? \'{3,5}  |  " (?: [^"\\\n] | \\. )* "  |  ' [^'\n]* '
        |  [^\s,\]}\#] (?: [^,\]}\#\n]* [^\s,\]}\#] )? '''
    return blank, key, re.compile(scalar, re.DOTALL | re.VERBOSE)


def _keys(text: str) -> Iterator[tuple[Keys, int]]:
    """Every key and every table header of a good TOML text, in order, with the offset it begins at."""
    table: Keys = ()
    counts: dict[Keys, int] = {}
    here = _skip(text, 0)
    while here < len(text):
        if text[here] != "[":
            here = yield from _pair(text, here, table)
        else:
            double = 2 if text.startswith("[[", here) else 1
            parts, end = _dotted(text, here + double)
            table = ()
            for part in parts[:-1]:
                table += (part,)
                table += (counts[table],) if table in counts else ()
            table += parts[-1:]
            if double == 2:
                counts[table] = counts.get(table, -1) + 1
                table += (counts[table],)
            yield table, here
            here = end + double
        here = _skip(text, here)


def _pair(text: str, here: int, table: Keys) -> Generator[tuple[Keys, int], None, int]:
    """``key = value`` at ``here``; the offset after it."""
    parts, end = _dotted(text, here)
    for n in range(len(parts)):
        yield table + parts[: n + 1], here
    return (yield from _value(text, _skip(text, end + 1), table + parts))


def _value(text: str, here: int, keys: Keys) -> Generator[tuple[Keys, int], None, int]:
    """The value at ``here``, into whose tables and lists it looks; the offset after it."""
    opened = text[here : here + 1]
    if opened not in ("{", "["):
        found = _patterns()[2].match(text, here)
        return found.end() if found else here + 1
    number = 0
    here = _skip(text, here + 1)
    while here < len(text) and text[here] not in "}]":
        if opened == "{":
            here = yield from _pair(text, here, keys)
        else:
            yield (*keys, number), here
            here = yield from _value(text, here, (*keys, number))
            number += 1
        here = _skip(text, here)
    return here + 1


def _dotted(text: str, here: int) -> tuple[Keys, int]:
    """The parts of a dotted key, and the offset after it."""
    import tomllib

    parts: Keys = ()
    while found := _patterns()[1].match(text, here):
        part, here = found[1], found.end()
        parts += (tomllib.loads(f"k = {part}")["k"] if part[0] in "\"'" else part,)
        if not found[2]:
            break
    return parts, here


def _skip(text: str, here: int) -> int:
    """The offset of the next thing that is neither blank nor a comma nor a comment."""
    found = _patterns()[0].match(text, here)
    return found.end() if found else here
