"""``kith run``: one process that asks every source when it is due, for years.

Each source has a thread (``runner``); this is the thread that plans for them. It sleeps until something is due, an outcome
comes in or somebody signals, and looks every few seconds whether the machine has slept or its clock was set. What is due is
kept by ``schedule``, which goes by the wall clock; so when that jumps, everything is planned anew by a clock that does not.

Rejected: asyncio. The protocol libraries and DuckDB block, so it would be threads all the same, behind a second kind of
function. Rejected, too: a process for each source. It is 60 MB each, and a mailbox that is at rest needs a socket.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import random
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from capture.config import Config, ConfigError, SourceConfig
from capture.health import concerns
from capture.heartbeat import Heartbeat
from capture.looks import Look, form_of, look_of, looks_of_secrets
from capture.match import Me
from capture.memory import few_arenas, give_back
from capture.notices import Notices
from capture.pace import Steady
from capture.poll import Outcome
from capture.ready import ready
from capture.runner import Runner
from connectors.clocks import awake, slept
from connectors.registry import BUILT_IN
from store.errors import Missing, StoreError
from store.file import Store
from store.lone import Lone

log = logging.getLogger("kith")

TICK = 5.0
"""Seconds between two looks at the clocks and at the files that somebody may have changed."""

JUMP = 5.0
"""Seconds by which a clock has to be off until it is believed that it was set, or that the machine slept."""

GRACE = 4.0
"""Seconds in which sources may finish the page in hand when we are told to end; who needs longer is left a page back."""

LOOK = 60.0
"""Seconds between two looks whether somebody has mended, by hand, a source that waits for that."""

HEALTH = 1800
"""Seconds between two looks at how the sources have done over days."""

HUNG = 3600.0
"""Seconds after which a poll that goes on is told of in the log."""

QUICK = 5.0
"""Seconds for which the thread that plans waits for the file, first at its gate and then for other programs: well below the
patience of a service manager's watchdog."""

AGAIN = 3600.0
"""Seconds after which a failure that goes on is told again in the log."""


