"""The file between processes: who may read it, who holds it, what it says when it cannot be used."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.base import Cursor, Page
from store.duck import connect
from store.errors import Broken, Busy, Missing, Newer, StoreError
from store.file import Store
from store.schema import VERSION
from store.sources import Overtaken
from store.writer import Beliefs
from tests.scripted import Scripted
from tests.small_world import capture, everything, mail, output, python, tables

HOLD = """
import sys
from pathlib import Path
from store.duck import connect
connection = connect(Path(sys.argv[1]), write=sys.argv[2] == "write", patience=5)
print("held", flush=True)
sys.stdin.readline()
connection.close()
print("free", flush=True)
"""
PATIENT = """
import sys
from pathlib import Path
from store.file import Store
with Store(Path(sys.argv[1]), patience=30).read() as reader:
    print(reader.counts()["people"])
"""
COUNT = """
import sys
from pathlib import Path
from store.file import Store
store = Store(Path(sys.argv[1]), patience=60)
for _ in range(int(sys.argv[2])):
    with store.write() as tx:
        (count,), = tx.execute("SELECT value::BIGINT FROM meta WHERE name = 'count'")
        tx.execute("DELETE FROM meta WHERE name = 'count'")
        tx.execute("INSERT INTO meta VALUES ('count', ?)", [str(count + 1)])
        tx.execute("INSERT INTO tag VALUES (?, ?)", [count, sys.argv[3]])
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "kith.duckdb")


@contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Another process has the file open."""
    other = python(HOLD, path, how)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n", other.communicate()
        yield other
    finally:
        output(other)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_reads_the_file_its_log_its_gate_and_its_folder_even_without_a_umask(store: Store) -> None:
    before = os.umask(0)
    try:
        with store.write() as tx:
            tx.execute("INSERT INTO tag VALUES (1, 'x')")
            log = store.path.with_name("kith.duckdb.wal")
            made = {each.name: mode(each) for each in store.path.parent.iterdir()}
        with held(store.path, "read"), pytest.raises(Busy):
            Store(store.path, patience=0).write().__enter__()
        made |= {each.name: mode(each) for each in store.path.parent.iterdir()}
    finally:
        assert os.umask(before) == 0
    assert made["kith.duckdb"] == 0o600
    assert made["kith.duckdb.wanted"] == 0o600
    assert set(made.values()) == {0o600}, made
    assert mode(store.path.parent) == 0o700
    assert log.name not in made or made[log.name] == 0o600


def test_the_log_of_a_process_that_was_killed_is_its_owners_alone(store: Store) -> None:
    """The log stands beside the file until the next one opens it."""
    code = """
import os, sys
from pathlib import Path
from store.file import Store
os.umask(0)
with Store(Path(sys.argv[1])).write() as tx:
    tx.execute("INSERT INTO tag VALUES (1, 'x')")
store = Store(Path(sys.argv[1]))
with store.write(more=lambda: True) as tx:
    tx.execute("INSERT INTO tag VALUES (2, 'y')")
