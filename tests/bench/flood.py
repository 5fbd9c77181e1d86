"""A source that never runs dry: page after page of made-up mail, as fast as they are taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from connectors.base import Cursor, Handle, Interaction, Page, Party, Signals

START = datetime(2020, 1, 1, tzinfo=UTC)
ME = "person0@example.org"
"""Whose mail it is: the same as in the file that ``big`` makes."""
PEOPLE = 500
LEFT = 1_000_000
"""How much each page says is still to come: as much as in a first sync of a large mailbox."""


class FloodSettings(BaseModel):
    """How much mail a page has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: int = 500


class Flood:
    """Mail without end, for measuring what is done beside it."""

    Settings: ClassVar[type[BaseModel]] = FloodSettings

    def __init__(self, settings: FloodSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages without end."""
        said = int(cursor["said"]) if cursor else 0
        while True:
            mails = tuple(_mail(number) for number in range(said, said + self.settings.page))
            said += len(mails)
            yield Page(mails, {"said": said}, LEFT)


def _mail(number: int) -> Interaction:
    """Every fourth mail is one of ours."""
    other = f"writer{number * 7 % PEOPLE}@example.org"
    sender, receiver = (ME, other) if number % 4 == 0 else (other, ME)
    ident = f"<{number}@endless.example>"
    return Interaction(
        native_id=ident,
        kind="mail",
        happened_at=START + timedelta(minutes=number),
        parties=(Party(Handle("email", sender), "from", "Someone"), Party(Handle("email", receiver), "to")),
        same_as=f"mid:{ident}",
        title=f"Mail number {number}",
        thread=f"mid:{ident}",
        signals=Signals(recipients=1, labels=("INBOX",)),
    )
