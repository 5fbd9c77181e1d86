"""A calendar that is made to be slow, big or to raise costs at most a second and 150 MB, and what can be read is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors.hostile_ical import BOMBS

ROOT = Path(__file__).parents[2]
NO_CALENDAR = {"zeros", "no line breaks"}
MOST_SECONDS = 1.0
MOST_MEGABYTES = 150.0


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_within_its_bounds(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.ics"
    file.write_bytes(BOMBS[name]())
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "connectors" / "hostile_ical.py"), str(file)],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)

    assert took["unreadable"] == (1 if name in NO_CALENDAR else 0)
    assert took["said"] >= 1
    assert took["twice"] == 0
    assert took["seconds"] <= MOST_SECONDS
    assert took["megabytes"] <= MOST_MEGABYTES
