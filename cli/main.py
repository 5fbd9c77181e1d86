"""``kith``: which function a command is, and what its errors become.

Only the module of the command that was asked for is imported; all of them, and typer, only for help, for completion and
for a line that is wrong.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence

COMMANDS = {
    "sync": "cli.sync:sync",
    "run": "cli.run:run",
    "service": "cli.service:service",
    "status": "cli.status:status",
    "doctor": "cli.doctor:doctor",
    "sources": "cli.status:sources",
    "who": "cli.who:who",
    "timeline": "cli.recall:timeline",
    "overdue": "cli.recall:overdue",
    "today": "cli.today:today",
    "people": "cli.recall:people",
    "people merge": "cli.identity:merge",
    "people split": "cli.identity:split",
    "people rename": "cli.identity:rename",
    "people hide": "cli.identity:hide",
    "people show": "cli.identity:show",
    "people archive": "cli.identity:archive",
    "people why": "cli.identity:why",
    "review": "cli.review:review",
    "undo": "cli.review:undo",
    "log decisions": "cli.review:decisions",
    "me": "cli.me:me",
    "me add": "cli.me:add",
    "me remove": "cli.me:remove",
    "noise": "cli.noise:noise",
    "noise explain": "cli.noise:explain",
    "noise replay": "cli.noise:again",
    "cadence": "cli.decide:cadence",
    "tag": "cli.decide:tag",
    "export": "cli.export:export",
    "backup": "cli.safety:backup",
    "restore": "cli.safety:restore",
    "check": "cli.safety:check",
    "encrypt": "cli.safety:encrypt",
    "decrypt": "cli.safety:decrypt",
    "privacy": "cli.privacy:privacy",
}
"""Every command, of one word or two, and the function that it is, in the order of ``kith --help``."""


def main() -> None:
    """The command ``kith``: ends the process with one of the exit codes of the contract."""
    os.umask(0o077)
    # pydantic would look for plugins in the metadata of every package that is installed
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # a terminal that cannot show a letter shows a question mark instead of a traceback
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    code = run(sys.argv[1:])
    # closing the streams here and leaving at once saves a fifth of a recall: nothing is left to be torn down
    code = _flush(code)
    if "coverage" in sys.modules:
        sys.exit(code)
    os._exit(code)


def _flush(code: int) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            from cli.context import Problem

            problem = Problem.of(error)
            problem.show()
            code = problem.exit_code
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return code


def run(words: Sequence[str]) -> int:
    """Do what the words of a command line say; the exit code. Errors are printed for people, on standard error."""
    from cli.context import INTERRUPTED, OK, Place, Problem, trace

    # a question is over before a circle weighs anything, and 15,000 rows are looked through twenty times otherwise
    gc.set_threshold(100_000, 20, 50)
    at = _command_at(words)
    Place.debug = "--debug" in words[:at]
    try:
        return _dispatch(words, at)
    except BrokenPipeError:
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else OK
    except Exception as error:
        if isinstance(error, Problem):
            problem = error
        else:
            problem = Problem.of(error)
            if Place.debug:
                trace(error)
        problem.show()
        return problem.exit_code


def _dispatch(words: Sequence[str], at: int) -> int:
    from cli.context import everywhere, show_version

    if list(words) == ["--version"]:
        show_version()
        return 0
    name, after = words[at] if at < len(words) else "", at + 1
    if " ".join(words[at : at + 2]) in COMMANDS:
        name, after = " ".join(words[at : at + 2]), at + 2
    if name in COMMANDS and "_KITH_COMPLETE" not in os.environ:
        from cli.quick import read

        function = _function(name)
        head, tail = read(everywhere, words[:at]), read(function, words[after:])
        if head is not None and tail is not None:
            everywhere(**head)
            return function(**tail)
    from cli.full import run as by_typer

    return by_typer(everywhere, {name: _function(name) for name in COMMANDS}, words or ["--help"])


def _command_at(words: Sequence[str]) -> int:
    """Where the command stands: behind the options that hold for all of them."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in ("--config", "--data") else 1
    return min(at, len(words))


def _function(name: str) -> Callable[..., int]:
    module, _, function = COMMANDS[name].partition(":")
    found: Callable[..., int] = getattr(importlib.import_module(module), function)
    return found


if __name__ == "__main__":
    main()
