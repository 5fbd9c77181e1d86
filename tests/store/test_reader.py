"""Answers out of a small world that was made by hand, row for row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Card, CardHandle, Handle, Role, Unreadable
from store.decide import add_tags, remove_tags, set_cadence
from store.file import Store
from store.reader import Reader, Row
from tests.scripted import Scripted
from tests.small_world import ME, NOW, capture, mail, meeting, party

ALICE, BOB, CAROL, DORA = 1, 2, 3, 4
LETTERS = [
    mail(1, ME, [party("to", "alice@example.org", "Alice Example")], days=40, title="One"),
    mail(2, party("from", "alice+home@example.org", "Ally"), days=30, title="Two"),
    mail(
        3,
        ME,
        [party("to", "bob@example.org", "Bob Brown"), party("cc", "dora@example.org", "Dora Díaz")],
        days=20,
        title="Three",
    ),
    mail(4, party("from", "carol@example.org", "Carol Young"), days=5, title="Four"),
    mail(5, party("from", "news@loaf.example", "The Loaf"), days=1, title=None, list_id="loaf.example"),
    mail(6, party("from", "bob@example.org", "Bob Brown"), days=2, title="Six"),
    mail(
        7,
        party("from", "bob@example.org", "Bob"),
        [party("to", "dora@example.org"), party("cc", ME, "Me Myself")],
        days=2,
        title="Seven",
    ),
]
TALK = meeting(8, "alice@example.org", [ME, party("attendee", "bob@example.org", "Bob Brown")], days=10)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small world, which nobody writes to."""
    store = Store(tmp_path_factory.mktemp("world") / "kith.duckdb")
    assert capture(store, Scripted.of(LETTERS)).captured == 7
    assert capture(store, Scripted.of([TALK]), "calendar").captured == 1
    assert capture(store, Scripted.of([replace(TALK, native_id="another-name")]), "work").captured == 0
    return store


@pytest.fixture
def store(world: Store, tmp_path: Path) -> Store:
    """A small world of one's own. Nobody has the file open, so it may be copied."""
    return Store(Path(shutil.copy(world.path, tmp_path)))


@pytest.fixture
def reader(world: Store) -> Iterator[Reader]:
    with world.read() as reader:
        yield reader


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def tiers(rows: list[Row]) -> list[tuple[int | None, str, int]]:
    return [(row["person_id"], row["name"], row["tier"]) for row in rows]


def handles_of(reader: Reader, name: str) -> list[int]:
    ids: list[int] = reader.find(name)[0]["ids"]
    return ids


# Who is this


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Bob Brown", [(BOB, "Bob Brown", 0)]),
        ("  bob BROWN ", [(BOB, "Bob Brown", 0)]),
        ("bob@example.org", [(BOB, "Bob Brown", 0)]),
        ("alice+home@example.org", [(ALICE, "Alice Example", 0)]),
        ("2", [(BOB, "Bob Brown", 0)]),
        ("dora diaz", [(DORA, "Dora Díaz", 0)]),
        ("Díaz", [(DORA, "Dora Díaz", 1)]),
        ("brown b", [(BOB, "Bob Brown", 2)]),
        ("rown", [(BOB, "Bob Brown", 3)]),
        ("young", [(CAROL, "Carol Young", 1)]),
        ("ALL", [(ALICE, "Alice Example", 2)]),
        ("loaf", [(None, "The Loaf", 1)]),
        ("me m", []),
        ("myself", []),
        ("brown x", []),
        ("nobody", []),
        ("99", []),
        ("9" * 40, []),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("(", []),
    ],
)
def test_a_name_finds_whom_it_may_mean(reader: Reader, name: str, expected: list[tuple[int | None, str, int]]) -> None:
    assert tiers(reader.find(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jörg@bücher.example", [("jörg@bücher.example", 0)]),
        ("jörg", [("Ünal Jörg", 1), ("jörg@bücher.example", 3)]),
        ("ÇELİK@x.example", [("Ayşe Çelik", 0)]),
        ("Ünal Jörg", [("Ünal Jörg", 0)]),
        ("unal", [("Ünal Jörg", 1)]),
        ("+49 30 123456", [("Ann Lee", 0)]),
        ("+49 (0)30 / 12 34-56", [("Ann Lee", 0)]),
        ("0049 30 123456", [("Ann Lee", 0)]),
        ("030 123456", [("Ann Lee", 0)]),
        ("30 123456", [("Ann Lee", 3)]),
        ("4930123", [("Ann Lee", 3)]),
        ("+49 30 1", []),
        ("031 123456", []),
    ],
)
def test_whatever_is_written_in_other_letters_or_with_blanks_is_found(
    tmp_path: Path, name: str, expected: list[tuple[str, int]]
) -> None:
    store = Store(tmp_path / "kith.duckdb")
    capture(store, Scripted.of([mail(1, ME, ["jörg@bücher.example", party("to", "çelik@x.example", "Ayşe Çelik")])]))
    capture(store, Scripted.of([meeting(2, ME, [party("attendee", "Ünal Jörg", kind="name")], days=-2)]), "calendar")
    capture(store, Scripted.of([Card("c1", "Ann Lee", (CardHandle(Handle("phone", "+4930123456")),))]), "book")
    with store.read() as reader:
        assert [(row["name"], row["tier"]) for row in reader.find(name)] == expected


