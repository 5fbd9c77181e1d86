"""Two processes and one file: who comes second waits a little, and then says who is there."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import SHORT, Kith
from tests.cli.sources import FAILING, ME, source, write
from tests.house import ROOT

HOLD = """
import sys
from pathlib import Path
from store.duck import connect
held = connect(Path(sys.argv[1]), write=True, patience=5)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def captured(kith: Kith) -> Kith:
    write(kith, "failing", FAILING)
    kith.configure(ME + source("one", "failing:Failing"))
    assert kith("sync").code == 0
    return kith


@pytest.fixture
def holder(captured: Kith) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the file until its standard input is closed."""
    file = captured.data / "kith.duckdb"
    held = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert held.stdout is not None
    assert held.stdout.readline() == "held\n"
    yield held
    held.kill()
    held.wait()
    held.stdout.close()


@pytest.mark.parametrize("words", [["timeline", "alice"], ["people", "--json"], ["status"], ["tag", "alice", "old"]])
def test_whoever_is_not_let_in_names_the_process(
    captured: Kith, holder: subprocess.Popen[str], words: list[str]
) -> None:
    done = captured(*words, command=SHORT)
    assert done.code == 75
    assert done.out == ""
    assert f"process {holder.pid}" in done.err
    assert "Traceback" not in done.err


def test_whoever_is_let_in_meanwhile_only_waited(captured: Kith, holder: subprocess.Popen[str]) -> None:
    began = time.monotonic()
    run = captured.start("timeline", "alice", "--json")
    time.sleep(1)
    assert run.poll() is None
    assert holder.stdin is not None
    holder.stdin.close()
    out, err = run.communicate(timeout=10)
    assert (run.returncode, err) == (0, "")
    assert "Alice Example" in out
    assert time.monotonic() - began < 6


def test_an_export_into_a_slow_pipe_locks_nobody_out(captured: Kith) -> None:
    """The pipe is smaller than the export, and nobody reads it: the file is closed all the same."""
    big = "\n".join(f"letter({n}, title='x' * 900)," for n in range(300))
    text = FAILING.replace("yield Page((letter(0),)", f"yield Page(({big})").replace("class Failing", "class Many")
    write(captured, "many", text)
    captured.configure(ME + source("one", "failing:Failing") + source("two", "many:Many"))
    assert captured("sync").code == 0
    run = captured.start("export")
    assert run.stdout is not None
    assert run.stdout.readline()
    done = captured("tag", "alice", "friends", command=SHORT)
    assert (done.code, done.out) == (0, "Alice Example: friends\n")
    assert run.poll() is None
    assert run.stdout.read().count('"table": "interaction"') == 300
    assert run.wait() == 0


def test_the_file_is_the_users_alone(captured: Kith) -> None:
    assert {file.stat().st_mode & 0o077 for file in [captured.data, *Path(captured.data).iterdir()]} == {0}
