"""Events that several calendars hold: one row, which says what they say together, in whatever order they were read."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random

import pytest

from capture.replay import replay
from connectors.base import Gone, Interaction, Observation
from store.events import together
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, capture, mail, me, meeting, party, tables

ALICE, BOB, CAROL = (f"{name}@example.org" for name in ("alice", "bob", "carol"))


def event(native: str, *attendees: str, days: float = 1, **answers: str) -> Interaction:
    return meeting(1, ALICE, attendees or [ME], native=native, days=days, **answers)


def verdicts(store: Store) -> list[tuple[str, str]]:
    return [(row[8], row[9]) for row in tables(store)["interaction"]]


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ("accepted", "needs-action", "accepted by you"),
        ("accepted", "declined", "accepted by you"),
        ("declined", "needs-action", "declined"),
        ("tentative", "needs-action", "not accepted"),
    ],
)
def test_an_answer_in_either_calendar_is_seen(tmp_path: Path, one: str, other: str, rule: str) -> None:
    words = {"home": event("a/1/", ME, BOB, me=one), "work": event("b/1/", ME, BOB, me=other, bob="accepted")}
    found = []
    for turn, order in enumerate(permutations(words)):
        store = Store(tmp_path / f"{turn}.duckdb")
        for source in order:
            capture(store, Scripted.of([words[source]]), source)
        assert [each for _, each in verdicts(store)] == [rule]
        found.append(tables(store))
        assert replay(store, me) == 0
    assert found[0] == found[1]


def test_a_calendar_that_changes_its_mind_is_believed_and_the_others_stand(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    capture(store, Scripted.of([event("a/1/", ME, me="accepted")]), "home")
    capture(store, Scripted.of([event("b/1/", ME, me="needs-action")]), "work")
    assert verdicts(store) == [("counts", "accepted by you")]
    capture(store, Scripted.of([], [Gone("a/"), event("a/1/", ME, me="declined")]), "home")
    assert verdicts(store) == [("noise", "declined")]
    capture(store, Scripted.of([], [], [Gone("a/")]), "home")
    assert verdicts(store) == [("presence", "not accepted")]
    assert tables(store)["word"] == []


def test_everybody_is_there_whom_any_calendar_names_and_time_and_title_are_the_fullests() -> None:
    full = replace(event("a", ME, BOB, days=2), title="Plans")
    busy = replace(event("b", days=3), title="Busy", parties=(party("organizer", ALICE),))
    both = together({("home", "a"): full, ("work", "b"): busy})
    assert (both.title, both.happened_at) == ("Plans", full.happened_at)
    assert {p.handle.value for p in both.parties} == {ALICE, ME, BOB}
    assert together({("work", "b"): busy}) is busy


def test_the_event_in_two_calendars_its_invitation_and_the_answer_are_one_meeting(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    invitation = mail(1, ALICE, ME, title="Invitation: Plans", calendar="invitation")
    answer = mail(2, ME, ALICE, answers=1, title="Accepted: Plans", calendar="answer")
    capture(store, Scripted.of([invitation, answer]))
    capture(store, Scripted.of([invitation, answer]), "other mail")
    for source, native in (("home", "a/1/"), ("work", "b/1/")):
        capture(store, Scripted.of([event(native, ME, me="accepted")]), source)
    with store.read() as reader:
        rows = reader.timeline(reader.find(ALICE)[0]["ids"])
    assert [(r["kind"], r["verdict"], r["rule"], r["sources"]) for r in rows if r["verdict"] == "counts"] == [
        ("meeting", "counts", "accepted by you", ["home", "work"])
    ]
    assert (
        sorted((r["kind"], r["rule"], tuple(r["sources"])) for r in rows if r["verdict"] != "counts")
        == [("mail", "calendar mail", ("mail", "other mail"))] * 2
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_file_says_what_the_last_word_of_each_calendar_says(tmp_path: Path, seed: int) -> None:
    """Whatever came and went before, in whatever pages."""
    random = Random(seed)
    store, plain = Store(tmp_path / "history.duckdb"), Store(tmp_path / "plain.duckdb")
    sources = {name: Scripted.of() for name in ("home", "work")}
    last: dict[tuple[str, str], list[Interaction]] = {}
    for _ in range(12):
        source = random.choice(list(sources))
        page: list[Observation] = []
        for mark in random.sample("abc", random.randint(1, 2)):
            words = [
                replace(
                    event("", *random.sample([ME, BOB, CAROL], 2), days=random.randint(1, 2), me=answer, bob="accepted"),
                    native_id=f"{mark}/{number}/",
                    same_as=f"ical:{number}/",
                    title=random.choice(["Plans", None, "Busy"]),
                )
                for number in random.sample(range(4), random.randint(0, 3))
                for answer in [random.choice(["accepted", "declined", "needs-action"])]
            ]
            page += [Gone(f"{mark}/"), *words]
            last[source, mark] = words
        sources[source].say(*page)
        capture(store, sources[source], source)
    for source in sources:
        capture(plain, Scripted.of(*[words for (name, _), words in sorted(last.items()) if name == source]), source)
    assert tables(store) == tables(plain)
    assert replay(store, me) == 0
    assert {**tables(store), "own": []} == tables(plain)
