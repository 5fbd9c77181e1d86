"""What a daemon does not use any more goes back to the system.

glibc keeps free memory otherwise, for each thread apart, and a thread that opens the file and reads what came leaves a few MB
all over its arena: 50 MB in an hour of a mail every half second, with eight sources. Elsewhere (musl, macOS) the allocator
is left alone.
"""

from __future__ import annotations

import contextlib
import gc
from functools import cache
from typing import Any

_ARENA_MAX = -8
"""M_ARENA_MAX of mallopt(3)."""


@cache
def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None)


def few_arenas() -> None:
    """From here on all threads share two arenas. To be said before there are any."""
    with contextlib.suppress(AttributeError, OSError):
        _libc().mallopt(_ARENA_MAX, 2)


def give_back() -> None:
    """Circles that nobody holds are gone, and what is free is the system's (malloc_trim(3)). It takes about 50 ms.

    Each connection leaves a circle. The thread that made it collects the young ones; those that another thread's collection
    took for old, while they were in use, are gone only now.
    """
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        _libc().malloc_trim(0)
