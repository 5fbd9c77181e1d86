"""The thread of one source: it goes on whatever befalls its connector."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest

from capture.config import SourceConfig
from capture.pace import Steady
from capture.poll import Outcome, Source
from capture.ready import ready
from capture.runner import Runner
from connectors.base import TryLater
from store.file import Store
from tests.cli.running import until
from tests.faults.daemon import letters
from tests.scripted import Scripted, Settings
from tests.small_world import me


class Unwatched(Scripted):
    """Can be read, and never be watched."""

    tried = 0

    def watch(self, stop: Event) -> None:
        """TryLater."""
        self.tried += 1
        raise TryLater("the server ends the connection")


def test_a_source_whose_watching_breaks_off_for_days_is_still_waited_for(tmp_path: Path) -> None:
    connector = Unwatched(Settings())
    source = Source("mail", "scripted", connector)
    runner = Runner(source, Store(tmp_path / "kith.duckdb"), me, Steady(120), lambda *_: None)
    runner.rouse()  # so that no wait takes its time
    for _ in range(1100):
        runner._wait(Outcome("mail", "ok"))
    assert connector.tried == 1100


@pytest.mark.parametrize("there", [0, 3])
def test_a_source_that_says_nothing_the_first_time_is_not_asked_again_at_once(tmp_path: Path, there: int) -> None:
    (tmp_path / "mail").mkdir()
    letters(tmp_path / "mail", range(there))
    config = SourceConfig("mail", "eml", settings={"path": str(tmp_path / "mail")})
    heard: list[Outcome] = []
    runner = Runner(ready(config), Store(tmp_path / "kith.duckdb", 10), me, Steady(120), lambda _, one: heard.append(one))
    runner.start()
    until(lambda: bool(heard))
    time.sleep(3)
    runner.end()
    runner.join(10)
    # what came while another process read would be found by the second one
    assert [one.seen for one in heard] == [there, 0][: 1 + bool(there)]
