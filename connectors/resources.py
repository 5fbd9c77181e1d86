"""What files and DAV servers have in common: resources, each with a path, a content, and what it says."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connectors.base import Observation, Unreadable


@dataclass(slots=True)
class Said:
    """What a resource says. ``open_ended``: more of it comes after the horizon; ``day`` is that of one about one meeting.

    ``day`` counts from 1970, and is 0 for any other resource: see ``dav_marks.Entry``.
    """

    observations: Sequence[Observation]
    open_ended: bool = False
    day: int = 0


Read = Callable[[bytes, str, int, int | None], Said]
"""Of a resource, its content and mark: all that it says up to a time, or what begins from another time on; seconds since
1970."""


def mark(path: str) -> str:
    """What tells a resource from the others of its source, by its path there: 12 characters of base64url."""
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=9).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")


def understood(read: Read, data: bytes, name: str, until: int, since: int | None) -> Said:
    """What ``read`` says; Unreadable if it raises: one resource that nobody foresaw must not hold up all the others."""
    try:
        return read(data, name, until, since)
    except Exception as error:
        return Said([Unreadable(f"{name}/", f"kith cannot read it ({type(error).__name__})")])
