"""Cards from address books on a CardDAV server (RFC 6352): who is who. Nothing on the server is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, Field

from connectors.base import Cursor, Page
from connectors.dav import DavSettings


class CardDavSettings(DavSettings):
    """Address books of one account on a CardDAV server."""

    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """The country (ISO 3166) whose phone numbers are written without a country code."""


class CardDav:
    """Cards from the address books of one account."""

    Settings: ClassVar[type[BaseModel]] = CardDavSettings

    def __init__(self, settings: CardDavSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, until all there is was said."""
        from connectors.dav import Dav
        from connectors.dav_collections import Collections, Said, Service
        from connectors.dav_contents import Multiget
        from connectors.dav_listing import ADDRESS_BOOK
        from connectors.vcard import cards

        region = self.settings.region

        def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
            return Said(cards(data, mark, region))

        multiget = Multiget("urn:ietf:params:xml:ns:carddav", "addressbook-multiget", "address-data")
        dav = Dav(self.settings, "carddav")
        try:
            yield from Collections(dav, self.settings, Service(ADDRESS_BOOK, multiget, read), cursor).pages()
        finally:
            dav.close()
