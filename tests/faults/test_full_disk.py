"""R05: the disk is full in the midst of a capture. Nothing that was acknowledged is lost, and it goes on when there is room.

``KITH_FULL=50`` does it that often.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_world import ROOT

RUNS = int(os.environ.get("KITH_FULL") or 1)


def alone() -> list[str]:
    """What a program is started with, so that it may mount something that nobody else sees."""
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]


@pytest.mark.parametrize("floor", ["floor", "none"])
def test_a_capture_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path, floor: str) -> None:
    for seed in range(RUNS):
        folder = tmp_path / f"{floor}{seed}"
        folder.mkdir()
        command = [*alone(), sys.executable, "-m", "tests.faults.full_disk", str(folder), floor, str(seed)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        print("\n", told)
        assert told["refusals"] >= 3, told
        assert told["wrong"] == 0, told
        assert told["said"].startswith("Full: "), told
        assert told["interactions"] == 12_000, told
        assert told["findings"] == [], told
