"""The matcher links by strong evidence only, says why, and leaves alone what speaks against it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capture.evidence import LINK, SUGGEST
from capture.link import scored
from capture.names import words
from capture.replay import replay
from connectors.base import Gone, Interaction
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, capture, mail, me, meeting, party

OLD, NEW = "alice@work.example", "alice.example@home.example"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Alice Example", "alice example"),
        ("Example, Alice", "alice example"),
        ("Dr. Zoë  Müller (Acme)", "zoe muller"),
        ("'Alice Example'", "alice example"),
        ("佐藤 花子", "佐藤 花子"),
        ("A. Example", "a example"),
        ("alice@example.org", ""),
        ("Alice Example via Dev List", ""),
        ("Maria Via Example", "maria via example"),
        ("", ""),
    ],
)
def test_names_are_compared_in_their_plainest_form(name: str, expected: str) -> None:
    assert " ".join(words(name)) == expected


def conversation(answer_name: str = "Alice Example", to_name: str | None = "Alice Example") -> list[Interaction]:
    return [
        mail(1, ME, [party("to", OLD, to_name)], days=2),
        mail(2, party("from", NEW, answer_name), answers=1, days=1),
    ]


def people(store: Store) -> list[list[str]]:
    with store.read() as reader:
        return sorted(row["handles"] for row in reader.people(True, None, {}) if row["person_id"] is not None)


def decisions(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    with store.read() as reader:
        rows = next(list(rows) for table, _, rows in reader.export() if table == "decision")
    return [(row[2], row[3], json.loads(row[6])) for row in rows]


@pytest.mark.parametrize("turned", [False, True])
def test_an_answer_from_elsewhere_under_the_same_full_name_links(store: Store, turned: bool) -> None:
    said = conversation()
    capture(store, Scripted.of(*[[each] for each in (reversed(said) if turned else said)]))
    assert [sorted(handles) for handles in people(store)] == [[f"email:{NEW}", f"email:{OLD}"]]
    by, what, evidence = decisions(store)[0]
    assert (by, what) == ("matcher", "link")
    assert evidence["features"] == ["same name", "in one conversation"]


@pytest.mark.parametrize(
    "said",
    [
        conversation(answer_name="Bob Example"),
        conversation(answer_name="Alice"),
        # a list answers in her name
        conversation(answer_name="Alice Example via Dev List"),
        conversation(to_name=None),
        # she was among those whom it was sent to: two people, or two addresses that the user knows apart
        [
            mail(1, ME, [party("to", OLD, "Alice Example"), party("to", NEW, "Alice Example")], days=2),
            mail(2, party("from", NEW, "Alice Example"), answers=1),
        ],
        # two by that name were asked
        [
            mail(1, ME, [party("to", OLD, "Alice Example"), party("to", "alice@other.example", "Alice Example")], days=2),
            mail(2, party("from", NEW, "Alice Example"), answers=1),
        ],
        # the address is also somebody else's
        [*conversation(), mail(3, party("from", OLD, "Bob Example"))],
        # an office answers in her name
        [
            mail(1, ME, [party("to", OLD, "Alice Example")], days=2),
            mail(2, party("from", "info@work.example", "Alice Example"), answers=1),
        ],
        # the same name, but no answer
        [mail(1, ME, [party("to", OLD, "Alice Example")], days=2), mail(2, party("from", NEW, "Alice Example"))],
    ],
)
def test_nothing_is_linked_where_something_speaks_against_it(store: Store, said: list[Interaction]) -> None:
    capture(store, Scripted.of(said))
    assert all(len(handles) == 1 for handles in people(store))
    assert decisions(store) == []


def test_a_link_is_made_once_and_outlasts_a_replay(store: Store) -> None:
    source = Scripted.of(conversation())
    capture(store, source)
    before = people(store)
    source.say(mail(9, party("from", NEW, "Alice Example"), answers=1))
    capture(store, source)
    assert replay(store, me) == 0
    assert people(store) == before
    assert len(decisions(store)) == 1


def test_an_answer_that_gets_the_number_of_what_was_withdrawn_links_as_well(store: Store) -> None:
    """The numbers of interactions are counted on from the last one, also where that is gone."""
    asked, answered = conversation()
    source = Scripted.of([asked, meeting(7, ME, ["bob@example.org"], native="event")])
    capture(store, source)
    source.say(Gone("event"))
    source.say(answered)
    capture(store, source)
    with store.read() as reader:
        assert reader.connection.execute("SELECT max(id) FROM interaction").fetchone() == (2,)
    assert [what for _, what, _ in decisions(store)] == ["link"]
    assert [sorted(handles) for handles in people(store)] == [[f"email:{NEW}", f"email:{OLD}"]]


def test_two_people_become_the_one_who_was_there_first_with_tags_and_cadence(store: Store) -> None:
    """The user wrote to both addresses before anything showed that they are one person's."""
    source = Scripted.of([mail(5, ME, [party("to", OLD, "Alice Example")]), mail(6, ME, [party("to", NEW, "Alice Example")])])
    capture(store, source)
    with store.write() as tx:
        ids = [row[0] for row in tx.execute("SELECT person_id FROM handle WHERE NOT own ORDER BY person_id")]
        tx.execute("INSERT INTO tag VALUES (?, 'friend'), (?, 'friend'), (?, 'work')", [ids[0], ids[1], ids[1]])
        tx.execute("INSERT INTO cadence VALUES (?, 30)", [ids[1]])
    source.say(*conversation())
    capture(store, source)
    with store.read() as reader:
        (row,) = reader.people(True, None, {})
    assert (row["person_id"], sorted(row["tags"]), row["cadence_days"]) == (ids[0], ["friend", "work"], 30)


