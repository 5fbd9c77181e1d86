"""A connector that says what it was told to say: the second implementation of the contract, wholly in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from connectors.base import Cursor, Observation, Page


class Settings(BaseModel):
    """A script is not configured, it is given to ``Scripted.of``."""

    model_config = ConfigDict(extra="forbid")


class Scripted:
    """Replays pages; ``errors[n]`` is raised after page n of the script (0: before the first), as long as it is there.

    The cursor is how many pages of the script were said. ``say`` adds a page, also while a pull runs, and wakes
    ``watch``. ``pulls`` lists the cursors that pulls began from.

        source = Scripted.of([meeting], [mail, mail], errors={1: TryLater("The wire is cut.")})
    """

    Settings: ClassVar[type[BaseModel]] = Settings

    def __init__(self, settings: Any) -> None:
        self.pages: list[tuple[Observation, ...]] = []
        self.errors: dict[int, Exception] = {}
        self.pulls: list[Cursor | None] = []
        self._news = Event()

    @classmethod
    def of(cls, *pages: Iterable[Observation], errors: dict[int, Exception] | None = None) -> Scripted:
        """A connector with these pages and these errors."""
        connector = cls(Settings())
        connector.pages = [tuple(page) for page in pages]
        connector.errors = errors or {}
        return connector

    def say(self, *observations: Observation) -> None:
        """Adds a page to the end of the script."""
        self.pages.append(observations)
        self._news.set()

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """The pages after ``cursor``, or the error that stands among them."""
        self.pulls.append(cursor)
        place = int(cursor["said"]) if cursor else 0
        while True:
            if place in self.errors:
                raise self.errors[place]
            if place >= len(self.pages):
                return
            place += 1
            yield Page(self.pages[place - 1], {"said": place}, sum(len(page) for page in self.pages[place:]))

    def watch(self, stop: Event) -> None:
        """Returns when a page was added since the last time, or when ``stop`` is set."""
        while not stop.is_set():
            if self._news.wait(0.01):
                self._news.clear()
                return
