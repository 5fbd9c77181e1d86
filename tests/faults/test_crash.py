"""The process dies at every point at which something has just become true; what the next one makes of it is the same.

The points are where ``store.steps.step`` is called. The death is that of a kill: nothing is flushed, nothing closed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from store.file import Store
from store.steps import CRASHED
from tests.faults.capturing import run
from tests.small_world import ROOT, derived, everything, make_older, python

SIDE_BY_SIDE = 2


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file after a run that nothing befell."""
    path = tmp_path_factory.mktemp("uninterrupted") / "kith.duckdb"
    run(path)
    return path


def crashes(folder: Path, older: Path | None = None) -> dict[int, Store]:
    """The files in which a run died at each step in turn and another one went on, by the number of the step."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.capturing", *map(str, (folder, first, SIDE_BY_SIDE)), *_path(older)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in range(1, SIDE_BY_SIDE + 1)
    ]
    ends = []
    for each in runs:
        said, complaint = each.communicate(timeout=300)
        assert each.returncode == 0, complaint
        ends.append(int(said))
    assert max(ends) - min(ends) == 1
    return {at: Store(folder / str(at) / "kith.duckdb") for at in range(1, min(ends))}


def _path(older: Path | None) -> list[str]:
    return [str(older)] if older else []


def test_a_capture_that_dies_at_any_step_of_its_first_run_ends_in_the_same_file(tmp_path: Path, uninterrupted: Path) -> None:
    expected = everything(Store(uninterrupted))
    assert len(expected["interaction"]) == 7
    assert len(expected["unreadable"]) == 2
    assert len(expected["others"]) == 2
    found = crashes(tmp_path / "runs")
    assert len(found) >= 45
    assert [at for at, store in found.items() if everything(store) != expected] == []
    left = {each.name for store in found.values() for each in store.path.parent.iterdir()}
    assert left <= {"kith.duckdb", "kith.duckdb.lock", "kith.duckdb.wanted"}


def test_a_migration_that_dies_at_any_step_leaves_the_old_file_or_the_new_one_whole(
    tmp_path: Path, uninterrupted: Path
) -> None:
    expected = derived(Store(uninterrupted))
    older = tmp_path / "older.duckdb"
    shutil.copy(uninterrupted, older)
    make_older(Store(older))
    found = crashes(tmp_path / "runs", older)
    assert len(found) >= 30
    assert [at for at, store in found.items() if derived(store) != expected] == []
    for store in found.values():
        assert store.path.with_name("kith.duckdb.v1").exists()
        assert not store.path.with_name("kith.duckdb.new").exists()


def test_a_step_that_the_environment_names_is_where_the_process_dies(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tests.faults.capturing import run; run(Path(sys.argv[1]))"
    process = python(code, tmp_path / "kith.duckdb", KITH_CRASH_AT="5")
    process.communicate()
    assert process.returncode == CRASHED
