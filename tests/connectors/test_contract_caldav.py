"""The contract on real CalDAV servers, Radicale and Xandikos, and what only real servers show."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from connectors.base import Gone, Interaction
from connectors.contract import pages, said
from tests.connectors.dav_worlds import Calendars, DavContract, account, server, small_pages
from tests.servers.dav_items import event

__all__ = ["account", "server", "small_pages"]


class TestCalDavContract(DavContract):
    account_with = Calendars

    def test_what_changed_and_was_deleted_is_told(self, world: Calendars) -> None:
        private, work = world.collections
        world.account.put(private, {"a.ics": event("a"), "b.ics": event("b"), "c.ics": event("c")})
        first = pages(world)
        world.account.put(private, {"a.ics": event("a", "20260106T090000Z")})
        world.account.delete(private, "b.ics")
        world.account.put(work, {"d.ics": event("d")})
        second = pages(world, first[-1].cursor)
        marks = {item.thread: item.native_id.partition("/")[0] for item in said(first) if isinstance(item, Interaction)}
        assert {item.native_id for item in said(second) if isinstance(item, Gone)} == {
            f"{marks['ical:a']}/",
            f"{marks['ical:b']}/",
        }
        assert {item.thread for item in said(second) if isinstance(item, Interaction)} == {"ical:a", "ical:d"}
        assert said(pages(world, second[-1].cursor)) == []

    @pytest.mark.parametrize("token", ["nonsense", "0" * 40, "http://radicale.org/ns/sync/" + "0" * 64])
    def test_a_token_that_the_server_does_not_know_loses_nothing(self, world: Calendars, token: str) -> None:
        """C01 as real servers have it: Radicale answers 403, Xandikos 412."""
        world.add(6)
        first = pages(world)
        cursor: dict[str, Any] = json.loads(json.dumps(first[-1].cursor))
        for kept in cursor["collections"].values():
            assert kept["token"]
            kept["token"] = token
        deleted = sorted(world.collections[0].glob("*.ics"))[0]
        world.account.delete(world.collections[0], deleted.name)
        world.add(2)
        second = pages(world, cursor)
        assert Counter(type(item) for item in said(second)) == {Interaction: 2, Gone: 1}
        assert said(pages(world, second[-1].cursor)) == []
