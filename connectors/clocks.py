"""Whether the machine has slept: the one clock goes on meanwhile, the other stands still."""

from __future__ import annotations

import sys
import time


def awake() -> float:
    """Seconds on a clock that nobody sets, and that stands still while the machine sleeps."""
    return time.monotonic()


def always() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    # macOS: Python's own monotonic clock stands still, this one does not
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def slept() -> float:
    """Seconds that the machine has slept since some moment in the past; only differences mean anything."""
    return always() - awake()
