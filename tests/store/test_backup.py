"""Copies of the file that are whole, and such a copy in its place again; beside processes that write, and killed anywhere."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from store.backup import back_up, restore
from store.check import check
from store.errors import Broken, Busy, Full, Missing, StoreError
from store.file import Store
from store.steps import CRASHED
from tests.scripted import Scripted
from tests.small_world import ROOT, capture, everything, mail, output, python, tables

WRITES = """
import sys
from pathlib import Path
from threading import Event
from capture.poll import Source, poll
from store.file import Store
from tests.endless import Endless
from tests.small_world import me

endless = Endless(50, more=lambda _: not Path(sys.argv[2]).exists())

def tell(progress):
    if progress.seen == 50:
        print("writing", flush=True)

assert poll(Source("endless", "endless", endless), Store(Path(sys.argv[1]), 30), me, Event(), tell).state == "ok"
"""

RESTORES = """
import sys
from pathlib import Path
from store.backup import restore
restore(Path(sys.argv[1]), Path(sys.argv[2]), 10)
"""

HOLDS = """
import sys
from pathlib import Path
from store.duck import connect
connection = connect(Path(sys.argv[1]), write=True, patience=5)
print("held", flush=True)
sys.stdin.readline()
connection.close()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data" / "kith.duckdb", patience=30)
    capture(store, Scripted.of([mail(1), mail(2)], [mail(3)]))
    return store


def test_a_backup_holds_all_that_the_file_holds_and_is_its_owners_alone(store: Store, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        done = back_up(store.path, tmp_path / "new" / "folder" / "copy.duckdb", 5)
    finally:
        os.umask(before)
    assert everything(Store(done.file)) == everything(store)
    assert stat.S_IMODE(done.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(done.file.parent.stat().st_mode) == 0o700
    assert done.rows["interaction"] == 3
    assert check(done.file, 5).findings == []
    assert sorted(each.name for each in done.file.parent.iterdir()) == ["copy.duckdb", "copy.duckdb.lock"]  # of the check


def test_a_backup_overwrites_nothing_and_needs_something_to_copy(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        back_up(store.path, tmp_path / "there", 5)
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(Missing):
        back_up(tmp_path / "nothing.duckdb", tmp_path / "copy", 5)
    assert not (tmp_path / "copy").exists()


def test_backups_beside_a_process_that_writes_all_the_time_are_each_a_moment_between_two_pages(tmp_path: Path) -> None:
    path, stop = tmp_path / "data" / "kith.duckdb", tmp_path / "stop"
    writer = python(WRITES, path, stop)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    counts = []
    for n in range(6):
        done = back_up(path, tmp_path / f"copy{n}", 30)
        assert check(done.file, 5).findings == []
        (source,) = everything(Store(done.file))["source"]
        counts.append(done.rows["interaction"])
        assert source[2] == f'{{"page":{counts[-1] // 50}}}'
        time.sleep(0.1)
    stop.touch()
    output(writer)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_a_process_that_has_made_a_backup_still_has_its_lock(store: Store, tmp_path: Path) -> None:
    """A copy of the bytes would lose it: whoever closes the file loses the lock on it."""
    with store.write(more=lambda: True) as tx:
        tx.execute("INSERT INTO tag VALUES (1, 'mine')")
    store.let_go()
    code = """
import sys
from pathlib import Path
from store.duck import connect
from store.errors import Busy
try:
    connect(Path(sys.argv[1]), write=True, patience=0)
    print("opened")
except Busy:
    print("busy")
"""
    back_up(store.path, tmp_path / "copy", 5)
    with store.write() as tx:
        tx.execute("INSERT INTO tag VALUES (2, 'mine')")
        assert output(python(code, store.path)) == "busy\n"


def test_what_is_restored_is_the_backup_and_what_was_there_is_kept(store: Store, tmp_path: Path) -> None:
    copy = back_up(store.path, tmp_path / "copy", 5).file
    then = everything(store)
    capture(store, Scripted.of([mail(1), mail(2)], [mail(3)], [mail(4)]))
    later = everything(store)
    done = restore(store.path, copy, 5)
    assert everything(store) == then
    assert done.kept is not None
    assert everything(Store(done.kept)) == later
    assert everything(Store(copy)) == then
    # what has come since is read again
    capture(store, Scripted.of([mail(1), mail(2)], [mail(3)], [mail(4)]))
    assert everything(store) == later


def test_a_backup_replaces_a_database_that_cannot_be_opened_any_more(store: Store, tmp_path: Path) -> None:
    copy = back_up(store.path, tmp_path / "copy", 5).file
    then = everything(store)
    store.path.write_bytes(b"rotten" * 3000)
    store.path.with_name("kith.duckdb.wal").write_bytes(b"rotten, too")
    done = restore(store.path, copy, 5)
    assert everything(store) == then
    assert done.kept is not None
    assert done.kept.read_bytes() == b"rotten" * 3000
    assert done.kept.with_name(f"{done.kept.name}.wal").read_bytes() == b"rotten, too"


def test_what_is_no_backup_is_refused_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    before = everything(store)
    (tmp_path / "letter").write_text("Dear Alice, " * 2000)
    with pytest.raises(Broken):
        restore(store.path, tmp_path / "letter", 5)
    with pytest.raises(Missing):
        restore(store.path, tmp_path / "nothing", 5)
    with pytest.raises(StoreError, match="itself"):
        restore(store.path, store.path, 5)
    assert everything(store) == before
    assert {each.name for each in store.path.parent.iterdir()} <= {"kith.duckdb", "kith.duckdb.lock", "kith.duckdb.wanted"}


def test_a_database_that_another_program_has_open_is_not_replaced(store: Store, tmp_path: Path) -> None:
    """DuckDB's own shell, for one, which knows nothing of our gate: what it writes would be in a file that nobody reads."""
    copy = back_up(store.path, tmp_path / "copy", 5).file
    capture(store, Scripted.of([mail(1), mail(2)], [mail(3)], [mail(4)]))
    before, inode = everything(store), store.path.stat().st_ino
    other = python(HOLDS, store.path)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        restore(store.path, copy, 0.2)
    assert store.path.stat().st_ino == inode
    output(other)
    assert everything(store) == before
    assert {each.name for each in store.path.parent.iterdir()} <= {"kith.duckdb", "kith.duckdb.lock", "kith.duckdb.wanted"}


def test_a_restore_that_dies_at_any_step_leaves_the_old_database_or_the_backup(store: Store, tmp_path: Path) -> None:
    copy = back_up(store.path, tmp_path / "copy", 5).file
    then = everything(store)
    capture(store, Scripted.of([mail(1), mail(2)], [mail(3)], [mail(4)]))
    later = everything(store)
    seen = []
    for at in range(1, 100):
        process = subprocess.run(
            [sys.executable, "-c", RESTORES, store.path, copy],
            cwd=ROOT,
            env={**os.environ, "KITH_CRASH_AT": str(at)},
            timeout=60,
        )
        now = everything(store)
        assert now in (then, later), at
        seen.append(now == then)
        if process.returncode == 0:
            break
        assert process.returncode == CRASHED
    assert seen[0] is False
    assert seen[-1] is True
    assert len(seen) >= 6


def test_nothing_is_written_where_little_room_is_left(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tables(store)
    monkeypatch.setattr("store.room.FLOOR", 1 << 60)
    monkeypatch.setattr("store.room.SHARE", 1)
    with pytest.raises(Full, match="nearly full") as full, store.write():
        pass
    assert "make room" in full.value.hint
    with pytest.raises(Full):
        back_up(store.path, tmp_path / "copy", 5)
    assert tables(store) == before
