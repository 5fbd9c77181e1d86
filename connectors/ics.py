"""Calendars in files: an ``.ics`` file, or a folder of them such as a vdir. Only ever read.

All of history is said, and what is to come in HORIZON days; as time passes, what goes on is said further.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from connectors.base import Cursor, Page
from connectors.file_listing import UserPath
from connectors.zones import Zone, zone_of

HORIZON = 60
"""Days."""


class IcsSettings(BaseModel):
    """``[[source]]`` of type "ics"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: UserPath
    zone: Zone | None = None
    """The time zone (IANA) of whole days, and of times that name none; the system's if not given."""


class Ics:
    """Meetings in an ``.ics`` file, or in a folder with such files in it and below it.

    A file that changed is read anew, and what it said before is withdrawn; so is that of a file that was deleted. An event
    without anybody else is no meeting, and is not said.
    """

    Settings: ClassVar[type[BaseModel]] = IcsSettings

    def __init__(self, settings: IcsSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of what changed since ``cursor``. Raises NeedsHuman and TryLater where the path cannot be read."""
        from connectors.files import Files, Shelf
        from connectors.ical import reading

        zone = self.settings.zone
        read = reading(zone_of(zone))
        shelf = Shelf(self.settings.path, (".ics", ".ical"), read, horizon=HORIZON, keeps_history=True, salt=zone or "")
        yield from Files(shelf, cursor).pages()
