"""Cards from address books on a CardDAV server (RFC 6352): who is who. Nothing on the server is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, Field

from connectors.base import Cursor, Page
from connectors.dav_settings import DavSettings
from connectors.remote import metered


class CardDavSettings(DavSettings):
    """Address books of one account on a CardDAV server."""

    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """The country (ISO 3166) whose phone numbers are written without a country code."""


class CardDav:
    """Cards from the address books of one account."""

    Settings: ClassVar[type[BaseModel]] = CardDavSettings

    connections = 2
    """The next collection is asked for on one of its own, while the first ones are read."""

    def __init__(self, settings: CardDavSettings) -> None:
        self.settings = settings
        self.came = 0

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, until all there is was said."""
        from connectors.dav import Dav
        from connectors.dav_collections import Collections, Service
        from connectors.dav_contents import Multiget
        from connectors.dav_listing import ADDRESS_BOOK
        from connectors.resources import Said
        from connectors.vcard import cards

        region = self.settings.region

        def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
            return Said(cards(data, mark, region))

        multiget = Multiget("urn:ietf:params:xml:ns:carddav", "addressbook-multiget", "address-data")
        dav = Dav(self.settings, "carddav", bool(cursor and cursor.get("basic")))
        try:
            service = Service(ADDRESS_BOOK, multiget, read)
            pages = Collections(dav, self.settings, service, cursor, self.connections > 1).pages()
            yield from metered(self, pages, lambda: dav.came)
        finally:
            dav.close()
