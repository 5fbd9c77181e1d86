"""How kith logs in by Digest (RFC 7616), and what it does where a server has trouble with it."""

from __future__ import annotations

import threading
from urllib.request import parse_keqv_list

import pytest

from connectors.base import NeedsHuman
from connectors.dav import Dav
from tests.connectors.test_dav import HOME, PASSWORD, about, account, script
from tests.servers.scripted_http import Answer, Request, ScriptedHttp

__all__ = ["account", "script"]


class TestDigest:
    @pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
    def test_where_the_server_takes_a_digest_it_never_is(self, script: ScriptedHttp, account: Dav, algorithm: str) -> None:
        challenge = f'Digest realm="dav", nonce="abc", qop="auth", algorithm={algorithm}'
        logins: list[str] = []

        def answer(request: Request) -> Answer:
            if request.login is None or not request.login.startswith("Digest "):
                return Answer(401, headers={"WWW-Authenticate": challenge})
            logins.append(request.login)
            return Answer(207, about(HOME))

        script.answer = answer
        account.propfind("/", ["{DAV:}getetag"])
        given = parse_keqv_list([each.strip() for each in logins[0].removeprefix("Digest ").split(",")])
        assert given["username"] == "alice"
        assert given["uri"] == "/"
        assert PASSWORD not in "".join(logins)

    @pytest.mark.parametrize("together", [True, False])
    def test_a_digest_that_is_offered_and_refused_gives_way_to_basic(
        self, script: ScriptedHttp, account: Dav, together: bool
    ) -> None:
        """As Cyrus does without sasl_reauth_timeout: its answer to a Digest is another challenge, and no word of Basic."""
        digest, basic = 'Digest nonce="abc",realm="dav",qop="auth",charset=utf-8,algorithm=md5-sess', 'Basic realm="dav"'

        def answer(request: Request) -> Answer:
            if request.login is None:
                return Answer(401, headers={"WWW-Authenticate": f"{digest}, {basic}" if together else digest})
            if request.login.startswith("Digest "):
                return Answer(401, headers={"WWW-Authenticate": digest})
            return Answer(207, about(HOME))

        script.answer = answer
        if together:
            account.propfind("/", ["{DAV:}getetag"])
            count = len(script.requests)
            account.propfind("/", ["{DAV:}getetag"])
            assert len(script.requests) == count + 1
        else:
            with pytest.raises(NeedsHuman, match="login refused"):
                account.propfind("/", ["{DAV:}getetag"])
            assert all((each.login or "Digest ").startswith("Digest ") for each in script.requests)

    def test_a_login_holds_for_all_threads(self, script: ScriptedHttp, account: Dav) -> None:
        """Contents are fetched by another thread. Cyrus answers one that begins anew with a challenge of one word."""
        challenge = 'Digest realm="dav", nonce="abc", qop="auth", algorithm=MD5'

        def answer(request: Request) -> Answer:
            if request.login is None:
                known = any(each.login for each in script.requests)
                return Answer(401, headers={"WWW-Authenticate": "Digest" if known else challenge})
            return Answer(207, about(HOME))

        script.answer = answer
        account.propfind("/", ["{DAV:}getetag"])
        count = len(script.requests)
        other = threading.Thread(target=account.propfind, args=("/", ["{DAV:}getetag"]))
        other.start()
        other.join()
        assert [each.login is None for each in script.requests[count:]] == [False]
