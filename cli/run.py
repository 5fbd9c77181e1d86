"""The daemon: capturing all the time."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path

from cli.context import INTERRUPTED, OK, Place, config, say
from cli.sync import PATIENCE, wanted


def run() -> int:
    """Go on reading everything new, until stopped."""
    from capture.config import Config, load
    from capture.daemon import Daemon
    from store.file import Store

    settings = config()
    wanted(settings, [])
    _log_to_stderr()
    if not settings.me.handles:
        hint = f'write into {settings.path}: me.handles = ["me@example.org"]'
        say("kith: You have named no address of your own, so nothing tells what was written by you.", hint)

    def again() -> Config:
        return load(settings.path, Path(Place.data) if Place.data else None, must_exist=True)

    ended = Daemon(settings, again, lambda: Store(settings.file, PATIENCE)).run()
    return INTERRUPTED if ended == signal.SIGINT else OK


class Lines(logging.Formatter):
    """A line a record, as the journal likes it; with the time where there is no journal. Nobody's address is in it."""

    LEVELS = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))

    def __init__(self) -> None:
        super().__init__()
        self.journal = "JOURNAL_STREAM" in os.environ

    def format(self, record: logging.LogRecord) -> str:
        """The line; with its traceback, below ``--debug`` alone."""
        from capture.redact import redacted
        from cli.render import clean

        said = clean(redacted(record.getMessage()))
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            said += f": {clean(redacted(f'{type(error).__name__}: {error}'))}"
        if self.journal:
            level = next((number for least, number in self.LEVELS if record.levelno >= least), 7)
            return f"<{level}>{said}"
        moment = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(record.created))
        return f"{moment} {record.levelname.lower()}: {said}"


def _log_to_stderr() -> None:
    from cli.context import trace

    class Shown(logging.StreamHandler):  # type: ignore[type-arg]
        def emit(self, record: logging.LogRecord) -> None:
            super().emit(record)
            if Place.debug and record.exc_info and record.exc_info[1]:
                trace(record.exc_info[1])

    log = logging.getLogger("kith")
    log.propagate = False
    handler = Shown(sys.stderr)
    handler.setFormatter(Lines())
    log.handlers[:] = [handler]
    log.setLevel(logging.DEBUG if Place.debug else logging.INFO)
    # what libraries of others say may have anything in it
    logging.lastResort = None
