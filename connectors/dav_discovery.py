"""Where an account's calendars or address books are: from an address, a domain or any URL of the server to the home sets.

RFC 6764: the DNS names a server and a path for the domain of an address, or ``/.well-known/`` does; there the server says who
is logged in (RFC 5397), and that principal where its collections are (RFC 4791 section 6.2.1, RFC 6352 section 7.1.1). A
password goes to nobody but the server that was found, over TLS, and only if it is in the domain that the user gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connectors.base import NeedsHuman, SourceError, TryLater
from connectors.dav import Dav, joined, origin
from connectors.dav_xml import Condition, Response, hrefs, normal_path
from connectors.remote import said

if TYPE_CHECKING:
    from dns.rdatatype import RdataType

_TYPE, _PRINCIPAL = "{DAV:}resourcetype", "{DAV:}current-user-principal"
_UNKNOWN = "{DAV:}unauthenticated"
_HOME = {
    "caldav": "{urn:ietf:params:xml:ns:caldav}calendar-home-set",
    "carddav": "{urn:ietf:params:xml:ns:carddav}addressbook-home-set",
}
_COLLECTION = {
    "caldav": "{urn:ietf:params:xml:ns:caldav}calendar",
    "carddav": "{urn:ietf:params:xml:ns:carddav}addressbook",
}
_WHAT = {"caldav": "calendars", "carddav": "address books"}
DNS_SECONDS = 5.0


def homes(dav: Dav) -> list[str]:
    """The paths of what holds the collections. Raises NeedsHuman if there is nothing, TryLater, Condition."""
    refused: Condition | SourceError | None = None
    for start in _starts(dav):
        try:
            found = _homes_from(dav, start)
        except Condition as error:
            refused = error
            continue
        except TryLater as error:
            # The root of a server may be any web page; what it says to a login is to be believed at once.
            refused = error
            continue
        if found:
            return found
    if isinstance(refused, SourceError):
        raise refused
    given = dav.settings.url
    why = f" (it answers {refused})" if refused is not None else ""
    raise NeedsHuman(
        f"no {_WHAT[dav.kind]} are found at {said(given)}{why}.",
        f"set `url` to the address that your provider gives for {'CalDAV' if dav.kind == 'caldav' else 'CardDAV'}",
    )


def _starts(dav: Dav) -> Iterator[str]:
    """Where to begin: places that may know who is logged in, the likeliest first. Raises NeedsHuman and TryLater."""
    given = dav.settings.url
    if "://" in given:
        yield normal_path(given)
        yield from _well_known(dav, origin(given))
        return
    domain = given.rpartition("@")[2]
    server, path = _from_dns(dav.kind, domain)
    if server is None:
        yield from _well_known(dav, f"https://{domain}", domain)
        yield dav.place(f"https://{domain}/")
        return
    host = server.partition(":")[0].lower().rstrip(".")
    # a neighbour below one suffix (as alice.pages.example and mallory.pages.example) may be anybody, and DNS may be forged
    if not f".{host}".endswith(f".{domain}".lower().rstrip(".")):
        raise NeedsHuman(
            f"{domain} says that its {_WHAT[dav.kind]} are on {said(host)}, which is not in that domain.",
            f'if that is right, set url = "https://{said(server)}/"',
        )
    dav.trust(host)
    base = f"https://{server}"
    if path:
        yield dav.place(base + path)
    yield from _well_known(dav, base)
    yield dav.place(base + "/")


def _well_known(dav: Dav, base: str, domain: str | None = None) -> list[str]:
    """Where ``/.well-known/`` of a server sends (RFC 5785); nothing, if it does not know. No password goes there."""
    url = f"{base}/.well-known/{dav.kind}"
    for _ in range(5):
        try:
            status, target = dav.shows(url, anonymous=True)
        except TryLater:
            if domain is not None:
                raise
            return []
        if not target:
            # 401 and 207: this is the service itself, without a redirect.
            return [dav.place(url)] if status in (207, 401) else []
        if origin(target) != origin(url):
            return [dav.place(target)]
        url = target
    return []


def _homes_from(dav: Dav, start: str) -> list[str]:
    """The homes that a place leads to; none if it leads nowhere. Raises Condition, NeedsHuman and TryLater."""
    home, collection = _HOME[dav.kind], _COLLECTION[dav.kind]
    about = _about(dav, start, [_TYPE, _PRINCIPAL, home])
    if about is not None and _anonymous(about) and dav.settings.password is not None:
        dav.log_in_at_once()
        about = _about(dav, start, [_TYPE, _PRINCIPAL, home])
    if about is None:
        return []
    kind = about.properties.get(_TYPE)
    if kind is not None and kind.find(collection) is not None:
        return [about.href]
    if found := _places(dav, about, home):
        return found
    for principal in _places(dav, about, _PRINCIPAL):
        there = _about(dav, principal, [home])
        if there is not None and (found := _places(dav, there, home)):
            return found
    # A server that knows no principals: the URL may be that of the home itself.
    members = dav.propfind(start, [_TYPE], 1).responses
    kinds = (each.properties.get(_TYPE) for each in members)
    return [start] if any(each is not None and each.find(collection) is not None for each in kinds) else []


def _about(dav: Dav, place: str, names: list[str]) -> Response | None:
    """What the server says of one place."""
    responses = dav.propfind(place, names).responses
    return responses[0] if responses else None


def _anonymous(about: Response) -> bool:
    """Whether the server says that nobody is logged in (RFC 5397)."""
    principal = about.properties.get(_PRINCIPAL)
    return principal is not None and principal.find(_UNKNOWN) is not None


def _places(dav: Dav, about: Response, name: str) -> list[str]:
    """The places that a property names. Raises NeedsHuman if one is where the account cannot be."""
    return [dav.place(joined(dav.url(about.href), href)) for href in hrefs(about.properties.get(name))]


def _from_dns(kind: str, domain: str) -> tuple[str | None, str]:
    """Host and port of the service of a domain, and its path if that is known (RFC 6764 sections 3 to 6).

    ``(None, "")`` if the DNS does not say. Raises NeedsHuman if the domain says that there is no such service.
    """
    from dns.rdatatype import SRV, TXT

    name = f"_{kind}s._tcp.{domain}."
    targets = sorted(((each.priority, -each.weight, each) for each in _records(name, SRV)), key=lambda each: each[:2])
    if not targets:
        return None, ""
    best = targets[0][2]
    host = best.target.to_text(omit_final_dot=True)
    if host == ".":
        raise NeedsHuman(f"{domain} says that it has no {_WHAT[kind]}.", "set `url` to the server that has them")
    texts = [part.decode("utf-8", "replace") for each in _records(name, TXT) for part in each.strings]
    path = next((text[5:] for text in texts if text.lower().startswith("path=/")), "")
    return host if best.port == 443 else f"{host}:{best.port}", path


def _records(name: str, kind: RdataType) -> list[Any]:
    """The records of one kind. None where the name or the kind is not there. Raises TryLater."""
    import dns.exception
    import dns.resolver

    try:
        return list(dns.resolver.resolve(name, kind, lifetime=DNS_SECONDS, search=False))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise TryLater(f"the DNS does not answer for {said(name)}: {said(str(error))}") from error
