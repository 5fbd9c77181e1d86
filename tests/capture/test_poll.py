"""One poll of one source: what is in the file afterwards, and how it ended."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from capture.config import SourceConfig
from capture.poll import Outcome, Progress, Source, poll
from connectors.base import Cursor, NeedsHuman, Observation, Page, TryLater, Unreadable
from store.errors import Busy, Missing
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, capture, everything, mail, me, meeting, output, party, python, tables

PAGES: list[list[Observation]] = [
    [mail(1), mail(2, "bob@example.org")],
    [mail(3, ME, "alice@example.org", answers=1), Unreadable("4", "it has no headers")],
    [mail(1), mail(5)],
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kith.duckdb", patience=1)


def state(store: Store, name: str = "mail") -> dict[str, Any]:
    """What the file knows about a source."""
    with store.read() as reader:
        return next(row for row in reader.sources() if row["name"] == name)


def numbers(store: Store) -> list[int]:
    """The numbers of the mails that are in the file."""
    return sorted(int(row[1].removeprefix("mid:").split("@")[0]) for row in tables(store)["interaction"])


def test_everything_new_is_in_the_file_and_the_next_poll_goes_on_from_there(store: Store) -> None:
    source = Scripted.of(*PAGES)
    outcome = capture(store, source)
    assert (outcome.state, outcome.seen, outcome.captured, outcome.error, outcome.fix) == ("ok", 6, 4, None, None)
    assert numbers(store) == [1, 2, 3, 5]
    assert tables(store)["unreadable"] == [("mail", "4", "it has no headers")]
    source.say(mail(6))
    assert capture(store, source).captured == 1
    assert capture(store, source).seen == 0
    assert source.pulls == [None, {"said": 3}, {"said": 4}]
    assert state(store)["captured"] == 5


def test_progress_is_told_after_each_page(store: Store) -> None:
    told: list[Progress] = []
    poll(Source("mail", "scripted", Scripted.of(*PAGES)), store, me, Event(), told.append)
    assert told == [Progress(2, 2, 4), Progress(4, 3, 2), Progress(6, 4, 0)]


def test_what_is_still_to_come_is_known_until_it_is_there(store: Store) -> None:
    source = Scripted.of(*PAGES, errors={2: TryLater("The wire is cut.")})
    seen: list[int | None] = []
    poll(Source("mail", "scripted", source), store, me, Event(), lambda _: seen.append(state(store)["backlog"]))
    assert seen == [4, 2]
    assert (state(store)["failures"], state(store)["backlog"]) == (1, 2)
    source.errors.clear()
    assert capture(store, source).state == "ok"
    assert state(store)["backlog"] is None


class Counted(Scripted):
    """Counts a kilobyte for each page, and says of ``left`` items that they are to come."""

    came = 0
    left: int | None = None

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        for page in super().pull(cursor):
            self.came += 1000
            yield replace(page, left=self.left)


def test_what_is_new_does_not_wait_for_tomorrow_where_nobody_knows_what_is_to_come(store: Store) -> None:
    source = Counted.of(*PAGES)
    config = SourceConfig("mail", "scripted", settings={"host": "mail.example.org"}, budget=900)
    with store.write() as tx:
        tx.advance("mail", "scripted", None, {"said": 0}, 0, left=7)
    told: list[int | None] = []

    def ask() -> Outcome:
        made = Source("mail", "scripted", source, config)
        return poll(made, store, me, Event(), lambda _: told.append(state(store)["backlog"]))

    assert (ask().state, numbers(store)) == ("ok", [1, 2, 3, 5])
    assert told == [7, 7, 7], "what was known to be to come is still known"
    cast(Counted, source).left = 5
    source.say(mail(6))
    source.say(mail(7))
    ends = [(one.state, one.captured) for one in (ask(), ask(), ask())]
    assert ends == [("history waits", 1), ("history waits", 1), ("ok", 0)]


def test_a_source_with_nothing_new_is_known_to_be_well(store: Store) -> None:
    assert capture(store, Scripted.of()).state == "ok"
    row = state(store)
    assert (row["captured"], row["failures"], row["error"]) == (0, 0, None)
    assert datetime.now(UTC) - row["ok_at"] < timedelta(minutes=5)


def test_a_poll_that_is_told_to_stop_ends_at_a_page_boundary_and_the_next_one_goes_on(store: Store) -> None:
    source, stop = Scripted.of(*PAGES), Event()
    outcome = poll(Source("mail", "scripted", source), store, me, stop, lambda progress: stop.set())
    assert (outcome.state, outcome.seen, outcome.captured) == ("stopped", 2, 2)
    assert numbers(store) == [1, 2]
    assert everything(store)["source"][0][2] == '{"said":1}'
    assert capture(store, source).state == "ok"
    assert numbers(store) == [1, 2, 3, 5]


def test_the_file_is_closed_between_polls_however_they_ended(store: Store) -> None:
    stop = Event()
    poll(Source("a", "s", Scripted.of(*PAGES)), store, me, stop, lambda progress: stop.set())
    for error in (TryLater("x"), NeedsHuman("x", "y"), ZeroDivisionError()):
        capture(store, Scripted.of(*PAGES, errors={1: error}), "b")
        writes = "import sys; from pathlib import Path; from store.file import Store\n"
        output(python(writes + "with Store(Path(sys.argv[1]), 0.5).write(): pass", store.path))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_can_wait_is_kept_with_when_to_try_again_and_nothing_read_is_lost(store: Store, place: int) -> None:
    source = Scripted.of(*PAGES, errors={place: TryLater("The wire is cut.", "kith waits", retry_after=900)})
    before = datetime.now(UTC)
    outcome = capture(store, source)
    assert (outcome.state, outcome.error, outcome.fix) == ("try later", "The wire is cut.", "kith waits")
    assert outcome.seen == 2 * place
    row = state(store)
    assert (row["error"], row["fix"], row["failures"]) == ("The wire is cut.", "kith waits", 1)
    assert timedelta(seconds=890) < row["next_at"] - before < timedelta(seconds=930)
    capture(store, source)
    assert state(store)["failures"] == 2
    source.errors.clear()
    assert capture(store, source).state == "ok"
    row = state(store)
    assert (row["error"], row["fix"], row["failures"], row["next_at"]) == (None, None, 0, None)
    assert numbers(store) == [1, 2, 3, 5]


def test_what_needs_a_human_is_kept_with_the_command_that_mends_it_and_no_time_to_try_again(store: Store) -> None:
    outcome = capture(store, Scripted.of(*PAGES, errors={1: NeedsHuman("The password is refused.", "kith login mail")}))
    assert (outcome.state, outcome.error) == ("needs you", "The password is refused.")
    row = state(store)
    assert (row["error"], row["fix"], row["next_at"]) == ("The password is refused.", "kith login mail", None)
    assert numbers(store) == [1, 2]


class Buggy(Scripted):
    """Fails in a way that nobody foresaw, before or instead of its pages."""

    failure: Any = KeyError("x")

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        if isinstance(self.failure, BaseException):
            raise self.failure
        return iter(self.failure)


BUGS: list[Any] = [
    KeyError("uid"),
    RecursionError("too deep"),
    MemoryError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    [None],
    [Page((cast(Any, "no observation"),), {"said": 1})],
    [Page((mail(1),), {"said": cast(Any, object())})],
    5,
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: type(bug).__name__)
def test_a_bug_in_a_connector_is_tried_later_and_other_sources_go_on(
    store: Store, bug: Any, caplog: pytest.LogCaptureFixture
) -> None:
    buggy = Buggy.of(*PAGES)
    cast(Buggy, buggy).failure = bug
    with caplog.at_level(logging.ERROR):
        outcome = capture(store, buggy, "buggy")
    assert outcome.state == "try later"
    assert outcome.error
    assert outcome.error.startswith("scripted failed: ")
    assert outcome.fix
    assert caplog.records[-1].exc_info, "the traceback is in the log"
    assert state(store, "buggy")["failures"] == 1
    assert state(store, "buggy")["next_at"] > datetime.now(UTC)
    assert capture(store, Scripted.of(*PAGES), "well").state == "ok"
    assert numbers(store) == [1, 2, 3, 5]


def test_a_bug_in_the_middle_keeps_the_pages_before_it(store: Store) -> None:
    outcome = capture(store, Scripted.of(*PAGES, errors={2: IndexError("list index out of range")}))
    assert (outcome.state, outcome.seen) == ("try later", 4)
    assert outcome.error == "scripted failed: IndexError: list index out of range"
    assert numbers(store) == [1, 2, 3]


def test_a_pull_that_another_one_has_overtaken_is_dropped(store: Store) -> None:
    """Another poll of the same source gets in between two pages of ours: what it kept stands, ours ends."""
    theirs = Scripted.of(*PAGES)

    class Slow(Scripted):
        def pull(self, cursor: Cursor | None) -> Iterator[Page]:
            for number, page in enumerate(super().pull(cursor)):
                if number == 1:
                    assert capture(Store(store.path, 10), theirs).state == "ok"
                yield page

    outcome = capture(store, Slow.of(*PAGES))
    assert outcome.state == "overtaken"
    assert outcome.error is None
    assert numbers(store) == [1, 2, 3, 5]
    row = state(store)
    assert (row["failures"], row["error"], row["captured"]) == (0, None, 4)
    assert everything(store)["source"][0][2] == '{"said":3}'


def test_two_that_poll_one_source_from_the_start_keep_everything_once(store: Store) -> None:
    """As ``kith sync`` beside a daemon, in two processes."""
    code = """
