"""Who is linked to whom follows from the facts alone: not from the order or the size of pages, nor from when it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from capture.replay import replay
from connectors.base import Interaction
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, InMemory, capture, mail, me, party

HANDLES = ["alice@home.example", "alice@work.example", "a.example@x.example", "bob@x.example", "bob@y.example", "info@y.test"]
NAMES = ["Alice Example", "Example, Alice", "Ally Example", "Bob Brown", "Robert Brown", "Alice", None]


@st.composite
def letters(draw: st.DrawFn) -> list[Interaction]:
    """Mail between the user and a few who go by few names, in few conversations."""
    made = []
    for number in range(draw(st.integers(4, 14))):
        mine = draw(st.booleans())
        them = draw(st.lists(st.sampled_from(HANDLES), min_size=1, max_size=3, unique=True))
        others = [party("to", each, draw(st.sampled_from(NAMES))) for each in them]
        sender = party("from", ME) if mine else party("from", them[0], others[0].name)
        answers = draw(st.one_of(st.none(), st.integers(0, number - 1))) if number else None
        to = others if mine else [party("to", ME), *others[1:]]
        by_list = not mine and draw(st.integers(0, 9)) == 0
        more = {"list_id": draw(st.sampled_from(["x.example", "info.y.test"]))} if by_list else {}
        made.append(mail(number, sender, to, days=draw(st.integers(0, 50)), answers=answers, **more))
    return made


def partition(store: Store) -> set[frozenset[str]]:
    with store.read() as reader:
        rows = reader.connection.execute(
            """SELECT list(DISTINCT canonical) FROM handle WHERE NOT own
               GROUP BY coalesce(person_id::VARCHAR, canonical)"""
        ).fetchall()
    return {frozenset(row[0]) for row in rows}


def captured(said: Sequence[Interaction], sizes: Sequence[int], polls: int) -> Store:
    """A database into which these came in pages of these sizes, in so many polls."""
    store, rest = InMemory(), list(said)
    pages: list[list[Interaction]] = []
    while rest:
        size = sizes[len(pages) % len(sizes)]
        pages.append(rest[:size])
        rest = rest[size:]
    source = Scripted.of()
    for n in range(polls):
        for page in pages[n::polls]:
            source.say(*page)
        capture(store, source)
    return store


@given(letters(), st.randoms(use_true_random=False), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_partition_depends_on_the_facts_alone(
    said: list[Interaction], random: object, sizes: list[int], polls: int
) -> None:
    one = captured(said, [100], 1)
    turned = list(said)
    random.shuffle(turned)  # type: ignore[attr-defined]
    other = captured(turned, sizes, polls)
    assert partition(other) == partition(one)
    replay(other, me)
    assert partition(other) == partition(one)