def test_a_number_is_somebodys_id_and_no_part_of_an_address(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    capture(store, Scripted.of([mail(1, ME, ["agent47@example.org", party("to", "m@example.org", "Room 101")])]))
    with store.read() as reader:
        assert [(row["person_id"], row["tier"]) for row in reader.find("1")] == [(1, 0), (2, 2)]
        assert reader.find("47") == []
        assert [row["name"] for row in reader.find("101")] == ["Room 101"]
        assert [row["name"] for row in reader.find("agent47")] == ["agent47@example.org"]


def test_among_equals_who_was_met_last_comes_first_and_whom_one_only_may_know_after_them(reader: Reader) -> None:
    rows = reader.find("example.org")
    assert [(row["name"], row["tier"], row["interactions"]) for row in rows] == [
        ("Bob Brown", 3, 4),
        ("Alice Example", 3, 3),
        ("Dora Díaz", 3, 2),
        ("Carol Young", 3, 1),
    ]
    assert rows[1]["handles"] == ["email:alice@example.org", "email:alice+home@example.org"]
    assert [row["name"] for row in reader.find("r")] == ["Bob Brown", "Alice Example", "Dora Díaz", "Carol Young"]


def test_the_very_name_goes_before_one_that_it_is_a_part_of(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    often = [mail(n, ME, [party("to", "annabel@example.org", "Anna Bell")], days=n) for n in range(10)]
    capture(store, Scripted.of([*often, mail(50, ME, [party("to", "a@example.org", "Anna")])]))
    with store.read() as reader:
        assert [(row["name"], row["tier"]) for row in reader.find("anna")] == [("Anna", 0), ("Anna Bell", 1)]


def test_strangers_who_are_equal_come_in_one_order_every_time(tmp_path: Path) -> None:
    orders = set()
    for turn in range(3):
        store = Store(tmp_path / f"{turn}.duckdb")
        strangers = [mail(n, party("from", f"s{n}@example.org", "Sam Same"), unsubscribe=True) for n in range(15)]
        capture(store, Scripted.of(strangers[turn * 5 :], strangers[: turn * 5]))
        with store.read() as reader:
            orders.add(tuple(row["handles"][0] for row in reader.find("sam same")))
            people = tuple(row["handles"][0] for row in reader.people(True, None, {}))
            orders.add(people)
    assert len(orders) == 1


# What happened


def test_a_timeline_is_what_happened_with_all_of_somebodys_handles_newest_first(reader: Reader) -> None:
    rows = reader.timeline(handles_of(reader, "alice"))
    assert rows == [
        {
            "id": 8,
            "happened_at": ago(10),
            "kind": "meeting",
            "direction": "both",
            "title": "Meeting 8",
            "people": ["Alice Example", "Bob Brown"],
            "sources": ["calendar", "work"],
            "verdict": "counts",
            "rule": "no answers",
        },
        {
            "id": 2,
            "happened_at": ago(30),
            "kind": "mail",
            "direction": "in",
            "title": "Two",
            "people": ["Alice Example"],
            "sources": ["mail"],
            "verdict": "counts",
            "rule": "personal",
        },
        {
            "id": 1,
            "happened_at": ago(40),
            "kind": "mail",
            "direction": "out",
            "title": "One",
            "people": ["Alice Example"],
            "sources": ["mail"],
            "verdict": "counts",
            "rule": "written by you",
        },
    ]


def test_of_two_at_one_moment_the_later_known_stands_first_and_what_counts_not_is_shown(reader: Reader) -> None:
    rows = reader.timeline(handles_of(reader, "bob"))
    assert [(r["title"], r["direction"], r["people"], r["verdict"], r["rule"]) for r in rows] == [
        ("Seven", "in", ["Bob Brown", "Dora Díaz"], "presence", "cc only"),
        ("Six", "in", ["Bob Brown"], "counts", "personal"),
        ("Meeting 8", "both", ["Alice Example", "Bob Brown"], "counts", "no answers"),
        ("Three", "out", ["Bob Brown", "Dora Díaz"], "counts", "written by you"),
    ]


def test_who_is_named_many_times_in_one_mail_has_it_in_their_timeline_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    roles: list[Role] = ["to", "cc", "bcc"]
    often = [party(role, address) for role in roles for address in ("alice@example.org", "alice+x@example.org")]
    capture(store, Scripted.of([mail(n, ME, often, days=n) for n in range(30)]))
    with store.read() as reader:
        ids = handles_of(reader, "alice")
        assert [row["id"] for row in reader.timeline(ids, 20)] == list(range(1, 21))


def test_a_stranger_has_a_timeline_too_and_noise_is_in_it(reader: Reader) -> None:
    assert [(r["title"], r["people"], r["verdict"], r["rule"]) for r in reader.timeline(handles_of(reader, "loaf"))] == [
        (None, ["The Loaf"], "noise", "list")
    ]
    assert [r["title"] for r in reader.timeline(handles_of(reader, "carol"))] == ["Four"]


def test_a_timeline_may_be_cut_by_number_and_by_time(reader: Reader) -> None:
    ids = handles_of(reader, "bob")
    assert [r["title"] for r in reader.timeline(ids, 2)] == ["Seven", "Six"]
    assert [r["title"] for r in reader.timeline(ids, None)] == ["Seven", "Six", "Meeting 8", "Three"]
    assert [r["title"] for r in reader.timeline(ids, since=ago(10))] == ["Seven", "Six", "Meeting 8"]
    elsewhere = (ago(10) + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=9)))
    assert [r["title"] for r in reader.timeline(ids, since=elsewhere)] == ["Seven", "Six"]
    assert reader.timeline([]) == []


