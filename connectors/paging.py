"""What a pull has observed, cut into pages: a first one that is there at once, then larger ones that cost less each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connectors.base import Cursor, Observation, Page

FIRST_PAGE = 200
MOST_PAGE = 2000


@dataclass(slots=True)
class Pages:
    """Observations that are in no page yet. ``cursor`` says where the reading stands with all of them said."""

    cursor: Callable[[], Cursor]
    last: Cursor | None
    """The cursor that was said last."""
    observations: list[Observation] = field(default_factory=list)
    size: int = field(default_factory=lambda: FIRST_PAGE)

    @property
    def room(self) -> int:
        """How many more observations fill the page; at least one."""
        return max(1, self.size - len(self.observations))

    def full(self, left: Callable[[], int]) -> Iterator[Page]:
        """A page, if there is enough for one. ``left`` counts what is still to come, which may take a while."""
        if len(self.observations) >= self.size:
            yield self._page(left())

    def rest(self) -> Iterator[Page]:
        """The last page, if there is anything to say, be it that the reading stands elsewhere."""
        if self.observations or self.cursor() != self.last:
            yield self._page(0)

    def _page(self, left: int) -> Page:
        observations, self.observations = self.observations, []
        self.size = min(2 * self.size, MOST_PAGE)
        self.last = self.cursor()
        return Page(tuple(observations), self.last, left)
