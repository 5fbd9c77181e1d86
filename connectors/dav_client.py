"""The client of the caldav library on a wire of ours: the only file that knows caldav and its HTTP library, niquests.

The library logs in: it asks, reads the challenge, and answers with what is safest of Basic, Digest and Bearer. A server that
offers Digest and Basic but takes no Digest (Cyrus without ``sasl_reauth_timeout``) gets Basic. What the library would do
without limits is not left to it: waiting, unpacking, redirects, looking for revoked certificates at other hosts (all in
``Wire``), and reading XML (it is shown no body; ``dav_xml`` reads that).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from caldav.davclient import DAVClient
from caldav.lib.auth import extract_auth_types
from caldav.lib.error import DAVError
from niquests import PreparedRequest, Response, Session
from niquests.adapters import BaseAdapter
from niquests.auth import HTTPBasicAuth

from connectors.base import NeedsHuman, TryLater
from connectors.dav_wire import Reply, Wire
from connectors.remote import said

_OURS = ("Accept", "Accept-Encoding", "Connection", "User-Agent")
"""Headers that the libraries would set in their own way."""


class _Adapter(BaseAdapter):
    """niquests's way to a server: ours. ``last`` is the answer that came last, and ``login`` the Authorization that it answers.

    ``offers_basic`` is true once the server has named Basic among the ways to log in.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self.last: Reply | None = None
        self.login = ""
        self.offers_basic = False

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        headers = {str(key): str(value) for key, value in (request.headers or {}).items() if key.title() not in _OURS}
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)
        headers = {**headers, "Accept": "*/*", "User-Agent": "kith"}
        self.login = headers.get("Authorization", "")
        reply = self.last = self._wire.ask(str(request.method), str(request.url), headers, body or None)
        response = Response()
        response.status_code, response.reason, response.url = reply.status, reply.reason, request.url
        for name in ("WWW-Authenticate", "Retry-After"):
            if values := reply.headers.get_all(name):
                response.headers[name] = ", ".join(values)
        self.offers_basic |= "basic" in extract_auth_types(response.headers.get("WWW-Authenticate") or "")
        response.raw = io.BytesIO()
        response.request = request
        response.connection = self  # type: ignore[attr-defined] # a login by Digest asks again through it
        return response

    def close(self) -> None:
        """Nothing: the wire is closed by whoever made it."""


class _Session(Session):
    """niquests's session, with nothing of the environment and without redirects."""

    def __init__(self, adapter: _Adapter) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: Response) -> None:
        """None: ``Dav`` decides where a redirect may lead."""


class Client:
    """A login at the server of one URL."""

    def __init__(self, wire: Wire, url: str, user: str | None, password: str | None) -> None:
        """Without ``user`` nobody logs in."""
        self._adapter = _Adapter(wire)
        self._library = DAVClient(
            url,
            username=user,
            password=password,
            enable_rfc6764=False,
        )
        # What a Digest is made from is kept by the context, and each thread has one of its own: it would begin anew, which
        # Cyrus, on a connection that is logged in, answers with a challenge that has nothing in it.
        self._context = copy_context()
        self._library.session.close()
        self._library.session = _Session(self._adapter)

    @property
    def basic(self) -> bool:
        """Whether the server wanted a login by Basic."""
        return isinstance(self._library.auth, HTTPBasicAuth)

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: str) -> Reply:
        """The answer to one request, logged in if the server wants that. Raises TryLater and NeedsHuman."""
        reply = self._ask(method, url, headers, body)
        if reply.status == 401 and self._adapter.login.startswith("Digest ") and self._adapter.offers_basic:
            self._library.auth, self._library.auth_type = None, "basic"
            self._library.build_auth_object()
            reply = self._ask(method, url, headers, body)
        return reply

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: str) -> Reply:
        self._adapter.last = None
        try:
            self._context.run(self._library.request, url, method, body, dict(headers))
        except (TryLater, NeedsHuman):
            raise
        except DAVError as error:
            # 401, 403, 429 and 503 are errors for the library; what the server said with them is in the answer.
            if self._adapter.last is None:
                raise TryLater(f"no sense can be made of the server's answer: {said(str(error))}") from error
        except (ValueError, LookupError, TypeError, RuntimeError, AssertionError, OSError) as error:
            raise TryLater(f"no way to log in that the server offers can be taken: {said(str(error))}") from error
        assert self._adapter.last is not None
        return self._adapter.last
