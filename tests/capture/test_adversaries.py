"""Whoever pretends to be somebody is not linked to them: forged names, addresses that look alike, answers led elsewhere.

Nor is who only has nearly the same name: brother and sister, husband and wife, who share a family name, friends and answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from capture.decide import suggestions
from capture.match import canonical
from connectors.base import Handle, Interaction
from store import log
from tests.scripted import Scripted
from tests.small_world import ME, InMemory, capture, card, mail, party

NAMES = ["Alice Example", "Zoë Müller-Lüdenscheidt", "Алексей Белов", "佐藤 花子", "Bartholomew Quickenbush"]
REAL = "a.example@work.example"
FRIENDS = ["bob@friends.example", "carol@friends.example", "dora@friends.example"]
LOOKALIKES = [
    "\u0430.example@work.example",  # a Cyrillic letter
    "a.ex\u0430mple@work.example",
    "a.example@w\u043erk.example",
    "a.example@xn--wrk-sed.example",
    "a.exarnple@work.example",
    "a-example@work.example",
    "a.example@work.example.evil.example",
    "a.example@work-example.evil",
    "a.example%work.example@evil.example",
    "a.example2@work.example",
]
ELSEWHERE = ["a.example@free.example", "ceo.office@evil.example", "a.example.work@mail.example", "aexample@gmail.com"]


def known(name: str) -> list[Interaction]:
    """Somebody with whom the user has been in touch for long, among friends."""
    return [
        mail(1, ME, [party("to", REAL, name), *(party("cc", friend) for friend in FRIENDS)], days=30),
        mail(2, party("from", REAL, name), [ME, *FRIENDS], days=29, answers=1),
        mail(3, ME, [party("to", REAL, name)], days=20),
        mail(4, party("from", REAL, name), days=19, answers=3),
    ]


def forged(address: str, name: str) -> Iterator[list[Interaction]]:
    """What an impostor may send who knows names and addresses, and no Message-ID of the user's mail."""
    sender = party("from", address, name)
    yield [mail(10, sender), mail(11, sender, days=1)]
    yield [mail(10, sender, [ME, *FRIENDS])]
    yield [mail(10, party("from", REAL, name), reply_to=(address,)), mail(11, sender, [ME, *FRIENDS])]
    yield [mail(10, sender, [party("to", ME), party("cc", REAL, name)], list_id="friends.example")]


COUPLES = [
    ("Paul", "Paula"), ("Daniel", "Daniela"), ("Jan", "Jana"), ("Andreas", "Andrea"), ("Simon", "Simone"),
    ("Christian", "Christiane"), ("Martin", "Martina"), ("Alex", "Alexa"), ("Mario", "Maria"), ("Erik", "Erika"),
    ("Robert", "Roberta"), ("Gabriel", "Gabriele"), ("Louis", "Louise"), ("Ivan", "Ivana"), ("Aleksandr", "Aleksandra"),
    ("Alexander", "Alexandra"), ("Michael", "Michaela"), ("Stefan", "Stefanie"), ("Julian", "Juliane"), ("Julius", "Julia"),
    ("Emil", "Emilia"), ("Jean", "Jeanne"), ("René", "Renée"), ("André", "Andrée"), ("Michele", "Michelle"),
    ("Daniele", "Danielle"), ("Francesco", "Francesca"), ("Georg", "Georgina"), ("Joseph", "Josephine"), ("Leon", "Leonie"),
    ("Francis", "Frances"), ("Александр", "Александра"), ("Евгений", "Евгения"), ("Ян", "Яна"), ("Pavel", "Pavla"),
    # a short name may be either's
    ("Alex", "Alexander"), ("Alex", "Alexandra"), ("Sasha", "Aleksandra"), ("Chris", "Christine"), ("Robin", "Robert"),
    ("Toni", "Antonia"), ("Max", "Maximilian"), ("Anna", "Anne"), ("Nina", "Mina"),
    # these sound alike
    ("Joe", "Jo"), ("Louis", "Lois"), ("Tony", "Toni"), ("Robin", "Robyn"),
]  # fmt: skip
"""Given names of two who have one family name."""

FAMILIES = [
    ("Petrov", "Petrova"), ("Kowalski", "Kowalska"), ("Novák", "Nováková"), ("Достоевский", "Достоевская"), ("Lang", "Lange"),
    ("Peter", "Peters"), ("Schmid", "Schmidt"),
]  # fmt: skip
"""Family names of two who have one given name."""

NEARLY = [
    *((f"{he} Meierhofer", f"{she} Meierhofer") for he, she in COUPLES),
    *((f"Sasha {his}", f"Sasha {hers}") for his, hers in FAMILIES),
    ("Ann Aberg", "Anna Berg"),
    ("Aleksandr Petrov", "Aleksandra Petrova"),
]
"""Two people each, whose names are nearly one."""

CASES = list(product([*LOOKALIKES, *ELSEWHERE], range(4)))
"""Each is tried with every name."""


