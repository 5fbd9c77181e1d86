"""What holds for every command: where the configuration and the data are, and how a failure is said."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from cli.options import Option

if TYPE_CHECKING:
    from capture.config import Config
    from store.file import Store

PATIENCE = 5.0
"""Seconds that a command waits for another process to let go of the file."""

OK, NOTHING, USAGE, UNAVAILABLE, BUG, FILES, LOGIN, CONFIG, INTERRUPTED = 0, 1, 2, 69, 70, 74, 77, 78, 130
"""Exit codes of the contract; a StoreError brings its own. 130 is what shells say of a command ended by ^C."""


class Place:
    """Where this run looks, as the options before the command say."""

    config: ClassVar[str | None] = None
    data: ClassVar[str | None] = None
    debug: ClassVar[bool] = False


def everywhere(
    config: Annotated[str | None, Option(("--config",), "The configuration file.", "FILE")] = None,
    data: Annotated[str | None, Option(("--data",), "The folder of the database.", "FOLDER")] = None,
    debug: Annotated[bool, Option(("--debug",), "Show a traceback where something goes wrong.")] = False,
    version: Annotated[bool, Option(("--version",), "Show the version and end.")] = False,
) -> None:
    """The address book that writes itself."""
    Place.config, Place.data, Place.debug = config, data, debug
    if version:
        show_version()
        raise SystemExit(OK)


def show_version() -> None:
    """The version, on standard output."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        print(f"kith {version('kithline')}")
    except PackageNotFoundError:
        print("kith, run from its sources")


def config() -> Config:
    """The configuration of this run; empty where there is no file.

    From now on days begin where the user lives, and files are encrypted with the configured key, if there is one, which is
    fetched when the first of them is opened.
    """
    from pathlib import Path

    from capture.config import load

    settings = load(Path(Place.config) if Place.config else None, Path(Place.data) if Place.data else None)
    if settings.me.zone:
        os.environ["TZ"] = settings.me.zone
        time.tzset()
    if settings.key is not None:
        _unlock(settings.key)
    return settings


def store(settings: Config) -> Store:
    """The database of this run."""
    from store.file import Store

    return Store(settings.file, PATIENCE, lambda what: say(f"kith: {what}"))


def _unlock(said: dict[str, Any]) -> None:
    from store import cipher

    def fetch() -> str:
        from connectors.secret import Secret

        return Secret.model_validate(said).reveal("kith")

    cipher.use(fetch)


class Problem(Exception):
    """Why a command ends early: what, where, and what mends it."""

    def __init__(self, what: str, hint: str = "", exit_code: int = NOTHING) -> None:
        super().__init__(what)
        self.what, self.hint, self.exit_code = what, hint, exit_code

    @classmethod
    def of(cls, error: Exception) -> Problem:
        """What an exception is to the user; one that nobody foresaw is a bug, and says how to see more."""
        where, what, hint = (getattr(error, name, None) for name in ("where", "what", "hint"))
        if isinstance(what, str) and isinstance(hint, str):
            code = getattr(error, "exit_code", None) or _CODES.get(type(error).__name__, UNAVAILABLE)
            return cls(f"{where}: {what}" if where else what, hint, code)
        if isinstance(error, OSError):
            name = error.filename if error.filename is not None else "standard output"
            hint = "see whether the disk is full, and who may write there"
            return cls(f"{name}: {error.strerror or error}", hint, FILES)
        if isinstance(error, MemoryError):
            return cls("There is not enough memory for this.", "close something, or ask for less", BUG)
        what = f"kith failed, which is a bug: {type(error).__name__}: {error}"
        return cls(what, "kith --debug … shows where; please report it", BUG)

    def show(self) -> None:
        """The problem on standard error: one line, and one for what mends it."""
        say(f"kith: {self.what}", self.hint)


def most(limit: int) -> int:
    """How many rows ``--limit`` asks for at most, where 0 is all. Raises Problem for less."""
    if limit < 0:
        raise Problem(f"There is no limit of {limit}.", "write how many you want, or 0 for all", USAGE)
    return limit or 1 << 40


_CODES = {"ConfigError": CONFIG, "UnknownType": CONFIG, "NeedsHuman": LOGIN}


def say(what: str, hint: str = "") -> None:
    """A message to people on standard error, without anything in it that a terminal would obey."""
    from cli.render import clean

    print(clean(what) + (f"\n      {clean(hint)}" if hint else ""), file=sys.stderr)


def trace(error: BaseException) -> None:
    """The traceback of an error on standard error, as little obeyed by a terminal as anything else."""
    from traceback import format_exception

    from cli.render import clean

    for line in "".join(format_exception(error)).splitlines():
        indent = len(line) - len(line.lstrip(" "))
        print(" " * indent + clean(line.strip()), file=sys.stderr)
