"""Meetings are contact once they have been held: nothing shows one that is to come as contact, and nobody has to say when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capture.match import met, somebody
from capture.replay import replay
from connectors.base import Gone, Interaction
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, NOW, capture, everything, mail, me, meeting, party, tables

ALICE, BOB = "alice@example.org", "bob@example.org"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb")


def ahead(number: int, seconds: float, organizer: str = ME, *attendees: str, **answers: str) -> Interaction:
    """A meeting that is to be in so many seconds."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    days = (NOW - moment) / timedelta(days=1)
    return meeting(number, organizer, attendees or [ALICE], days=days, **answers)


def contacts(store: Store) -> dict[str, tuple[datetime | None, int]]:
    """Last contact and the number of interactions, of everybody."""
    with store.read() as reader:
        rows = reader.people(True, None, {})
        return {row["handles"][0].partition(":")[2]: (row["last_contact"], row["interactions"]) for row in rows}


def time_goes_by(store: Store, hours: float) -> None:
    """Everything that the file knows of happened, or is to happen, so many hours earlier."""
    with store.write() as tx:
        for table, column in (
            ("interaction", "happened_at"),
            ("party", "happened_at"),
            ("coming", "happened_at"),
            ("handle", "last_contact"),
            ("handle", "name_at"),
        ):
            tx.execute(f"UPDATE {table} SET {column} = {column} - to_seconds(?)", [3600 * hours])


def test_a_meeting_to_come_is_kept_and_is_no_contact(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, ALICE, days=3), ahead(2, 3600)]))
    assert contacts(store) == {ALICE: (NOW - timedelta(days=3), 1)}
    with store.read() as reader:
        ids = reader.find(ALICE)[0]["ids"]
        assert [row["kind"] for row in reader.timeline(ids)] == ["mail"]
        assert [row["person"] for row in reader.overdue(datetime.now(UTC), 1, {})] == [ALICE]
        assert reader.find(ALICE)[0]["interactions"] == 1
        story = (reader.person(1) or {})["story"]
        assert (story["latest"], story["counts"]) == (NOW - timedelta(days=3), 1)
    assert [row[8] for row in tables(store)["interaction"]] == ["counts", "counts"]


def test_it_becomes_contact_when_its_time_has_passed_with_nothing_captured(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, ALICE, days=3)], [ahead(2, 3600)]))
    assert contacts(store)[ALICE][1] == 1
    time_goes_by(store, 1.01)
    moment, count = contacts(store)[ALICE]
    assert count == 2
    assert moment is not None
    assert timedelta(0) < datetime.now(UTC) - moment < timedelta(minutes=5)
    with store.read() as reader:
        assert [row["kind"] for row in reader.timeline(reader.find(ALICE)[0]["ids"])] == ["meeting", "mail"]
        assert reader.overdue(datetime.now(UTC), 1, {}) == []


@pytest.mark.parametrize("hours", [0.5, 2.5, 100])
def test_after_the_next_capture_and_after_a_replay_it_is_the_same(store: Store, hours: float) -> None:
    events = [ahead(n, n * 3600, ALICE, ME, BOB, me="accepted") for n in (1, 2, 3)]
    capture(store, Scripted.of([mail(9, ME, ALICE, days=300), *events]))
    time_goes_by(store, hours)
    before = contacts(store)
    capture(store, Scripted.of(), "another source")
    assert {name: contacts(store)[name] for name in before} == before
    after = tables(store)
    replay(store, me)
    assert {**tables(store), "own": []} == after
    assert len(after["coming"]) == 2 * (3 - min(int(hours), 3))
    # whom the user has met by now is known
    assert [row[2] for row in after["person"]] == (["wrote"] if hours < 1 else ["wrote", "met"])


def test_strangers_are_people_once_the_user_has_met_them(store: Store) -> None:
    capture(store, Scripted.of([ahead(1, 3600, BOB, ME, me="accepted"), ahead(2, 3600, ALICE, ME, me="tentative")]))
    assert tables(store)["person"] == []
    time_goes_by(store, 2)
    capture(store, Scripted.of(), "another source")
    assert [(row[0], row[2]) for row in tables(store)["person"]] == [(f"email:{BOB}", "met")]


