"""A connector with as much mail as one likes, for what is done beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from connectors.base import Cursor, Page
from tests.small_world import mail


class Endless:
    """Pages of ``size`` letters that nothing else says, for as long as ``more`` says so of how many there were."""

    Settings: ClassVar[Any] = None

    def __init__(
        self,
        size: int = 100,
        more: Callable[[int], bool] = lambda _: True,
        title: Callable[[int], str] = lambda _: "Hello",
    ) -> None:
        self.size, self.more, self.title = size, more, title

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """The pages after the one that the cursor names."""
        page = cursor["page"] if cursor else 0
        while self.more(page):
            page += 1
            numbers = range(self.size * page, self.size * (page + 1))
            letters = [mail(n, f"s{n % 70}@example.org", days=n / 1000, title=self.title(n)) for n in numbers]
            yield Page(tuple(letters), {"page": page})
