"""The contract on real CardDAV servers, Radicale and Xandikos, and what only real servers show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.contract import ConnectorContract
from tests.connectors.dav_worlds import AddressBooks, account, server, small_pages
from tests.servers.dav import Account

__all__ = ["account", "server", "small_pages"]


@pytest.fixture
def world(account: Account) -> Iterator[AddressBooks]:
    books = AddressBooks(account)
    yield books
    books.stop()


@pytest.mark.usefixtures("small_pages")
class TestCardDavContract(ConnectorContract):
    MANY = 35

    @pytest.fixture(autouse=True)
    def only_reading(self, world: AddressBooks) -> Iterator[None]:
        yield
        methods = world.methods()
        assert methods <= {"OPTIONS", "PROPFIND", "REPORT", "GET"}
        assert "PROPFIND" in methods or not world.wire.sessions
