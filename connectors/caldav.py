"""Meetings from calendars on a CalDAV server (RFC 4791): who met whom, and when. Nothing on the server is changed.

All of history is said, and what is to come in HORIZON days; as time passes, what goes on is said further.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import ClassVar

from pydantic import BaseModel

from connectors.base import Cursor, Page
from connectors.dav_settings import DavSettings
from connectors.remote import metered
from connectors.resources import Read, Said
from connectors.zones import Zone, zone_of

HORIZON = 60
"""Days."""


class CalDavSettings(DavSettings):
    """Calendars of one account on a CalDAV server."""

    zone: Zone | None = None
    """The time zone (IANA) of whole days, and of times that name none; the system's if not given."""


class CalDav:
    """Meetings from the calendars of one account. An event without anybody else is none, and is not said."""

    Settings: ClassVar[type[BaseModel]] = CalDavSettings

    connections = 2
    """The next collection is asked for on one of its own, while the first ones are read."""

    def __init__(self, settings: CalDavSettings) -> None:
        self.settings = settings
        self.came = 0

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, until all there is was said."""
        from connectors.dav import Dav
        from connectors.dav_collections import Collections, Service
        from connectors.dav_contents import Multiget
        from connectors.dav_listing import CALENDAR

        multiget = Multiget("urn:ietf:params:xml:ns:caldav", "calendar-multiget", "calendar-data")
        service = Service(CALENDAR, multiget, _reading(zone_of(self.settings.zone)), HORIZON, keeps_history=True)
        dav = Dav(self.settings, "caldav", bool(cursor and cursor.get("basic")))
        try:
            pages = Collections(dav, self.settings, service, cursor, self.connections > 1).pages()
            yield from metered(self, pages, lambda: dav.came)
        finally:
            dav.close()


def _reading(zone: tzinfo) -> Read:
    """How a resource of a calendar is read: by ``ical``, which is imported when there is something to read."""

    def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
        from connectors.ical import reading

        return reading(zone)(data, mark, until, since)

    return read
