"""What every connector promises, as tests: inherit ``ConnectorContract`` and say how your world is made.

    from connectors.contract import ConnectorContract, World

    class Shelf(World):                             # one account of your source, with nothing in it
        def __init__(self, folder): self.folder = folder
        def connector(self): return MyConnector(MyConnector.Settings(path=self.folder))
        def add(self, count): ...                   # puts `count` new, good items there
        def spoil(self): ...                        # puts one item there that cannot be understood
        def fingerprint(self): ...                  # a digest of all that a reader could have changed
        # if it has a login:      def wrong_password(self): return MyConnector(...)
        # if it has a connection: def dropped(self): return MyConnector(...)  # it is cut in the middle of reading

    class TestMyConnector(ConnectorContract):
        MANY = 650                                  # items that make at least three pages of yours

        @pytest.fixture
        def world(self, tmp_path): return Shelf(tmp_path)

Run it with pytest, which is all that this module needs. ``pytest.register_assert_rewrite("connectors.contract")`` in a
``conftest.py`` makes its failures talk.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from connectors.base import (
    Card,
    Connector,
    Cursor,
    Gone,
    Interaction,
    NeedsHuman,
    Observation,
    Page,
    SourceError,
    TryLater,
    Unreadable,
)


class World(ABC):
    """One account of a source as a test sees it: what is there can be changed, and read by fresh connectors."""

    @abstractmethod
    def connector(self) -> Connector:
        """A fresh connector that reads this world. Two of them know nothing of each other."""

    @abstractmethod
    def add(self, count: int) -> None:
        """Puts ``count`` new, good items there, each with a native id of its own."""

    @abstractmethod
    def spoil(self) -> None:
        """Puts one malformed item there."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A digest over content and metadata of everything there that a reader could change."""

    def wrong_password(self) -> Connector | None:
        """A connector that is refused at the login, or None where there is no login."""
        return None

    def dropped(self) -> Connector | None:
        """A connector whose connection breaks while it reads what is there, or None where there is no connection."""
        return None


def through_json(cursor: Cursor) -> Cursor:
    """The cursor as the engine hands it back: written as JSON, and read again."""
    again: Cursor = json.loads(json.dumps(cursor))
    return again


def pages(world: World, cursor: Cursor | None = None) -> list[Page]:
    """All pages that a fresh connector yields from ``cursor``."""
    return list(world.connector().pull(None if cursor is None else through_json(cursor)))


def said(pages: Iterable[Page]) -> list[Observation]:
    """What the pages say, in their order."""
    return [observation for page in pages for observation in page.observations]


