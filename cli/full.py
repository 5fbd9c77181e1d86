"""The same command line as typer knows it: for help, for completion in a shell, and for every line that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from cli.context import Problem
from cli.options import Option, parameters

USAGE = 2

GROUPS = {"log": "What you and the matcher decided."}
"""What the first words are about that are no command by themselves."""

Commands = Mapping[str, Callable[..., int]]


def run(everywhere: Callable[..., None], commands: Commands, words: Sequence[str]) -> int:
    """Do what the words say, by typer; the exit code. Raises Problem for what cannot be understood."""
    try:
        done = app(everywhere, commands)(args=list(words), prog_name="kith", standalone_mode=False)
    except Exception as error:
        # What typer raises has had three base classes in as many years, and this method in all of them.
        said = getattr(error, "format_message", None)
        if said is None:
            raise
        raise _usage(error, str(said())) from None
    return done if isinstance(done, int) else 0


def app(everywhere: Callable[..., None], commands: Commands) -> typer.Typer:
    """The command line with these commands, in this order."""
    made = typer.Typer(
        help=everywhere.__doc__,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(for_typer(everywhere))
    groups: dict[str, typer.Typer] = {}
    heads = {name.partition(" ")[0] for name in commands if " " in name}
    for name, function in commands.items():
        head, _, second = name.partition(" ")
        if head in heads and head not in groups:
            alone = commands.get(head)
            said = alone.__doc__ if alone else GROUPS.get(head)
            groups[head] = typer.Typer(help=said, rich_markup_mode=None, invoke_without_command=alone is not None)
            if alone is not None:
                groups[head].callback()(for_typer(alone, group=True))
            made.add_typer(groups[head], name=head)
        if second:
            groups[head].command(second)(for_typer(function))
        elif head not in groups:
            made.command(name)(for_typer(function))
    return made


def for_typer(function: Callable[..., Any], group: bool = False) -> Callable[..., Any]:
    """The function, with parameters as typer wants them annotated; as the head of a ``group``, it may stand alone."""

    def called(**values: Any) -> Any:
        context = values.pop("context", None)
        return None if context is not None and context.invoked_subcommand else function(**values)

    called.__doc__ = function.__doc__
    called.__annotations__ = {}
    shown = []
    if group:
        called.__annotations__["context"] = typer.Context
        shown.append(Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context))
    for p in parameters(function):
        info: object
        if isinstance(p.said, Option):
            info = typer.Option(*p.said.spellings, help=p.said.help, metavar=p.said.metavar)
        else:
            info = typer.Argument(help=p.said.help, metavar=p.said.metavar)
        hint = called.__annotations__[p.name] = Annotated[p.hint, info]
        default = Parameter.empty if p.needed else p.default
        shown.append(Parameter(p.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint))
    called.__signature__ = Signature(shown)  # type: ignore[attr-defined]
    return called


def _usage(error: Exception, said: str) -> Problem:
    what = said.partition(" (Possible options: ")[0]
    what, _, near = what.partition(" Did you mean ")
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", None) or "kith"
    near = near.strip(" ?'\"")
    if not near and (wrong := getattr(error, "option_name", None)) and getattr(error, "possibilities", None):
        from difflib import get_close_matches

        near = next(iter(get_close_matches(str(wrong), list(error.possibilities), n=1)), "")  # type: ignore[attr-defined]
    hint = f"did you mean {near}? {path} --help shows all" if near else f"{path} --help shows what it takes"
    return Problem(what if what.endswith((".", "?")) else f"{what}.", hint, getattr(error, "exit_code", USAGE))