@pytest.mark.parametrize(
    ("kind", "sender", "direction"),
    [
        ("message", ME, "out"),
        ("call", "alice@example.org", "in"),
        ("note", ME, "both"),
        ("note", "x@example.org", "both"),
    ],
)
def test_direction_follows_from_whose_handle_sent_it(tmp_path: Path, kind: Any, sender: str, direction: str) -> None:
    store = Store(tmp_path / "kith.duckdb")
    other = ME if sender != ME else "alice@example.org"
    capture(store, Scripted.of([replace(mail(1, sender, other), kind=kind)]))
    with store.read() as reader:
        who = sender if sender != ME else other
        assert [r["direction"] for r in reader.timeline(handles_of(reader, who))] == [direction]


# Whom am I losing touch with


@pytest.fixture
def paced(store: Store) -> Store:
    with store.write() as tx:
        add_tags(tx, ALICE, ["slow", "family", "family"])
        add_tags(tx, DORA, ["unpaced"])
        set_cadence(tx, BOB, 1)
    return store


TAGS = {"family": 7.0, "slow": 100.0}


def test_overdue_is_worst_first_and_says_by_what(paced: Store) -> None:
    """Dora at 20 of 14 days and Alice at 10 of 7 are equally late: who was not met for longer stands first."""
    rows = [
        ("Bob Brown", BOB, 1.0, ago(2), 2, 1, 2.0, "their own cadence"),
        ("Dora Díaz", DORA, 14.0, ago(20), 20, 6, 1.43, "the default"),
        ("Alice Example", ALICE, 7.0, ago(10), 10, 3, 1.43, "tag family"),
    ]
    names = ["person", "person_id", "cadence_days", "last_contact", "days_since", "overdue_days", "ratio", "because"]
    with paced.read() as reader:
        assert reader.overdue(NOW, 14, TAGS) == [dict(zip(names, row, strict=True)) for row in rows]
        elsewhere = NOW.astimezone(timezone(-timedelta(hours=10)))
        assert reader.overdue(elsewhere, 14, TAGS) == reader.overdue(NOW, 14, TAGS)