os._exit(0)
"""
    output(python(code, store.path))
    log = store.path.with_name("kith.duckdb.wal")
    assert log.exists()
    assert mode(log) == mode(store.path) == 0o600
    with store.read() as reader:
        assert [list(rows) for table, _, rows in reader.export() if table == "tag"] == [[(1, "x"), (2, "y")]]


def test_a_file_that_is_not_there_is_missing_and_reading_does_not_make_it(store: Store) -> None:
    with pytest.raises(Missing, match="no database") as missing, store.read():
        pass
    assert missing.value.exit_code == 1
    assert "kith sync" in missing.value.hint
    assert not store.path.parent.exists()


def test_a_file_that_another_process_writes_is_busy_and_the_error_names_that_process(store: Store) -> None:
    with store.write():
        pass
    with held(store.path, "write") as other:
        for block in (Store(store.path, patience=0.2).read(), Store(store.path, patience=0.2).write()):
            with pytest.raises(Busy, match=rf"python.*process {other.pid}\)") as busy, block:
                pass
            assert busy.value.exit_code == 75
            assert busy.value.hint


def test_many_may_read_at_once_and_a_writer_waits_for_them(store: Store) -> None:
    with store.write():
        pass
    with held(store.path, "read"), held(store.path, "read"), store.read() as reader:
        assert reader.counts() == {"people": 0, "interactions": 0, "unreadable": 0}
    with (
        held(store.path, "read") as other,
        pytest.raises(Busy, match=rf"process {other.pid}\)"),
        Store(store.path, patience=0.2).write(),
    ):
        pass


def test_who_waits_gets_in_when_the_other_lets_go(store: Store) -> None:
    with store.write():
        pass
    with held(store.path, "write") as other:
        waiting = python(PATIENT, store.path)
        time.sleep(0.5)
        assert waiting.poll() is None
        assert other.stdin is not None
        other.stdin.write("\n")
        other.stdin.flush()
        assert output(waiting) == "0\n"


def test_a_file_of_a_later_kith_is_refused_and_not_touched(store: Store) -> None:
    with store.write() as tx:
        tx.execute("UPDATE meta SET value = ? WHERE name = 'version'", [str(VERSION + 1)])
    for block in (store.read(), store.write()):
        with pytest.raises(Newer, match=f"form {VERSION + 1}") as newer, block:
            pass
        assert newer.value.hint
    assert everything(store)["version"] == [(str(VERSION + 1),)]
    assert {each.name for each in store.path.parent.iterdir()} == {"kith.duckdb", "kith.duckdb.lock"}


def test_a_reader_that_fails_has_the_file_open_no_more(store: Store) -> None:
    with store.write() as tx:
        tx.execute("UPDATE meta SET value = 'none' WHERE name = 'version'")
    with pytest.raises(ValueError, match="none") as error, store.read():
        pass
    with held(store.path, "write"):
        del error  # not earlier: it holds whatever it came by


@pytest.mark.parametrize("garbage", [b"garbage" * 5000, b"x", b"SQLite format 3\0" * 1000], ids=["long", "short", "sqlite"])
def test_a_file_that_is_no_database_is_broken_and_not_touched(store: Store, garbage: bytes) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(garbage)
    store.patience = 0.2
    for block in (store.read(), store.write()):
        with pytest.raises(Broken, match=r"kith\.duckdb cannot be read") as broken, block:
            pass
        assert "aside" in broken.value.hint
    assert store.path.read_bytes() == garbage


def test_a_file_that_was_damaged_is_broken(store: Store) -> None:
    """Bits that flipped in the headers are found by their checksums, never read as something else."""
    capture(store, Scripted.of([mail(n) for n in range(500)]))
    content = bytearray(store.path.read_bytes())
    for place in (4096 + 100, 8192 + 100):
        content[place] ^= 1
    store.path.write_bytes(content)
    for block in (store.read(), store.write()):
        with pytest.raises(Broken), block:
            pass


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match=r"data folder .* cannot be made") as error, Store(tmp_path / "data/x").write():
        pass
    assert error.value.hint


def test_whoever_comes_while_the_file_is_being_made_finds_it_whole_or_not_at_all(tmp_path: Path) -> None:
    """Also processes that want to make it in the same moment: one does, and nobody finds a file without its headers."""
    code = """
import sys, time
from pathlib import Path
from store.errors import Missing
from store.file import Store
base, how, start = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
for n in range(12):
    store = Store(base / str(n) / "kith.duckdb", patience=20)
    while time.time() < start + n * 0.12:
        time.sleep(0.0001)
    if how == "write":
        with store.write() as tx:
            tx.execute("INSERT INTO tag VALUES (1, 'x')")
    while how == "read" and time.time() < start + n * 0.12 + 0.1:
        try:
            with store.read() as reader:
                reader.counts()
        except Missing:
            pass
