"""What is read without typer is read as typer would read it."""

from __future__ import annotations

import contextlib
import importlib
import io
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.full import for_typer
from cli.main import COMMANDS
from cli.options import Option, parameters
from cli.quick import read


def function(command: str) -> Callable[..., Any]:
    module, _, name = COMMANDS.get(command, "cli.context:everywhere").partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


@cache
def by_typer(command: str) -> Callable[[list[str]], dict[str, Any] | None]:
    """A function from words to what typer would call the command with; None where it would not."""
    heard: list[dict[str, Any]] = []

    def called(**values: Any) -> None:
        heard.append(values)

    form = for_typer(function(command))
    called.__signature__ = form.__signature__  # type: ignore[attr-defined]
    called.__annotations__ = form.__annotations__
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(called)
    command_line = typer.main.get_command(app)

    def read_by_typer(words: list[str]) -> dict[str, Any] | None:
        heard.clear()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            command_line(args=list(words), standalone_mode=False)
        return heard[0] if heard else None

    return read_by_typer


SPELLINGS = sorted(
    {
        spelling
        for command in [*COMMANDS, "everywhere"]
        for p in parameters(function(command))
        if isinstance(p.said, Option)
        for spelling in p.said.spellings
    }
)
VALUES = ("", "5", "0", "007", "-5", "1_000", "٣", "1e3", " 5", "5 ", "3.0", "x", "=", "--", "alice", "3 weeks", "Łu")
ODD = ("-", "--", "-n5", "-n", "-x", "--help", "-h", "--no-json", "--jso", "--everybody", "-j", "---")
WORD = st.one_of(
    st.sampled_from(SPELLINGS),
    st.builds("{}={}".format, st.sampled_from(SPELLINGS), st.sampled_from(VALUES)),
    st.sampled_from(VALUES),
    st.sampled_from(ODD),
    st.text(max_size=4),
)


@pytest.mark.parametrize("command", [*COMMANDS, "everywhere"])
@given(words=st.lists(WORD, max_size=6))
@settings(max_examples=120, deadline=None)
def test_whenever_it_is_certain_typer_says_the_same(command: str, words: list[str]) -> None:
    certain = read(function(command), words)
    if certain is not None:
        assert certain == by_typer(command)(words)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("timeline", "alice"),
        ("timeline", "Alice Example --json"),
        ("timeline", "--limit 5 alice --since=2026-01-01"),
        ("timeline", "alice -n 0 --jsonl"),
        ("people", "--all --tag family"),
        ("overdue", ""),
        ("cadence", "alice 3 weeks --json"),
        ("tag", "alice friends --remove"),
        ("sync", "home-mail old-mail --json"),
        ("export", "--format jsonl"),
        ("everywhere", "--config a.toml --data=b"),
    ],
)
def test_what_people_write_is_certain(command: str, line: str) -> None:
    """Else the test above would prove nothing, and every recall would wait for pydantic."""
    assert read(function(command), line.split()) is not None
    assert read(function(command), line.split()) == by_typer(command)(line.split())


@pytest.mark.parametrize(
    "line", ["", "--help", "alice --jsn", "alice --limit", "alice --limit x", "alice -n -5", "alice -n5"]
)
def test_what_is_not_certain_is_left_to_typer(line: str) -> None:
    assert read(function("timeline"), line.split()) is None


def test_a_parameter_that_says_nothing_about_itself_is_a_mistake_of_ours() -> None:
    def silent(name: str) -> int:
        return len(name)

    with pytest.raises(TypeError):
        parameters(silent)
