"""Accounts on real CalDAV and CardDAV servers, as the tests of both connectors see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors.base import Connector
from connectors.caldav import CalDav, CalDavSettings
from connectors.carddav import CardDav, CardDavSettings
from connectors.contract import ConnectorContract, World
from tests.servers.dav import PASSWORD, Account, DavServer, Radicale, Xandikos
from tests.servers.dav_items import card, event
from tests.servers.wirelog import WireLog

_REQUEST = re.compile(rb"([A-Z]+) \S+ HTTP/1\.[01]\r\n")
_SPOILT = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:\r\nN:;;;;\r\nEND:VCARD\r\n"
SERVERS = (Radicale, Xandikos)
_numbers = count(1)


@pytest.fixture(scope="module", params=SERVERS, ids=[each.__name__.lower() for each in SERVERS])
def server(request: pytest.FixtureRequest) -> Iterator[DavServer]:
    """Each of the servers, running."""
    running: DavServer = request.param()
    yield running
    running.stop()


@pytest.fixture
def account(server: DavServer, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with nothing in it."""
    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    monkeypatch.setenv("KITH_TEST_WRONG", "letmein")
    return server.account()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages begin with so few items, and requests with so few resources, that a small world takes many of both."""
    monkeypatch.setattr("connectors.paging.FIRST_PAGE", 10)
    monkeypatch.setattr("connectors.dav_contents.FIRST_BATCH", 10)
    monkeypatch.setattr("connectors.dav_contents.MOST_BATCH", 20)


class Collected(World):
    """An account with two collections; what arrives is put into the one and the other in turn."""

    kind: type[CalDav] | type[CardDav]
    ending: str

    def __init__(self, account: Account) -> None:
        self.account = account
        self.wire = WireLog(account.server.port)
        self.wires = [self.wire]
        self.collections = [self.collection("private"), self.collection("work")]

    def collection(self, name: str) -> Path:
        raise AssertionError

    def resource(self, uid: str) -> bytes:
        raise AssertionError

    def connect(self, port: int, **settings: Any) -> Connector:
        """A connector that goes to ``port``; ``settings`` in the place of the usual ones."""
        given = {
            "url": f"http://127.0.0.1:{port}/",
            "user": self.account.user,
            "password": {"env": "KITH_TEST_RIGHT"},
            "timeout": 20,
            **settings,
        }
        if self.kind is CalDav:
            return CalDav(CalDavSettings.model_validate({"zone": "Europe/Berlin", **given}))
        return CardDav(CardDavSettings.model_validate({"region": "DE", **given}))

    def connector(self) -> Connector:
        return self.connect(self.wire.port)

    def add(self, count: int) -> None:
        new: list[dict[str, bytes]] = [{}, {}]
        for _ in range(count):
            number = next(_numbers)
            new[number % 2][f"item-{number}.{self.ending}"] = self.resource(f"item-{number}")
        for collection, resources in zip(self.collections, new, strict=True):
            if resources:
                self.account.put(collection, resources)

    def fingerprint(self) -> str:
        return self.account.fingerprint()

    def wrong_password(self) -> Connector | None:
        if isinstance(self.account.server, Xandikos):
            return None
        return self.connect(self.wire.port, password={"env": "KITH_TEST_WRONG"})

    def dropped(self) -> Connector:
        broken = WireLog(self.account.server.port)
        broken.cut_after = 900
        self.wires.append(broken)
        return self.connect(broken.port)

    def methods(self) -> set[str]:
        """The HTTP methods of all requests through the wires of this world."""
        sessions = [bytes(session.client) for wire in self.wires for session in wire.sessions]
        return {found.decode() for said in sessions for found in _REQUEST.findall(said)}

    def stop(self) -> None:
        for wire in self.wires:
            wire.stop()


class Calendars(Collected):
    """Two calendars."""

    kind = CalDav
    ending = "ics"

    def collection(self, name: str) -> Path:
        return self.account.calendar(name)

    def resource(self, uid: str) -> bytes:
        return event(uid)

    def spoil(self) -> None:
        # A year that there is not. Radicale keeps silent about what its own parser refuses, and this passes it.
        self.account.put(self.collections[0], {"spoilt.ics": event("spoilt", "00000105T100000Z")})


class AddressBooks(Collected):
    """Two address books."""

    kind = CardDav
    ending = "vcf"

    def collection(self, name: str) -> Path:
        return self.account.address_book(name)

    def resource(self, uid: str) -> bytes:
        return card(uid)

    def spoil(self) -> None:
        self.account.put(self.collections[0], {"spoilt.vcf": _SPOILT})


@pytest.mark.usefixtures("small_pages")
class DavContract(ConnectorContract):
    """The contract, of a connector that asks for nothing but to read."""

    MANY = 35
    account_with: ClassVar[type[Collected]]

    @pytest.fixture
    def world(self, account: Account) -> Iterator[Collected]:
        """An account with two empty collections."""
        world = self.account_with(account)
        yield world
        world.stop()

    @pytest.fixture(autouse=True)
    def only_reading(self, world: Collected) -> Iterator[None]:
        """Only methods that read were sent."""
        yield
        methods = world.methods()
        assert methods <= {"OPTIONS", "PROPFIND", "REPORT", "GET"}
        assert "PROPFIND" in methods or not world.wire.sessions
