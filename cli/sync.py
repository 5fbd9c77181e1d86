"""Capturing: every source in turn, each on its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from cli.bar import Bar
from cli.context import CONFIG, INTERRUPTED, LOGIN, OK, UNAVAILABLE, USAGE, Place, Problem, config, say, store, trace
from cli.options import Argument, Json, JsonLines
from cli.render import put_json

if TYPE_CHECKING:
    from capture.config import Config, SourceConfig
    from capture.poll import Outcome

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
    from capture.apart import Apart
    from capture.seats import Seats

    settings = config()
    chosen = wanted(settings, source or [])
    quiet = json or jsonl
    _log_to_stderr()
    file = store(settings)
    file.patience = PATIENCE
    # the first pull of all gets under way while the rest of kith does, and while the file is made
    first = not file.path.exists()
    begun: dict[str, Apart] = {}

    def begin(one: SourceConfig, ahead: bool) -> None:
        seats = Seats(one, file.path)
        if seats.take():  # else it waits for its turn
            begun[one.name] = Apart(one, None, file.undisturbed, ahead=ahead, seats=seats)

    if first:
        begin(chosen[0], ahead=False)

    from capture.match import Me
    from capture.poll import Outcome, poll
    from capture.ready import Unusable, ready

    if not settings.me.handles:
        hint = f'write into {settings.path}: me.handles = ["me@example.org"]'
        say("kith: You have named no address of your own, so nothing tells what was written by you.", hint)
    me = Me.of(settings)
    outcomes: list[Outcome] = []
    broken: set[str] = set()
    bar = None
    with _stoppable() as stop:
        try:
            for one, after in zip(chosen, [*chosen[1:], None], strict=True):
                if stop.is_set():
                    break
                if first and after is not None and after.host is not None:
                    # another server works meanwhile; files take no time to wait for
                    begin(after, ahead=True)
                bar = Bar(one.name, quiet)
                made = ready(one)
                if isinstance(made.connector, Unusable):
                    broken.add(one.name)
                    if Place.debug:
                        trace(made.connector.error)
                early = begun.get(one.name) if made.config else None
                if early and not early.taken_up():
                    early.close()
                    early = None
                outcomes.append(poll(made, file, me, stop, bar.tell, begun=early, remember=True))
                bar.end(outcomes[-1])
                bar = None
        except KeyboardInterrupt:
            stop.set()
            if bar is not None:
                outcomes.append(Outcome(bar.name, "stopped", bar.seen, bar.captured))
                bar.end(outcomes[-1])
        finally:
            for each in begun.values():
                each.close()
    if quiet:
        put_json([_row(o) for o in outcomes], lines=jsonl)
    if stop.is_set():
        say("kith: stopped. What was read is kept; the next kith sync goes on from there.")
        return INTERRUPTED
    return max((CONFIG if o.source in broken else EXIT.get(o.state, OK) for o in outcomes), default=OK)


def wanted(settings: Config, names: list[str]) -> list[SourceConfig]:
    """The sources of these names, or all. Raises Problem where there is none, or none of that name."""
    if not settings.sources:
        from capture.config import place_of

        where = settings.path or place_of()
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