"""
    start = str(time.time() + 1)
    for each in [python(code, tmp_path, how, start) for how in ("write", "write", "read")]:
        output(each)
    for n in range(12):
        assert everything(Store(tmp_path / str(n) / "kith.duckdb"))["tag"] == [(1, "x"), (1, "x")]
        assert not (tmp_path / str(n) / "kith.duckdb.new").exists()


def test_what_a_process_left_that_was_killed_while_it_made_the_file_is_in_nobodys_way(store: Store) -> None:
    store.path.parent.mkdir()
    store.path.with_name("kith.duckdb.new").write_bytes(b"")
    store.path.with_name("kith.duckdb.new.wal").write_bytes(b"half")
    with store.write() as tx:
        tx.execute("INSERT INTO tag VALUES (1, 'x')")
    assert {each.name for each in store.path.parent.iterdir()} == {"kith.duckdb", "kith.duckdb.lock"}


def test_a_block_that_raises_leaves_nothing_behind_and_the_file_free(store: Store) -> None:
    with store.write() as tx:
        tx.execute("INSERT INTO tag VALUES (1, 'kept')")
    with pytest.raises(ZeroDivisionError):
        _fail_in(store)
    assert everything(store)["tag"] == [(1, "kept")]
    with held(store.path, "write"):
        pass


def _fail_in(store: Store) -> None:
    with store.write() as tx:
        tx.execute("INSERT INTO tag VALUES (2, 'lost')")
        raise ZeroDivisionError


def test_two_processes_that_write_by_turns_lose_nothing(store: Store) -> None:
    with store.write() as tx:
        tx.execute("INSERT INTO meta VALUES ('count', '0')")
    writers = [python(COUNT, store.path, "25", name) for name in ("a", "b")]
    for each in writers:
        output(each)
    with store.write() as tx:
        assert tx.execute("SELECT value FROM meta WHERE name = 'count'") == [("50",)]
        assert tx.execute("SELECT count(*), count(DISTINCT person_id) FROM tag") == [(50, 50)]
        assert tx.execute("SELECT tag, count(*) FROM tag GROUP BY tag ORDER BY tag") == [("a", 25), ("b", 25)]


def test_a_cursor_that_somebody_moved_meanwhile_is_not_moved_and_nothing_of_the_page_is_kept(store: Store) -> None:
    capture(store, Scripted.of([mail(1)]))
    before = everything(store)
    page = Page((mail(2),), {"said": 9})
    for old in (None, {"said": 0}, {"said": 2}, {"said": "1"}):
        with pytest.raises(Overtaken):
            _record(store, page, old)
    assert everything(store) == before
    with store.write() as tx:
        tx.advance("mail", "scripted", {"said": 1}, page.cursor, 0)
    assert everything(store)["source"][0][2] == '{"said":9}'


def _record(store: Store, page: Page, old: Cursor | None) -> None:
    with store.write() as tx:
        news = tx.news("mail", page, lambda handle: handle.key)
        tx.record("mail", news, Beliefs(verdicts=[("counts", "personal")]))
        tx.advance("mail", "scripted", old, page.cursor, 1)


def test_a_cursor_is_the_same_in_whatever_order_its_keys_are_said(store: Store) -> None:
    with store.write() as tx:
        tx.advance("mail", "scripted", None, {"a": 1, "b": {"x": "ü", "y": [1, 2]}}, 0)
    with store.read() as reader:
        assert reader.cursor("mail") == {"a": 1, "b": {"x": "ü", "y": [1, 2]}}
        assert reader.cursor("nobody") is None
    with store.write() as tx:
        tx.advance("mail", "scripted", {"b": {"y": [1, 2], "x": "ü"}, "a": 1}, {}, 0)


def test_reading_and_writing_leave_no_other_files(store: Store) -> None:
    capture(store, Scripted.of([mail(1)], [mail(2)]))
    tables(store)
    assert {each.name for each in store.path.parent.iterdir()} == {"kith.duckdb", "kith.duckdb.lock"}


def test_a_connection_reaches_no_other_file_and_fetches_nothing(store: Store) -> None:
    with store.write():
        pass
    connection = connect(store.path, write=False, patience=1)
    try:
        names = ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions")
        for name in names:
            assert connection.execute(f"SELECT current_setting('{name}')").fetchall() == [(False,)]
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    finally:
        connection.close()
