"""Meetings from calendars on a CalDAV server (RFC 4791): who met whom, and when. Nothing on the server is changed.

All of history is said, and what is to come in HORIZON days; as time passes, what goes on is said further.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, field_validator

from connectors.base import Cursor, Interaction, Page, Unreadable
from connectors.dav import DavSettings

if TYPE_CHECKING:
    from connectors.dav_collections import Said

HORIZON = 60
"""Days."""
_DAY = 86400


class CalDavSettings(DavSettings):
    """Calendars of one account on a CalDAV server."""

    zone: str | None = None
    """The time zone (IANA) of whole days, and of times that name none; the system's if not given."""

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ValueError, OSError) as error:
                raise ValueError('is not a time zone; it looks like "Europe/Berlin"') from error
        return value


class CalDav:
    """Meetings from the calendars of one account. An event without anybody else is none, and is not said."""

    Settings: ClassVar[type[BaseModel]] = CalDavSettings

    def __init__(self, settings: CalDavSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, until all there is was said."""
        from connectors.dav import Dav
        from connectors.dav_collections import Collections, Service
        from connectors.dav_contents import Multiget
        from connectors.dav_listing import CALENDAR

        multiget = Multiget("urn:ietf:params:xml:ns:caldav", "calendar-multiget", "calendar-data")
        service = Service(CALENDAR, multiget, _reading(_zone(self.settings.zone)), HORIZON, keeps_history=True)
        dav = Dav(self.settings, "caldav")
        try:
            yield from Collections(dav, self.settings, service, cursor).pages()
        finally:
            dav.close()


def _reading(zone: tzinfo) -> Callable[[bytes, str, int, int | None], Said]:
    """How a resource of a calendar is read."""
    from connectors.dav_collections import Said
    from connectors.ical import occurrences

    def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
        begin = None if since is None else datetime.fromtimestamp(since, UTC)
        found = occurrences(data, mark, datetime.fromtimestamp(until, UTC), zone, begin)
        return Said(found.observations, found.open_ended, 0 if found.open_ended else _day(found.observations))

    return read


def _day(observations: Sequence[Interaction | Unreadable]) -> int:
    """The day of a meeting that happens once, counted from 1970; else 0."""
    if len(observations) != 1 or not isinstance(observations[0], Interaction):
        return 0
    meeting = observations[0]
    once = meeting.native_id.endswith("/")
    return min(max(0, int(meeting.happened_at.timestamp()) // _DAY), 0xFFFF) if once else 0


def _zone(name: str | None) -> tzinfo:
    """The time zone of this name, or that of the system."""
    if name is not None:
        return ZoneInfo(name)
    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        if named:
            return ZoneInfo(named)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC
