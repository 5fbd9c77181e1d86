"""Address books in files: a ``.vcf`` file, or a folder of them such as a vdir. Only ever read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from connectors.base import Cursor, Page
from connectors.file_listing import UserPath
from connectors.files import Files, Shelf
from connectors.resources import Said
from connectors.vcard import cards
from connectors.vcard_lines import without_pictures


class VcfSettings(BaseModel):
    """``[[source]]`` of type "vcf"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: UserPath
    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """The country (ISO 3166) whose phone numbers are written without a country code."""


class Vcf:
    """Cards in a ``.vcf`` file, or in a folder with such files in it and below it.

    A file that changed is read anew, and what it said before is withdrawn; so is that of a file that was deleted.
    """

    Settings: ClassVar[type[BaseModel]] = VcfSettings
    fetches: ClassVar[str] = "each card: names, addresses, numbers, dates, relations, work, notes and tags; no pictures"

    def __init__(self, settings: VcfSettings) -> None:
        self.settings = settings

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        """Pages of what changed since ``cursor``. Raises NeedsHuman and TryLater where the path cannot be read."""
        region = self.settings.region

        def read(data: bytes, mark: str, until: int, since: int | None) -> Said:
            return Said(cards(data, mark, region))

        shelf = Shelf(self.settings.path, (".vcf", ".vcard"), read, load=without_pictures, salt=region or "")
        yield from Files(shelf, cursor).pages()
