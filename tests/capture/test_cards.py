"""Cards make people, and say who they are: whatever came first, and as long as the cards are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from capture.match import Me
from capture.replay import remember_me, replay
from connectors.base import Card, CardHandle, Gone, Handle, Observation
from store import log
from store.decide import add_tags, remove_tags, set_cadence
from store.duck import connect
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, NOW, capture, card, everything, mail, me, meeting, party, tables

ALICE, BOB, CAROL, SHARED = (f"{name}@example.org" for name in ("alice", "bob", "carol", "smith"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


def people(store: Store, everybody: bool = False) -> list[tuple[str, list[str], str]]:
    """Name, handles and origin of each person."""
    with store.read() as reader:
        rows = reader.people(everybody, None, {})
    return sorted((r["name"], sorted(r["handles"]), r["origin"]) for r in rows if r["person_id"] is not None)


def numbers(store: Store) -> dict[str, int]:
    """Person by name."""
    with store.read() as reader:
        return {r["name"]: r["person_id"] for r in reader.people(True, None, {}) if r["person_id"] is not None}


def unite(store: Store, a: str, b: str) -> None:
    """The user has said that these are one person. Beliefs follow with the next replay."""
    with store.write() as tx:
        log.append(tx.connection, "merge", {}, other=[[f"email:{a}"], [f"email:{b}"]])
    replay(store, me)


# A card is a person


def test_all_addresses_and_numbers_of_a_card_are_one_persons(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "Alice Example", ALICE, "a.lice@gmail.com", "+49301234567")]))
    assert people(store) == [("Alice Example", ["email:a.lice@gmail.com", f"email:{ALICE}", "phone:+49301234567"], "card")]
    assert tables(store)["card"][0][-1] == "email:alice@example.org"


def test_a_card_without_any_is_a_person_too_and_is_found(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "Zoë Example", nicknames=("Zozo",))]))
    assert people(store) == [("Zoë Example", [], "card")]
    with store.read() as reader:
        for said in ("Zoë Example", "zoe", "Zozo", "1"):
            (found,) = reader.find(said)
            assert (found["person_id"], found["name"], found["ids"], found["handles"]) == (1, "Zoë Example", [], [])
        assert reader.timeline([]) == []
        assert (reader.person(1) or {})["name"] == "Zoë Example"
        assert reader.counts()["people"] == 1
        assert [row for table, _, rows in reader.export() if table == "person" for row in rows] == [
            (1, "Zoë Example", "card", False)
        ]
    # once there is an address, it is still them
    capture(store, Scripted.of([], [card("c1", "Zoë Example", "zoe@example.org")]))
    assert numbers(store) == {"Zoë Example": 1}
    capture(store, Scripted.of([], [], [card("c1", "Zoë Example")]))
    assert people(store) == [("Zoë Example", [], "card")]
    assert numbers(store) == {"Zoë Example": 1}


@pytest.mark.parametrize("kind", ["group", "organisation"])
def test_the_card_of_a_group_or_an_organisation_is_nobody(store: Store, kind: Any) -> None:
    capture(store, Scripted.of([card("c1", "Climbing", ALICE, kind=kind)]))
    assert people(store, everybody=True) == []
    assert tables(store)["handle"] == []


def test_a_card_that_names_nobody_and_holds_nothing_is_nobody(store: Store) -> None:
    capture(store, Scripted.of([card("c1", None), card("c2", None, ALICE), card("c3", "bob@example.org", BOB)]))
    assert people(store) == [(ALICE, [f"email:{ALICE}"], "card"), (BOB, [f"email:{BOB}"], "card")]


def test_a_robot_that_the_user_keeps_in_an_address_book_is_somebody(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "The Shop", "no-reply@shop.example"), mail(1, "no-reply@shop.example")]))
    assert people(store) == [("The Shop", ["email:no-reply@shop.example"], "card")]
    assert tables(store)["interaction"][0][9] == "robot"


def test_ones_own_card_is_nobody_and_draws_nobody_in(store: Store) -> None:
    own = card("c1", "Me Myself", ME, CAROL)
    capture(store, Scripted.of([own, card("c2", "Carol Young", CAROL), mail(1, ME, CAROL)]))
    assert people(store, everybody=True) == [("Carol Young", [f"email:{CAROL}"], "wrote")]
    both = Me([Handle("email", ME), Handle("email", CAROL)])
    remember_me(store, both)
    assert people(store, everybody=True) == []
    remember_me(store, me)
    assert people(store, everybody=True) == [("Carol Young", [f"email:{CAROL}"], "wrote")]


def test_pages_on_the_web_are_nobodys(store: Store) -> None:
    page = CardHandle(Handle("url", "https://example.org/"))
    cards = [replace(card(f"c{n}", name), handles=(page,)) for n, name in enumerate(["Alice Example", "Bob Brown"])]
    capture(store, Scripted.of(cards))
    assert people(store) == [("Alice Example", [], "card"), ("Bob Brown", [], "card")]
    with store.read() as reader:
        assert reader.cards(1)[0]["links"] == ["https://example.org/"]


# Who was somebody before


@pytest.mark.parametrize("card_first", [True, False])
def test_who_was_written_to_is_the_person_on_the_card(store: Store, card_first: bool) -> None:
    pages: list[list[Observation]] = [
        [mail(1, ME, [party("to", BOB, "Bobby B. Brown")])],
        [card("c1", "Bob Brown", "bob+x@example.org", "bob@work.example")],
    ]
    capture(store, Scripted.of(*(reversed(pages) if card_first else pages)))
    assert numbers(store) == {"Bob Brown": 1}
    assert people(store)[0][1:] == (
        ["email:bob+x@example.org", f"email:{BOB}", "email:bob@work.example"],
        "wrote",
    )


def test_the_name_on_the_card_goes_before_those_in_mail_and_the_users_before_both(store: Store) -> None:
    capture(store, Scripted.of([mail(1, party("from", BOB, "Robert B. Brown")), card("c1", "Bob Brown", BOB)]))
    assert [row[0] for row in people(store)] == ["Bob Brown"]
    with store.read() as reader:
        assert [row["people"] for row in reader.timeline(reader.find("Bob")[0]["ids"])] == [["Bob Brown"]]
        assert reader.overdue(NOW.replace(year=2027), 1, {})[0]["person"] == "Bob Brown"
    with store.write() as tx:
        tx.execute("UPDATE person SET name = 'Robby'")
    assert [row[0] for row in people(store)] == ["Robby"]
    with store.read() as reader:
        assert [reader.find(said)[0]["name"] for said in ("Robby", "Bob Brown")] == ["Robby", "Robby"]


def test_an_address_is_no_name_that_goes_before_one(store: Store) -> None:
    capture(store, Scripted.of([mail(1, party("from", BOB, "Bob Brown")), card("c1", BOB, BOB)]))
    assert [row[0] for row in people(store)] == ["Bob Brown"]


# Two cards


ONE_PERSON = {
    "an address in two books": (card("c1", "Alice Example", ALICE), card("d1", "Example, Alice", ALICE, "+4930777")),
    "a number in two books": (card("c1", "Alice Example", "+4930777"), card("d1", "Alice Example", "+4930777", ALICE)),
    "a given name in two books": (card("c1", "Bob Smith", ALICE), card("d1", "Robert Smith", ALICE)),
    "umlauts and titles": (card("c1", "Prof. Dr. Jürgen Müller", ALICE), card("d1", "Juergen Mueller", ALICE, "+4930777")),
    "a card without a name": (card("c1", "Alice Example", ALICE), card("d1", None, ALICE, BOB)),
    "an office's address beside her own": (
        card("c1", "Alice Example", "info@example.org", ALICE),
        card("d1", "Alice Example", ALICE, "info@example.org"),
    ),
}


@pytest.mark.parametrize("cards", ONE_PERSON.values(), ids=ONE_PERSON)
def test_two_address_books_know_one_person(store: Store, cards: tuple[Card, Card]) -> None:
    capture(store, Scripted.of([cards[0]]), "home")
    capture(store, Scripted.of([cards[1]]), "work")
    assert len(people(store)) == 1
    assert replay(store, me) == 0
    assert len(people(store)) == 1


TWO_PEOPLE = {
    "a family's address": (card("c1", "Anna Smith", SHARED, ALICE), card("c2", "Peter Smith", SHARED, BOB)),
    "a family's number": (card("c1", "Anna Smith", "+4930777", ALICE), card("c2", "Peter Smith", "+4930777", BOB)),
    "an address handed on": (card("c1", "Anna Smith", SHARED, ALICE), card("c2", "Bob Brown", SHARED, BOB)),
    "an office": (card("c1", "Anna Smith", "info@example.org", ALICE), card("c2", "Anna Smith", "info@example.org", BOB)),
    "a robot": (card("c1", "Anna Smith", "no-reply@x.example", ALICE), card("c2", "Anna Smith", "no-reply@x.example", BOB)),
    "a number without a country": (card("c1", "Anna Smith", "110", ALICE), card("c2", "Anna Smith", "110", BOB)),
    "one name": (card("c1", "Anna Smith", ALICE), card("c2", "Anna Smith", BOB)),
}  # fmt: skip


@pytest.mark.parametrize("cards", TWO_PEOPLE.values(), ids=TWO_PEOPLE)
@pytest.mark.parametrize("written", [True, False])
def test_two_cards_of_one_book_that_are_named_otherwise_are_two_people(
    store: Store, cards: tuple[Card, Card], written: bool
) -> None:
    to = {h.handle.value for h in cards[0].handles} & {h.handle.value for h in cards[1].handles}
    to = {each for each in to if "@" in each}
    letters = [mail(1, ME, sorted(to))] if written and to else []
    capture(store, Scripted.of(cards, letters))
    mine = [each for each in people(store) if f"email:{ALICE}" in each[1] or f"email:{BOB}" in each[1]]
    assert [each[1] for each in mine] in ([[f"email:{ALICE}"], [f"email:{BOB}"]], [[f"email:{BOB}"], [f"email:{ALICE}"]])
    # what is shared, and was written to, goes on by itself
    reached = {handle.partition(":")[2] for each in people(store) if each not in mine for handle in each[1]}
    assert reached == {each for each in to if letters and not each.startswith("no-reply")}


def test_a_number_in_two_books_under_two_given_names_is_a_familys(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "Anna Smith", "+4930777")]), "home")
    capture(store, Scripted.of([card("d1", "Peter Smith", "+4930777")]), "work")
    assert [each[0] for each in people(store)] == ["Anna Smith", "Peter Smith"]


def test_a_card_of_one_word_does_not_make_one_of_two_who_are_named_otherwise(store: Store) -> None:
    cards = [card("c1", "Anna", ALICE, BOB), card("c2", "Anna Smith", ALICE), card("c3", "Anna Brown", BOB)]
    capture(store, Scripted.of(cards))
    assert [(name, handles) for name, handles, _ in people(store)] == [("Anna", []), ("Anna Brown", []), ("Anna Smith", [])]


def test_a_link_of_the_matchers_gives_way_to_cards_and_the_users_does_not(store: Store) -> None:
    cards = [card("c1", "Anna Smith", ALICE), card("c2", "Bob Brown", BOB)]
    asked = mail(1, ME, [party("to", ALICE, "Anna Smith")], days=2)
    capture(store, Scripted.of(cards, [asked, mail(2, party("from", BOB, "Anna Smith"), answers=1), mail(3, ME, BOB)]))
    with store.read() as reader:
        assert [row[3] for table, _, rows in reader.export() if table == "decision" for row in rows] == ["link"]
    assert len(people(store)) == 2
    unite(store, ALICE, BOB)
    assert [(each[1], each[2]) for each in people(store)] == [([f"email:{ALICE}", f"email:{BOB}"], "wrote")]


def test_what_was_linked_is_linked_beyond_a_card(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "Anna Smith", ALICE, "+4930777"), mail(1, ME, [ALICE, BOB])]))
    unite(store, ALICE, BOB)
    assert people(store) == [("Anna Smith", [f"email:{ALICE}", f"email:{BOB}", "phone:+4930777"], "wrote")]
    capture(store, Scripted.of([], [Gone("c1")]))
    assert [each[1] for each in people(store)] == [[f"email:{ALICE}", f"email:{BOB}"]]


# A card that changes, or goes


def test_what_only_the_card_held_leaves_with_it_and_the_rest_stays_under_its_number(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, BOB)], [card("c1", "Bob Brown", BOB, "bob@work.example", "+4930777")]))
    capture(store, Scripted.of([], [], [card("c1", "Bob Brown", BOB)]))
    assert people(store) == [("Bob Brown", [f"email:{BOB}"], "wrote")]
    capture(store, Scripted.of([], [], [], [Gone("c1")]))
    assert people(store) == [(BOB, [f"email:{BOB}"], "wrote")]
    assert numbers(store) == {BOB: 1}
    found = tables(store)
    assert [row[1] for row in found["handle"]] == [BOB, ME]
    assert found["called"] == found["card tags"] == []


def test_who_was_a_person_by_a_card_alone_is_nobody_without_it_and_themselves_when_it_is_back(store: Store) -> None:
    book = card("c1", "Bob Brown", BOB)
    capture(store, Scripted.of([card("c0", "Alice Example", ALICE), book], [Gone("c1")]))
    assert [each[0] for each in people(store, everybody=True)] == ["Alice Example"]
    capture(store, Scripted.of([], [], [book]))
    assert numbers(store) == {"Alice Example": 1, "Bob Brown": 2}


def test_a_card_that_changes_its_only_address_is_the_same_person(store: Store) -> None:
    capture(store, Scripted.of([card("c1", "Bob Brown", BOB)], [card("c1", "Bob Brown", "bob@work.example")]))
    assert people(store) == [("Bob Brown", ["email:bob@work.example"], "card")]
    assert numbers(store) == {"Bob Brown": 1}
    replay(store, me)
    assert numbers(store) == {"Bob Brown": 1}


def test_what_was_decided_about_two_holds_for_the_one_they_are_and_is_theirs_again_afterwards(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, ALICE), mail(2, ME, BOB)]))
    with store.write() as tx:
        add_tags(tx, 1, ["choir"])
        add_tags(tx, 2, ["work"])
        set_cadence(tx, 2, 7.0)
    both = card("c1", "Alice Example", ALICE, BOB)
    capture(store, Scripted.of([], [both]))
    with store.read() as reader:
        person = reader.person(1) or {}
        assert (person["tags"], person["cadence_days"]) == (["choir", "work"], 7.0)
        assert reader.find("2")[0]["person_id"] == 1
        assert [row["tags"] for row in reader.people(True, None, {})] == [["choir", "work"]]
    replay(store, me)
    capture(store, Scripted.of([], [], [Gone("c1")]))
    with store.read() as reader:
        found = {row["person_id"]: (row["tags"], row["cadence_days"]) for row in reader.people(True, None, {})}
    assert found == {1: (["choir"], None), 2: (["work"], 7.0)}


def test_what_is_decided_about_one_who_is_several_holds_for_them_all(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, ALICE), mail(2, ME, BOB)]))
    with store.write() as tx:
        add_tags(tx, 2, ["work"])
        set_cadence(tx, 2, 7.0)
    capture(store, Scripted.of([], [card("c1", "Alice Example", ALICE, BOB)]))
    with store.write() as tx:
        set_cadence(tx, 1, 30.0)
        remove_tags(tx, 1, ["work"])
    with store.read() as reader:
        person = reader.person(1) or {}
        assert (person["tags"], person["cadence_days"]) == ([], 30.0)


def test_tags_of_a_card_are_the_persons_as_long_as_the_card_has_them(store: Store) -> None:
    book = card("c1", "Bob Brown", BOB, tags=("Work", "Climbing  Club"))
    capture(store, Scripted.of([book, mail(1, ME, BOB)]))
    with store.write() as tx:
        add_tags(tx, 1, ["friends"])
    with store.read() as reader:
        assert (reader.person(1) or {})["tags"] == ["climbing club", "friends", "work"]
        assert [row["because"] for row in reader.overdue(NOW.replace(year=2027), None, {"work": 2.0})] == ["tag work"]
        assert reader.people(False, None, {}, "work")
    assert everything(store)["tag"] == [(1, "friends")]
    capture(store, Scripted.of([], [replace(book, tags=())]))
    with store.read() as reader:
        assert (reader.person(1) or {})["tags"] == ["friends"]


# In whatever order


def world(random: Random) -> tuple[list[Observation], list[tuple[str, list[Card]]]]:
    """Mail, meetings, and what is on the cards of two address books."""
    addresses = [f"{name}@example.org" for name in "abcdefgh"] + ["info@example.org", "no-reply@example.org"]
    numbers = ["+491", "+492", "+493"]
    said: list[Observation] = []
    for number in range(14):
        one, two = random.sample(addresses, 2)
        if number % 2:
            said.append(meeting(number, random.choice([ME, one]), [ME, two], me=random.choice(["accepted", "tentative"])))
        elif random.random() < 0.5:
            said.append(mail(number, ME, [one, two], days=number))
        else:
            said.append(mail(number, party("from", one, random.choice([None, "Anna Smith"])), days=number))
    names = ["Anna Smith", "Anna Smith", "Anna", "Peter Smith", "Bob Brown", None]
    books = []
    for book in ("home", "work"):
        cards = []
        for number in range(random.randint(0, 5)):
            held = random.sample(addresses, random.randint(0, 3)) + random.sample(numbers, random.randint(0, 1))
            cards.append(card(f"{book}/{number}", random.choice(names), *held, tags=tuple(random.sample("xyz", 1))))
        books.append((book, cards))
    return said, books


def read(store: Store, parts: Sequence[tuple[str, Sequence[Observation]]], random: Random) -> None:
    """Each source's observations in pages of any size, the sources by turns."""
    scripts = {name: Scripted.of() for name, _ in parts}
    pages = []
    for name, observations in parts:
        left = list(observations)
        while left:
            size = random.choice([2, 5, 9])
            pages.append((name, left[:size]))
            left = left[size:]
    order = [name for name, _ in pages]
    random.shuffle(order)
    queues = {name: [page for each, page in pages if each == name] for name in scripts}
    for name in order:
        scripts[name].say(*queues[name].pop(0))
        assert capture(store, scripts[name], name).state == "ok"


