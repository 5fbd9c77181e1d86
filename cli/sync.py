"""Capturing: every source in turn, each on its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NoReturn

from cli.bar import Bar
from cli.context import CONFIG, INTERRUPTED, LOGIN, OK, UNAVAILABLE, USAGE, Place, Problem, config, say, store, trace
from cli.options import Argument, Json, JsonLines
from cli.render import put_json

if TYPE_CHECKING:
    from capture.config import Config, SourceConfig
    from capture.poll import Outcome, Source
    from connectors.base import Connector

EXIT = {"try later": UNAVAILABLE, "needs you": LOGIN}

PATIENCE = 60.0
"""Seconds that a sync waits for the file: unlike somebody who asks, it has the time."""

GRACE = 2.0
"""Seconds in which a page in hand is finished after ^C; who needs longer is left where they stand, a page back."""


def sync(
    source: Annotated[list[str] | None, Argument("Only these sources.", "SOURCE")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Read everything new from your sources. Nothing is changed there."""
    from capture.match import Me
    from capture.poll import Outcome, poll
    from capture.replay import remember_me

    settings = config()
    wanted = _wanted(settings, source or [])
    quiet = json or jsonl
    _log_to_stderr()
    if not settings.me.handles:
        hint = f'write into {settings.path}: me.handles = ["me@example.org"]'
        say("kith: You have named no address of your own, so nothing tells what was written by you.", hint)
    file, me = store(settings), Me(settings.me.handles)
    file.patience = PATIENCE
    outcomes: list[Outcome] = []
    broken: set[str] = set()
    bar = None
    with _stoppable() as stop:
        try:
            remember_me(file, me)
            for one in wanted:
                if stop.is_set():
                    break
                bar = Bar(one.name, quiet)
                ready = _ready(one)
                if isinstance(ready.connector, Unusable):
                    broken.add(one.name)
                outcomes.append(poll(ready, file, me, stop, bar.tell))
                bar.end(outcomes[-1])
                bar = None
        except KeyboardInterrupt:
            stop.set()
            if bar is not None:
                outcomes.append(Outcome(bar.name, "stopped", bar.seen, bar.captured))
                bar.end(outcomes[-1])
    if quiet:
        put_json([_row(o) for o in outcomes], lines=jsonl)
    if stop.is_set():
        say("kith: stopped. What was read is kept; the next kith sync goes on from there.")
        return INTERRUPTED
    return max((CONFIG if o.source in broken else EXIT.get(o.state, OK) for o in outcomes), default=OK)


class Unusable:
    """Stands in for a connector that cannot be made: to be asked is to be told why."""

    Settings: ClassVar[Any] = None

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def pull(self, cursor: object) -> NoReturn:
        from connectors.base import NeedsHuman

        raise NeedsHuman(self.problem.what, self.problem.hint)


def _ready(one: SourceConfig) -> Source:
    """The source with its connector; where that cannot be made, the other sources do not suffer for it."""
    from capture.poll import Source

    made: Connector
    try:
        made = one.connector()
    except Exception as error:
        if Place.debug:
            trace(error)
        problem = Problem.of(error)
        if not getattr(error, "hint", None):
            what = f"the connector {one.type!r} cannot be made: {type(error).__name__}: {error}"
            problem = Problem(what, "kith --debug sync shows where")
        made = Unusable(problem)
    return Source(one.name, one.type, made, None if isinstance(made, Unusable) else one)


def _wanted(settings: Config, names: list[str]) -> list[SourceConfig]:
    if not settings.sources:
        where = settings.path or "~/.config/kith/config.toml"
        what = f"{where}: no source is configured, so there is nothing to read."
        raise Problem(what, "add a [[source]]; config.example.toml shows every kind", CONFIG)
    known = {s.name: s for s in settings.sources}
    for name in names:
        if name not in known:
            raise Problem(f"There is no source {name!r}.", f"there are: {', '.join(known)}", USAGE)
    return [known[name] for name in dict.fromkeys(names)] or list(settings.sources)


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "source": outcome.source,
        "state": outcome.state,
        "seen": outcome.seen,
        "captured": outcome.captured,
        "error": outcome.error,
        "fix": outcome.fix,
    }


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM set the event. Who has not ended after GRACE seconds, or at a second signal, is interrupted.

    That may be anywhere: what is not committed then is read again, and nothing is half there.
    """
    stop = threading.Event()

    def ask(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, GRACE, 1.0)

    def insist(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, insist)
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_to_stderr() -> None:
    """With ``--debug`` kith's own log stands on standard error, tracebacks and all; without it nothing does."""
    import logging

    log = logging.getLogger("kith")
    log.propagate = False
    if not Place.debug:
        log.addHandler(logging.NullHandler())
        return

    class Shown(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"kith: {record.levelname.lower()}: {record.getMessage()}")
            if record.exc_info and record.exc_info[1]:
                trace(record.exc_info[1])

    log.addHandler(Shown())
    log.setLevel(logging.DEBUG)


