"""The contents of DAV resources, many in one request (calendar-multiget, addressbook-multiget), one request ahead.

The next request is on its way while what came is being read. A server that refuses a request gets a smaller one, and at
last one for each resource. What came with the list of what changed is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from connectors.coming import Coming
from connectors.dav import Dav
from connectors.dav_changes import ETAG
from connectors.dav_xml import Condition

FIRST_BATCH = 50
MOST_BATCH = 500
BATCH_BYTES = 1_500_000
"""About so much content is asked for in one request."""
FEW = 10
"""A request for so few that is refused is not refused because of its size."""


@dataclass(frozen=True, slots=True)
class Multiget:
    """How a service is asked for contents: its namespace, the name of the report, and of the property that has them."""

    namespace: str
    report: str
    data: str

    @property
    def name(self) -> str:
        """The property that has the contents, as ``{namespace}local``."""
        return f"{{{self.namespace}}}{self.data}"

    def body(self, hrefs: Sequence[str]) -> bytes:
        """The report that asks for these resources."""
        names = "".join(f"<D:href>{escape(href)}</D:href>" for href in hrefs)
        return (
            f'<?xml version="1.0" encoding="utf-8"?><C:{self.report} xmlns:D="DAV:" xmlns:C="{self.namespace}">'
            f"<D:prop><D:getetag/><C:{self.data}/></D:prop>{names}</C:{self.report}>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A resource as it came. ``data`` is None if it did not: then ``status`` says why (404: it is not there)."""

    href: str
    data: bytes | None
    etag: str | None = None
    status: int = 200


class Contents:
    """Fetches from one collection. Used by one thread, and not while ``fetched`` is in the middle of its work."""

    def __init__(self, dav: Dav, path: str, multiget: Multiget, had: dict[str, bytes]) -> None:
        """``had`` are contents that have come already, by their paths; they are taken from there."""
        self._had = had
        self._dav = dav
        self._path = path
        self._multiget = multiget
        self._one_by_one = False

    def fetched(self, hrefs: Sequence[str]) -> Iterator[Fetched]:
        """Each of the resources: first those that have come already, then the others. Raises TryLater and NeedsHuman."""
        if self._had:
            first = [href for href in hrefs if href in self._had]
            hrefs = [href for href in hrefs if href not in self._had]
            for href in first:
                yield Fetched(href, self._had.pop(href))
        size, place = FIRST_BATCH, 0
        coming = self._coming(hrefs[:size]) if hrefs else None
        while coming is not None:
            came = coming.result()
            place += len(came)
            received = sum(len(each.data) for each in came if each.data is not None)
            average = max(1, received // max(1, len(came)))
            size = max(1, min(2 * size, MOST_BATCH, BATCH_BYTES // average))
            coming = self._coming(hrefs[place : place + size]) if place < len(hrefs) else None
            yield from came

    def _coming(self, hrefs: Sequence[str]) -> Coming[list[Fetched]]:
        return Coming(lambda: self.batch(hrefs), "dav-contents")

    def batch(self, hrefs: Sequence[str]) -> list[Fetched]:
        """These resources, in this order."""
        came = {} if self._one_by_one else self._together(hrefs)
        if len(came) == len(hrefs) > 0 and all(each.status == 404 for each in came.values()):
            # all that was listed is gone, or the server does not know by these names what it has under them
            came = {hrefs[0]: self._alone(hrefs[0])}
            self._one_by_one = came[hrefs[0]].data is not None
        return [came.get(href) or self._alone(href) for href in hrefs]

    def _together(self, hrefs: Sequence[str]) -> dict[str, Fetched]:
        """Those of the resources that a multiget gives."""
        try:
            answer = self._dav.report(self._path, self._multiget.body(hrefs))
        except Condition:
            if len(hrefs) <= FEW:
                self._one_by_one = True
                return {}
            middle = len(hrefs) // 2
            return {**self._together(hrefs[:middle]), **self._together(hrefs[middle:])}
        came: dict[str, Fetched] = {}
        name = self._multiget.name
        for response in answer.responses:
            data, etag = response.properties.get(name), response.properties.get(ETAG)
            if data is not None and data.text:
                came[response.href] = Fetched(response.href, data.text.encode(), None if etag is None else etag.text)
            elif response.status in (404, 410):
                came[response.href] = Fetched(response.href, None, status=404)
            elif 403 in (response.status, response.missing.get(name)):
                came[response.href] = Fetched(response.href, None, status=403)
        left = [href for href in hrefs if href not in came]
        if FEW < len(left) < len(hrefs):  # the answer was cut off
            came.update(self._together(left))
        return came

    def _alone(self, href: str) -> Fetched:
        try:
            return Fetched(href, self._dav.get(href))
        except Condition as refusal:
            return Fetched(href, None, status=404 if refusal.status == 410 else refusal.status)
