"""Whoever pretends to be somebody is not linked to them: forged names, addresses that look alike, answers led elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from capture.match import canonical
from connectors.base import Handle, Interaction
from store import log
from tests.scripted import Scripted
from tests.small_world import ME, InMemory, capture, mail, party

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


@pytest.mark.parametrize("address", LOOKALIKES)
def test_what_looks_alike_is_another_mailbox(address: str) -> None:
    assert canonical(Handle("email", address)) != canonical(Handle("email", REAL))
