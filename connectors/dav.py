"""What is asked of a DAV server (RFC 4918, RFC 3253), and what its answers mean: data, a Condition, or an error to wait out.

A path is that of the server that ``url`` names; what is on another host of the same account (as with iCloud) is named by
its whole URL instead. Nothing else on the network is ever asked, wherever a server points.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Literal, NoReturn
from urllib.parse import urljoin, urlsplit

from connectors.base import NeedsHuman, TryLater
from connectors.dav_wire import MOST_BODY, Plain, Reply, Wire
from connectors.dav_xml import Condition, Multistatus, NotXml, conditions, empty, multistatus, normal_path
from connectors.remote import said

if TYPE_CHECKING:
    from connectors.dav_client import Client
    from connectors.dav_login import Login
    from connectors.dav_settings import DavSettings

Kind = Literal["caldav", "carddav"]

MOST_REDIRECTS = 5
LONGEST_PAUSE = 86_400.0
"""Seconds; a server that asks for more is asked again then."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, 502, 503, 504, 511})
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_SUFFIX = re.compile(r"(?:[a-z]{1,3}|[a-z]{2}-[a-z]+)\.[a-z]{2}")
"""Domains such as co.uk and com.au, below which anybody may have a host."""


def origin(url: str) -> str:
    """Scheme, host and port of a URL, written in one way; empty if it has none."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    if not host or parts.scheme not in ("http", "https"):
        return ""
    named = f"[{host}]" if ":" in host else host
    usual = port in (None, 443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{named}" if usual else f"{parts.scheme}://{named}:{port}"


def joined(url: str, target: str) -> str:
    """The URL that ``target``, which a server wrote, stands for at ``url``; as it is if it makes no sense."""
    try:
        return urljoin(url, target.strip())
    except ValueError:
        return target


def related(host: str, other: str) -> bool:
    """Whether ``other`` is ``host``, below it, or beside it in one domain: cal.example.org and p7-cal.example.org."""
    host, other = host.lower().rstrip("."), other.lower().rstrip(".")
    if host == other:
        return True
    if not host or host.rpartition(".")[2].isdigit() or ":" in host:
        return False
    domain = host.partition(".")[2]
    beside = "." in domain and _SUFFIX.fullmatch(domain) is None and other.endswith("." + domain)
    return beside or other.endswith("." + host)


class Dav:
    """The account that ``settings`` name. Used by one thread at a time."""

    def __init__(self, settings: DavSettings, kind: Kind, basic: bool = False) -> None:
        """With ``basic`` the server is known to want a login by Basic: it is not asked how, and nothing has to be imported that
        could answer."""
        self.settings = settings
        self.kind: Kind = kind
        self.basic = basic
        """The server wants a login by Basic, as far as is known."""
        self._wire = Wire(settings.timeout, settings.ca)
        self._client: Client | Login | Plain | None = None
        self._password: str | None = None
        self._others: list[Dav] = []
        self._base = origin(settings.url) if "://" in settings.url else None
        self._hosts = [urlsplit(self._base).hostname or ""] if self._base else [settings.url.rpartition("@")[2]]

    @property
    def came(self) -> int:
        """Bytes of all answers that have come."""
        return self._wire.came + sum(other.came for other in self._others)

    def another(self) -> Dav:
        """The same account, as far as it is known by now, on a connection of its own, for another thread. Closed with this."""
        other = Dav(self.settings, self.kind, self.basic)
        other._base, other._hosts, other._password = self._base, self._hosts, self._password
        self._others.append(other)
        return other

    def close(self) -> None:
        """The connections are gone. Never raises."""
        for each in (self, *self._others):
            each._wire.end()

    def homes(self) -> list[str]:
        """The paths of what holds the account's collections. Raises NeedsHuman if there is nothing, TryLater, Condition."""
        from connectors.dav_discovery import homes

        return homes(self)

    def propfind(self, path: str, names: Iterable[str], depth: int = 0) -> Multistatus:
        """The properties with these names (``{namespace}local``) of ``path``, with ``depth`` 1 also of its members.

        Raises Condition, NeedsHuman and TryLater.
        """
        props = "".join(map(empty, names))
        body = f'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>{props}</prop></propfind>'
        return self._asked("PROPFIND", path, body, depth)

    def report(self, path: str, body: bytes, most: int = MOST_BODY) -> Multistatus:
        """The answer to a REPORT on ``path``. Raises Condition (TOO_LARGE from ``most`` bytes on), NeedsHuman and TryLater."""
        self._wire.most = most
        try:
            return self._asked("REPORT", path, body.decode(), 0)
        finally:
            self._wire.most = MOST_BODY

    def get(self, path: str) -> bytes:
        """The content of a resource. Raises Condition, NeedsHuman and TryLater."""
        return self._ask("GET", path, {}, "")[0].body

    def shows(self, url: str, anonymous: bool = False) -> tuple[int, str]:
        """The status of a URL that may not be there, and where it sends; for discovery. Raises TryLater and NeedsHuman."""
        reply = self._client_for(anonymous).ask("PROPFIND", url, {**_XML, "Depth": "0"}, _PRINCIPAL)
        return reply.status, joined(url, reply.headers.get("Location") or "") if reply.status in _REDIRECTS else ""

    def url(self, place: str) -> str:
        """All of the URL that is called ``place`` here."""
        return (self._base or "") + place if place.startswith("/") else place

    def place(self, url: str) -> str:
        """What ``url`` is called here: a path, or all of it where it is on another host. Raises NeedsHuman if it is none
        that the account may be on."""
        there = origin(url)
        if there and there == self._base:
            return normal_path(url)
        host = urlsplit(there).hostname or ""
        if not there.startswith("https://") or not any(related(known, host) for known in self._hosts):
            where = said(there or url)
            raise NeedsHuman(f"{self._hosts[0]} sends us to {where}.", f'if that is right, set url = "{where}/"')
        return there + normal_path(url)

    def trust(self, host: str) -> None:
        """The account may be on ``host`` too: the user's domain names it."""
        self._hosts.append(host)

    def log_in_at_once(self) -> None:
        """From here on the login goes with every request: the server does not ask for one."""
        self.basic, self._client = True, None

    # --------------------------------------------------------------------------------------------- one request

    def _asked(self, method: str, path: str, body: str, depth: int) -> Multistatus:
        reply, url = self._ask(method, path, {**_XML, "Depth": str(depth)}, body)
        there = origin(url)
        prefix = "" if there == self._base else there
        try:
            if reply.status != 207:
                raise NotXml(f"it answers {reply.status} {reply.reason}")
            return multistatus(reply.body, prefix + normal_path(url), lambda href: prefix + normal_path(href))
        except NotXml as error:
            raise TryLater(f"{urlsplit(url).hostname} does not answer as a DAV server: {said(str(error))}") from error

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str) -> tuple[Reply, str]:
        """The answer, and the URL that gave it. Raises Condition, NeedsHuman and TryLater."""
        url = self.url(path)
        self.place(url)
        for _ in range(MOST_REDIRECTS):
            reply = self._client_for().ask(method, url, headers, body)
            if reply.status == 401 and isinstance(self._client, Plain):
                self.basic, self._client, self._password = False, None, None  # it may want another login by now
                reply = self._client_for().ask(method, url, headers, body)
            self.basic = self._client_for().basic
            if reply.status not in _REDIRECTS:
                if not 200 <= reply.status < 300:
                    self._refused(reply, url, method)
                return reply, url
            target = joined(url, reply.headers.get("Location") or "")
            if origin(target) != origin(url):
                where = said(origin(target) or target)
                raise TryLater(
                    f"{urlsplit(url).hostname} sends us to {where}, where nothing of yours is sent.",
                    f'if the server has moved, set url = "{where}/"; if this network asks for a login first, log in there',
                )
            url = target
        raise TryLater(f"{urlsplit(url).hostname} sends us round in a circle.")

    def _client_for(self, anonymous: bool = False) -> Client | Login | Plain:
        if anonymous:
            return Plain(self._wire)
        if self._client is None:
            user, secret = self.settings.login, self.settings.password
            if self._password is None and secret is not None:
                self._password = secret.reveal(user)
            if self._password is None:
                from connectors.dav_client import Client

                self._client = Client(self._wire, self._base or "https://_/", user or None, None)
            elif self.basic:
                self._client = Plain(self._wire, user, self._password)
            else:
                from connectors.dav_login import Login

                self._client = Login(self._wire, self._base or "https://_/", user, self._password)
        return self._client

    def _refused(self, reply: Reply, url: str, method: str) -> NoReturn:
        """What a status means that is no success (RFC 9110 section 15).

        Who may not even ask what there is (PROPFIND) has no right to be here; a report or a resource may be forbidden alone.
        """
        host, status = urlsplit(url).hostname, reply.status
        found = conditions(reply.body)
        text = f"{status} {reply.reason}".strip()
        if status == 401 or (status == 403 and not found and method == "PROPFIND"):
            user = self.settings.login
            if status == 403 or not user:
                what = f"{host} does not let {user or 'anybody'} read {said(urlsplit(url).path)}: {text}"
            else:
                what = f"login refused by {host}: {text}"
            hint = f"correct `user` ({user}) and `password` of this source; many providers want an app password"
            raise NeedsHuman(what, hint)
        if status in _BUSY:
            pause = _pause(reply.headers.get("Retry-After"))
            raise TryLater(f"{host} cannot answer for now: {text}", retry_after=pause)
        raise Condition(status, found, reply.reason)


_PRINCIPAL = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'


def _pause(text: str | None) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110 section 10.2.3)."""
    if text is None:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE) if math.isfinite(seconds) else None
