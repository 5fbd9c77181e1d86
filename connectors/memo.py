"""What texts were read as: a first sync meets the same people and the same lists a thousand times."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """What texts were read as, of bounded size: it is emptied when it has grown to ``most`` (characters, roughly)."""

    def __init__(self, most: int) -> None:
        self.known: dict[object, T] = {}
        self.most = most
        self.size = 0

    def keep(self, key: object, value: T, size: int) -> T:
        if self.size + size > self.most:
            self.known.clear()
            self.size = 0
        self.known[key] = value
        self.size += size
        return value
