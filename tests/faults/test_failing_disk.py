"""R04: the n-th write, sync, truncation or renaming of the database fails. What follows is as if nothing had happened.

``KITH_FAILS=1`` lets each of them fail, in place of every so manyeth.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store.check import check
from store.file import Store
from tests.faults.capturing import run
from tests.small_world import ROOT, everything

STRIDE = int(os.environ.get("KITH_FAILS") or 12)

RUNS = """
import sys
from pathlib import Path
from store.errors import StoreError
from store.file import Store
from store.check import check
from tests.faults.capturing import run
path = Path(sys.argv[1])
for attempt in range(3):
    try:
        run(path)
        break
    except (StoreError, OSError) as error:
        print(type(error).__name__)
        # what this process is told now is what is there, and nothing that the failed instance still believed
        if path.exists():
            assert check(path, 5).findings == []
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    source = ROOT / "tests" / "faults" / "failing_disk.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl"], check=True)
    return made


def test_no_failure_of_the_disk_loses_anything_or_is_answered_wrongly(shim: Path, tmp_path: Path) -> None:
    expected = tmp_path / "expected" / "kith.duckdb"
    run(expected)
    counted = tmp_path / "count"

    def attempt(path: Path, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", RUNS, path],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(shim), **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    attempt(tmp_path / "counted" / "kith.duckdb", FAIL_COUNT=str(counted))
    calls = int(counted.read_text())
    assert calls > 60
    told = 0
    points = range(1, calls + 1, STRIDE)
    for at in points:
        path = tmp_path / str(at) / "kith.duckdb"
        told += bool(attempt(path, FAIL_AT=str(at)))
        assert everything(Store(path)) == everything(Store(expected)), at
        assert check(path, 5).findings == []
    print(f"\n{len(points)} of {calls} calls failed: {told} were told, all ended in the same file")
    assert told
