"""Commands that only look, beside a process that writes page after page all the time: none fails.

And commands by which the user decides something: each is done once. ``KITH_RECALLS=1000`` and ``KITH_WRITES=100`` make it that
many; the figures are printed (``pytest -s``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, ROOT, capture, mail, output, python

RUNS = int(os.environ.get("KITH_RECALLS") or 60)

WRITTEN = int(os.environ.get("KITH_WRITES") or 12)

WRITES = """
import sys
from pathlib import Path
from threading import Event
from capture.poll import Source, poll
from store.file import Store
from tests.endless import Endless
from tests.small_world import me

stop = Event()

def tell(progress):
    if progress.seen == 100:
        print("writing", flush=True)
    if Path(sys.argv[2]).exists():
        stop.set()

outcome = poll(Source("endless", "endless", Endless()), Store(Path(sys.argv[1]), 30), me, stop, tell)
print(outcome.state, outcome.captured, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data" / "kith.duckdb")
    pages = [[mail(1, ME, "alice@example.org", title="Hello Alice"), mail(2, days=1, title="Hello you")]]
    assert capture(store, Scripted.of(*pages)).state == "ok"
    return store


def test_no_recall_fails_beside_a_process_that_writes_all_the_time(store: Store, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    config.chmod(0o600)
    environment = {**os.environ, "KITH_CONFIG": str(config), "KITH_DATA": str(store.path.parent)}
    command = [sys.executable, "-c", "from cli.main import main; main()", "timeline", "alice", "--json"]

    def recall(_: int) -> tuple[subprocess.CompletedProcess[str], float]:
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        return done, time.monotonic() - began

    writer = python(WRITES, store.path, tmp_path / "stop")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(recall, range(RUNS)))
    assert writer.poll() is None, "the writer was done before the readers"
    (tmp_path / "stop").touch()
    state, captured = output(writer).split()

    assert [(done.returncode, done.stderr) for done, _ in runs if done.returncode or done.stderr] == []
    titles = {tuple(row["title"] for row in json.loads(done.stdout)) for done, _ in runs}
    assert titles == {("Hello Alice", "Hello you")}
    assert state == "stopped"
    assert int(captured) >= 500
    with store.read() as reader:
        assert reader.counts()["interactions"] == int(captured) + 2
    times = sorted(seconds for _, seconds in runs)
    print(f"\n{RUNS} recalls beside {captured} mails written: p50 {1000 * times[RUNS // 2]:.0f} ms, ", end="")
    print(f"p95 {1000 * times[RUNS * 95 // 100]:.0f} ms, the longest {1000 * times[-1]:.0f} ms, none failed")


def test_no_decision_is_lost_or_made_twice_beside_a_process_that_writes_all_the_time(store: Store, tmp_path: Path) -> None:
    """R09."""
    config = tmp_path / "config.toml"
    config.write_text("")
    config.chmod(0o600)
    environment = {**os.environ, "KITH_CONFIG": str(config), "KITH_DATA": str(store.path.parent)}
    command = [sys.executable, "-c", "from cli.main import main; main()", "tag", "alice@example.org"]

    def decide(n: int) -> tuple[int, str, float]:
        began = time.monotonic()
        done = subprocess.run([*command, f"t{n}"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr, time.monotonic() - began

    writer = python(WRITES, store.path, tmp_path / "stop")
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(decide, range(WRITTEN)))
    (tmp_path / "stop").touch()
    output(writer)
    assert [(code, said) for code, said, _ in runs if code or said] == []
    with store.read() as reader:
        exported = {table: list(rows) for table, _, rows in reader.export()}
    assert sorted(row[1] for row in exported["tag"]) == sorted(f"t{n}" for n in range(WRITTEN))
    assert len(exported["decision"]) == WRITTEN
    times = sorted(seconds for *_, seconds in runs)
    print(f"\n{WRITTEN} decisions: p50 {1000 * times[WRITTEN // 2]:.0f} ms, the longest {1000 * times[-1]:.0f} ms, all once")
