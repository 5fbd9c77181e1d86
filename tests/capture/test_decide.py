"""Whatever the user decides holds against the matcher, and undone again in any order it leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from capture.decide import Impossible, merge, not_same, split, suggestions, undo
from capture.replay import replay
from connectors.base import Gone, Observation
from store import log
from store.decide import add_tags, archive, hide, remove_tags, rename, set_cadence, show
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, NOW, InMemory, capture, card, mail, me, meeting, party

ALICE, ALICE_AT_WORK, BOB, CAROL = "alice@home.example", "alice@work.example", "bob@x.example", "carol@x.example"


def world() -> list[Observation]:
    """Two addresses of one name, a link of the matcher's, a card with two addresses, and others."""
    return [
        mail(1, ME, [party("to", ALICE, "Alice Example")]),
        mail(2, ME, [party("to", ALICE_AT_WORK, "Alice Example")]),
        mail(3, ME, [party("to", BOB, "Bob Brown")], days=3),
        mail(4, party("from", "bob@y.example", "Bob Brown"), answers=3),
        mail(5, ME, [party("to", CAROL)]),
        card("c1", "Dora Doe", "dora@x.example", "dora@y.example"),
        mail(6, ME, ["dora@y.example"]),
    ]


@pytest.fixture
def store() -> Store:
    made = InMemory()
    capture(made, Scripted.of(world()))
    return made