import sys
from pathlib import Path
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import capture, mail
pages = [[mail(100 * page + n) for n in range(30)] for page in range(25)]
print(capture(Store(Path(sys.argv[1]), 30), Scripted.of(*pages)).state)
"""
    states = [output(each).strip() for each in [python(code, store.path), python(code, store.path)]]
    assert "ok" in states
    assert set(states) <= {"ok", "overtaken"}
    assert numbers(store) == sorted(100 * page + n for page in range(25) for n in range(30))
    assert everything(store)["source"][0][2:4] == ('{"said":25}', 750)


def test_a_file_that_is_busy_for_too_long_is_no_fault_of_the_source(store: Store) -> None:
    capture(store, Scripted.of([mail(1)]))
    holds = "import sys; from pathlib import Path; from store.file import Store\n"
    holds += "with Store(Path(sys.argv[1])).write(): print('held', flush=True); sys.stdin.readline()"
    other = python(holds, store.path)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        capture(Store(store.path, 0.2), Scripted.of([mail(1)], [mail(2)]))
    output(other)
    assert state(store)["failures"] == 0


def test_nothing_is_made_before_there_is_something_to_keep(store: Store) -> None:
    with pytest.raises(Missing), store.read():
        pass
    capture(store, Scripted.of())
    with store.read() as reader:
        assert reader.counts() == {"people": 0, "interactions": 0, "unreadable": 0}


def test_what_a_stranger_wrote_comes_back_as_it_was(store: Store) -> None:
    """Quotes, control characters, other scripts, zeros: they are data all the way."""
    texts = [
        "'; DROP TABLE interaction; --",
        'a "b" \\ c',
        "\x1b[31m\x07",
        "a\0b",
        "日本語 \U0001f600",
        "{}[]",
        "%_?$1",
        "null",
    ]
    letters = [mail(n, party("from", f"s{n}@example.org", text), title=text, list_id=text) for n, text in enumerate(texts)]
    assert capture(store, Scripted.of(letters)).captured == len(texts)
    assert sorted(row[4] for row in tables(store)["party"] if row[4]) == sorted(texts)
    with store.read() as reader:
        for n, text in enumerate(texts):
            (row,) = reader.timeline(reader.find(f"s{n}@example.org")[0]["ids"])
            assert row["title"] == text
            assert row["people"] == [text]


def test_the_users_own_copies_of_one_mail_are_one_row(store: Store) -> None:
    sent = mail(1, ME, ["alice@example.org", party("bcc", "bob@example.org")], labels=("Sent",))
    copy = mail(1, ME, ["alice@example.org", party("cc", ME)], labels=("INBOX",))
    capture(store, Scripted.of([copy], [sent], [copy, sent]))
    capture(store, Scripted.of([sent, copy]), "archive")
    found = tables(store)
    assert len(found["interaction"]) == 1
    assert '"labels":["INBOX","Sent"]' in found["interaction"][0][7]
    assert [(row[2], row[3]) for row in found["party"]] == [
        ("alice@example.org", "to"),
        ("bob@example.org", "bcc"),
        (ME, "cc"),
        (ME, "from"),
    ]
    # the user's own handles are not counted: nobody asks how often they were in touch with themselves
    assert [(row[1], row[7]) for row in found["handle"]] == [("alice@example.org", 1), ("bob@example.org", 1), (ME, 0)]


def test_an_event_that_changes_is_replaced_by_its_own_source_alone(store: Store) -> None:
    first = meeting(1, "alice@example.org", [ME, "bob@example.org"])
    later = meeting(1, "alice@example.org", [ME], days=-1)
    capture(store, Scripted.of([first]), "calendar")
    capture(store, Scripted.of([later]), "elsewhere")
    assert len(tables(store)["party"]) == 3
    capture(store, Scripted.of([first], [later]), "calendar 2")
    capture(store, _again(later), "calendar")
    found = tables(store)
    assert sorted(row[2] for row in found["party"]) == ["alice@example.org", ME]
    assert [row[1] for row in found["handle"]] == ["alice@example.org", ME]
    assert found["interaction"][0][3] == later.happened_at.replace(tzinfo=None)


def _again(*observations: Observation) -> Scripted:
    """A script that stands after one page already."""
    return Scripted.of([], observations)
