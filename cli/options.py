"""How a command says what may be written after it: the annotations of its parameters.

    def people(everybody: Annotated[bool, Option(("--all",), "Strangers, too.")] = False) -> int: ...

A parameter without a default is needed. A bool is a flag, a list takes all the words that are left. ``quick`` reads a
command line by this, and ``full`` makes typer's form of it; there is no second definition. Not typer's own words,
because importing them costs more than opening the database.
"""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints


class Option(NamedTuple):
    """What may be written in any place behind the command: each way to spell it, with its dashes."""

    spellings: tuple[str, ...]
    help: str
    metavar: str | None = None


class Argument(NamedTuple):
    """A word that is known by its place."""

    help: str
    metavar: str


class Parameter(NamedTuple):
    """One parameter of a command: ``kind`` of one value (str, int or bool), and whether it takes ``many``."""

    name: str
    kind: type
    many: bool
    needed: bool
    default: Any
    said: Option | Argument
    hint: Any
    """Its type as written, without what is said about it."""


Json = Annotated[bool, Option(("--json",), "One JSON document.")]
JsonLines = Annotated[bool, Option(("--jsonl",), "One JSON document a line.")]
Name = Annotated[list[str], Argument("A name, a part of one, an address, or a person's number.", "NAME")]
OneName = Annotated[str, Argument("A name, a part of one (in quotes), an address, or a person's number.", "NAME")]


def parameters(function: Callable[..., object]) -> list[Parameter]:
    """The parameters of a command, in order. Raises TypeError for one that is not annotated as above."""
    hints = get_type_hints(function, include_extras=True)
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    needed = len(names) - len(defaults)
    found = []
    for n, name in enumerate(names):
        hint = hints.get(name)
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{function.__name__}: {name} says nothing about itself")
        hint, said = get_args(hint)[:2]
        shape = hint
        if get_origin(shape) is UnionType:
            (shape,) = (one for one in get_args(shape) if one is not NoneType)
        many = get_origin(shape) is list
        kind = get_args(shape)[0] if many else shape
        if kind not in (str, int, bool) or not isinstance(said, Option | Argument) or (many and kind is bool):
            raise TypeError(f"{function.__name__}: {name} is of no kind that can be written")
        default = None if n < needed else defaults[n - needed]
        found.append(Parameter(name, kind, many, n < needed, default, said, hint))
    return found