@pytest.mark.parametrize("seed", range(8))
def test_who_is_who_does_not_depend_on_what_was_read_first_nor_on_what_was_believed_before(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    said, books = world(random)
    found = []
    for turn in range(3):
        store = Store(tmp_path / f"{turn}.duckdb")
        shuffled = random.sample(said, len(said))
        parts: list[tuple[str, Sequence[Observation]]] = [("mail", shuffled)]
        for book, cards in books:
            mixed: list[Observation] = list(random.sample(cards, len(cards)))
            if turn:  # other cards were there before, and some of these were withdrawn for a while
                held = random.sample(["a@example.org", "b@example.org", "+491"], 2)
                others = [card(c.native_id, "Bob Brown", *held) for c in cards]
                gone = [Gone(c.native_id) for c in random.sample(cards, len(cards) // 2)]
                mixed = [*others, *gone, Gone(f"{book}/"), *mixed]
            parts.append((book, mixed))
        read(store, parts, random)
        found.append(tables(store))
        ids, whose = everything(store), owners(store)
        assert replay(store, me) == 0
        assert {**tables(store), "own": []} == found[-1]
        after = everything(store)
        assert (after["person ids"], after["handle ids"]) == (ids["person ids"], ids["handle ids"])
        assert owners(store) == whose
    assert found[0] == found[1] == found[2]


def owners(store: Store) -> dict[str, int]:
    connection = connect(store.path, write=False, patience=5)
    try:
        return dict(connection.execute("SELECT DISTINCT canonical, person_id FROM handle").fetchall())
    finally:
        connection.close()