def everything_but_the_log(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The export, without the decisions themselves."""
    with store.read() as reader:
        return {table: sorted(map(tuple, rows), key=repr) for table, _, rows in reader.export() if table != "decision"}


def whose(store: Store) -> dict[str, int | None]:
    with store.read() as reader:
        rows = reader.connection.execute("SELECT value, person_id FROM handle WHERE NOT own ORDER BY id").fetchall()
    return dict(rows)


def test_what_the_user_merged_is_one_under_the_lower_number(store: Store) -> None:
    before = whose(store)
    with store.write() as tx:
        merge(tx, me, before[ALICE_AT_WORK] or 0, before[ALICE] or 0, {})
    assert whose(store)[ALICE_AT_WORK] == whose(store)[ALICE] == min(before[ALICE] or 0, before[ALICE_AT_WORK] or 0)


def test_what_the_user_split_stays_apart_from_the_matcher_and_through_a_replay(store: Store) -> None:
    before = whose(store)
    bob = before[BOB]
    assert before["bob@y.example"] == bob is not None
    with store.write() as tx:
        split(tx, me, bob, [f"email:{BOB}"])
    for _ in range(2):
        now = whose(store)
        assert now["bob@y.example"] == bob
        assert now[BOB] not in (bob, None)
        replay(store, me)


@pytest.mark.parametrize("together", [True, False])
def test_an_answer_about_somebody_just_merged_is_about_whom_they_are_now(store: Store, together: bool) -> None:
    before = whose(store)
    one, two, carol = (before[each] or 0 for each in (ALICE, ALICE_AT_WORK, CAROL))
    with store.write() as tx:
        merge(tx, me, one, two, {})
        (merge if together else not_same)(tx, me, max(one, two), carol, {})
    now = whose(store)
    assert now[ALICE] == now[ALICE_AT_WORK] == min(one, two)
    assert now[CAROL] == (min(one, two) if together else carol)
    with store.write() as tx:
        said = log.words(tx.connection)[-1]
        assert {*said.one, *said.other} == {f"email:{each}" for each in (ALICE, ALICE_AT_WORK, CAROL)}
        with pytest.raises(Impossible):
            merge(tx, me, one, two, {})


def listed(store: Store) -> dict[int, tuple[str, bool]]:
    """Name and whether they are hidden, of everybody whom the user has named or hidden."""
    with store.read() as reader:
        rows = [reader.person(row["person_id"]) or {} for row in reader.people(True, None, {}) if row["person_id"] is not None]
    return {row["person_id"]: (row["name"], row["hidden"]) for row in rows if row["hidden"] or row["name"] in ("One", "Two")}


def test_a_merge_keeps_how_either_was_called_and_hidden_and_the_newest_word_holds(store: Store) -> None:
    one, two = sorted((whose(store)[BOB] or 0, whose(store)[CAROL] or 0))
    with store.write() as tx:
        rename(tx, two, "Two")
        hidden = hide(tx, two)
        merge(tx, me, one, two, {})
    assert listed(store) == {one: ("Two", True)}
    replay(store, me)
    assert listed(store) == {one: ("Two", True)}
    with store.write() as tx:
        undo(tx, me, hidden)
        named = rename(tx, one, "One")
    assert listed(store) == {one: ("One", False)}
    with store.write() as tx:
        undo(tx, me, named)
    assert listed(store) == {one: ("Two", False)}
    with store.write() as tx:
        split(tx, me, one, [f"email:{CAROL}"])
    assert listed(store) == {two: ("Two", False)}


def test_what_was_merged_is_one_again_when_a_handle_that_had_gone_is_back() -> None:
    store = InMemory()
    mails = Scripted.of([mail(1, ME, [party("to", BOB, "Bob Brown")])])
    calendar = Scripted.of([meeting(2, ME, ["rb@y.example"], native="a")])
    book = Scripted.of([card("c", "R. B.", "rb@z.example")])
    for name, source in (("mail", mails), ("calendar", calendar), ("book", book)):
        capture(store, source, name)
    before = whose(store)
    bob = before[BOB] or 0
    with store.write() as tx:
        for other in ("rb@y.example", "rb@z.example"):
            merge(tx, me, bob, before[other] or 0, {})
    calendar.say(Gone("a"))
    book.say(Gone("c"))
    capture(store, calendar, "calendar")
    capture(store, book, "book")
    assert whose(store) == {BOB: bob}
    calendar.say(meeting(3, ME, ["rb@y.example"], native="b", days=1))
    capture(store, calendar, "calendar")
    mails.say(mail(4, "rb@z.example", unsubscribe=True))
    capture(store, mails)
    now = whose(store)
    assert set(now.values()) == {bob}
    replay(store, me)
    assert whose(store) == now


def test_whoever_is_nobody_after_a_split_is_compared_with_nobody_until_it_is_undone(store: Store) -> None:
    def compared() -> list[list[tuple[Any, ...]]]:
        with store.read() as reader:
            tables = ("profile", "block", "pair")
            return [sorted(reader.connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables]

    capture(store, Scripted.of([card("c2", "Alicia Brown", "ab@x.example", "alice.example@new.example")]), "book")
    before = compared()
    assert any("email:alice.example@new.example" in pair[:2] for pair in before[2])
    with store.write() as tx:
        split(tx, me, whose(store)["ab@x.example"] or 0, ["email:alice.example@new.example"])
    assert whose(store)["alice.example@new.example"] is None
    now = compared()
    assert not any("email:alice.example@new.example" in row for table in now for row in table)
    replay(store, me)
    assert compared() == now
    with store.write() as tx:
        undo(tx, me, None)
    assert compared() == before


def test_not_the_same_is_remembered(store: Store) -> None:
    with store.read() as reader:
        (found,) = suggestions(reader.connection)
    assert {found.scored.a, found.scored.b} == {f"email:{ALICE}", f"email:{ALICE_AT_WORK}"}
    with store.write() as tx:
        not_same(tx, me, found.a, found.b, found.scored.evidence)
    capture(store, Scripted.of([mail(9, ME, [party("to", ALICE_AT_WORK, "Alice Example")])]), "later")
    with store.read() as reader:
        assert suggestions(reader.connection) == []


def test_a_link_of_the_matchers_that_was_undone_is_not_made_again(store: Store) -> None:
    with store.read() as reader:
        ((_, number),) = log.links(reader.connection).items()
    with store.write() as tx:
        undo(tx, me, number)
    capture(store, Scripted.of([mail(9, party("from", "bob@y.example", "Bob Brown"), answers=3)]), "later")
    replay(store, me)
    now = whose(store)
    assert now[BOB] != now["bob@y.example"]
    with store.write() as tx:
        undo(tx, me, number + 1)
    now = whose(store)
    assert now[BOB] == now["bob@y.example"]


def test_what_cannot_be_is_refused(store: Store) -> None:
    alice = whose(store)[ALICE] or 0
    with store.write() as tx:
        for wrong in (
            lambda: merge(tx, me, alice, alice, {}),
            lambda: split(tx, me, alice, [f"email:{ALICE}"]),
            lambda: split(tx, me, alice, [f"email:{BOB}"]),
            lambda: undo(tx, me, 999),
        ):
            with pytest.raises(Impossible):
                wrong()
        rename(tx, alice, "Ali")
        number = undo(tx, me, None).id
        with pytest.raises(Impossible):
            undo(tx, me, number)


KINDS = ["merge", "not same", "split", "tag", "untag", "rename", "hide", "show", "cadence", "archive"]


class Deciding(RuleBasedStateMachine):
    """Any decisions about anybody, some of them undone, some undoings undone; in the end all is undone."""

    def __init__(self) -> None:
        super().__init__()
        self.store = InMemory()
        capture(self.store, Scripted.of(world()))
        self.before = everything_but_the_log(self.store)

    def teardown(self) -> None:
        while True:
            with self.store.write() as tx:
                if log.latest_by_user(tx.connection) is not None:
                    undo(tx, me, None)
                    continue
                links = tx.execute(
                    """SELECT max(d.id) FROM decision d JOIN decision u ON u.id = d.undone_by
                       WHERE d.what = 'link' AND u.what = 'undo' AND u.undone_by IS NULL"""
                )
                if links[0][0] is None:
                    break
                undo(tx, me, tx.execute("SELECT undone_by FROM decision WHERE id = ?", [links[0][0]])[0][0])
        assert everything_but_the_log(self.store) == self.before
        replay(self.store, me)
        assert everything_but_the_log(self.store) == self.before

    def people(self) -> list[int]:
        with self.store.read() as reader:
            return sorted(row["person_id"] for row in reader.people(True, None, {}) if row["person_id"] is not None)

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        people = self.people()
        one, other = (data.draw(st.sampled_from(people)) for _ in range(2))
        what = data.draw(st.sampled_from(KINDS))
        with self.store.write() as tx:
            try:
                match what:
                    case "merge":
                        merge(tx, me, one, other, {})
                    case "not same":
                        not_same(tx, me, one, other, {})
                    case "split":
                        nodes = log.nodes(tx.connection, [one])
                        split(tx, me, one, data.draw(st.lists(st.sampled_from(nodes), min_size=1)))
                    case "tag":
                        add_tags(tx, one, data.draw(st.lists(st.sampled_from(["a", "b"]), min_size=1)))
                    case "untag":
                        remove_tags(tx, one, ["a"])
                    case "rename":
                        rename(tx, one, data.draw(st.sampled_from(["Ali", ""])))
                    case "hide":
                        hide(tx, one)
                    case "show":
                        show(tx, one)
                    case "cadence":
                        set_cadence(tx, one, data.draw(st.sampled_from([7.0, None])), forget=data.draw(st.booleans()))
                    case _:
                        nodes = [n for n in log.nodes(tx.connection, [one]) if not n.startswith("card:")]
                        if nodes:
                            archive(tx, one, nodes[0], data.draw(st.sampled_from([NOW, None])))
            except Impossible:
                pass

    @precondition(lambda self: self.decisions())
    @rule(data=st.data())
    def undo_any(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.decisions()))
        with self.store.write() as tx:
            undo(tx, me, number)

    def decisions(self) -> list[int]:
        with self.store.read() as reader:
            rows = reader.connection.execute(
                "SELECT id FROM decision WHERE undone_by IS NULL AND what <> 'unlink' ORDER BY id"
            ).fetchall()
        return [row[0] for row in rows]

    @rule()
    def a_replay_changes_nobody(self) -> None:
        now = whose(self.store)
        replay(self.store, me)
        assert whose(self.store) == now


TestDeciding = Deciding.TestCase
TestDeciding.settings = settings(max_examples=10, stateful_step_count=10, deadline=None)
