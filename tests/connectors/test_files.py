"""Watched files: what is said of them when they come, change and go, and what is not believed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors import file_listing, files
from connectors.base import Card, Cursor, Gone, NeedsHuman, Observation, Page, TryLater, Unreadable
from connectors.contract import said, through_json
from connectors.files import Files, Shelf
from connectors.resources import Said, mark
from connectors.vanishing import DAY, HOUR
from tests.connectors.rights import as_somebody

NOW = 1_770_000_000


class Clock:
    """What time it is for kith."""

    def __init__(self) -> None:
        self.time = float(NOW)

    def wait(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(files, "now", lambda: clock.time)
    return clock


def put(path: Path, *words: str, at: float = NOW - 1000) -> Path:
    """Writes a file with a line for each word, with the file time ``at``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{word}\n" for word in words))
    os.utime(path, (at, at))
    return path


def read(data: bytes, name: str, until: int, since: int | None) -> Said:
    """A card for each line. A line "daily" is one that goes on for ever: a card for each day up to ``until``."""
    cards: list[Observation] = []
    words = data.decode().split()
    for word in words:
        if word == "bad":
            raise ValueError(word)
        if word == "daily":
            days = range((since or until - 2 * DAY) // DAY, until // DAY)
            cards += (Card(f"{name}/{day}", str(day - NOW // DAY)) for day in days)
        else:
            cards.append(Card(f"{name}/{word}", word))
    return Said(cards, "daily" in words, NOW // DAY + 10 if words == ["tomorrow"] else 0)


def pull(path: Path, cursor: Cursor | None = None, **more: Any) -> list[Page]:
    shelf = Shelf(path, (".txt",), read, **more)
    return list(Files(shelf, None if cursor is None else through_json(cursor)).pages())


def names(heard: Sequence[Page]) -> list[str | None]:
    return [item.name for item in said(heard) if isinstance(item, Card)]


def gone(heard: Sequence[Page]) -> list[str]:
    return [item.native_id for item in said(heard) if isinstance(item, Gone)]


class TestMark:
    def test_it_is_twelve_characters_that_stand_in_any_path(self) -> None:
        for path in ("", "a.txt", "ä/€.vcf", "x" * 5000, "\udcff", "\ud800"):
            assert len(mark(path)) == 12
            assert mark(path).replace("-", "a").replace("_", "a").isalnum()
        assert mark("a/b.txt") != mark("b.txt")


@pytest.mark.usefixtures("clock")
class TestNews:
    def test_a_file_is_said_once_and_says_what_it_was_changed_to(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.txt", "one", "two")
        put(tmp_path / "b.txt", "other")
        first = pull(tmp_path)
        assert sorted(map(str, names(first))) == ["one", "other", "two"]
        assert pull(tmp_path, first[-1].cursor) == []
        put(path, "two", "three", at=NOW - 500)
        [page] = pull(tmp_path, first[-1].cursor)
        name = mark("a.txt")
        assert page.observations == (Gone(f"{name}/"), Card(f"{name}/two", "two"), Card(f"{name}/three", "three"))
        assert pull(tmp_path, page.cursor) == []

    def test_a_file_that_is_written_anew_with_equal_content_says_nothing(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.txt", "one")
        first = pull(tmp_path)
        put(path, "one", at=NOW - 500)
        [page] = pull(tmp_path, first[-1].cursor)
        assert page.observations == ()
        assert pull(tmp_path, page.cursor) == []

    def test_a_change_in_the_same_tick_of_the_clock_is_seen(self, tmp_path: Path, clock: Clock) -> None:
        """The second text has the time and the size of the first, as a coarse clock would have it."""
        path = put(tmp_path / "a.txt", "one", at=NOW)
        first = pull(tmp_path)
        put(path, "two", at=NOW)
        second = pull(tmp_path, first[-1].cursor)
        assert names(second) == ["two"]
        clock.wait(60)
        third = pull(tmp_path, second[-1].cursor)
        assert said(third) == []
        assert pull(tmp_path, third[-1].cursor) == []

    def test_what_was_written_last_comes_first(self, tmp_path: Path) -> None:
        for number, at in (("1", 10), ("2", 30), ("3", 20)):
            put(tmp_path / f"{number}.txt", number, at=NOW - 5000 + at)
        assert names(pull(tmp_path)) == ["2", "3", "1"]

    def test_another_setting_says_all_anew(self, tmp_path: Path) -> None:
        put(tmp_path / "a.txt", "one")
        first = pull(tmp_path, salt="DE")
        assert names(pull(tmp_path, first[-1].cursor, salt="US")) == ["one"]
        assert gone(pull(tmp_path, first[-1].cursor, salt="US")) == [f"{mark('a.txt')}/"]

    def test_a_cursor_of_another_version_reads_all_anew(self, tmp_path: Path) -> None:
        put(tmp_path / "a.txt", "one")
        assert names(pull(tmp_path, {"version": 0})) == ["one"]

    def test_a_large_file_that_is_new_is_said_in_pages(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.txt", *(f"w{n}" for n in range(1000)))
        put(tmp_path / "b.txt", *(f"x{n}" for n in range(100)), at=NOW - 100)
        heard = pull(tmp_path)
        assert [len(page.observations) for page in heard] == [200, 400, 500]
        assert gone(heard) == []
        for stop in (1, 2):
            rest = pull(tmp_path, heard[stop - 1].cursor)
            assert names([*heard[:stop], *rest]) == names(heard)
        put(path, "other", at=NOW - 50)
        rest = pull(tmp_path, heard[0].cursor)
        assert rest[0].observations == (Gone(f"{mark('a.txt')}/"), Card(f"{mark('a.txt')}/other", "other"))

    def test_a_large_file_that_changed_is_said_in_one_page(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a.txt", "one")
        first = pull(tmp_path)
        put(path, *(f"w{n}" for n in range(3000)), at=NOW - 50)
        [page] = pull(tmp_path, first[-1].cursor)
        assert len(page.observations) == 3001

    def test_a_file_that_cannot_be_understood_is_told_and_the_rest_arrives(self, tmp_path: Path) -> None:
        put(tmp_path / "a.txt", "bad")
        put(tmp_path / "b.txt", "good")
        heard = pull(tmp_path)
        assert names(heard) == ["good"]
        [bad] = [item for item in said(heard) if isinstance(item, Unreadable)]
        assert bad.native_id == f"{mark('a.txt')}/"
        assert pull(tmp_path, heard[-1].cursor) == []

    def test_a_file_that_is_too_large_is_told_once(self, tmp_path: Path) -> None:
        os.truncate(put(tmp_path / "a.txt"), file_listing.MOST_BYTES + 1)
        os.utime(tmp_path / "a.txt", (NOW - 100, NOW - 100))
        put(tmp_path / "b.txt", "good")
        heard = pull(tmp_path)
        assert names(heard) == ["good"]
        [large] = [item for item in said(heard) if isinstance(item, Unreadable)]
        assert large.reason == "the file cannot be read: it is larger than 256 MB"
        assert pull(tmp_path, heard[-1].cursor) == []


@pytest.mark.usefixtures("clock")
class TestListing:
    def test_folders_below_are_read_and_hidden_and_passing_files_are_not(self, tmp_path: Path) -> None:
        for name in ("a.txt", "b/c.TXT", "b/d/e.txt"):
            put(tmp_path / name, name)
        others = ("color", ".a.txt", ".git/a.txt", "~$a.txt", "#a.txt", "a.txt~", "a.txt.tmp", "a.txt.part", "a.txt.lock")
        for name in others:
            put(tmp_path / name, name)
        os.mkfifo(tmp_path / "pipe.txt")
        put(tmp_path / "empty.txt")
        assert sorted(map(str, names(pull(tmp_path)))) == ["a.txt", "b/c.TXT", "b/d/e.txt"]

    def test_links_are_followed_and_no_folder_is_read_twice(self, tmp_path: Path) -> None:
        put(tmp_path / "real/a.txt", "a")
        put(tmp_path / "elsewhere/b.txt", "b")
        root = tmp_path / "real"
        (root / "again").symlink_to(root)
        (root / "up").symlink_to(tmp_path)
        (root / "aaa").symlink_to(tmp_path / "elsewhere")
        (root / "nothing.txt").symlink_to(tmp_path / "nothing")
        (root / "circle.txt").symlink_to(root / "circle.txt")
        heard = said(pull(root))
        assert {item.native_id for item in heard} == {f"{mark('a.txt')}/a", f"{mark('aaa/b.txt')}/b"}

    def test_one_file_is_a_source_whatever_it_is_called(self, tmp_path: Path) -> None:
        path = put(tmp_path / "contacts", "one")
        first = pull(path)
        assert said(first) == [Card(f"{mark('contacts')}/one", "one")]
        put(path, "two", at=NOW - 5)
        assert names(pull(path, first[-1].cursor)) == ["two"]

    def test_a_name_that_is_no_text_is_read(self, tmp_path: Path) -> None:
        put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/K\xfcche.txt")), "one")
        first = pull(tmp_path)
        assert names(first) == ["one"]
        assert pull(tmp_path, first[-1].cursor) == []


class TestVanished:
    def test_a_file_that_was_deleted_is_withdrawn(self, tmp_path: Path, clock: Clock) -> None:
        path = put(tmp_path / "a.txt", "one")
        put(tmp_path / "b.txt", "other")
        first = pull(tmp_path)
        path.unlink()
        second = pull(tmp_path, first[-1].cursor)
        assert said(second) == [Gone(f"{mark('a.txt')}/")]
        assert pull(tmp_path, second[-1].cursor) == []

    def test_a_path_that_is_not_there_withdraws_nothing(self, tmp_path: Path, clock: Clock) -> None:
        put(tmp_path / "root/a.txt", "one")
        with pytest.raises(NeedsHuman) as refused:
            pull(tmp_path / "rot")
        assert str(tmp_path / "rot") in refused.value.what
        cursor = pull(tmp_path / "root")[-1].cursor
        (tmp_path / "root").rename(tmp_path / "away")
        for _ in range(3):
            clock.wait(2 * HOUR)
            with pytest.raises(TryLater):
                pull(tmp_path / "root", cursor)
        (tmp_path / "away").rename(tmp_path / "root")
        assert pull(tmp_path / "root", cursor) == []

    def test_an_empty_folder_withdraws_only_what_was_missing_for_an_hour(self, tmp_path: Path, clock: Clock) -> None:
        """As the place where a disk would be mounted is."""
        paths = [put(tmp_path / f"{n}.txt", f"w{n}") for n in range(3)]
        heard = pull(tmp_path)
        for path in paths:
            path.rename(tmp_path / f"{path.name}.away")
        for wait in (0, 1800, 1799):
            clock.wait(wait)
            heard += pull(tmp_path, heard[-1].cursor)
            assert gone(heard) == []
        for path in paths:
            (tmp_path / f"{path.name}.away").rename(path)
        heard += pull(tmp_path, heard[-1].cursor)
        assert names(heard) == names(heard[:1])
        for path in paths:
            path.unlink()
        clock.wait(2 * HOUR)
        heard += pull(tmp_path, heard[-1].cursor)
        assert gone(heard) == []
        clock.wait(HOUR)
        heard += pull(tmp_path, heard[-1].cursor)
        assert sorted(gone(heard)) == sorted(f"{mark(path.name)}/" for path in paths)
        assert pull(tmp_path, heard[-1].cursor) == []

    def test_most_of_a_folder_is_not_withdrawn_at_once_either(self, tmp_path: Path, clock: Clock) -> None:
        paths = [put(tmp_path / f"{n}.txt", f"w{n}") for n in range(60)]
        heard = pull(tmp_path)
        for path in paths[:40]:
            path.unlink()
        heard += pull(tmp_path, heard[-1].cursor)
        assert gone(heard) == []
        put(paths[0], "w0")
        paths[-1].unlink()
        clock.wait(HOUR)
        heard += pull(tmp_path, heard[-1].cursor)
        assert set(gone(heard)) == {f"{mark(path.name)}/" for path in (*paths[1:40], paths[-1])}
        assert names(heard[1:]) == []

    def test_history_stays_when_all_files_vanish(self, tmp_path: Path, clock: Clock) -> None:
        put(tmp_path / "a.txt", "past")
        put(tmp_path / "b.txt", "tomorrow")
        heard = pull(tmp_path, keeps_history=True)
        (tmp_path / "a.txt").unlink()
        (tmp_path / "b.txt").unlink()
        for _ in range(2):
            heard += pull(tmp_path, heard[-1].cursor, keeps_history=True)
            clock.wait(HOUR)
        assert gone(heard) == [f"{mark('b.txt')}/"]

    def test_a_file_that_is_being_written_is_not_gone(self, tmp_path: Path, clock: Clock) -> None:
        """It is empty for a moment; if it stays so it has nothing to say any more."""
        path = put(tmp_path / "a.txt", "one")
        put(tmp_path / "b.txt", "other")
        heard = pull(tmp_path)
        put(path, at=NOW)
        heard += pull(tmp_path, heard[-1].cursor)
        assert gone(heard) == []
        clock.wait(60)
        heard += pull(tmp_path, heard[-1].cursor)
        assert gone(heard) == [f"{mark('a.txt')}/"]

    def test_what_may_not_be_read_is_told_once_and_withdraws_nothing(self, private: Path, clock: Clock) -> None:
        put(private / "open/good.txt", "good")
        locked = put(private / "open/locked.txt", "locked")
        put(private / "closed/a.txt", "closed")
        (private / "open").chmod(0o755)
        with as_somebody(private):
            heard = pull(private)
        locked.chmod(0)
        os.utime(locked, (NOW - 50, NOW - 50))
        (private / "closed").chmod(0)
        more: list[Page] = []
        with as_somebody(private), pytest.raises(NeedsHuman) as refused:
            more.extend(Files(Shelf(private, (".txt",), read), heard[-1].cursor).pages())
        assert "closed" in refused.value.what
        assert "chmod" in refused.value.hint
        name = mark("open/locked.txt")
        assert said(more) == [Unreadable(f"{name}/", "the file cannot be read: Permission denied")]
        (private / "closed").chmod(0o700)
        with as_somebody(private):
            assert said(pull(private, more[-1].cursor)) == []
        locked.chmod(0o600)
        with as_somebody(private):
            assert said(pull(private, more[-1].cursor)) == [Gone(f"{name}/"), Card(f"{name}/locked", "locked")]


class TestHorizon:
    def test_what_goes_on_is_said_further_as_time_passes(self, tmp_path: Path, clock: Clock) -> None:
        put(tmp_path / "a.txt", "daily")
        put(tmp_path / "b.txt", "once")
        heard = pull(tmp_path, horizon=60)
        assert set(names(heard)) == {"58", "59", "once"}
        clock.wait(3600)
        assert pull(tmp_path, heard[-1].cursor, horizon=60) == []
        clock.wait(3 * DAY)
        later = pull(tmp_path, heard[-1].cursor, horizon=60)
        assert names(later) == ["60", "61", "62"]
        assert gone(later) == []
        assert pull(tmp_path, later[-1].cursor, horizon=60) == []

    def test_a_file_that_was_away_meanwhile_misses_nothing(self, tmp_path: Path, clock: Clock) -> None:
        path = put(tmp_path / "a.txt", "daily")
        heard = pull(tmp_path, horizon=60)
        path.rename(tmp_path / "away")
        clock.wait(DAY)
        heard += pull(tmp_path, heard[-1].cursor, horizon=60)
        (tmp_path / "away").rename(path)
        heard += pull(tmp_path, heard[-1].cursor, horizon=60)
        assert set(names(heard)) == {"58", "59", "60"}


class TestSize:
    def test_ten_thousand_files_make_a_small_cursor_and_a_quick_pull(self, tmp_path: Path, clock: Clock) -> None:
        for number in range(10_000):
            put(tmp_path / f"{number % 10}/{number}.txt", "word")
        cursor = pull(tmp_path)[-1].cursor
        assert len(json.dumps(cursor)) < 600_000
        begin = time.process_time()
        assert pull(tmp_path, cursor) == []
        assert time.process_time() - begin < 2