def test_a_link_is_taken_back_when_something_comes_to_speak_against_it(store: Store) -> None:
    source = Scripted.of(conversation())
    capture(store, source)
    source.say(mail(3, party("from", OLD, "Bob Brown")))
    capture(store, source)
    assert all(len(handles) == 1 for handles in people(store))
    assert [(by, what) for by, what, _ in decisions(store)] == [("matcher", "link"), ("matcher", "unlink")]


def test_correspondents_in_common_are_asked_about_and_link_nobody_by_themselves(store: Store) -> None:
    friends = [party("to", "bob@example.org"), party("to", "carol@example.org")]
    letters = [
        mail(1, ME, [party("to", OLD, "Alice Example"), *friends]),
        mail(2, ME, [party("to", NEW, "Example, Alice")]),
    ]
    source = Scripted.of(letters)
    capture(store, source)
    assert decisions(store) == []
    source.say(mail(3, ME, [party("to", NEW, "Example, Alice"), *friends]))
    capture(store, source)
    assert decisions(store) == []
    assert all(len(handles) == 1 for handles in people(store))
    with store.write() as tx:
        assert [{each.a, each.b} for each in scored(tx.connection, SUGGEST)] == [{f"email:{NEW}", f"email:{OLD}"}]


@pytest.mark.parametrize("other", ["alice@home.example", "alice@work-group.example"])
@pytest.mark.parametrize("circle", [2, 3])
def test_nor_do_they_beside_a_rare_name_and_a_like_address_that_weigh_enough(store: Store, other: str, circle: int) -> None:
    friends = [party("to", f"{each}@example.org") for each in ("bob", "carol", "dora")[:circle]]
    # without others beside, no name is rare
    many = [mail(10 + n, ME, [party("to", f"x{n}@example.org", f"Fo{c}ka Ga{c}tor")]) for n, c in enumerate("bcdfglmnprstvxzh")]
    alice = [mail(n, ME, [party("to", address, "Alice Example"), *friends]) for n, address in enumerate((OLD, other), 1)]
    capture(store, Scripted.of([*many, *alice]))
    assert decisions(store) == []
    with store.write() as tx:
        assert [{each.a, each.b} for each in scored(tx.connection, LINK)] == [{f"email:{OLD}", f"email:{other}"}]


def test_whoever_forges_a_name_may_copy_in_whom_they_like(store: Store) -> None:
    friends = [party("to", "bob@example.org"), party("to", "carol@example.org"), party("to", "dora@example.org")]
    letters = [
        mail(1, ME, [party("to", OLD, "Alice Example"), *friends]),
        mail(2, party("from", "alice@evil.example", "Alice Example"), [ME, *friends]),
    ]
    capture(store, Scripted.of(letters))
    assert decisions(store) == []
