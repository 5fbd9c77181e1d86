"""Which way of logging in a DAV server wants: Basic where it offers nothing else, and else what the caldav library makes of it.

Most servers offer Basic alone (RFC 7617). There is nothing to choose then, and no library has to be loaded for it, which takes
half a second and 25 MB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from connectors.dav_wire import Plain, Reply, Wire

if TYPE_CHECKING:
    from connectors.dav_client import Client

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PART = re.compile(r"(?:Basic(?:\s+|$))?(?:[\w-]+\s*=\s*[^\s,=]*)?", re.IGNORECASE)


class Login:
    """A login at the server of one URL, by what its first refusal asks for."""

    def __init__(self, wire: Wire, url: str, user: str, password: str) -> None:
        self._wire, self._url, self._user, self._password = wire, url, user, password
        self._way: Plain | Client | None = None

    @property
    def basic(self) -> bool:
        """Whether the server wanted a login by Basic."""
        return self._way is not None and self._way.basic

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: str) -> Reply:
        """The answer to one request, logged in if the server wants that. Raises TryLater and NeedsHuman."""
        if self._way is None:
            reply = Plain(self._wire).ask(method, url, headers, body)
            if reply.status != 401:
                return reply
            if only_basic(reply.headers.get_all("WWW-Authenticate") or ()):
                self._way = Plain(self._wire, self._user, self._password)
            else:
                from connectors.dav_client import Client

                self._wire.close()  # the library asks anew, which not every server likes within one connection
                self._way = Client(self._wire, self._url, self._user, self._password)
        return self._way.ask(method, url, headers, body)


def only_basic(challenges: Sequence[str]) -> bool:
    """Whether these values of WWW-Authenticate (RFC 9110 section 11.6.1) offer Basic, and nothing else."""
    parts = [part.strip() for each in challenges for part in _QUOTED.sub("_", each).split(",")]
    offered = [part for part in parts if part[:5].lower() == "basic"]
    return bool(offered) and all(_PART.fullmatch(part) for part in parts)
