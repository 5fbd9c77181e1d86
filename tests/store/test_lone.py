"""What the daemon says of itself beside the database."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.errors import Busy
from store.lone import SIZE, Lone, at_work, beside


def test_what_does_not_fit_is_cut_and_the_rest_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "kith.duckdb"
    lone = Lone(path)
    assert at_work(path) is None
    lone.take()
    lone.say(pid=os.getpid(), trouble="€" * 5000, fix="make room", config="x" * 9000)
    said = at_work(path)
    assert said is not None
    assert (said["pid"], said["fix"]) == (os.getpid(), "make room")
    assert said["trouble"].startswith("€€€")
    assert said["config"].startswith("xxx")
    assert beside(path).stat().st_size == SIZE
    with pytest.raises(Busy, match=f"process {os.getpid()}"):
        Lone(path).take()
    lone.say(trouble=None, config=None)
    assert at_work(path) == {"pid": os.getpid(), "fix": "make room"}
    lone.leave()
    assert at_work(path) is None
