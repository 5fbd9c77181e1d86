"""How kith logs in to a DAV server, what it makes of refusals, and how it finds an account."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from textwrap import dedent
from time import time

import pytest
from pydantic import ValidationError

from connectors.base import NeedsHuman, TryLater
from connectors.dav import Dav, related
from connectors.dav_login import only_basic
from connectors.dav_settings import DavSettings
from connectors.dav_xml import Condition, NotXml, conditions, multistatus, normal_path
from tests.connectors.dav_pulls import clock, connector, dav, fill, pull, titles
from tests.connectors.test_imap_tls import certificates, server_side
from tests.servers.scripted_http import Answer, Request, ScriptedHttp
from tests.servers.small_dav import Collection, SmallDav

__all__ = ["certificates", "clock", "dav"]

PASSWORD = "canary-4711"
HOME = '<C:calendar-home-set xmlns:C="urn:ietf:params:xml:ns:caldav"><D:href>/me/</D:href></C:calendar-home-set>'


def about(properties: str, href: str = "/") -> bytes:
    """A multistatus of one response."""
    return (
        f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>{href}</D:href><D:propstat>'
        f"<D:prop>{properties}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    ).encode()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedHttp]:
    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    server = ScriptedHttp(lambda request: Answer(207, about(HOME)))
    yield server
    server.stop()


@pytest.fixture
def account(script: ScriptedHttp) -> Iterator[Dav]:
    given = {"url": f"http://127.0.0.1:{script.port}/", "user": "alice", "password": {"env": "KITH_TEST_RIGHT"}}
    dav = Dav(DavSettings.model_validate(given), "caldav")
    yield dav
    dav.close()


class TestLogin:
    def test_a_password_is_sent_when_the_server_asks_for_it(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: (
            Answer(207, about(HOME)) if request.login else Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        )
        account.propfind("/", ["{DAV:}getetag"])
        account.propfind("/", ["{DAV:}getetag"])
        assert [each.login is None for each in script.requests] == [True, False, False]

    def test_a_login_by_basic_that_is_known_is_sent_at_once(self, script: ScriptedHttp, account: Dav) -> None:
        wanted = "Basic"

        def answer(request: Request) -> Answer:
            if request.login and request.login.startswith(wanted):
                return Answer(207, about(HOME))
            return Answer(401, headers={"WWW-Authenticate": f'{wanted} realm="x", nonce="n", qop="auth"'})

        script.answer = answer
        account.propfind("/", ["{DAV:}getetag"])
        assert account.basic
        again = Dav(account.settings, "caldav", basic=True)
        again.propfind("/", ["{DAV:}getetag"])
        assert [(each.login or "nobody").partition(" ")[0] for each in script.requests] == ["nobody", "Basic", "Basic"]
        wanted = "Digest"
        again.propfind("/", ["{DAV:}getetag"])
        again.close()
        assert not again.basic

    @pytest.mark.parametrize(
        ("challenges", "only"),
        [
            (['Basic realm="x"'], True),
            (['basic realm="a, Digest b", charset="UTF-8"'], True),
            (["Basic"], True),
            (["Basic realm=x", 'Basic realm="y"'], True),
            ([r'Basic realm="a\", Bearer "'], True),
            (['Basic realm="x", Bearer'], False),
            (['Basic realm="x"', 'Digest realm="x", nonce="n"'], False),
            (['Digest realm="x", nonce="n", Basic realm="x"'], False),
            (['Basic realm="x", Negotiate dG9rZW4='], False),
            (["Bearer"], False),
            (["Basically realm=x"], False),
            ([""], False),
            ([], False),
        ],
    )
    def test_what_else_a_server_offers_is_seen(self, challenges: list[str], only: bool) -> None:
        assert only_basic(challenges) == only

    def test_for_basic_alone_no_library_is_loaded(self, script: ScriptedHttp) -> None:
        script.answer = lambda request: (
            Answer(207, about(HOME)) if request.login else Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        )
        code = f"""
            import sys
            from connectors.dav import Dav
            from connectors.dav_settings import DavSettings
            password = {{"env": "KITH_TEST_RIGHT"}}
            given = {{"url": "http://127.0.0.1:{script.port}/", "user": "alice", "password": password}}
            dav = Dav(DavSettings.model_validate(given), "caldav")
            assert dav.homes() == ["/me/"] and dav.basic
            assert not {{"caldav", "niquests"}} & set(sys.modules), "loaded"
        """
        subprocess.run([sys.executable, "-c", dedent(code)], check=True, timeout=30)

    def test_a_refusal_is_for_a_human(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        with pytest.raises(NeedsHuman, match="login refused") as refusal:
            account.propfind("/", ["{DAV:}getetag"])
        assert "password" in refusal.value.hint
        assert PASSWORD not in str(refusal.value) + refusal.value.hint
        assert len(script.requests) == 2

    @pytest.mark.parametrize("challenge", ["Negotiate", "NTLM", "Basic", "", "Digest", 'Digest realm="x", qop="auth"', "\x7f"])
    def test_a_challenge_that_nobody_can_meet_is_no_crash(self, script: ScriptedHttp, account: Dav, challenge: str) -> None:
        script.answer = lambda request: Answer(401, headers={"WWW-Authenticate": challenge})
        with pytest.raises((NeedsHuman, TryLater)):
            account.propfind("/", ["{DAV:}getetag"])

    def test_a_server_that_answers_anybody_is_told_who_it_is_at_once(self, script: ScriptedHttp, account: Dav) -> None:
        nobody = "<D:current-user-principal><D:unauthenticated/></D:current-user-principal>"
        script.answer = lambda request: Answer(207, about(HOME if request.login else nobody))
        assert account.homes() == ["/me/"]


class TestRefusals:
    @pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 412, 415, 418, 422, 500, 501, 507])
    def test_what_another_question_may_get_round_is_a_condition(
        self, script: ScriptedHttp, account: Dav, status: int
    ) -> None:
        script.answer = lambda request: Answer(status)
        with pytest.raises(Condition) as refusal:
            account.report("/", b"<x/>")
        assert refusal.value.status == status

    def test_a_token_that_is_not_known_is_no_matter_of_rights(self, script: ScriptedHttp, account: Dav) -> None:
        """C01: 403 is what Radicale says, and RFC 6578."""
        script.answer = lambda request: Answer(403, b'<error xmlns="DAV:"><valid-sync-token/></error>')
        with pytest.raises(Condition) as refusal:
            account.report("/", b"<x/>")
        assert refusal.value.conditions == {"valid-sync-token"}

    def test_a_plain_403_is_where_what_there_is_may_not_be_asked(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: Answer(403, b"<html>No.</html>")
        with pytest.raises(NeedsHuman, match="does not let alice read"):
            account.propfind("/", ["{DAV:}getetag"])
        for one in (lambda: account.report("/", b"<x/>"), lambda: account.get("/one.ics")):
            with pytest.raises(Condition) as refusal:
                one()
            assert refusal.value.status == 403

    @pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504, 511])
    @pytest.mark.parametrize(
        ("said", "pause"), [("120", 120), ("", None), ("soon", None), ("-5", None), ("9" * 40, 86_400), (None, None)]
    )
    def test_a_busy_server_is_left_alone_for_as_long_as_it_says(
        self, script: ScriptedHttp, account: Dav, status: int, said: str | None, pause: float | None
    ) -> None:
        script.answer = lambda request: Answer(status, headers={} if said is None else {"Retry-After": said})
        with pytest.raises(TryLater) as refusal:
            account.report("/", b"<x/>")
        assert refusal.value.retry_after == pause

    def test_that_may_be_a_date(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: Answer(503, headers={"Retry-After": formatdate(time() + 300, usegmt=True)})
        with pytest.raises(TryLater) as refusal:
            account.report("/", b"<x/>")
        assert refusal.value.retry_after == pytest.approx(300, abs=5)

    def test_what_the_server_says_is_shown_without_control_characters(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: Answer(302, headers={"Location": "http://x\x1b]0;owned\x07/"})
        with pytest.raises(TryLater) as refusal:
            account.report("/", b"<x/>")
        assert "\x1b" not in refusal.value.what + refusal.value.hint


class TestXml:
    def test_a_character_that_no_xml_may_have_does_not_hold_up_the_rest(self) -> None:
        said = about("<D:displayname>a\x0bb&#x1b;&#11;&#xA;c\x00</D:displayname>")
        (response,) = multistatus(said, "/").responses
        assert response.properties["{DAV:}displayname"].text == "ab\nc"

    def test_properties_and_what_is_missing(self) -> None:
        said = (
            b'<multistatus xmlns="DAV:"><response><href> /a%20b/%7Eme@x </href>'
            b"<propstat><prop><getetag>1</getetag></prop><status>HTTP/1.1 200 OK</status></propstat>"
            b"<propstat><prop><displayname/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>"
            b"<response><href>/gone</href><status>HTTP/1.1 404 Gone</status></response>"
            b"<response><href>/col/</href><status>HTTP/1.1 507 More</status></response>"
            b"<response><status>HTTP/1.1 200 OK</status></response><sync-token> t </sync-token></multistatus>"
        )
        answer = multistatus(said, "/col")
        assert [(each.href, each.status) for each in answer.responses] == [("/a%20b/~me@x", None), ("/gone", 404)]
        assert set(answer.responses[0].properties) == {"{DAV:}getetag"}
        assert answer.responses[0].missing == {"{DAV:}displayname": 404}
        assert (answer.sync_token, answer.truncated) == ("t", True)

    @pytest.mark.parametrize("said", [b"", b"<html/>", b"<a", b"\xff", b"<!DOCTYPE x><multistatus xmlns='DAV:'/>", b"{}"])
    def test_what_is_no_multistatus(self, said: bytes) -> None:
        with pytest.raises(NotXml):
            multistatus(said, "/")
        assert conditions(said) == frozenset()

    @pytest.mark.parametrize(
        ("said", "path"),
        [
            ("/a/b.ics", "/a/b.ics"),
            ("https://x.example.org:443/a%40b/c.ics", "/a@b/c.ics"),
            ("/a%2fb/c", "/a%2Fb/c"),
            ("/ä b/", "/%C3%A4%20b/"),
            ("/%FF/", "/%FF/"),
            ("/a?b#c", "/a"),
            ("/a\r\nX: y", "/a%0D%0AX:%20y"),
            ("https://example.org", "/"),
        ],
    )
    def test_a_path_is_written_in_one_way(self, said: str, path: str) -> None:
        assert normal_path(said) == path
        assert normal_path(path) == path


@pytest.mark.parametrize(
    ("host", "other", "true"),
    [
        ("example.org", "example.org", True),
        ("example.org", "cal.example.org", True),
        ("example.org", "EXAMPLE.org.", True),
        ("caldav.example.org", "p42-caldav.example.org", True),
        ("caldav.example.org", "example.org", False),
        ("example.org", "other.org", False),
        ("example.org", "notexample.org", False),
        ("example.co.uk", "evil.co.uk", False),
        ("dav.example.co.uk", "p1.example.co.uk", True),
        ("example.com.au", "evil.com.au", False),
        ("localhost", "127.0.0.1", False),
        ("127.0.0.1", "126.0.0.1", False),
        ("10.0.0.1", "11.0.0.1", False),
    ],
)
def test_which_hosts_may_be_of_one_account(host: str, other: str, true: bool) -> None:
    assert related(host, other) is true


class TestDiscovery:
    @pytest.mark.parametrize("path", ["/", "/me/", "/me/cal/", "/me/cal/work/", "/nothing/here/"])
    def test_any_url_of_the_server_will_do(self, dav: SmallDav, path: str) -> None:
        dav.collections["/me/cal/work/"] = Collection("calendar")
        dav.well_known = True
        fill(dav, 3)
        pages = list(connector(dav, url=f"http://127.0.0.1:{dav.port}{path}").pull(None))
        assert len(titles(pages)) == 3

    def test_a_server_without_calendars_says_so(self, script: ScriptedHttp, account: Dav) -> None:
        script.answer = lambda request: Answer(404)
        with pytest.raises(NeedsHuman, match="no calendars are found") as nothing:
            account.homes()
        assert "url" in nothing.value.hint

    def test_a_home_on_a_host_beside_the_server_is_of_the_account(self) -> None:
        settings = DavSettings.model_validate({"url": "https://caldav.example.org/"})
        dav = Dav(settings, "caldav")
        assert dav.place("https://caldav.example.org:443/1/") == "/1/"
        assert dav.place("https://p42-caldav.example.org:443/1/cal%40x/") == "https://p42-caldav.example.org/1/cal@x/"
        for elsewhere in ("http://p42-caldav.example.org/", "https://example.net/", "file:///etc/passwd", "https:///x"):
            with pytest.raises(NeedsHuman):
                dav.place(elsewhere)

    @pytest.mark.parametrize("known", ["path", "well-known", "root"])
    def test_from_an_address_the_dns_leads_to_the_server(
        self, names: Names, certificates: Path, monkeypatch: pytest.MonkeyPatch, known: str
    ) -> None:
        """RFC 6764 section 6."""
        monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)

        def answer(request: Request) -> Answer:
            if request.path.startswith("/.well-known/"):
                assert request.login is None
                return Answer(301, headers={"Location": "/dav/"}) if known == "well-known" else Answer(404)
            if request.path != ("/" if known == "root" else "/dav/"):
                return Answer(404)
            if request.login is None:
                return Answer(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Answer(207, about(HOME, request.path))

        server = ScriptedHttp(answer, server_side(certificates))
        names.records = {"SRV": f"0 0 {server.port} localhost."}
        if known == "path":
            names.records["TXT"] = '"path=/dav/"'
        dav = Dav(self.at_localhost(certificates), "caldav")
        homes = dav.homes()
        dav.close()
        server.stop()
        assert homes == [f"https://localhost:{server.port}/me/"]
        assert names.asked[0] == "_caldavs._tcp.localhost."
        login = next(each.login for each in server.requests if each.login is not None)
        assert login.startswith("Basic ")

    def test_a_server_of_another_domain_gets_no_login(self, names: Names, certificates: Path) -> None:
        names.records = {"SRV": "0 0 443 dav.example.net."}
        dav = Dav(self.at_localhost(certificates), "caldav")
        with pytest.raises(NeedsHuman, match=r"on dav\.example\.net, which is not in that domain") as asked:
            dav.homes()
        assert 'url = "https://dav.example.net/"' in asked.value.hint

    def test_a_neighbour_below_one_suffix_gets_no_login(self, names: Names) -> None:
        names.records = {"SRV": "0 0 443 mallory.pages.example."}
        settings = {"url": "me@alice.pages.example", "password": {"env": "KITH_TEST_RIGHT"}}
        with pytest.raises(NeedsHuman, match=r"on mallory\.pages\.example, which is not in that domain"):
            Dav(DavSettings.model_validate(settings), "caldav").homes()

    def test_a_domain_that_has_no_such_service_says_so(self, names: Names, certificates: Path) -> None:
        names.records = {"SRV": "0 0 0 ."}
        with pytest.raises(NeedsHuman, match="has no calendars"):
            Dav(self.at_localhost(certificates), "caldav").homes()

    def test_a_dns_that_fails_is_tried_later(self, names: Names, certificates: Path) -> None:
        """N07."""
        names.fails = True
        with pytest.raises(TryLater, match="DNS"):
            Dav(self.at_localhost(certificates), "caldav").homes()

    @staticmethod
    def at_localhost(certificates: Path) -> DavSettings:
        given = {"url": "me@localhost", "password": {"env": "KITH_TEST_RIGHT"}, "ca": certificates / "good.pem", "timeout": 5}
        return DavSettings.model_validate(given)


class Names:
    """A name server on 127.0.0.1 that knows one record of each kind, for any name."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.asked: list[str] = []
        self.fails = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        import dns.flags
        import dns.message
        import dns.rcode
        import dns.rdatatype
        import dns.rrset

        while True:
            try:
                data, client = self._socket.recvfrom(4096)
            except OSError:
                return
            question = dns.message.from_wire(data)
            answer = dns.message.make_response(question)
            name, kind = question.question[0].name, dns.rdatatype.to_text(question.question[0].rdtype)
            self.asked.append(name.to_text())
            if self.fails:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif kind in self.records:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, self.records[kind]))
            self._socket.sendto(answer.to_wire(), client)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    """The name server that this process asks."""
    import dns.resolver

    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    server = Names()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://dav.example.org/", "in the clear"),
        ("ftp://dav.example.org/", "https://"),
        ("https://", "https://"),
        ("https://me:secret@dav.example.org/", "no user"),
        ("https://dav.example.org:99999/", "port"),
        ("https://dav.example.org/\r\nX: y", "one line"),
        ("dav.example.org/path", "must be a URL"),
        ("me@", "must be a URL"),
    ],
)
def test_urls_that_are_refused(url: str, why: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(why)):
        DavSettings.model_validate({"url": url, "user": "me", "password": {"env": "X"}})


def test_an_address_is_the_user_too() -> None:
    assert DavSettings.model_validate({"url": "me@example.org", "password": {"env": "X"}}).login == "me@example.org"
    for given in ({"url": "example.org", "password": {"env": "X"}}, {"url": "me@example.org"}):
        with pytest.raises(ValidationError, match="is missing"):
            DavSettings.model_validate(given)


def test_the_collections_of_a_server_that_asks_for_no_login(dav: SmallDav) -> None:
    fill(dav, 2)
    assert len(titles(pull(dav, user="", password=None))) == 2
