"""A DAV server that bombs, waits, lies about where things are, or is somebody else: S08 to S11, N01, N03, N07."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from connectors.base import NeedsHuman, Page, SourceError, TryLater
from connectors.contract import through_json
from connectors.dav import Dav
from connectors.dav_settings import DavSettings
from connectors.dav_xml import Condition
from tests.connectors.dav_bombs import BOMBS
from tests.connectors.dav_pulls import clock, connector, dav, fill, last, pull, said, titles
from tests.connectors.test_imap_tls import certificates, server_side
from tests.servers.scripted_http import Answer, Request, ScriptedHttp
from tests.servers.small_dav import SmallDav
from tests.servers.wirelog import WireLog

__all__ = ["certificates", "clock", "dav"]

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 200.0
PASSWORD = "canary-4711"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="x"'}


@pytest.fixture
def other() -> Iterator[ScriptedHttp]:
    """A server that nobody has any business with."""
    server = ScriptedHttp(lambda request: Answer(207, b'<multistatus xmlns="DAV:"/>'))
    yield server
    server.stop()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedHttp]:
    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    server = ScriptedHttp(lambda request: Answer(404))
    yield server
    server.stop()


def account(port: int, scheme: str = "http", **more: object) -> Dav:
    host = "localhost" if scheme == "https" else "127.0.0.1"
    given = {"url": f"{scheme}://{host}:{port}/", "user": "alice", "password": {"env": "KITH_TEST_RIGHT"}, "timeout": 10}
    return Dav(DavSettings.model_validate({**given, **more}), "caldav")


def asked(dav: Dav, path: str = "/") -> Exception | None:
    """What is raised by a question."""
    try:
        dav.propfind(path, ["{DAV:}getetag"])
    except (SourceError, Condition) as error:
        return error
    finally:
        dav.close()
    return None


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_within_its_bounds(name: str, script: ScriptedHttp, other: ScriptedHttp) -> None:
    """S08, S09: nothing is fetched, and at most 200 MB are taken."""
    made, headers = BOMBS[name]
    body = made()
    if isinstance(body, bytes) and b":%d/" in body:
        body = body % other.port
    script.answer = lambda request: Answer(207, body, {"Content-Type": "application/xml", **headers})
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "connectors" / "dav_bombs.py"), name, str(script.port)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    assert took["error"].startswith(("TryLater", "Condition")), took
    assert "root:" not in took["error"]
    assert took["megabytes"] <= MOST_MEGABYTES
    assert other.requests == []


class TestRedirects:
    """S10: nothing is asked, and no login is sent, off the origin."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "target",
        ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "//127.0.0.1:{port}/x", "http://169.254.169.254/",
         "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "http://alice@127.0.0.1:{port}/"],
    )  # fmt: skip
    def test_a_redirect_to_elsewhere_is_not_followed(
        self, script: ScriptedHttp, other: ScriptedHttp, status: int, target: str
    ) -> None:
        script.answer = lambda request: Answer(status, headers={"Location": target.format(port=other.port)})
        error = asked(account(script.port))
        assert isinstance(error, TryLater)
        assert "sends us" in error.what
        assert other.requests == []
        assert len(script.requests) == 1

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_one_within_the_server_is_and_the_question_stays_the_same(self, script: ScriptedHttp, status: int) -> None:
        def answer(request: Request) -> Answer:
            if request.login is None:
                return Answer(401, headers=CHALLENGE)
            if request.path == "/":
                return Answer(status, headers={"Location": "/dav/"})
            return Answer(207, b'<multistatus xmlns="DAV:"/>')

        script.answer = answer
        assert asked(account(script.port)) is None
        assert [(each.method, each.path) for each in script.requests] == [
            ("PROPFIND", "/"),
            ("PROPFIND", "/"),
            ("PROPFIND", "/dav/"),
        ]
        assert script.requests[1].body == script.requests[2].body != ""

    def test_a_circle_is_left(self, script: ScriptedHttp) -> None:
        script.answer = lambda request: Answer(302, headers={"Location": request.path + "x"})
        error = asked(account(script.port))
        assert isinstance(error, TryLater)
        assert len(script.requests) <= 10

    @pytest.mark.parametrize("where", ["principal", "home", "well-known"])
    def test_a_server_that_points_elsewhere_is_not_believed(
        self, script: ScriptedHttp, other: ScriptedHttp, where: str
    ) -> None:
        there = f"http://127.0.0.1:{other.port}/me/"
        home = '<C:calendar-home-set xmlns:C="urn:ietf:params:xml:ns:caldav"><D:href>{}</D:href></C:calendar-home-set>'

        def answer(request: Request) -> Answer:
            if where == "well-known":
                status = 301 if request.path.startswith("/.well") else 404
                return Answer(status, headers={"Location": there})
            if where == "principal":
                prop = f"<D:current-user-principal><D:href>{there}</D:href></D:current-user-principal>"
            else:
                prop = home.format(there)
            return Answer(
                207,
                f'<D:multistatus xmlns:D="DAV:"><D:response><D:href>/</D:href><D:propstat><D:prop>{prop}</D:prop>'
                "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>".encode(),
            )

        script.answer = answer
        dav = account(script.port)
        with pytest.raises(NeedsHuman, match="sends us to"):
            dav.homes()
        dav.close()
        assert other.requests == []

    def test_members_that_are_said_to_be_elsewhere_are_asked_for_here(self, dav: SmallDav, other: ScriptedHttp) -> None:
        fill(dav, 3)
        dav.hrefs_at = f"http://127.0.0.1:{other.port}"
        assert len(titles(pull(dav))) == 3
        assert other.requests == []