@pytest.mark.parametrize(
    ("default", "tags", "expected"),
    [
        (None, {}, ["Bob Brown"]),
        (None, {"family": 9.999}, ["Bob Brown", "Alice Example"]),
        (None, {"family": 10.0}, ["Bob Brown"]),
        (14.0, {"family": 50.0, "slow": 9.0}, ["Bob Brown", "Dora Díaz", "Alice Example"]),
        (14.0, {"unpaced": 30.0}, ["Bob Brown"]),
        (1.0, {}, ["Dora Díaz", "Alice Example", "Bob Brown"]),
        (1.0, {"family": 100.0}, ["Dora Díaz", "Bob Brown"]),
    ],
)
def test_a_cadence_of_ones_own_goes_before_a_tags_and_the_shortest_tag_before_the_default(
    paced: Store, default: float | None, tags: Mapping[str, float], expected: list[str]
) -> None:
    with paced.read() as reader:
        assert [row["person"] for row in reader.overdue(NOW, default, tags)] == expected


def test_never_is_a_cadence_too_and_can_be_taken_back(paced: Store) -> None:
    with paced.write() as tx:
        set_cadence(tx, BOB, None)
        set_cadence(tx, ALICE, None)
    with paced.read() as reader:
        assert [row["person"] for row in reader.overdue(NOW, 1, TAGS)] == ["Dora Díaz"]
    with paced.write() as tx:
        set_cadence(tx, BOB, None, forget=True)
    with paced.read() as reader:
        assert [(r["person"], r["because"]) for r in reader.overdue(NOW, 1, TAGS)] == [
            ("Dora Díaz", "the default"),
            ("Bob Brown", "the default"),
        ]


def test_who_is_hidden_is_not_overdue_and_whom_one_only_may_know_is_not_either(paced: Store) -> None:
    with paced.write() as tx:
        tx.execute("UPDATE person SET hidden = true WHERE id = ?", [DORA])
    with paced.read() as reader:
        assert [row["person"] for row in reader.overdue(NOW, 0.1, {})] == ["Alice Example", "Bob Brown"]
        assert [row["name"] for row in reader.people(False, None, {})] == ["Bob Brown", "Alice Example"]
        assert "Dora Díaz" in [row["name"] for row in reader.people(True, None, {})]
        assert reader.counts()["people"] == 2


def test_of_two_tags_with_one_cadence_the_first_by_name_is_told(paced: Store) -> None:
    with paced.read() as reader:
        for tags in ({"family": 7.0, "slow": 7.0}, {"slow": 7.0, "family": 7.0}):
            assert [r["because"] for r in reader.overdue(NOW, None, tags) if r["person_id"] == ALICE] == ["tag family"]


# Everybody


def test_people_are_those_with_the_latest_contact_first_and_all_are_strangers_too(paced: Store) -> None:
    bob = {
        "person_id": BOB,
        "name": "Bob Brown",
        "handles": ["email:bob@example.org"],
        "last_contact": ago(2),
        "interactions": 4,
        "tags": [],
        "cadence_days": 1.0,
        "origin": "wrote",
    }
    alice = {
        "person_id": ALICE,
        "name": "Alice Example",
        "handles": ["email:alice@example.org", "email:alice+home@example.org"],
        "last_contact": ago(10),
        "interactions": 3,
        "tags": ["family", "slow"],
        "cadence_days": 7.0,
        "origin": "wrote",
    }
    dora = {**bob, "person_id": DORA, "name": "Dora Díaz", "handles": ["email:dora@example.org"], "tags": ["unpaced"]}
    dora |= {"last_contact": ago(20), "interactions": 2, "cadence_days": 14.0}
    carol = {**bob, "person_id": CAROL, "name": "Carol Young", "handles": ["email:carol@example.org"]}
    carol |= {"last_contact": ago(5), "interactions": 1, "cadence_days": None, "origin": "may know"}
    news = {**carol, "person_id": None, "name": "The Loaf", "handles": ["email:news@loaf.example"]}
    news |= {"last_contact": None, "origin": "stranger"}
    with paced.read() as reader:
        assert reader.people(False, 14, TAGS) == [bob, alice, dora]
        assert reader.people(True, 14, TAGS) == [bob, carol, alice, dora, news]
        assert reader.people(True, 14, TAGS, tag="family") == [alice]
        assert reader.people(False, 14, TAGS, tag="nothing") == []


