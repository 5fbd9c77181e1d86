"""Which collections an account has on a DAV server, and what the server says of the state of each, in one request a home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import unquote

from connectors.dav import Dav
from connectors.dav_changes import CTAG, TOKEN, TYPE
from connectors.dav_xml import Response

CALENDAR = "{urn:ietf:params:xml:ns:caldav}calendar"
ADDRESS_BOOK = "{urn:ietf:params:xml:ns:carddav}addressbook"
_NAME = "{DAV:}displayname"
_REPORTS = "{DAV:}supported-report-set"
_SYNC = "{DAV:}sync-collection"
_COMPONENTS = "{urn:ietf:params:xml:ns:caldav}supported-calendar-component-set"


@dataclass(frozen=True, slots=True)
class Home:
    """Where collections are. ``depth`` is 0 if it is a collection itself."""

    path: str
    depth: int


@dataclass(slots=True)
class Found:
    """A collection as the server lists it. ``key`` names it in the cursor, and survives a move of the whole account."""

    key: str
    path: str
    name: str
    sync: bool
    """It answers sync-collection, or does not say."""
    token: str | None
    ctag: str | None

    def member(self, href: str) -> str:
        """The path of one of its resources within the account."""
        return self.key + href[len(self.path) :] if href.startswith(self.path) else href

    def matches(self, patterns: Sequence[str]) -> bool:
        """Whether the name that people see, or the last part of its path, is among ``patterns`` (``*`` and ``?``)."""
        names = (self.name.casefold(), unquote(self.path.rstrip("/").rpartition("/")[2]).casefold())
        return any(fnmatchcase(name, pattern.casefold().replace("[", "[[]")) for name in names for pattern in patterns)


@dataclass(slots=True)
class Listing:
    """The collections of one service."""

    found: list[Found] = field(default_factory=list)
    apart: bool = False
    """The homes have collections of the other service too, of which nobody wants to know the state."""


def homes(dav: Dav, collection: str) -> list[Home]:
    """The homes of the account, whose collections are of the type ``collection``. Raises Condition."""
    found = []
    for path in dav.homes():
        responses = dav.propfind(path, [TYPE]).responses
        types = [response.properties[TYPE] for response in responses if TYPE in response.properties]
        found.append(Home(path, 0 if any(each.find(collection) is not None for each in types) else 1))
    return found


def collections(dav: Dav, homes: Sequence[Home], collection: str, state: Sequence[str]) -> Listing:
    """The collections of this type; ``state`` are the properties that tell of news: TOKEN, CTAG. Raises Condition."""
    listing = Listing()
    for place, home in enumerate(homes):
        for response in dav.propfind(home.path, [TYPE, _NAME, _REPORTS, _COMPONENTS, *state], home.depth).responses:
            types = response.properties.get(TYPE)
            if types is None:
                continue
            if types.find(collection) is not None:
                if _may_have_events(response):
                    listing.found.append(_found(home, place, response))
            elif types.find(CALENDAR) is not None or types.find(ADDRESS_BOOK) is not None:
                listing.apart = True
    return listing


def _found(home: Home, place: int, response: Response) -> Found:
    """``response``, a collection in the ``place``-th home."""
    path = response.href.rstrip("/") + "/"
    # Only the first home can be left out: two of them may have collections of one name.
    key = path.removeprefix(home.path.rstrip("/") + "/") if place == 0 else path
    reports = response.properties.get(_REPORTS)
    return Found(
        key=key,
        path=path,
        name=_text(response, _NAME) or unquote(path.rstrip("/").rpartition("/")[2]),
        sync=reports is None or reports.find(f".//{_SYNC}") is not None or TOKEN in response.properties,
        token=_text(response, TOKEN),
        ctag=_text(response, CTAG),
    )


def _text(response: Response, name: str) -> str | None:
    element = response.properties.get(name)
    return (element.text or "").strip() or None if element is not None else None


def _may_have_events(response: Response) -> bool:
    """Whether it is a calendar that may have events, or no calendar."""
    components = response.properties.get(_COMPONENTS)
    names = [] if components is None else [str(each.get("name", "")).upper() for each in components]
    return not names or "VEVENT" in names
