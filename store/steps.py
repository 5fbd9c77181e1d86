"""Points at which a test may let the process die.

Crash safety is enumerated, not argued: every place where something has just become true, or is about to, calls
``step()``. With ``KITH_CRASH_AT=n`` the process ends there, at the n-th step it takes, as if it had been killed: no
handler, no flush, no close. Without the variable a step is one comparison.
"""

from __future__ import annotations

import os

CRASHED = 99
"""The exit status of a process that died at a step."""

_left = int(os.environ.get("KITH_CRASH_AT") or 0)


def step() -> None:
    """Die here if this is the step that the environment names."""
    global _left
    if _left:
        _left -= 1
        if not _left:
            os._exit(CRASHED)
