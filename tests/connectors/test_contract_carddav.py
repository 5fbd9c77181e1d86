"""The contract on real CardDAV servers, Radicale and Xandikos, and what only real servers show."""

from __future__ import annotations

from tests.connectors.dav_worlds import AddressBooks, DavContract, account, server, small_pages

__all__ = ["account", "server", "small_pages"]


class TestCardDavContract(DavContract):
    account_with = AddressBooks