def test_there_are_enough_cases() -> None:
    assert len(CASES) * len(NAMES) >= 200


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_linked_to_whom_they_pretend_to_be(name: str) -> None:
    """Each impostor comes into a world of their own, in which only the one whom they pretend to be is known."""
    store = InMemory()
    capture(store, Scripted.of(known(name)))
    tried = 0
    for address, way in CASES:
        letters = list(forged(address, name))[way]
        with store.trial():
            assert capture(store, Scripted.of(letters), "later").captured == len(letters)
            with store.read() as reader:
                assert log.links(reader.connection) == {}
                whose = dict(reader.connection.execute("SELECT value, person_id FROM handle WHERE NOT own").fetchall())
            assert whose[REAL] is not None
            assert whose[Handle("email", address).value] != whose[REAL]
        tried += 1
    assert tried == len(CASES)


def test_the_one_who_answers_is_linked_so_that_a_link_would_be_seen() -> None:
    """The same world links whoever answers the user's mail from another address, which no impostor can."""
    store = InMemory()
    capture(store, Scripted.of(known(NAMES[0])))
    with store.trial():
        capture(store, Scripted.of([mail(10, party("from", ELSEWHERE[0], NAMES[0]), answers=3)]), "later")
        with store.read() as reader:
            assert len(log.links(reader.connection)) == 1


@pytest.fixture(scope="module")
def crowded() -> InMemory:
    """A world with others in it, beside whom a name is rare."""
    store = InMemory()
    some = [mail(50 + n, ME, [party("to", f"x{n}@example.org", f"Fo{c}ka Ga{c}tor")]) for n, c in enumerate("bcdfglmnprst")]
    capture(store, Scripted.of(some))
    return store


@pytest.mark.parametrize(("one", "other"), NEARLY)
def test_who_answers_for_somebody_of_nearly_the_same_name_is_not_linked_to_them(
    crowded: InMemory, one: str, other: str
) -> None:
    """Both have the same friends, and addresses that are alike."""
    friends = [party("cc", friend) for friend in FRIENDS]
    dinner = [
        mail(1, ME, [party("to", "zuckerhut@one.example", one), *friends], days=9),
        mail(2, party("from", "zuckerhut@two.example", other), [ME, *FRIENDS], days=8, answers=1),
        mail(3, ME, [party("to", "zuckerhut@two.example", other), *friends], days=7),
    ]
    with crowded.trial():
        capture(crowded, Scripted.of(dinner), "later")
        with crowded.read() as reader:
            assert log.links(reader.connection) == {}


def test_nobody_is_linked_to_the_address_that_their_wife_uses_too(crowded: InMemory) -> None:
    dinner = [
        mail(1, ME, [party("to", "paul@one.example", "Paul Meierhofer")], days=9),
        mail(2, party("from", "home@two.example", "Paul Meierhofer"), days=8, answers=1),
    ]
    with crowded.trial():
        capture(crowded, Scripted.of(dinner), "later")
        with crowded.read() as reader:
            assert len(log.links(reader.connection)) == 1
        capture(crowded, Scripted.of([mail(3, party("from", "home@two.example", "Paula Meierhofer"))]), "last")
        with crowded.read() as reader:
            assert log.links(reader.connection) == {}


@pytest.mark.parametrize("other", ["Anna Smith", "Petra Smith"])
def test_a_couples_address_in_two_books_makes_nobody_one(other: str) -> None:
    store = InMemory()
    capture(store, Scripted.of([card("c1", "Peter Smith", "smith@example.org", "peter@example.org")]), "home")
    capture(store, Scripted.of([card("d1", other, "smith@example.org", "she@example.org")]), "work")
    with store.read() as reader:
        found = {row["name"]: row["handles"] for row in reader.people(False, None, {})}
    assert found == {"Peter Smith": ["email:peter@example.org"], other: ["email:she@example.org"]}
    # nor does a card between them
    capture(store, Scripted.of([card("e1", "Smith", "peter@example.org", "she@example.org")]), "third")
    with store.read() as reader:
        assert {other, "Peter Smith"} <= {row["name"] for row in reader.people(False, None, {})}


def test_a_womans_family_name_is_a_question_and_only_where_more_speaks_for_it() -> None:
    store = InMemory()
    capture(
        store,
        Scripted.of([
            mail(1, ME, [party("to", "anna@one.example", "Anna Petrov")]),
            mail(2, ME, [party("to", "ap@two.example", "Anna Petrova")]),
        ]),
    )
    with store.read() as reader:
        assert suggestions(reader.connection) == []
    capture(store, Scripted.of([mail(3, party("from", "ap@two.example", "Anna Petrova"), answers=1)]), "later")
    with store.read() as reader:
        (found,) = suggestions(reader.connection)
        assert "names but for a feminine ending" in found.scored.features


@pytest.mark.parametrize("address", LOOKALIKES)
def test_what_looks_alike_is_another_mailbox(address: str) -> None:
    assert canonical(Handle("email", address)) != canonical(Handle("email", REAL))