class TestTls:
    """S11: a login goes to nobody but the server, and never in the clear."""

    @pytest.mark.parametrize("name", ["expired", "other-host", "unknown"])
    def test_a_wrong_certificate_gets_nothing(self, certificates: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
        server = ScriptedHttp(lambda request: Answer(401), server_side(certificates, "good" if name == "unknown" else name))
        ca = certificates / f"{name}.pem"
        error = asked(account(server.port, "https", **({} if name == "unknown" else {"ca": str(ca)})))
        server.stop()
        assert isinstance(error, TryLater)
        assert "certificate" in error.what
        assert server.requests == []

    def test_an_old_tls_is_refused(self, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
        context = server_side(certificates)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        server = ScriptedHttp(lambda request: Answer(401), context)
        error = asked(account(server.port, "https", ca=str(certificates / "good.pem")))
        server.stop()
        assert isinstance(error, TryLater)
        assert server.requests == []

    def test_a_certificate_of_ones_own_making_is_believed(self, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
        server = ScriptedHttp(lambda request: Answer(207, b'<multistatus xmlns="DAV:"/>'), server_side(certificates))
        assert asked(account(server.port, "https", ca=str(certificates / "good.pem"))) is None
        server.stop()

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_a_server_that_hangs_up_between_two_questions_is_called_again(
        self, certificates: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion
    ) -> None:
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
        context = server_side(certificates)
        context.minimum_version = context.maximum_version = version
        server = ScriptedHttp(lambda request: Answer(207, b'<multistatus xmlns="DAV:"/>'), context)
        server.hangs_up = True
        dav = account(server.port, "https", ca=str(certificates / "good.pem"))
        for _ in range(3):
            assert dav.propfind("/", ["{DAV:}getetag"]).responses == []
            time.sleep(0.1)  # until it has hung up
        dav.close()
        server.stop()
        assert len(server.requests) == 3

    def test_from_tls_no_redirect_leads_into_the_clear(
        self, certificates: Path, other: ScriptedHttp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
        to = {"Location": f"http://localhost:{other.port}/"}
        server = ScriptedHttp(lambda request: Answer(301, headers=to), server_side(certificates))
        error = asked(account(server.port, "https", ca=str(certificates / "good.pem")))
        server.stop()
        assert isinstance(error, TryLater)
        assert other.requests == []


class TestWaiting:
    def test_a_byte_now_and_then_is_no_answer(self, script: ScriptedHttp) -> None:
        """N03: the deadline is for the whole request."""

        def drip(out: BinaryIO) -> None:
            for _ in range(600):
                out.write(b" ")
                out.flush()
                time.sleep(0.05)

        script.answer = lambda request: Answer(207, drip)
        started = time.monotonic()
        error = asked(account(script.port, timeout=1.0))
        assert isinstance(error, TryLater)
        assert "waiting" in error.what
        assert time.monotonic() - started <= 2.0

    def test_neither_is_a_head_without_end(self, dav: SmallDav) -> None:
        wire = WireLog(dav.port)
        wire.drip = 0.05
        started = time.monotonic()
        error = asked(account(wire.port, timeout=1.0))
        wire.stop()
        assert isinstance(error, TryLater)
        assert time.monotonic() - started <= 2.0

    def test_nor_silence(self, dav: SmallDav) -> None:
        wire = WireLog(dav.port)
        wire.stall_after = 10
        error = asked(account(wire.port, timeout=0.5))
        wire.stop()
        assert isinstance(error, TryLater)

    def test_an_address_from_which_nothing_comes_leaves_time_for_the_next(
        self, script: ScriptedHttp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script.answer = lambda request: Answer(207, b'<multistatus xmlns="DAV:"/>')
        with socket.socket() as hole, contextlib.ExitStack() as waiting:
            hole.bind(("127.0.0.2", script.port))
            hole.listen(0)
            for _ in range(4):  # nobody accepts, and there is no more room
                one = waiting.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(("127.0.0.2", script.port))
            unknown = (999, socket.SOCK_STREAM, 6, "", ("::", script.port))
            both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", script.port)) for n in (2, 1)]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [unknown, *both])
            assert asked(account(script.port, timeout=3)) is None

    def test_an_answer_cut_off_anywhere_is_no_answer(self, dav: SmallDav) -> None:
        """N01: whatever came before is kept, and nothing is lost."""
        fill(dav, 12)
        everything = sorted(str(each) for each in said(pull(dav)))
        whole = WireLog(dav.port)
        list(connector(dav, url=f"http://127.0.0.1:{whole.port}/").pull(None))
        size = sum(len(session.server) for session in whole.sessions)
        whole.stop()
        assert size > 2_000
        for cut in [*range(1, 400, 37), *range(400, size, 211)]:
            wire = WireLog(dav.port)
            wire.cut_after = cut
            pages: list[Page] = []
            with pytest.raises(TryLater):
                pages.extend(connector(dav, url=f"http://127.0.0.1:{wire.port}/").pull(None))
            wire.stop()
            rest = pull(dav, pages[-1].cursor if pages else None)
            assert sorted(str(each) for each in said([*pages, *rest])) == everything, cut


@pytest.mark.parametrize("portal", ["page", "redirect", "forbidden", "not found"])
def test_a_network_that_wants_a_login_first_changes_nothing(
    dav: SmallDav, script: ScriptedHttp, other: ScriptedHttp, portal: str
) -> None:
    """N07: no cursor moves, and no login is sent."""
    fill(dav, 5)
    first = pull(dav)
    before = through_json(last(first))
    page = b"<html><body>Welcome! Please log in.</body></html>"
    answers = {
        "page": Answer(200, page, {"Content-Type": "text/html"}),
        "redirect": Answer(302, page, {"Location": f"http://127.0.0.1:{other.port}/login"}),
        "forbidden": Answer(511, page, {"Content-Type": "text/html"}),
        "not found": Answer(404, page, {"Content-Type": "text/html"}),
    }
    script.answer = lambda request: answers[portal]
    heard: list[Page] = []
    with pytest.raises(TryLater):
        heard.extend(connector(dav, url=f"http://127.0.0.1:{script.port}/").pull(through_json(before)))
    assert heard == []
    assert all(each.login is None for each in script.requests)
    assert other.requests == []
    dav.collections["/me/cal/work/"].put("new.ics", dav.collections["/me/cal/work/"].resources["e1.ics"])
    assert said(pull(dav, before)) != []


def test_nothing_that_changes_a_server_can_be_sent() -> None:
    dav = account(1)
    for method in ("PUT", "DELETE", "POST", "PROPPATCH", "MKCOL", "MKCALENDAR", "MOVE", "COPY", "LOCK", "ACL"):
        with pytest.raises(AssertionError):
            dav._wire.ask(method, "http://127.0.0.1:1/", {}, None)


