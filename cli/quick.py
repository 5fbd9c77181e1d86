"""A command line read without typer.

typer makes a pydantic adapter for every parameter before it reads the first word, and with what it imports that costs
more than a whole recall. This reads the plain part of a line (words, numbers, flags) as typer would. Whatever it is not
sure of, an unknown option, a missing word, ``--help``, it leaves to typer: the answer is None, and typer reads the line
from the start and says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cli.options import Argument, Option, parameters


def read(function: Callable[..., object], words: Sequence[str]) -> dict[str, Any] | None:
    """The arguments with which typer would call ``function`` for these words; None if that is not certain."""
    known = parameters(function)
    spelt = {spelling: p for p in known if isinstance(p.said, Option) for spelling in p.said.spellings}
    values: dict[str, Any] = {p.name: p.default for p in known if not p.needed}
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            plain += rest
            break
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        found = spelt.get(name)
        if found is None or found.many:
            return None
        if found.kind is bool:
            if equals:
                return None
            values[found.name] = True
            continue
        value = value if equals else next(rest, "-")
        if value.startswith("-") or (made := _value(found.kind, value)) is None:
            return None
        values[found.name] = made
    for p in known:
        if isinstance(p.said, Argument):
            taken, plain = (plain, []) if p.many else (plain[:1], plain[1:])
            given = [_value(p.kind, word) for word in taken]
            if None in given:
                return None
            if given:
                values[p.name] = given if p.many else given[0]
    return None if plain or len(values) < len(known) else values


def _value(kind: type, word: str) -> str | int | None:
    if kind is str:
        return word
    return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None