def test_a_tag_taken_away_is_gone_and_the_log_tells_of_both(paced: Store) -> None:
    with paced.write() as tx:
        remove_tags(tx, ALICE, ["slow", "never there"])
        assert tx.execute("SELECT tag FROM tag WHERE person_id = ?", [ALICE]) == [("family",)]
        rows = tx.execute("SELECT id, made_by, what, person_id FROM decision ORDER BY id")
    assert rows == [
        (1, "user", "tag", ALICE),
        (2, "user", "tag", DORA),
        (3, "user", "cadence", BOB),
        (4, "user", "untag", ALICE),
    ]


def test_one_person_with_their_story(paced: Store) -> None:
    with paced.read() as reader:
        row = reader.person(ALICE, 14.0, TAGS)
        assert reader.person(99) is None
    assert row is not None
    assert row == {
        "person_id": ALICE,
        "name": "Alice Example",
        "origin": "wrote",
        "hidden": False,
        "interactions": 3,
        "last_contact": ago(10),
        "handles": ["email:alice@example.org", "email:alice+home@example.org"],
        "tags": ["family", "slow"],
        "cadence_days": 7.0,
        "story": {"names": ["Alice Example", "Ally"], "first": ago(40), "latest": ago(10), "counts": 3},
    }


def test_a_name_that_somebody_gave_stands_everywhere(store: Store) -> None:
    with store.write() as tx:
        tx.execute("UPDATE person SET name = 'Bobby' WHERE id = ?", [BOB])
    with store.read() as reader:
        assert tiers(reader.find("bobby")) == [(BOB, "Bobby", 0)]
        assert tiers(reader.find("brown")) == [(BOB, "Bobby", 1)]
        assert reader.timeline(handles_of(reader, "bobby"))[0]["people"] == ["Bobby", "Dora Díaz"]
        assert reader.people(False, None, {})[0]["name"] == "Bobby"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ([("from", "Bob", 5), ("to", "Robert Brown", 9)], "Robert Brown"),
        ([("from", "Robert Brown", 5), ("to", "Bob Brown", 1)], "Robert Brown"),
        ([("from", "Robert Brown", 5), ("from", "Bob Brown", 1)], "Bob Brown"),
        ([("from", None, 5), ("to", "Bob", 9)], "Bob"),
        ([("from", None, 5)], "bob@example.org"),
    ],
)
def test_a_full_name_goes_before_one_word_then_what_they_write_themselves_then_the_newest(
    tmp_path: Path, written: list[tuple[str, str | None, float]], name: str
) -> None:
    letters = [
        mail(n, party("from", "bob@example.org", said), days=days)
        if role == "from"
        else mail(n, ME, [party("to", "bob@example.org", said)], days=days)
        for n, (role, said, days) in enumerate(written)
    ]
    for turn, order in enumerate((letters, letters[::-1])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*[[letter] for letter in order]))
        with store.read() as reader:
            assert [row["name"] for row in reader.find("bob@example.org")] == [name]


# Everything, for other programs


