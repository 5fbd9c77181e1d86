"""Who is inside the gate, and a writer that keeps the file from page to page only as long as nobody waits for it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from store import gate
from store.errors import Broken, Busy
from store.file import LONGEST, Store
from store.gate import Gate, wanted, wanting
from tests.small_world import output, python

WRITER = """
import sys, time
from pathlib import Path
from store.file import Store
path, pages = Path(sys.argv[1]), int(sys.argv[2])
store, number, opened, last = Store(path, patience=30), 0, 0, None
end = time.monotonic() + 30
while time.monotonic() < end and number < pages and not path.with_suffix(".stop").exists():
    number += 1
    with store.write(more=lambda: True) as tx:
        opened += tx.connection is not last
        last = tx.connection
        tx.execute("INSERT INTO tag VALUES (?, 'page')", [number])
        time.sleep(0.02)
    if number == 1:
        print("writing", flush=True)
store.let_go()
print(number, opened, flush=True)
"""
READER = """
import sys, time
from pathlib import Path
from store.file import Store
store, waits = Store(Path(sys.argv[1]), patience=30), []
for _ in range(int(sys.argv[2])):
    began = time.monotonic()
    with store.read() as reader:
        waits.append(time.monotonic() - began)
        reader.counts()
    time.sleep(0.02)
print(max(waits))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = Store(tmp_path / "kith.duckdb")
    with store.write():
        pass
    return store.path


def test_without_anybody_waiting_the_file_is_opened_once_for_many_pages(path: Path) -> None:
    pages, opened = map(int, output(python(WRITER, path, "10")).split()[1:])
    assert (pages, opened) == (10, 1)


def test_a_reader_who_waits_is_let_in_between_two_pages(path: Path) -> None:
    """The writer would keep the file for a second or more; a reader gets in after the page in hand, again and again."""
    writer = python(WRITER, path, "1000000")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    longest = float(output(python(READER, path, "25")))
    assert writer.poll() is None
    path.with_suffix(".stop").touch()
    pages, opened = map(int, output(writer).split())
    assert longest < 0.8 < LONGEST
    assert opened >= 10
    assert pages >= opened


THREADS = """
import sys, time
from pathlib import Path
from threading import Thread
from store.file import Store
path, done = Path(sys.argv[1]), [0] * 8
def work(number):
    store, end = Store(path, patience=60), time.monotonic() + 60
    while time.monotonic() < end and not path.with_suffix(".stop").exists():
        done[number] += 1
        with store.write() as tx:
            tx.execute("INSERT INTO tag VALUES (?, 'page')", [number])
threads = [Thread(target=work, args=[number]) for number in range(8)]
for each in threads:
    each.start()
print("writing", flush=True)
for each in threads:
    each.join()
print(*done, flush=True)
"""


