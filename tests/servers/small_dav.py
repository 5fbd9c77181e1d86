"""A CalDAV and CardDAV server of a few lines, in memory, that can be told to behave as badly as real ones do."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import unquote
from xml.sax.saxutils import escape

CALDAV, CARDDAV = "urn:ietf:params:xml:ns:caldav", "urn:ietf:params:xml:ns:carddav"


@dataclass
class Collection:
    """A calendar or an address book, with all that ever happened to it."""

    kind: Literal["calendar", "addressbook"]
    resources: dict[str, bytes] = field(default_factory=dict)
    components: str | None = None
    """The component that a calendar may have, if it says so: VEVENT, VTODO."""
    history: list[str] = field(default_factory=list)
    """The name of the resource that was changed or deleted, change by change; a sync token is how many there were."""

    def put(self, name: str, data: bytes) -> None:
        """The resource is there, new or changed."""
        self.resources[name] = data
        self.history.append(name)

    def delete(self, *names: str) -> None:
        """These resources are not there any more; without names none is."""
        for name in names or list(self.resources):
            del self.resources[name]
            self.history.append(name)


class SmallDav:
    """Listens on ``port`` of 127.0.0.1 until ``stop``. What is set here holds for the requests that come afterwards."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        """By path: ``/me/cal/work/``, ``/me/card/private/``."""
        self.requests: list[tuple[str, str]] = []
        """Method and path of each request; of a REPORT also its name, after a blank."""
        self.calendars = "/me/cal/"
        """What it says is the home of the calendars."""
        self.sync = True
        """It knows sync-collection."""
        self.ctag = True
        self.refuse_token: tuple[int, str] | None = None
        """Status and condition of the answer to any sync token but the empty one."""
        self.forgets_tokens = False
        """A sync token is answered as if it were the empty one."""
        self.refuse_sync: int | None = None
        """Status of the answer to every sync-collection."""
        self.data_in_sync: int | None = None
        """What it does if sync-collection asks for contents: it gives them (200), it does not know them (404), or it refuses
        the whole with this status; None: it gives them for every other resource."""
        self.page: int | None = None
        """So many members are in one answer to sync-collection; the rest is announced with 507."""
        self.most: int | None = None
        """So many resources are in one answer to a multiget; the rest is left out."""
        self.refuse_many: int | None = None
        """A multiget for more resources is refused."""
        self.failing: dict[str, int] = {}
        """Status of resources that cannot be had, by path."""
        self.refused: dict[str, int] = {}
        """Status of the answer to every request for a collection, by path."""
        self.one_connection = False
        """It is too busy for any connection but the first."""
        self.slow: dict[str, float] = {}
        """For how many seconds it is silent before it answers a REPORT, by path."""
        self.connections: list[tuple[str, int]] = []
        """From where each request came."""
        self.well_known = False
        """It says where its service is, at ``/.well-known/``."""
        self.hrefs_at = ""
        """What goes before the paths of resources: scheme and host of some other server."""
        self.moving_etags = False
        """Entity tags are other ones each time."""
        self._asked = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"dav": self}))
        self._http.daemon_threads = True
        self.port: int = self._http.server_port
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Ends the server."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, depth: str, body: str) -> tuple[int, str]:
        """Status and body of the answer."""
        report = re.search(r"<(?:\w+:)?([\w-]+)[ >/]", body.partition("?>")[2] or body)
        self.requests.append((method, f"{path} {report[1]}" if method == "REPORT" and report else path))
        self._asked += 1
        if self.well_known and path.startswith("/.well-known/"):
            return 301, ""
        collection = self.collections.get(path)
        if method == "GET":
            return self._get(path)
        if method == "PROPFIND" and path in ("/", "/me/", "/me/card/", self.calendars) and not collection:
            below = [each for each in self.collections if each != path and each.startswith(path)]
            members = below if depth == "1" and path.count("/") == 3 else []
            return 207, _multistatus(self._home(path), *(self._about(each) for each in members))
        if collection is None:
            return 404, ""
        if path in self.refused:
            return self.refused[path], ""
        if method == "PROPFIND":
            members = sorted(collection.resources) if depth == "1" else []
            return 207, _multistatus(self._about(path), *(self._member(path, name) for name in members))
        if method == "REPORT" and "sync-collection" in body:
            return self._changes(path, collection, body)
        if method == "REPORT":
            return self._contents(path, collection, body)
        return 405, ""

    def _home(self, path: str) -> str:
        return _response(
            path,
            "<D:resourcetype><D:collection/></D:resourcetype>"
            "<D:current-user-principal><D:href>/me/</D:href></D:current-user-principal>"
            f'<C:calendar-home-set xmlns:C="{CALDAV}"><D:href>{self.calendars}</D:href></C:calendar-home-set>'
            f'<C:addressbook-home-set xmlns:C="{CARDDAV}"><D:href>/me/card/</D:href></C:addressbook-home-set>',
        )

    def _about(self, path: str) -> str:
        collection = self.collections[path]
        namespace = CALDAV if collection.kind == "calendar" else CARDDAV
        state = len(collection.history)
        about = f'<D:resourcetype><D:collection/><C:{collection.kind} xmlns:C="{namespace}"/></D:resourcetype>'
        about += f"<D:displayname>{path.split('/')[-2]}</D:displayname><D:supported-report-set>"
        about += "<D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>" * self.sync
        about += "</D:supported-report-set>" + f"<D:sync-token>t:{state}</D:sync-token>" * self.sync
        about += f'<S:getctag xmlns:S="http://calendarserver.org/ns/">c{state}</S:getctag>' * self.ctag
        if collection.components:
            about += f'<C:supported-calendar-component-set xmlns:C="{CALDAV}"><C:comp name="{collection.components}"/>'
            about += "</C:supported-calendar-component-set>"
        return _response(path, about)

    def _member(self, path: str, name: str, data: bool = False) -> str:
        if path + name in self.failing:
            return _response(path + name, status=self.failing[path + name])
        said = f"<D:getetag>{self._etag(path, name)}</D:getetag>"
        return _response(self.hrefs_at + path + name, said + (self._data(path, name) if data else ""))

    def _data(self, path: str, name: str) -> str:
        collection = self.collections[path]
        namespace, kind = (CALDAV, "calendar") if collection.kind == "calendar" else (CARDDAV, "address")
        return f'<C:{kind}-data xmlns:C="{namespace}">{escape(collection.resources[name].decode())}</C:{kind}-data>'

    def _etag(self, path: str, name: str) -> str:
        changes = sum(each == name for each in self.collections[path].history)
        return f'"{self._asked if self.moving_etags else changes}-{name}"'

    def _changes(self, path: str, collection: Collection, body: str) -> tuple[int, str]:
        found = re.search(r"sync-token>t:(\d+)<", body)
        if self.refuse_sync is not None or not self.sync:
            return self.refuse_sync or 501, ""
        if found is not None and self.refuse_token is not None:
            status, condition = self.refuse_token
            return status, f'<D:error xmlns:D="DAV:"><D:{condition}/></D:error>' if condition else ""
        data = "-data" in body
        if data and self.data_in_sync not in (None, 200, 404):
            return self.data_in_sync or 0, ""
        if self.forgets_tokens:
            found = None
        place = int(found[1]) if found else 0
        until = len(collection.history) if self.page is None else min(place + self.page, len(collection.history))
        members: list[str] = []
        for name in dict.fromkeys(collection.history[place:until]):
            if name in collection.resources:
                every = self.data_in_sync == 200 or (self.data_in_sync is None and len(members) % 2 == 0)
                members.append(self._member(path, name, data and every))
            elif found:
                members.append(_response(path + name, status=404))
        if until < len(collection.history):
            members.append(_response(path, status=507))
        return 207, _multistatus(*members, f"<D:sync-token>t:{until}</D:sync-token>")

    def _contents(self, path: str, collection: Collection, body: str) -> tuple[int, str]:
        hrefs = re.findall(r"href>([^<]+)<", body)
        if self.refuse_many is not None and len(hrefs) > self.refuse_many:
            return 507, ""
        members = []
        for href in hrefs[: self.most]:
            name = unquote(href.rpartition("/")[2])
            if href in self.failing or name not in collection.resources:
                members.append(_response(href, status=self.failing.get(href, 404)))
                continue
            etag = f"<D:getetag>{self._etag(path, name)}</D:getetag>"
            members.append(_response(href, etag + self._data(path, name)))
        return 207, _multistatus(*members)

    def _get(self, path: str) -> tuple[int, str]:
        folder, _, name = path.rpartition("/")
        collection = self.collections.get(folder + "/")
        if path in self.failing:
            return self.failing[path], ""
        if collection is None or name not in collection.resources:
            return 404, ""
        return 200, collection.resources[name].decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    dav: SmallDav

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.dav.connections.append(self.client_address)
        if self.command == "REPORT":
            time.sleep(self.dav.slow.get(self.path, 0))
        if self.dav.one_connection and self.client_address != self.dav.connections[0]:
            status, text = 503, ""
        else:
            status, text = self.dav.answer(self.command, self.path, self.headers.get("Depth", "0"), body)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml; charset=utf-8" if text.startswith("<") else "text/plain")
        self.send_header("DAV", "1, 3, calendar-access, addressbook")
        if status == 301:
            self.send_header("Location", "/me/")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_OPTIONS = do_GET = do_PROPFIND = do_REPORT = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        return


def _response(href: str, properties: str = "", status: int | None = None) -> str:
    if status is not None:
        return f"<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 {status} Said</D:status></D:response>"
    return (
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
    )


def _multistatus(*parts: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:">{"".join(parts)}</D:multistatus>'
