"""What tests of connectors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.servers.scripted_imap import PASSWORD, PASSWORD_VARIABLE, Script, ScriptedImap, Serve


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts scripted servers, and ends them."""
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    running: list[ScriptedImap] = []

    def start(script: Script | None = None, **how: Any) -> ScriptedImap:
        running.append(ScriptedImap(script or Script(), **how))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder outside pytest's own, which is closed to all but one user."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)