def test_who_asks_comes_before_all_the_threads_of_a_process_that_write_without_a_pause(path: Path) -> None:
    """And the threads have their turns: none writes much more than another."""
    writer = python(THREADS, path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    store, counts = Store(path, patience=30), []
    for _ in range(25):
        with store.read() as reader:
            counts.append(reader.connection.execute("SELECT count(*) FROM tag").fetchall()[0][0])
        time.sleep(0.01)
    path.with_suffix(".stop").touch()
    turns = [*map(int, output(writer).split())]
    waited = [after - before for before, after in pairwise(counts)]
    assert sum(waited) / len(waited) < 4, f"as if the {len(turns)} of them were before us each time: {waited}"
    assert max(turns) - min(turns) <= 2, turns


def test_three_readers_at_once_all_get_in_and_the_writer_goes_on(path: Path) -> None:
    writer = python(WRITER, path, "1000000")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    readers = [python(READER, path, "8") for _ in range(3)]
    assert max(float(output(each)) for each in readers) < 2
    path.with_suffix(".stop").touch()
    pages, _ = map(int, output(writer).split())
    assert pages >= 3
    with Store(path).write() as tx:
        assert tx.execute("SELECT count(*), count(DISTINCT person_id) FROM tag") == [(pages, pages)]


def test_a_process_that_dies_while_it_waits_is_not_waited_for(path: Path) -> None:
    code = """
import sys
from pathlib import Path
from store.gate import wanting
with wanting(Path(sys.argv[1])):
    print("waiting", flush=True)
    sys.stdin.read()
"""
    waiting = python(code, path)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    assert wanted(path)
    waiting.kill()
    waiting.wait()
    assert not wanted(path)
    waiting.communicate()


def test_who_waits_is_seen_until_they_are_in(path: Path) -> None:
    assert not wanted(path)
    with wanting(path):
        with wanting(path):
            assert wanted(path)
        assert wanted(path)
    assert not wanted(path)


def test_a_waiter_that_never_comes_holds_the_writer_up_only_for_a_moment(path: Path) -> None:
    store = Store(path)
    with wanting(path):
        began = time.monotonic()
        with store.write():
            pass
        assert time.monotonic() - began < 2


HOLD = """
import sys
from pathlib import Path
from store.gate import Gate
gate = Gate(Path(sys.argv[1]))
gate.enter(alone=sys.argv[2] == "alone", patience=5)
print("held", flush=True)
sys.stdin.readline()
gate.leave()
"""


@contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Another process is inside the gate, and has not opened the file."""
    other = python(HOLD, path, how)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    try:
        yield other
    finally:
        output(other)


def test_nobody_opens_the_file_while_another_process_is_alone_with_it(path: Path) -> None:
    """DuckDB looks at the headers before it locks: its own lock alone is too late."""
    store = Store(path, patience=0.1)
    with held(path, "alone") as other:
        for block in (store.read(), store.write()):
            with pytest.raises(Busy, match=rf"in use by kith \(process {other.pid}\)") as busy, block:
                pass
            assert busy.value.exit_code == 75
    with store.write():
        pass


def test_nobody_writes_while_another_process_is_in_to_read(path: Path) -> None:
    store = Store(path, patience=0.1)
    with held(path, "to read"), store.read() as reader:
        assert reader.counts()["people"] == 0
        with pytest.raises(Busy, match="in use by another process"), store.write():
            pass
    with store.write():
        pass


def test_the_gate_is_held_for_as_long_as_the_file_is_open(path: Path) -> None:
    store, gate = Store(path), Gate(path)
    with store.read(), pytest.raises(Busy):
        gate.enter(alone=True, patience=0)
    with store.write(more=lambda: True), pytest.raises(Busy):
        gate.enter(alone=False, patience=0)
    with pytest.raises(Busy):
        gate.enter(alone=False, patience=0)
    store.let_go()
    gate.enter(alone=True, patience=0)
    gate.leave()


def test_a_process_that_was_killed_leaves_the_gate_open(path: Path) -> None:
    other = python(HOLD, path, "alone")
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    other.kill()
    other.communicate()
    with Store(path, patience=0).write():
        pass


def test_whoever_fails_inside_leaves_the_gate_open(path: Path) -> None:
    store = Store(path, patience=0)
    for _ in range(2):
        with pytest.raises(KeyError), store.write():
            raise KeyError
        with pytest.raises(KeyError), store.read():
            raise KeyError
    content = path.read_bytes()
    path.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(Broken), store.write():
            pass
        with pytest.raises(Broken), store.read():
            pass
    path.write_bytes(content)
    with store.write():
        pass


def test_who_holds_a_file_that_cannot_be_read_is_there_all_the_same(tmp_path: Path) -> None:
    """``kith status`` asks so whether there is a daemon; a folder is what can be locked and not be read."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert gate.held(tmp_path, fcntl.LOCK_SH) == b""
    os.close(descriptor)
    assert gate.held(tmp_path, fcntl.LOCK_SH) is None
