"""A header that is made to be slow, big or to raise costs at most a second and 100 MB, and the mail is still read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors.hostile import BOMBS

ROOT = Path(__file__).parents[2]
WITHOUT_FIELDS = {"10 MB of header", "50,000 header lines", "returns", "NULs"}
MOST_SECONDS = 1.0
MOST_MEGABYTES = 100.0


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_within_its_bounds(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "connectors" / "hostile.py"), name],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)

    assert took["read"] == ("Unreadable" if name in WITHOUT_FIELDS else "Interaction"), took["reason"]
    assert took["reason"] in (None, "no mail header was found")
    assert took["parties"] <= 2000
    assert took["seconds"] <= MOST_SECONDS
    assert took["megabytes"] <= MOST_MEGABYTES
