"""Which spellings of a name may be one person's, and which speak against it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.names import agree

ONE = [
    ("Alice Example", "alice  EXAMPLE"),
    ("Alice Example", "Example, Alice"),
    ("Zoë Müller", "Zoe Muller"),
    ("Dr. Zoë Müller (Acme)", "Zoë Müller"),
    ("Prof. Dr. Zoë Müller", "Zoë Müller"),
    ("Prof.Dr. med. Zoë Müller", "Dr. Zoë Müller"),
    ("Müller, Dipl.-Ing. Zoë", "Zoë Müller"),
    ("Jürgen Müller", "Juergen Mueller"),
    ("Jürgen Müller", "Juergen Hans Mueller"),
    ("Søren Holm", "Soren Holm"),
    ("Łukasz Nowak", "Lukasz Nowak"),
    ("Đặng Lan", "Dang Lan"),
    ("Алексей Иванов", "Aleksey Ivanov"),
    ("Anne-Marie Petit", "Anne Marie Petit"),
    ("Pat O'Brien", "Pat O\u2019Brien"),
    ("山田 太郎", "山田太郎"),
    ("Anna Maria Müller", "Anna Müller"),
    ("Alice", "Alice Example"),
    ("Example", "Alice Example"),
    ("", "Alice Example"),
    (None, "Alice Example"),
    ("alice@example.org", "Bob Brown"),
]
TWO = [
    ("Alice Example", "Bob Example"),
    ("Anna Müller", "Peter Müller"),
    ("Robert Smith", "Bob Smith"),
    ("John Smith", "John Smith Jr"),
    ("Otto Meyer", "Karl Otto Meyer"),
    ("Mama", "Papa"),
    ("Alice", "Bob Brown"),
    ("Paul Müller", "Paula Mueller"),
    ("René Müller", "Renée Müller"),
    ("Michele Müller", "Michelle Müller"),
    ("Joe Miller", "Jo Miller"),
    ("Louis Miller", "Lois Miller"),
    ("Ann Aberg", "Anna Berg"),
    ("Anna Petrov", "Anna Petrova"),
    ("Dr. Zoë", "Dr. Bob"),
]


@pytest.mark.parametrize(("a", "b"), ONE)
def test_names_that_may_be_one_persons(a: str | None, b: str | None) -> None:
    assert agree(a, b)
    assert agree(b, a)


@pytest.mark.parametrize(("a", "b"), TWO)
def test_names_that_are_two_peoples(a: str, b: str) -> None:
    assert not agree(a, b)
    assert not agree(b, a)


def test_a_nickname_on_the_card_is_a_name_too() -> None:
    assert agree("Robert Smith", "Bob Smith", ("Bob",), ())
    assert agree("Bob Smith", "Robert Smith", (), ("Bob",))
    assert agree("Robert Smith", "Bobby", ("Bobby",), ())
    assert not agree("Robert Smith", "Bob Brown", ("Bob",), ())
    assert not agree("Robert Smith", "Bob Smith", ("Rob", ""), ())


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=10), max_size=2))
def test_any_two_texts_can_be_compared_either_way(a: str, b: str, nicknames: list[str]) -> None:
    assert agree(a, b, tuple(nicknames)) == agree(b, a, (), tuple(nicknames))
    assert agree(a, a)
