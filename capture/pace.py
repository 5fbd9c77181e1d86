"""When a source is asked again: after all was well, after it could not be read, and after its connector crashed."""

from __future__ import annotations

import random
from typing import Protocol

RETRY = 120.0
"""Seconds until a source is asked again that did not say when, by whoever asks only when they are told to."""

FIRST = 35.0
"""Seconds after a first failure; twice as many after each further one. Twice as many, less JITTER, are more than a minute: who
gets a page further with each attempt, and fails, is asked less than sixty times an hour."""

MOST = 15 * 60.0
"""Seconds between two attempts at the most, whatever has failed."""

LONGEST = 24 * 3600.0
"""Seconds that a source may ask us to wait at the most (``Retry-After`` and the like)."""

CRASHES = 5
"""After so many crashes in a row a connector is left alone: it does not mend itself."""

JITTER = 0.1
"""Part of a wait by which it is longer or shorter, so that sources, and machines, do not ask in step."""

LATER = 300.0
"""Seconds by which a source is asked later than it asked for, at the most."""


class Pace(Protocol):
    """Says in how many seconds a source is asked again; None: not by itself."""

    def moved(self) -> None:
        """A page was kept, whatever comes of the rest."""

    def well(self) -> float | None:
        """Everything was read."""

    def later(self, retry_after: float | None) -> float | None:
        """It could not be read now; ``retry_after`` seconds are what it asked for itself."""

    def crowded(self) -> float | None:
        """There were as many connections to its account as may be: nothing is wrong with the source."""

    def crashed(self) -> float | None:
        """Its connector has a bug, died, or fell silent."""

    def human(self) -> None:
        """It stays as it is until somebody changes something."""


class Asked:
    """The pace of somebody who asks when they like: nothing is planned but what a failure asks for."""

    def moved(self) -> None:
        """Nothing is planned."""

    def well(self) -> float | None:
        """Nothing is planned."""
        return None

    def later(self, retry_after: float | None) -> float | None:
        """Earlier than this it is not worth while."""
        return retry_after or RETRY

    def crowded(self) -> float | None:
        """The same."""
        return RETRY

    def crashed(self) -> float | None:
        """The same."""
        return RETRY

    def human(self) -> None:
        """Nothing is planned."""


ASKED = Asked()


class Steady:
    """The pace of a daemon: every so often, and ever more rarely while it fails; each wait a little longer or shorter."""

    def __init__(self, every: float, failures: int = 0) -> None:
        self.every = every
        self.failures = failures
        self._crashes = 0

    def moved(self) -> None:
        """A source that fails now and then, but gets on, is asked once a minute and not once in a quarter of an hour."""
        self.failures, self._crashes = min(self.failures, 1), 0

    def well(self) -> float:
        """After ``every`` seconds."""
        self.failures = self._crashes = 0
        return around(self.every)

    def later(self, retry_after: float | None) -> float:
        """FIRST, twice FIRST, …, MOST; not before the source asked us to, but within LONGEST."""
        self._crashes = 0
        return self._backed_off(retry_after)

    def crowded(self) -> float:
        """After FIRST seconds, however often it happens: whoever has the connections is at work."""
        return around(FIRST)

    def crashed(self) -> float | None:
        """The same as ``later``, and None after CRASHES in a row."""
        self._crashes += 1
        return self._backed_off(None) if self._crashes < CRASHES else None

    def human(self) -> None:
        """Nothing is planned, and failures are counted from the start when it is asked again."""
        self.failures = self._crashes = 0

    def _backed_off(self, retry_after: float | None) -> float:
        wait = around(min(MOST, FIRST * 2 ** min(self.failures, 10)))
        self.failures += 1
        # later than asked for, never earlier
        asked = min(retry_after or 0.0, LONGEST)
        return max(wait, asked + min(JITTER * asked, LATER) * random.random())


def around(seconds: float) -> float:
    """So many seconds, more or less."""
    return seconds * (1 + JITTER * (2 * random.random() - 1))