class ConnectorContract:
    """The promises. A subclass has a fixture ``world`` that returns an empty ``World``, and a name with Test."""

    MANY = 650
    """How many items make more than two pages."""

    def test_it_is_a_connector_whose_settings_refuse_unknown_keys(self, world: World) -> None:
        connector = world.connector()
        assert isinstance(connector, Connector)
        assert connector.Settings.model_config.get("extra") == "forbid"

    def test_a_source_with_nothing_in_it_says_nothing(self, world: World) -> None:
        assert said(pages(world)) == []

    def test_one_cursor_says_the_same_twice(self, world: World) -> None:
        world.add(self.MANY)
        first = pages(world)
        assert said(first) == said(pages(world))
        middle = first[0].cursor
        assert said(pages(world, middle)) == said(pages(world, middle)) != []

    def test_everything_is_said_once(self, world: World) -> None:
        world.add(self.MANY)
        native_ids = [_native_id(observation) for observation in said(pages(world))]
        assert len(native_ids) == self.MANY
        assert _twice(native_ids) == []

    def test_a_pull_may_stop_after_any_page(self, world: World) -> None:
        """Nothing is lost, and nothing is said twice."""
        world.add(self.MANY)
        whole = pages(world)
        assert len(whole) > 2, f"{self.MANY} items make {len(whole)} pages, this test needs three: set MANY"
        for stop in range(1, len(whole) + 1):
            rest = pages(world, whole[stop - 1].cursor)
            assert Counter(said(whole[:stop]) + said(rest)) == Counter(said(whole)), f"stopped after page {stop}"

    def test_a_pull_may_be_abandoned_at_every_page_again_and_again(self, world: World) -> None:
        """As with a process that is killed after each commit, and once before it: that page is said again."""
        world.add(self.MANY)
        whole = said(pages(world))
        heard: list[Observation] = []
        cursor: Cursor | None = None
        for _ in range(self.MANY):
            page = next(iter(world.connector().pull(cursor)), None)
            if page is None or len(heard) >= len(whole):
                break
            again = next(iter(world.connector().pull(cursor)))
            assert again.observations == page.observations
            heard += page.observations
            cursor = through_json(page.cursor)
        assert Counter(heard) == Counter(whole)

    def test_a_cursor_survives_json(self, world: World) -> None:
        world.add(self.MANY)
        for page in pages(world):
            assert through_json(page.cursor) == page.cursor

    def test_from_the_last_cursor_nothing_is_new(self, world: World) -> None:
        world.add(self.MANY)
        cursor: Cursor = pages(world)[-1].cursor
        for _ in range(3):
            later = pages(world, cursor)
            assert said(later) == []
            cursor = later[-1].cursor if later else cursor

    def test_what_is_new_is_said_once_by_the_next_pull(self, world: World) -> None:
        world.add(5)
        before = pages(world)
        for _ in range(2):
            world.add(3)
            after = pages(world, before[-1].cursor)
            native_ids = {_native_id(observation) for observation in said(after)}
            assert len(said(after)) == len(native_ids) == 3
            assert native_ids.isdisjoint(_native_id(observation) for observation in said(before))
            assert said(pages(world, after[-1].cursor)) == []
            before = after

    def test_what_comes_while_the_past_is_being_read_is_not_lost(self, world: World) -> None:
        """Items that arrive after the first page of a first pull are said, once, and so is all the rest."""
        world.add(self.MANY)
        first = next(iter(world.connector().pull(None)))
        world.add(3)
        rest = pages(world, first.cursor)
        native_ids = [_native_id(observation) for observation in said([first, *rest])]
        assert _twice(native_ids) == []
        assert len(native_ids) == self.MANY + 3
        assert said(pages(world, rest[-1].cursor)) == []

    def test_what_comes_during_a_pull_is_not_lost(self, world: World) -> None:
        """By this pull or by the next."""
        world.add(self.MANY)
        pull = world.connector().pull(None)
        heard = [next(pull)]
        world.add(3)
        heard += pull
        heard += pages(world, heard[-1].cursor)
        native_ids = [_native_id(observation) for observation in said(heard)]
        assert _twice(native_ids) == []
        assert len(native_ids) == self.MANY + 3

    def test_times_are_aware_and_native_ids_are_words(self, world: World) -> None:
        world.add(5)
        for observation in said(pages(world)):
            assert _native_id(observation).strip()
            if isinstance(observation, Interaction):
                assert observation.happened_at.utcoffset() is not None

    def test_one_malformed_item_is_not_lost_and_stops_nothing(self, world: World) -> None:
        """It is Unreadable, or still says something; either way the items around it arrive, and it is passed once."""
        world.add(5)
        world.spoil()
        world.add(5)
        heard = pages(world)
        good = [observation for observation in said(heard) if isinstance(observation, Interaction | Card)]
        bad = [observation for observation in said(heard) if isinstance(observation, Unreadable)]
        assert len(good) + len(bad) == 11
        assert len(good) >= 10
        assert all(observation.reason.strip() for observation in bad)
        assert said(pages(world, heard[-1].cursor)) == []

    def test_a_wrong_password_needs_a_human(self, world: World) -> None:
        world.add(1)
        connector = world.wrong_password()
        if connector is not None:
            with pytest.raises(NeedsHuman) as refused:
                list(connector.pull(None))
            _assert_is_told(refused.value)

    def test_a_broken_connection_is_tried_later_and_loses_nothing(self, world: World) -> None:
        world.add(self.MANY)
        whole = said(pages(world))
        connector = world.dropped()
        if connector is not None:
            heard: list[Page] = []
            with pytest.raises(TryLater) as broken:
                heard.extend(connector.pull(None))
            _assert_is_told(broken.value)
            rest = pages(world, heard[-1].cursor if heard else None)
            assert Counter(said(heard) + said(rest)) == Counter(whole)

    def test_nothing_at_the_source_is_changed(self, world: World) -> None:
        """Byte for byte: after a first pull, an abandoned one, one with bad items, and one with nothing new."""
        world.add(self.MANY)
        world.spoil()
        before = world.fingerprint()
        heard = pages(world)
        next(iter(world.connector().pull(None)))
        pages(world, heard[0].cursor)
        pages(world, heard[-1].cursor)
        assert world.fingerprint() == before


def _native_id(observation: Observation) -> str:
    assert isinstance(observation, Interaction | Card | Gone | Unreadable)
    return observation.native_id


def _twice(items: Iterable[Any]) -> list[Any]:
    return [item for item, times in Counter(items).items() if times > 1]


def _assert_is_told(error: SourceError) -> None:
    assert error.what.strip(), "says what happened"
    assert error.hint.strip(), "says what mends it"
