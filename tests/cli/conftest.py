"""The sample household, captured for real."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.running import Kith
from tests.house import ROOT


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kith, str]:
    """The household as ``make run`` leaves it, and what was said. Only to be looked at: tests share it."""
    kith = Kith(tmp_path_factory.mktemp("sample"))
    kith.data = kith.place
    command = [sys.executable, "-m", "cli.sample"]
    done = subprocess.run(command, cwd=ROOT, env=kith.environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return kith, done.stdout


@pytest.fixture(scope="session")
def household(sample: tuple[Kith, str]) -> Kith:
    return sample[0]
