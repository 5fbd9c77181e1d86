"""Pulls from a DAV server that behaves badly, at a time that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors import dav_collections
from connectors.base import Cursor, Gone, Interaction, Observation, Page, TryLater
from connectors.caldav import CalDav, CalDavSettings
from connectors.carddav import CardDav, CardDavSettings
from connectors.contract import through_json
from tests.servers.dav_items import card, event
from tests.servers.small_dav import Collection, SmallDav

WORK, BOOK = "/me/cal/work/", "/me/card/private/"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Clock:
    """What time it is for kith."""

    def __init__(self) -> None:
        self.time = START

    def wait(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dav_collections, "now", lambda: clock.time.timestamp())
    return clock


@pytest.fixture
def dav(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDav]:
    monkeypatch.setenv("KITH_TEST_RIGHT", "secret")
    server = SmallDav()
    server.collections[WORK] = Collection("calendar")
    yield server
    server.stop()


def connector(dav: SmallDav, kind: str = "caldav", **more: object) -> CalDav | CardDav:
    given = {"url": f"http://127.0.0.1:{dav.port}/", "user": "alice", "password": {"env": "KITH_TEST_RIGHT"}, **more}
    if kind == "caldav":
        return CalDav(CalDavSettings.model_validate({"zone": "Europe/Berlin", **given}))
    return CardDav(CardDavSettings.model_validate({"region": "DE", **given}))


def pull(dav: SmallDav, cursor: Cursor | None = None, kind: str = "caldav", **more: object) -> list[Page]:
    """The pages that a fresh connector yields."""
    return list(connector(dav, kind, **more).pull(None if cursor is None else through_json(cursor)))


def heard_before_it_failed(dav: SmallDav, cursor: Cursor) -> list[Page]:
    """The pages that a fresh connector yields before it gives up for now."""
    heard: list[Page] = []
    with pytest.raises(TryLater, match="cannot be read"):
        heard.extend(connector(dav).pull(through_json(cursor)))
    return heard


def said(pages: list[Page]) -> list[Observation]:
    return [observation for page in pages for observation in page.observations]


def titles(pages: list[Page]) -> list[str]:
    return sorted(str(each.title) for each in said(pages) if isinstance(each, Interaction))


def gone(pages: list[Page]) -> list[str]:
    return [each.native_id for each in said(pages) if isinstance(each, Gone)]


def reports(dav: SmallDav) -> list[str]:
    """The collection and the name of each REPORT that was asked for, in order."""
    return [asked for method, asked in dav.requests if method == "REPORT"]


def fill(dav: SmallDav, count: int, path: str = WORK) -> None:
    collection = dav.collections[path]
    for number in range(count):
        name, start = f"e{number}", f"2026{number % 2 + 1:02}{number % 28 + 1:02}T100000Z"
        if collection.kind == "calendar":
            collection.put(f"{name}.ics", event(name, start, summary=name))
        else:
            collection.put(f"{name}.vcf", card(name))


def last(pages: list[Page], before: Cursor | None = None) -> Cursor:
    """The cursor after the pages."""
    if pages:
        return pages[-1].cursor
    assert before is not None
    return before
