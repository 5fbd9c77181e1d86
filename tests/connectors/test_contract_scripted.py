"""The scripted connector of these tests keeps the contract: what is proved on it holds for real ones."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event, Thread

import pytest

from connectors.base import Handle, Interaction, NeedsHuman, Observation, Party, TryLater, Unreadable, Watcher
from connectors.contract import ConnectorContract, World
from tests.scripted import Scripted


def mail(number: int) -> Interaction:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return Interaction(
        f"mid:{number}@example.org", "mail", moment, (Party(Handle("email", "alice@example.org"), "from"),)
    )


class Script(World):
    """A script of pages of at most four items. It only grows, and all who read it hear of that."""

    def __init__(self) -> None:
        self.pages: list[list[Observation]] = []
        self._readers: list[Scripted] = []
        self._numbers = count()

    def connector(self) -> Scripted:
        self._readers.append(Scripted.of(*self.pages))
        return self._readers[-1]

    def add(self, count: int) -> None:
        items: list[Observation] = [mail(next(self._numbers)) for _ in range(count)]
        for n in range(0, count, 4):
            self._say(*items[n : n + 4])

    def spoil(self) -> None:
        self._say(Unreadable("torn", "a corner is missing"))

    def _say(self, *items: Observation) -> None:
        self.pages.append([*items])
        for reader in self._readers:
            reader.say(*items)

    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self.pages).encode()).hexdigest()

    def wrong_password(self) -> Scripted:
        return Scripted.of(*self.pages, errors={0: NeedsHuman("The password is refused.", "kith doctor")})

    def dropped(self) -> Scripted:
        return Scripted.of(*self.pages, errors={2: TryLater("The wire is cut.")})


class TestScripted(ConnectorContract):
    MANY = 18

    @pytest.fixture
    def world(self) -> Script:
        return Script()


def test_an_error_is_raised_after_its_page_until_it_is_taken_away() -> None:
    source = Scripted.of([mail(1)], [mail(2)], errors={1: TryLater("The wire is cut.")})
    pull = source.pull(None)
    first = next(pull)
    assert (first.observations, first.left) == ((mail(1),), 1)
    with pytest.raises(TryLater):
        next(pull)
    with pytest.raises(TryLater):
        next(source.pull(first.cursor))
    source.errors.clear()
    assert [page.observations for page in source.pull(first.cursor)] == [(mail(2),)]
    assert source.pulls == [None, first.cursor, first.cursor]


def test_watch_returns_when_there_is_news() -> None:
    source = Scripted.of()
    assert isinstance(source, Watcher)
    watching = Thread(target=source.watch, args=(Event(),))
    watching.start()
    source.say(mail(1))
    watching.join(10)
    assert not watching.is_alive()


def test_watch_returns_when_it_is_told_to_stop() -> None:
    stop = Event()
    watching = Thread(target=Scripted.of().watch, args=(stop,))
    watching.start()
    stop.set()
    watching.join(10)
    assert not watching.is_alive()
