"""The contract itself: each promise that a connector breaks is noticed, by the test that is named for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from connectors.base import Cursor, Interaction, NeedsHuman, Observation, Page, TryLater
from connectors.contract import ConnectorContract, World
from tests.connectors.test_contract_scripted import Script
from tests.scripted import Scripted, Settings

Fault = Callable[[Iterator[Page], Cursor | None, Script], Iterator[Page]]
"""Makes other pages of what a good connector says, its cursor, and the script that it reads."""


class Faulty(Scripted):
    """A scripted connector with a fault."""

    fault: Fault
    script: Script

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        return self.fault(super().pull(cursor), cursor, self.script)


def forgets_a_page(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    if cursor:
        next(pages, None)
    yield from pages


def says_the_last_page_again(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    if cursor:
        place = int(cursor["said"])
        yield Page(tuple(script.pages[place - 1]), cursor)
    yield from pages


def moves_its_cursor_too_late(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    before: Cursor = cursor or {"said": 0}
    for page in pages:
        yield replace(page, cursor=before)
        before = page.cursor


def has_a_cursor_that_is_no_json(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    for page in pages:
        yield replace(page, cursor={**page.cursor, "marks": (1, 2)})


_ids = count()


def has_other_ids_each_time(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    for page in pages:
        yield _each(page, lambda item: replace(item, native_id=f"{item.native_id} {next(_ids)}"))


def has_one_id_for_all(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    for page in pages:
        yield _each(page, lambda item: replace(item, native_id="letter"))


def loses_what_is_malformed(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    for page in pages:
        yield replace(page, observations=tuple(item for item in page.observations if isinstance(item, Interaction)))


def leaves_a_trace(pages: Iterator[Page], cursor: Cursor | None, script: Script) -> Iterator[Page]:
    script.pages.append([])
    yield from pages


def _each(page: Page, change: Callable[[Interaction], Observation]) -> Page:
    return replace(page, observations=tuple(change(i) if isinstance(i, Interaction) else i for i in page.observations))


class FaultyScript(Script):
    """A script whose readers all have the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault

    def connector(self) -> Scripted:
        reader = Faulty(Settings())
        reader.pages = [tuple(page) for page in self.pages]
        reader.fault, reader.script = self._fault, self
        self._readers.append(reader)
        return reader


@pytest.mark.parametrize(
    ("fault", "promise"),
    [
        (forgets_a_page, "a_pull_may_stop_after_any_page"),
        (forgets_a_page, "what_is_new_is_said_once_by_the_next_pull"),
        (says_the_last_page_again, "a_pull_may_stop_after_any_page"),
        (says_the_last_page_again, "from_the_last_cursor_nothing_is_new"),
        (moves_its_cursor_too_late, "a_pull_may_stop_after_any_page"),
        (moves_its_cursor_too_late, "from_the_last_cursor_nothing_is_new"),
        (has_a_cursor_that_is_no_json, "a_cursor_survives_json"),
        (has_other_ids_each_time, "one_cursor_says_the_same_twice"),
        (has_one_id_for_all, "everything_is_said_once"),
        (loses_what_is_malformed, "one_malformed_item_is_not_lost_and_stops_nothing"),
        (leaves_a_trace, "nothing_at_the_source_is_changed"),
    ],
)
def test_a_broken_promise_is_noticed(fault: Fault, promise: str) -> None:
    with pytest.raises(AssertionError):
        _hold_to(FaultyScript(fault), promise)


@pytest.mark.parametrize(
    "promise", ["a_wrong_password_needs_a_human", "a_broken_connection_is_tried_later_and_loses_nothing"]
)
@pytest.mark.parametrize("error", [None, ValueError("oops"), NeedsHuman("Something.", ""), TryLater("", "wait")])
def test_errors_of_another_kind_or_without_words_are_noticed(promise: str, error: Exception | None) -> None:
    class Erring(Script):
        def wrong_password(self) -> Scripted:
            return Scripted.of(*self.pages, errors={0: error} if error else {})

        def dropped(self) -> Scripted:
            return self.wrong_password()

    with pytest.raises((AssertionError, ValueError, NeedsHuman, TryLater, pytest.fail.Exception)):
        _hold_to(Erring(), promise)


def _hold_to(world: World, promise: str) -> None:
    class Held(ConnectorContract):
        MANY = 18

    getattr(Held(), f"test_{promise}")(world)
