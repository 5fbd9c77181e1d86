"""A thread for one source: poll, wait until another poll is worth while, and so on; what waits for a server waits here.

The poll is the one that ``kith sync`` does. Each thread has a Store of its own, so the gate of the file lets one of them write
at a time, and lets commands in between, as it does between processes. A source cannot keep another from its turn: the file is
held for a page, or for four seconds while nobody wants it, and a pull that is long, or of a connector that is not kith's own,
is another process's work, whose memory goes when it ends.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing

from capture.match import Me
from capture.pace import MOST, Steady, around
from capture.poll import Outcome, Source, poll
from capture.seats import Seats
from connectors.base import NeedsHuman, SourceError, Watcher
from store.errors import StoreError
from store.file import Store

log = logging.getLogger("kith")

NO_ROOM = 30.0
"""Seconds until the file is tried again, when it was the file that could not be used."""

CALM = 60.0
"""Seconds for which a source has to be watched until it is believed that it can be."""

BREATH = 1.0
"""Seconds between two polls that news calls for: each is a connection of its own, and mail comes in bursts."""

BURST = 60
"""So many polls in a burst follow each other like that; then one every PACE seconds, until it was quiet for long enough."""

PACE = 6.0

WELL = ("ok", "history waits")
"""How a poll ends of a source that can be watched then."""

UNSEATED = 30.0
"""Seconds between two looks whether there is a connection left to watch a source that could be watched."""

UNWATCHED = 2.0
"""Seconds until a source is polled of which watching broke off; twice as many when that breaks off at once, again and again."""


class Runner(threading.Thread):
    """The thread of ``source``. ``tell`` is called with each outcome, in this thread; it ends when ``stop`` is set.

    ``rouse`` makes it poll at once; else it does when its connector says that there is news. What is due by the clock is not
    its affair.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        me: Me,
        pace: Steady,
        tell: Callable[[Runner, Outcome], None],
        at_once: bool = True,
    ) -> None:
        """With ``at_once`` the first poll waits for nobody; else it waits until it is roused."""
        super().__init__(name=f"kith-{source.name}", daemon=True)
        self.source = source
        self.pace = pace
        self._at_once = at_once
        self.stop = threading.Event()
        self.polling_since: float | None = None
        """When the poll began that goes on now, on the clock of ``time.monotonic``."""
        self._store, self._me, self._tell = store, me, tell
        self._up = threading.Event()
        self._broken = 0
        self._left = float(BURST)
        self._told = float("-inf")

    def rouse(self) -> None:
        """It polls at once, or once more when the present poll has ended."""
        self._up.set()

    def end(self) -> None:
        """It ends at the next page boundary, or as soon as what it waits for lets go of it."""
        self.stop.set()
        self._up.set()

    def run(self) -> None:
        """The life of the thread."""
        if not self._at_once:
            self._up.wait()
        while not self.stop.is_set():
            self._up.clear()
            outcome = self._poll()
            if self.stop.is_set():
                return
            self._tell(self, outcome)
            if outcome.state in WELL and outcome.apart and outcome.seen and not self.source.apart:
                continue  # what came while another process read, its own connector has not seen
            self._wait(outcome)

    def _poll(self) -> Outcome:
        self.polling_since = time.monotonic()
        try:
            return poll(self.source, self._store, self._me, self.stop, pace=self.pace)
        except StoreError as error:
            return Outcome(self.source.name, "no file", error=error.what, fix=error.hint, again=around(NO_ROOM))
        except Exception as error:  # a bug of ours must not be the end of a source
            log.exception("%s: a bug in kith", self.source.name)
            what = f"kith failed, which is a bug: {type(error).__name__}: {error}"
            return Outcome(self.source.name, "no file", error=what, fix="please report it", again=around(NO_ROOM))
        finally:
            self.polling_since = None
            # poll has made the collector rare, and each connection leaves a circle of some KB: 24 MB until it comes by itself
            gc.collect(1)

    def _wait(self, outcome: Outcome) -> None:
        """Until there is news, or somebody rouses us."""
        connector = self.source.connector
        if outcome.state not in WELL or not isinstance(connector, Watcher):
            self._up.wait()
            return
        seats = Seats(self.source.config, self._store.path)
        while not seats.take(watch=True):
            if self._up.wait(UNSEATED):
                return  # until then it is one that cannot be watched
        began = time.monotonic()
        try:
            with closing(seats):
                connector.watch(self._up)
            if not self._up.is_set():
                self._up.wait(self._breath())
            return
        except SourceError as error:
            level = logging.INFO if isinstance(error, NeedsHuman) else logging.DEBUG
            log.log(level, "%s: not watched for now: %s", self.source.name, error)
        except Exception:
            log.exception("%s: a bug in its connector's watch", self.source.name)
        # the poll that comes now says how the source is; where only watching fails, again and again, it is polled when due
        self._broken = 0 if time.monotonic() - began > CALM else min(self._broken + 1, 10)
        self._up.wait(min(UNWATCHED * 2**self._broken, MOST))

    def _breath(self) -> float:
        """Seconds to wait before the poll that news has called for: none, unless the one before it was just now."""
        now = time.monotonic()
        since, self._told = now - self._told, now
        self._left = min(float(BURST), self._left + since / PACE) - 1
        if self._left < 0:
            self._left = 0.0
            return PACE
        return 0.0 if since > PACE else BREATH