def test_an_export_has_every_table_and_every_row(paced: Store) -> None:
    card = Card(
        "c1",
        "Alice Example",
        (CardHandle(Handle("email", "Alice@Example.org"), "home"), CardHandle(Handle("phone", "+49 30 1"))),
        nicknames=("Ally",),
        birthday="--05-17",
        tags=("choir",),
    )
    capture(paced, Scripted.of([card, Unreadable("u1", "no headers")]), "cards")
    with paced.read() as reader:
        found = {table: (columns, list(rows)) for table, columns, rows in reader.export()}

    def rows(table: str) -> list[dict[str, Any]]:
        columns, all_of_it = found[table]
        return [dict(zip(columns, row, strict=True)) for row in all_of_it]

    assert [(r["person_id"], r["name"], r["origin"]) for r in rows("person")] == [
        (ALICE, "Alice Example", "wrote"),
        (BOB, "Bob Brown", "wrote"),
        (CAROL, "Carol Young", "may know"),
        (DORA, "Dora Díaz", "wrote"),
    ]
    assert [(r["kind"], r["value"], r["person_id"], r["own"]) for r in rows("handle")] == [
        ("email", ME, None, True),
        ("email", "alice@example.org", ALICE, False),
        ("email", "alice+home@example.org", ALICE, False),
        ("email", "bob@example.org", BOB, False),
        ("email", "dora@example.org", DORA, False),
        ("email", "carol@example.org", CAROL, False),
        ("email", "news@loaf.example", None, False),
        ("phone", "+49301", ALICE, False),
    ]
    assert {k: v for k, v in rows("interaction")[4].items() if k != "thread"} == {
        "id": 5,
        "source": "mail",
        "native_id": "5@mail.example",
        "same_as": "mid:5@mail.example",
        "kind": "mail",
        "happened_at": ago(1).replace(tzinfo=None),
        "title": None,
        "verdict": "noise",
        "rule": "list",
        "signals": '{"recipients":1,"list_id":"loaf.example"}',
    }
    assert [r["id"] for r in rows("interaction")] == list(range(1, 9))
    assert len({r["thread"] for r in rows("interaction")[:7]}) == 7
    assert all(len(r["thread"]) == 16 for r in rows("interaction")[:7])
    assert rows("interaction")[7]["thread"] is None
    assert [r for r in rows("party") if r["interaction_id"] == 7] == [
        {"interaction_id": 7, "kind": "email", "value": "bob@example.org", "role": "from", "name": "Bob"},
        {"interaction_id": 7, "kind": "email", "value": "dora@example.org", "role": "to", "name": None},
        {"interaction_id": 7, "kind": "email", "value": ME, "role": "cc", "name": "Me Myself"},
    ]
    assert rows("also_seen") == [{"interaction_id": 8, "source": "work", "native_id": "another-name"}]
    (said,) = rows("card")
    assert (said["source"], said["native_id"], said["name"], said["birthday"]) == (
        "cards",
        "c1",
        "Alice Example",
        "--05-17",
    )
    assert (said["kind"], said["person_id"]) == ("individual", ALICE)
    assert said["more"] == '{"nicknames":["Ally"],"tags":["choir"]}'
    assert [(r["kind"], r["value"], r["label"]) for r in rows("card_handle")] == [
        ("email", "alice@example.org", "home"),
        ("phone", "+49301", None),
    ]
    assert [(r["source"], r["native_id"], r["reason"]) for r in rows("unreadable")] == [("cards", "u1", "no headers")]
    assert [(r["person_id"], r["tag"]) for r in rows("tag")] == [(ALICE, "family"), (ALICE, "slow"), (DORA, "unpaced")]
    assert rows("card_tag") == [{"person_id": ALICE, "tag": "choir"}]
    assert rows("cadence") == [{"person_id": BOB, "days": 1.0}]
    assert [r["what"] for r in rows("decision")] == ["tag", "tag", "cadence"]


def test_more_rows_than_are_fetched_at_a_time_are_all_exported(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    capture(store, Scripted.of([mail(n) for n in range(4500)]))
    with store.read() as reader:
        counts = {table: sum(1 for _ in rows) for table, _, rows in reader.export()}
    assert counts["interaction"] == 4500
    assert counts["party"] == 9000


def test_all_times_are_aware_and_in_utc(paced: Store) -> None:
    with paced.read() as reader:
        rows = [
            *reader.people(True, None, {}),
            *reader.sources(),
            *reader.timeline([2, 3]),
            *reader.overdue(NOW, 1, {}),
        ]
        story = (reader.person(ALICE) or {})["story"]
    times = [value for row in [*rows, story] for value in row.values() if isinstance(value, datetime)]
    assert len(times) > 15
    assert {moment.utcoffset() for moment in times} == {timedelta(0)}


def test_what_the_file_knows_about_its_sources(store: Store) -> None:
    with store.read() as reader:
        rows = reader.sources()
        assert reader.counts() == {"people": 3, "interactions": 8, "unreadable": 0}
    assert [(r["name"], r["type"], r["captured"], r["failures"], r["error"], r["fix"], r["next_at"]) for r in rows] == [
        ("calendar", "scripted", 1, 0, None, None, None),
        ("mail", "scripted", 7, 0, None, None, None),
        ("work", "scripted", 0, 0, None, None, None),
    ]
    assert all(abs(datetime.now(UTC) - r["ok_at"]) < timedelta(minutes=5) for r in rows)


def test_half_a_character_from_a_connector_of_ones_own_does_not_stop_its_page(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    broken = [mail(1, party("from", "alice@example.org", "Al\ud800ice"), title="\udfff")]
    assert capture(store, Scripted.of(broken)).state == "ok"
    with store.read() as reader:
        assert [row["title"] for row in reader.timeline(handles_of(reader, "alice@example.org"))] == ["?"]
