"""How far two names agree, how an address is made from one, and by which keys handles are found that may be one person's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.letters import skeleton
from capture.likeness import likeness, made_from, name_key, named
from capture.profile import Profile, blocks


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("Alice Example", "Example, Alice", "same"),
        ("Dr. Käthe Lorenz", "Käthe LORENZ (Acme)", "same"),
        ("Müller, Jürgen", "Juergen Mueller", "sound"),
        ("Алексей Белов", "Aleksey Belov", "sound"),
        ("Юлия Щербакова", "Julia Shcherbakova", "sound"),
        ("Łukasz Żuriński", "Lukasz Zurinski", "sound"),
        ("Hans-Peter Wolf", "Hans Peter Wolf", "sound"),
        ("佐藤 花子", "花子 佐藤", "same"),
        ("Alice M. Example", "Alice Example", "middle"),
        ("Ludwig van Beethoven", "Ludwig Beethoven", "middle"),
        ("Maria Garcia Lopez", "Maria Garcia", "middle"),
        ("Bob Jones", "Robert Jones", "nickname"),
        ("Дима Попов", "Dmitry Popov", "nickname"),
        ("Chris Jones", "Christopher Jones", "nickname"),
        ("A. Example", "Alice Example", "initial"),
        ("Alise Exampel", "Alice Exampel", "sound"),
        ("Nina Example", "Mina Example", "typo"),
        ("Paul Example", "Paula Example", "feminine"),
        ("Mario Example", "Maria Example", "feminine"),
        ("René Example", "Renée Example", "feminine"),
        ("Anna Petrov", "Anna Petrova", "feminine"),
        ("Anna Kowalski", "Anna Kowalska", "feminine"),
        ("Anna Example", "Anne Example", "nickname"),
        ("Alice", "Alice Example", "one word"),
        ("Bob", "Robert Jones", "one word"),
        # two people
        ("Alice Example", "Bob Example", "different"),
        ("John Smith Jr.", "John Smith", "different"),
        ("John Smith Sr.", "John Smith Jr.", "different"),
        ("Michael J. Smith", "Michael K. Smith", "different"),
        ("Anna Weber", "Anna Schmidt", "different"),
        ("Ann Aberg", "Anna Berg", "different"),
        ("Bob", "Alice Example", "different"),
        # nothing that could be compared
        ("alice@example.org", "Alice Example", "unknown"),
        ("", "Alice Example", "unknown"),
    ],
)
def test_two_names_agree_so_far(a: str, b: str, expected: str) -> None:
    assert likeness(a, b) == expected
    assert likeness(b, a) == expected


@pytest.mark.parametrize(
    ("local", "name", "expected"),
    [
        ("kaethe.lorenz", "Käthe Lorenz", "whole"),
        ("kathe_lorenz_02", "Käthe Lorenz", "whole"),
        ("lorenz-kaethe", "Käthe Lorenz", "whole"),
        ("grantleehoffman", "Grant Hoffman", "whole"),
        ("abelov", "Алексей Белов", "initial"),
        ("belova", "Алексей Белов", "initial"),
        ("a.belov2", "Алексей Белов", "initial"),
        ("lorenz", "Käthe Lorenz", "one word"),
        ("siggy", "Andrew Seigner", "no"),
        ("info", "Andrew Seigner", "no"),
        ("kaethe", "alice@example.org", "no"),
    ],
)
def test_an_address_is_made_from_a_name(local: str, name: str, expected: str) -> None:
    assert made_from(local, name) == expected


@pytest.mark.parametrize("name", ["Alice Example", "佐藤 花子", "Van Vo"])
def test_a_full_name_has_two_words(name: str) -> None:
    assert named(name)
    assert name_key(name)


@pytest.mark.parametrize("name", ["Alice", "A. Example", "A B", "", "alice@example.org x"])
def test_one_word_and_an_initial_are_no_full_name(name: str) -> None:
    assert not named(name)
    assert name_key(name) == ""


@given(st.text(max_size=40), st.text(max_size=40))
def test_anything_can_be_compared_and_both_ways_alike(a: str, b: str) -> None:
    assert likeness(a, b) == likeness(b, a)
    skeleton(a)
    made_from(a, b)


def profile(address: str, *names: str) -> Profile:
    return Profile(f"email:{address}", "wrote", dict.fromkeys(names, 1))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (profile("a@x.example", "Alice Example"), profile("b@y.example", "Example, Alice")),
        (profile("a@x.example", "Bob Jones"), profile("b@y.example", "Robert Jones")),
        (profile("a@x.example", "Jürgen Müller"), profile("b@y.example", "Juergen Mueller")),
        (profile("a@x.example", "Alice Example"), profile("alice.example@y.example")),
        (profile("a@x.example", "Alice Example"), profile("aexample@y.example")),
        (profile("zuckerhut@x.example"), profile("zuckerhut@y.example")),
    ],
)
def test_who_may_be_one_person_shares_a_key(a: Profile, b: Profile) -> None:
    assert blocks(a) & blocks(b)


def test_an_office_and_a_short_local_part_share_none_by_their_address() -> None:
    assert not blocks(profile("info@x.example")) & blocks(profile("info@y.example"))
    assert not blocks(profile("bob@x.example")) & blocks(profile("bob@y.example"))


def test_an_address_that_two_people_write_from_is_several() -> None:
    assert profile("family@x.example", "Alice Example", "Bob Example").several
    assert not profile("a@x.example", "Alice Example", "Alice M. Example", "Example, Alice").several