def test_an_event_that_is_moved_or_withdrawn_before_its_time_leaves_nothing(store: Store) -> None:
    event = ahead(1, 3600, BOB, ME, me="accepted")
    capture(store, Scripted.of([event], [ahead(1, 7200, BOB, ME, me="accepted")]))
    assert [row[3] for row in tables(store)["coming"]] == [row[3] for row in tables(store)["interaction"]]
    time_goes_by(store, 1.5)
    capture(store, Scripted.of(), "another source")
    assert tables(store)["person"] == []
    capture(store, Scripted.of([], [], [Gone("event-1")]))
    found = tables(store)
    assert found["coming"] == found["interaction"] == found["party"] == []
    assert contacts(store) == {}


def test_an_event_in_the_past_that_is_moved_ahead_is_to_come(store: Store) -> None:
    capture(store, Scripted.of([meeting(1, BOB, [ME], days=1, me="accepted")], [ahead(1, 3600, BOB, ME, me="accepted")]))
    assert tables(store)["person"] == []
    assert contacts(store) == {BOB: (None, 0)}


def test_what_the_user_declines_later_is_contact_no_more(store: Store) -> None:
    capture(store, Scripted.of([meeting(1, BOB, [ME], me="accepted")], [meeting(1, BOB, [ME], me="declined")]))
    assert contacts(store) == {BOB: (None, 1)}
    assert tables(store)["person"] == []


def test_mail_that_is_dated_ahead_is_contact_of_now(store: Store) -> None:
    capture(store, Scripted.of([mail(1, ME, ALICE, days=(NOW - datetime.now(UTC)) / timedelta(days=1) - 1.5)]))
    moment, count = contacts(store)[ALICE]
    assert moment is not None
    assert (abs(datetime.now(UTC) - moment) < timedelta(minutes=1), count) == (True, 1)
    with store.read() as reader:
        assert len(reader.timeline(reader.find(ALICE)[0]["ids"])) == 1


def test_a_series_to_come_does_not_hide_what_has_been(store: Store) -> None:
    series = [ahead(n, n * 7 * 86400) for n in range(1, 200)]
    soon = [ahead(1000 + n, 600 * n) for n in range(1, 60)]
    capture(store, Scripted.of([mail(n, ME, ALICE, days=n) for n in range(10)], series, soon))
    with store.read() as reader:
        rows = reader.timeline(reader.find(ALICE)[0]["ids"], 5)
    assert [row["happened_at"] for row in rows] == [NOW - timedelta(days=n) for n in range(5)]


# Who is met


def test_those_who_were_there_are_met_and_who_declined_was_not(store: Store) -> None:
    event = meeting(1, ME, [ALICE, BOB, party("attendee", "no-reply@shop.example")], bob="declined")
    assert met(event, me) == {f"email:{ALICE}": "met"}


def test_whom_the_user_may_know_is_in_a_calendar_where_nobody_is_asked() -> None:
    event = meeting(1, party("organizer", BOB, "Bob Brown"), [ME, ALICE])
    assert somebody(event, "counts", "no answers", me, NOW) == {f"email:{ALICE}": "may know", f"email:{BOB}": "may know"}


@pytest.mark.parametrize(
    "event",
    [
        meeting(1, ME, [ALICE, *(f"p{n}@example.org" for n in range(20))]),
        meeting(1, ALICE, [ME], me="needs-action"),
        meeting(1, ALICE, [ME], me="declined"),
        meeting(1, ALICE, [BOB], bob="accepted"),
        meeting(1, ME, [ALICE], days=-1),
    ],
)
def test_nobody_is_met_in_a_crowd_or_where_the_user_was_not_or_was_not_yet(event: Interaction) -> None:
    from capture.judge import judge

    assert somebody(event, *judge(event, me, False), me, NOW) == {}


def test_whom_the_user_met_and_then_wrote_to_was_written_to_whichever_came_first(tmp_path: Path) -> None:
    event, letter = meeting(1, BOB, [ME], me="accepted"), mail(2, ME, BOB)
    for turn, pages in enumerate(([[event], [letter]], [[letter], [event]], [[letter, event]])):
        store = Store(tmp_path / f"{turn}.duckdb")
        capture(store, Scripted.of(*pages))
        assert [row[2] for row in tables(store)["person"]] == ["wrote"]
        capture(store, Scripted.of(*pages, [], [Gone(letter.native_id)]))
        assert [row[2] for row in tables(store)["person"]] == ["met"]
        assert everything(store)["person ids"] == [(1, f"email:{BOB}")]
