"""What address books and calendars say, as it is asked for: ``who``, ``today``, ``people``, ``export``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.today import comes_round, occasions
from connectors.base import Card, Interaction
from store.file import Store
from tests.cli.running import Kith
from tests.scripted import Scripted
from tests.small_world import ME, NOW, capture, card, mail, meeting, party

TODAY = datetime.now(UTC).date()
FIELDS = {"person", "person_id", "what", "date", "in_days", "title", "age", "happened_at"}


def month_and_day(days: int) -> str:
    return f"{TODAY + timedelta(days=days):%m-%d}"


def alice() -> Card:
    return card(
        "book/1",
        "Alice Example",
        "alice@example.org",
        "+49301234567",
        nicknames=("Ally",),
        organisation="Example & Co",
        title="Baker",
        birthday=f"1980-{month_and_day(3)}",
        dates=(("anniversary", f"2010-{month_and_day(5)}"), ("first met", f"--{month_and_day(40)}")),
        relations=(("spouse", "Bob \x1b[31mBrown"),),
        note="Likes rye.\nNo nuts.",
        tags=("Friends",),
    )


def talk(number: int, hours: float, *attendees: Any, title: str = "Plans", **answers: str) -> Interaction:
    """A meeting at so many hours after the midnight that today began with."""
    midnight = datetime.combine(TODAY, datetime.min.time(), UTC)
    made = meeting(number, ME, attendees, days=(NOW - midnight) / timedelta(days=1) - hours / 24, **answers)
    return replace(made, title=title)


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    """A small address book, a letter, and three meetings of which one is no longer soon."""
    kith = Kith(tmp_path)
    kith.configure("")
    store = Store(kith.data / "kith.duckdb")
    others = [card("book/2", "Carol Young", birthday=f"--{month_and_day(0)}"), card("book/3", "The Club", kind="group")]
    capture(store, Scripted.of([alice(), *others]), "contacts")
    capture(store, Scripted.of([mail(1, ME, [party("to", "alice@example.org", "A. E.")])]))
    stranger = party("attendee", "dora@example.org", "Dora Díaz")
    events = [
        talk(1, 24.5, "alice@example.org", stranger),
        talk(2, 12, "alice@example.org", title="Lunch"),
        talk(3, 60, "alice@example.org"),
        talk(4, 13, ME, "alice@example.org", me="declined"),
    ]
    capture(store, Scripted.of(events), "calendar")
    return kith


def test_who_says_what_is_on_the_card(kith: Kith) -> None:
    found = kith("who", "Ally", "--json").json
    assert (found["name"], found["origin"], found["tags"], found["card_tags"]) == (
        "Alice Example",
        "wrote",
        ["friends"],
        ["friends"],
    )
    assert found["handles"] == ["email:alice@example.org", "phone:+49301234567"]
    assert (found["organisation"], found["title"]) == ("Example & Co", "Baker")
    assert found["birthday"] == f"1980-{month_and_day(3)}"
    assert found["dates"][0] == {"label": "anniversary", "date": f"2010-{month_and_day(5)}"}
    assert found["relations"] == [{"label": "spouse", "name": "Bob \x1b[31mBrown"}]
    assert (found["nicknames"], found["note"], found["links"]) == (["Ally"], "Likes rye.\nNo nuts.", [])
    assert found["cards"] == [{"source": "contacts", "native_id": "book/1"}]
    text = kith("who", "alice@example.org").out
    assert "work\tBaker, Example & Co\n" in text
    assert "spouse\tBob [31mBrown\n" in text
    assert "tags\tfriends (address book)\n" in text
    assert "note\tLikes rye. No nuts.\n" in text


def test_who_is_on_a_card_alone_is_somebody_one_knows(kith: Kith) -> None:
    rows = {row["name"]: row for row in kith("people", "--json").json}
    assert set(rows) == {"Alice Example", "Carol Young"}
    assert (rows["Carol Young"]["handles"], rows["Carol Young"]["origin"], rows["Carol Young"]["last_contact"]) == (
        [],
        "card",
        None,
    )
    assert kith("who", "carol").code == 0
    assert kith("timeline", "carol").code == 1
    assert kith("tag", "Carol Young", "choir", "--json").json["tags"] == ["choir"]


def test_a_tag_of_an_address_book_is_taken_away_there(kith: Kith) -> None:
    done = kith("tag", "alice@example.org", "--remove", "friends", "--json")
    assert (done.code, done.json["tags"]) == (0, ["friends"])
    assert "address book" in done.err


def test_cards_are_exported_with_their_person(kith: Kith) -> None:
    rows = kith("export").lines
    cards = {row["native_id"]: row for row in rows if row["table"] == "card"}
    people = {row["person_id"]: row for row in rows if row["table"] == "person"}
    assert people[cards["book/1"]["person_id"]]["name"] == "Alice Example"
    assert people[cards["book/2"]["person_id"]]["origin"] == "card"
    assert (cards["book/3"]["person_id"], cards["book/3"]["kind"]) == (None, "group")
    held = [row for row in rows if row["table"] == "card_handle"]
    assert {(row["kind"], row["value"]) for row in held} == {
        ("email", "alice@example.org"),
        ("phone", "+49301234567"),
    }
    assert {row["tag"] for row in rows if row["table"] == "card_tag"} == {"friends"}


def test_today_is_what_is_coming(kith: Kith) -> None:
    found = kith("today", "--json").json
    assert {frozenset(row) for row in found} == {frozenset(FIELDS)}
    told = [(row["in_days"], row["what"], row["person"], row["title"], row["age"]) for row in found]
    assert told == [
        (0, "birthday", "Carol Young", None, None),
        (0, "meeting", "Alice Example", "Lunch", None),
        (1, "meeting", "Alice Example", "Plans", None),
        (1, "meeting", "Dora Díaz", "Plans", None),
        (3, "birthday", "Alice Example", None, (TODAY + timedelta(days=3)).year - 1980),
        (5, "anniversary", "Alice Example", "anniversary", (TODAY + timedelta(days=5)).year - 2010),
    ]
    assert [row["person_id"] is None for row in found] == [row["person"] == "Dora Díaz" for row in found]
    assert all(row["date"] == (TODAY + timedelta(days=row["in_days"])).isoformat() for row in found)
    for row in found:
        assert (row["happened_at"] is None) == (row["what"] != "meeting")
    assert kith("today", "--jsonl").lines == found


def test_today_looks_as_far_as_it_is_told(kith: Kith) -> None:
    assert [row["what"] for row in kith("today", "--days", "2", "--json").json] == ["birthday", *["meeting"] * 3]
    far = kith("today", "--days", "60", "--json").json
    assert [(row["title"], row["in_days"]) for row in far][-1] == ("first met", 40)
    assert kith("today", "--days", "0", "--json").json[0]["person"] == "Carol Young"
    for wrong in ("-1", "367", "many"):
        assert kith("today", "--days", wrong).code == 2


def test_today_says_so_when_there_is_nothing(tmp_path: Path) -> None:
    kith = Kith(tmp_path)
    kith.configure("")
    capture(Store(kith.data / "kith.duckdb"), Scripted.of([mail(1)]))
    done = kith("today")
    assert (done.code, done.out) == (0, "")
    assert "nobody" in done.err
    assert kith("today", "--json").json == []


# When a day comes round


@pytest.mark.parametrize(
    ("said", "now", "expected"),
    [
        ("1980-05-17", "2026-05-17", ("2026-05-17", 46)),
        ("1980-05-17", "2026-05-18", ("2027-05-17", 47)),
        ("--05-17", "2026-12-31", ("2027-05-17", None)),
        ("--01-01", "2026-12-31", ("2027-01-01", None)),
        ("2000-02-29", "2026-02-20", ("2026-02-28", 26)),
        ("2000-02-29", "2028-02-28", ("2028-02-29", 28)),
        ("--02-29", "2027-03-01", ("2028-02-29", None)),
        ("2026-05-17", "2026-05-01", ("2026-05-17", 0)),
        ("2031-05-17", "2026-05-01", None),
        ("--02-30", "2026-05-01", None),
        ("", "2026-05-01", None),
        ("next week", "2026-05-01", None),
    ],
)
def test_when_a_day_comes_round(said: str, now: str, expected: tuple[str, int | None] | None) -> None:
    found = comes_round(said, date.fromisoformat(now))
    assert (found and (found[0].isoformat(), found[1])) == expected


def test_a_day_that_is_on_two_cards_is_told_once_and_with_its_year() -> None:
    cards = [
        {"person_id": 1, "person": "Alice Example", "birthday": birthday, "dates": [["anniversary", "--05-18"]]}
        for birthday in ("--05-17", "1980-05-17", "--05-17")
    ]
    found = [(row["what"], row["age"]) for row in occasions(cards, date(2026, 5, 1), 30)]
    assert found == [("birthday", 46), ("anniversary", None)]
