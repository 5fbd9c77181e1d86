"""What a source withdraws, by itself or with all that a resource held, and what of it the page says again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Card, Gone, Interaction, Observation, Unreadable
from store.file import Store
from store.page import what_stands
from tests.scripted import Scripted
from tests.small_world import ME, capture, card, everything, mail, meeting, tables


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


def occurrence(number: int, mark: str, *attendees: str, **said: Any) -> Interaction:
    """A meeting as a resource of this mark holds it."""
    return meeting(number, ME, attendees or ["alice@example.org"], native=f"{mark}/{number}/", **said)


def names(store: Store) -> list[str]:
    return sorted(row[2] for row in everything(store)["homes"])


# What stands of a page


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        (["a/1", "b/1", "-a/"], ["b/1"]),
        (["-a/", "a/1"], ["a/1"]),
        (["a/1", "-a/1", "a/2"], ["a/2"]),
        (["a/1", "-a/", "a/1", "-b/"], ["a/1"]),
        (["a/1", "a/b/1", "a/b/2", "-a/b/"], ["a/1"]),
        (["a", "a/1", "-a/"], ["a"]),
        (["a", "-a", "ab/1"], ["ab/1"]),
        (["ab/1", "-a/"], ["ab/1"]),
        (["a/1", "-a"], ["a/1"]),
        (["a/1/", "a/10/", "-a/1/"], ["a/10/"]),
    ],
)
def test_what_comes_after_stands_and_what_was_before_is_withdrawn(said: list[str], stands: list[str]) -> None:
    page: list[Observation] = [
        Gone(each[1:]) if each.startswith("-") else Unreadable(each, f"{n}") for n, each in enumerate(said)
    ]
    found, withdrawn = what_stands(page)
    assert [each.native_id for each in found] == stands
    assert bool(withdrawn) == any(each.startswith("-") for each in said)


_natives = st.lists(st.sampled_from(["a", "a/", "a/b", "a/b/", "a/b/c", "ab/", "ab/c"]), max_size=8)


@given(_natives, st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_page_stands_as_if_each_of_its_words_were_a_page_of_its_own(natives: list[str], gone: list[bool]) -> None:
    page: list[Observation] = [
        Gone(native) if away else Unreadable(native, str(n))
        for n, (native, away) in enumerate(zip(natives, gone, strict=False))
    ]
    left: list[Observation] = []
    for seen in page:
        if isinstance(seen, Gone):
            name = seen.native_id
            left = [x for x in left if x.native_id != name and not (name.endswith("/") and x.native_id.startswith(name))]
        else:
            left.append(seen)
    assert list(what_stands(page)[0]) == left


# What is in the file afterwards


def test_with_a_slash_at_the_end_everything_goes_that_begins_so(store: Store) -> None:
    page: list[Observation] = [
        *(occurrence(n, "a") for n in range(3)),
        occurrence(7, "ab"),
        card("a/card", "Alice Example", "alice@example.org"),
        Unreadable("a/5", "no date"),
    ]
    capture(store, Scripted.of(page, [Gone("a/")]))
    found = tables(store)
    assert names(store) == ["ab/7/"]
    assert found["card"] == found["card_handle"] == found["unreadable"] == found["called"] == []
    assert [row[1] for row in found["handle"]] == ["alice@example.org", ME]


def test_only_its_own_source_withdraws(store: Store) -> None:
    capture(store, Scripted.of([occurrence(1, "a"), card("a/c", "Alice Example")]), "one")
    capture(store, Scripted.of([occurrence(2, "a")], [Gone("a/")]), "two")
    assert names(store) == ["a/1/"]
    assert len(tables(store)["card"]) == 1


def test_what_the_page_says_again_is_untouched_and_what_it_says_otherwise_keeps_its_id(store: Store) -> None:
    first = [occurrence(n, "a", "alice@example.org", days=n) for n in range(4)]
    book = card("a/c", "Alice Example", "alice@example.org")
    capture(store, Scripted.of([*first, book, Unreadable("a/u", "no date")]))
    before = everything(store)
    again: list[Observation] = [Gone("a/"), *first, book, Unreadable("a/u", "no date")]
    source = Scripted.of([], again)
    assert capture(store, source).captured == 0
    after = everything(store)
    assert {**after, "source": ()} == {**before, "source": ()}
    moved: list[Observation] = [Gone("a/"), replace(first[0], title="Moved"), *first[1:3], replace(book, title="Baker")]
    capture(store, Scripted.of([], [], moved))
    after = everything(store)
    assert [row for row in before["ids"] if row[0] != 4] == after["ids"]
    assert after["person ids"] == before["person ids"]
    assert after["handle ids"] == before["handle ids"]
    assert {row[4] for row in after["interaction"]} == {"Moved", "Meeting 1", "Meeting 2"}
    assert after["unreadable"] == []


def test_what_another_source_has_seen_stays_with_it_as_it_says_it(store: Store) -> None:
    mine = occurrence(1, "a", "alice@example.org", "bob@example.org")
    theirs = occurrence(1, "b", "alice@example.org", days=1)
    capture(store, Scripted.of([mine]), "one")
    capture(store, Scripted.of([theirs]), "two")
    assert len(tables(store)["party"]) == 3
    capture(store, Scripted.of([], [Gone("a/")]), "one")
    alone = Store(store.path.with_name("alone.duckdb"))
    capture(alone, Scripted.of([theirs]), "two")
    assert tables(store) == tables(alone)
    assert everything(store)["homes"] == [(1, "two", "b/1/")]


def test_mail_that_goes_under_one_name_and_is_there_under_another_is_there(store: Store) -> None:
    letter = mail(1, ME, "alice@example.org")
    capture(store, Scripted.of([letter], [Gone(letter.native_id), replace(letter, native_id="elsewhere")]))
    assert names(store) == ["elsewhere"]
    assert everything(store)["others"] == []
    assert [row[0] for row in tables(store)["person"]] == ["email:alice@example.org"]


def test_whoever_came_by_what_has_gone_is_nobody_and_their_number_waits_for_them(store: Store) -> None:
    events = [occurrence(1, "a", "alice@example.org"), occurrence(2, "b", "bob@example.org")]
    capture(store, Scripted.of(events, [Gone("a/")]))
    with store.read() as reader:
        assert [row["person_id"] for row in reader.people(True, None, {})] == [2]
        assert reader.find("alice") == []
    capture(store, Scripted.of([], [], [events[0]]))
    with store.read() as reader:
        assert sorted((row["person_id"], row["name"]) for row in reader.people(False, None, {})) == [
            (1, "alice@example.org"),
            (2, "bob@example.org"),
        ]


# What can be read by now


@pytest.mark.parametrize(
    "now",
    [
        [card("a/1", "Alice Example")],
        [occurrence(1, "a"), replace(occurrence(2, "a"), native_id="a/1")],
        [Gone("a/")],
        [Gone("a/"), card("a/2", "Alice Example")],
        [Unreadable("a/1", "odd"), card("a/1", "Alice Example")],
    ],
)
def test_what_can_be_read_is_unreadable_no_more(store: Store, now: list[Observation]) -> None:
    capture(store, Scripted.of([Unreadable("a/1", "odd"), Unreadable("b/1", "odd")], now))
    assert tables(store)["unreadable"] == [("mail", "b/1", "odd")]


def test_why_something_cannot_be_read_is_said_as_it_is_now(store: Store) -> None:
    capture(store, Scripted.of([Unreadable("a/1", "odd")], [Unreadable("a/1", "odd")], [Unreadable("a/1", "even")]))
    assert tables(store)["unreadable"] == [("mail", "a/1", "even")]


def test_cards_are_counted_as_captured_when_they_are_new(store: Store) -> None:
    books: list[Card] = [card(f"a/{n}", f"Person No{n}") for n in range(3)]
    assert capture(store, Scripted.of(books)).captured == 3
    assert capture(store, Scripted.of([], [*books, card("b/1", "Bob Brown")])).captured == 1