class Daemon:
    """Captures until it is told to stop. ``load`` reads the configuration anew; ``store`` makes a Store for one thread."""

    def __init__(self, settings: Config, load: Callable[[], Config], store: Callable[[], Store]) -> None:
        import schedule

        self._settings, self._load, self._store = settings, load, store
        self._lone = Lone(settings.file)
        self._notices = Notices(settings.notify, store)
        self._heart = Heartbeat()
        self._plan = schedule.Scheduler()
        self._once = schedule.CancelJob
        self._runners: dict[str, Runner] = {}
        self._due: dict[str, float] = {}
        """Source to when it is asked again, on the clock ``awake``."""
        self._waits: dict[str, Any] = {}
        """Source that waits for somebody to what its secrets' files were like when it failed."""
        self._last: dict[str, tuple[str | None, float]] = {}
        """Source to the error that was told last, and when."""
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ending: int | None = None
        self._readings = 0
        """How often the configuration was taken: what is prepared for an earlier one is dropped."""
        self._preparing, self._prepared = threading.Lock(), False
        self._anew: set[str] = set()
        """Sources that are configured anew, and were not begun yet."""
        self._clocks = self._offsets()
        self._looked = self._watched = 0.0
        self._polled = False
        """Somebody has polled since memory was given back."""
        self._config_file = look_of(settings.path)

    def run(self) -> int:
        """The number of the signal that ended it. Raises Busy if there is a daemon already."""
        self._lone.take()
        few_arenas()
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            self._lone.say(pid=os.getpid(), since=datetime.now(UTC).isoformat(timespec="seconds"))
            self._heart.say("READY=1", "STATUS=looking at what there is")
            log.info("kith runs: %d sources", len(self._settings.sources))
            self._prepare()
            self._plan.every(HEALTH).seconds.do(self._mind_health)
            while self._ending is None:
                self._step()
            return self._ending
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, _: object) -> None:
        if number == signal.SIGHUP:
            self._inbox.put(self._reload)
        else:
            self._inbox.put(lambda: setattr(self, "_ending", number))

    def _step(self) -> None:
        """Whatever has happened or is due by the end of a tick is done."""
        idle = self._plan.idle_seconds
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=max(0.0, min(TICK, TICK if idle is None else idle)))()
        if self._ending is not None:
            return
        self._mind_clocks()
        self._plan.run_pending()
        if awake() - self._looked >= TICK:
            self._looked = awake()
            self._alive()
            self._mind_files()
        if awake() - self._watched >= LOOK:
            self._watched = awake()
            self._mind_sources()
            if self._polled:
                self._polled = False
                give_back()

    # ---------------------------------------------------------------------------------------- from and to the sources

    def _prepare(self) -> None:
        """Every source begins once the file believes that the user is who the settings say. That may take a minute."""
        from capture.replay import remember_me

        settings, reading, self._prepared = self._settings, self._readings, False

        def work() -> None:
            while self._ending is None:
                try:
                    with self._preparing:  # one after the other: what the last of them says is what is believed
                        if reading != self._readings:
                            return
                        remember_me(self._store(), Me(settings.me.handles, settings.rules))
                    break
                except StoreError as error:
                    self._inbox.put(lambda told=error: self._trouble(told.what, told.hint))  # type: ignore[misc]
                    time.sleep(TICK)
            self._inbox.put(lambda: self._begin() if reading == self._readings else None)

        threading.Thread(target=work, name="kith-prepares", daemon=True).start()

    def _begin(self) -> None:
        """Every source has its thread. Those that are configured anew are asked at once, whatever they were waiting for."""
        self._trouble(None, None)
        self._prepared = True
        kept = {name: row for name, row in self._kept().items() if name not in self._anew}
        self._anew.clear()
        for one in self._settings.sources:
            if one.name not in self._runners:
                self._start(one, kept.get(one.name, {}))
        self._say()

    def _start(self, one: SourceConfig, kept: dict[str, Any]) -> None:
        failures, again = kept.get("failures") or 0, kept.get("next_at")
        # what a server asked for holds over a restart, too
        wait = (again - datetime.now(UTC)).total_seconds() if failures and again else 0.0
        failed, written = kept.get("polled_at"), self._config_file
        if failed and written and not self._readings and written[0] / 1e9 > failed.timestamp():
            wait = 0.0  # written since then, while no daemon looked: that may be what mends it
        made = ready(one, apart=one.type not in BUILT_IN)
        pace = Steady(one.every, failures if wait > 0 else 0)
        me = Me(self._settings.me.handles, self._settings.rules)
        runner = Runner(made, self._store(), me, pace, self._tell, at_once=wait <= 0)
        self._runners[one.name] = runner
        if wait > 0:
            self._ask(one.name, wait)
        runner.start()

    def _tell(self, runner: Runner, outcome: Outcome) -> None:
        self._inbox.put(lambda: self._hear(runner, outcome))

    def _hear(self, runner: Runner, outcome: Outcome) -> None:
        name, self._polled = outcome.source, True
        if self._runners.get(name) is not runner:
            return
        if outcome.state == "no file":
            self._trouble(outcome.error, outcome.fix)
        else:
            self._trouble(None, None)
            self._log(outcome)
        again = outcome.again
        if again is None and outcome.state == "overtaken":
            again = runner.pace.every
        self._waits.pop(name, None)
        if again is not None:
            self._ask(name, again)
        else:
            self._waits[name] = self._look_of_secrets(name)
            self._notices.tell(f"{name}: needs you", f"{name}: {outcome.error}", outcome.fix or "")
        self._say()

    def _ask(self, name: str, seconds: float) -> None:
        """The source is asked in so many seconds, whatever was planned before."""
        self._plan.clear(name)
        self._due[name] = awake() + seconds
        self._plan.every(max(1, round(seconds))).seconds.do(self._rouse, name).tag(name)

    def _rouse(self, name: str) -> Any:
        self._due.pop(name, None)
        if name in self._runners:
            self._runners[name].rouse()
        return self._once

    def _log(self, outcome: Outcome) -> None:
        name, now = outcome.source, awake()
        before, when = self._last.get(name, (None, now))
        if outcome.error is None:
            if before not in (None, "history waits"):
                log.info("%s: well again", name)
            self._last[name] = (None, now)
        elif outcome.state == "history waits":  # how much has come is another text each time
            if before != outcome.state:
                log.info("%s: %s", name, outcome.error)
            self._last[name] = (outcome.state, now)
        elif outcome.error != before or now - when > AGAIN:
            self._last[name] = (outcome.error, now)
            log.warning("%s: %s: %s (%s)", name, outcome.state, outcome.error, outcome.fix)
        if outcome.captured:
            log.info("%s: %d new", name, outcome.captured)

    def _trouble(self, what: str | None, fix: str | None) -> None:
        """The database cannot be used, and why; or it can. Told in the log when that changes, and once an hour."""
        before, when = self._last.get("", (None, 0.0))
        if what is None and before is not None:
            log.info("the database can be used again")
            self._last[""] = (None, awake())
        elif what is not None and (what.partition(":")[0] != (before or "").partition(":")[0] or awake() - when > AGAIN):
            log.error("%s (%s)", what, fix)
            self._last[""] = (what, awake())
            self._notices.tell(what.partition(":")[0], what, fix or "")
        self._lone.say(trouble=what, fix=fix)

    def _say(self) -> None:
        waiting = sorted(self._waits)
        told = f"{len(self._runners)} sources" + (f", waiting for you: {', '.join(waiting)}" if waiting else "")
        self._heart.say(f"STATUS={told}")

    def _quick(self) -> Store:
        """A Store for this thread, which has other things to do than wait; it is well now."""
        self._alive()
        store = self._store()
        store.patience = QUICK
        return store

    def _alive(self) -> None:
        if self._heart.watched:
            self._heart.say("WATCHDOG=1")

    def _kept(self) -> dict[str, dict[str, Any]]:
        try:
            with self._quick().read() as reader:
                return {row["name"]: row for row in reader.sources()}
        except Missing:
            return {}
        except StoreError as error:
            log.warning("%s", error.what)
            return {}

    # ------------------------------------------------------------------------------------------------- what to look at

    def _offsets(self) -> tuple[float, float]:
        """By how much the clock that ``schedule`` goes by is ahead of one that nobody sets, and how long we have slept."""
        wall = (datetime.now() - datetime(1970, 1, 1)).total_seconds()
        return wall - awake(), slept()

    def _mind_clocks(self) -> None:
        (wall, sleep), before = self._offsets(), self._clocks
        self._clocks = wall, sleep
        if sleep - before[1] > JUMP:
            log.info("the machine slept for %d s: every source is asked", sleep - before[1])
            for name in self._runners:
                if name not in self._waits:
                    self._ask(name, 1 + 4 * random.random())
        elif abs(wall - before[0]) > JUMP:
            log.info("the clock was set by %+d s: nothing is asked earlier or later for it", wall - before[0])
            for name, due in list(self._due.items()):
                self._ask(name, max(0.0, due - awake()))

    def _mind_files(self) -> None:
        """The configuration is read anew when its file has changed; who waits for a secret is asked when that has."""
        now = look_of(self._settings.path)
        if now != self._config_file and now is not None:
            self._config_file = now
            self._reload()
        for name, then in list(self._waits.items()):
            if self._look_of_secrets(name) != then:
                del self._waits[name]
                self._rouse(name)

    def _mind_sources(self) -> None:
        """Who waits for somebody is asked again once a ``kith sync`` by hand has worked; who hangs is told of."""
        if self._waits:
            kept = self._kept()
            for name in [name for name in self._waits if kept.get(name) and not kept[name]["failures"]]:
                del self._waits[name]
                self._rouse(name)
        for name, runner in self._runners.items():
            since = runner.polling_since
            if since is not None and awake() - since > HUNG and awake() - self._last.get(name, (None, 0.0))[1] > AGAIN:
                self._last[name] = (None, awake())
                log.warning("%s: has been reading for %d min", name, (awake() - since) // 60)

    def _mind_health(self) -> None:
        """The user is told, once a day, of what has gone on for too long, and of sources that have fallen silent."""
        now = datetime.now(UTC)
        try:
            with self._quick().read() as reader:
                found = concerns(reader.sources(), reader.rhythms(now), now)
        except StoreError:
            return
        for cause, (what, fix) in found.items():
            if cause.partition(":")[0] in self._runners:
                self._notices.tell(cause, what, fix)

    def _look_of_secrets(self, name: str) -> list[Look]:
        return [look for one in self._settings.sources if one.name == name for look in looks_of_secrets(one)]

    # ------------------------------------------------------------------------------------------------------- the ends

    def _reload(self) -> None:
        """The configuration is the one in its file, or, if that is wrong, the one that it was. What has changed starts anew."""
        self._config_file = look_of(self._settings.path)  # told once, not again by who looks whether it has changed
        try:
            new = self._load()
            for one in new.sources:
                if one.type in BUILT_IN:
                    one.check()
                else:  # what others wrote is imported by its own process alone
                    one.check_type()
            if not new.sources:
                raise ConfigError("no source is configured", "add a [[source]]", str(new.path))
        except ConfigError as error:
            log.error("the configuration was not taken, the one before it holds: %s (%s)", error, error.hint)
            self._lone.say(config=str(error), config_fix=error.hint)
            self._notices.tell("configuration", f"The configuration was not taken. {error}", error.hint)
            return
        old, self._settings = self._settings, new
        self._lone.say(config=None, config_fix=None)
        self._notices.how = new.notify
        whose = {one.name: form_of(one) for one in new.sources}
        was = {one.name: form_of(one) for one in old.sources}
        same_me = (old.me.handles, old.rules) == (new.me.handles, new.rules)
        self._readings += 1
        self._anew.update(name for name in whose if whose[name] != was.get(name))
        for name in [name for name in self._runners if not same_me or whose.get(name) != was.get(name) or name in self._waits]:
            self._plan.clear(name)
            self._due.pop(name, None)
            self._waits.pop(name, None)
            self._runners.pop(name).end()
        log.info("the configuration was read: %d sources", len(new.sources))
        if same_me and self._prepared:
            self._begin()
        else:
            self._prepare()

    def _end(self) -> None:
        self._heart.say("STOPPING=1")
        runners = list(self._runners.values())
        for runner in runners:
            runner.end()
        end = time.monotonic() + GRACE
        for runner in runners:
            runner.join(max(0.0, end - time.monotonic()))
        left = [runner.source.name for runner in runners if runner.is_alive()]
        log.info("kith ends%s", f"; left where they stand: {', '.join(left)}" if left else "")
        self._lone.leave()
