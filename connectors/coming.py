"""Something that is on its way while something else is being done."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Coming(Generic[T]):
    """What ``ask`` gives, asked in a thread. Nobody has to wait for it: its thread ends with the process."""

    def __init__(self, ask: Callable[[], T], name: str) -> None:
        self._ask = ask
        self._came: list[T] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, daemon=True, name=name)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._came.append(self._ask())
        except BaseException as error:
            self._error = error

    def result(self) -> T:
        """What came, which is waited for, or raises what was raised. To be called once."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._came.pop()
