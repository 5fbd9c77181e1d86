"""The contents of DAV resources, many in one request (calendar-multiget, addressbook-multiget), one request ahead.

The next request is on its way while what came is being read. A server that refuses a request gets a smaller one, and at
last one for each resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Thread
from xml.sax.saxutils import escape

from connectors.dav import Condition, Dav
from connectors.dav_changes import ETAG

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

    def __init__(self, dav: Dav, path: str, multiget: Multiget) -> None:
        self._dav = dav
        self._path = path
        self._multiget = multiget
        self._one_by_one = False

    def fetched(self, hrefs: Sequence[str]) -> Iterator[Fetched]:
        """Each of the resources, in this order. Raises TryLater and NeedsHuman."""
        size, place = FIRST_BATCH, 0
        coming = _Coming(self, hrefs[:size]) if hrefs else None
        while coming is not None:
            came = coming.result()
            place += len(came)
            received = sum(len(each.data) for each in came if each.data is not None)
            average = max(1, received // max(1, len(came)))
            size = max(1, min(2 * size, MOST_BATCH, BATCH_BYTES // average))
            coming = _Coming(self, hrefs[place : place + size]) if place < len(hrefs) else None
            yield from came

    def batch(self, hrefs: Sequence[str]) -> list[Fetched]:
        """These resources, in this order."""
        came = {} if self._one_by_one else self._together(hrefs)
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
        name = f"{{{self._multiget.namespace}}}{self._multiget.data}"
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


class _Coming:
    """A batch that is on its way. Nobody has to wait for it: its thread ends with the process."""

    def __init__(self, contents: Contents, hrefs: Sequence[str]) -> None:
        self._came: list[Fetched] = []
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(contents, hrefs), daemon=True, name="dav-contents")
        self._thread.start()

    def _run(self, contents: Contents, hrefs: Sequence[str]) -> None:
        try:
            self._came = contents.batch(hrefs)
        except BaseException as error:
            self._error = error

    def result(self) -> list[Fetched]:
        """What came, or raises what was raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._came
