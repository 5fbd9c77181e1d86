"""A pull in a process of its own ends as a pull here would, whatever happens to either process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from capture.apart import Apart
from capture.config import SourceConfig, load
from connectors.base import Cursor, Interaction, NeedsHuman, TryLater
from tests.small_world import ROOT

CONNECTOR = '''
import os, time
from datetime import datetime, timezone
from pydantic import BaseModel
from connectors.base import Interaction, NeedsHuman, Page, TryLater

class Settings(BaseModel):
    how: str = "well"

class Told:
    """Three pages of one mail each; ``how`` says what happens after the first."""
    Settings = Settings
    def __init__(self, settings):
        self.how = settings.how
    def pull(self, cursor):
        if self.how == "away":
            raise TryLater("the server is away")
        if self.how == "at once wrong":
            raise NeedsHuman("the password is wrong", "mend it")
        for n in range(cursor["said"] if cursor else 0, 3):
            if n == 1:
                if self.how == "later":
                    raise TryLater("the server is away", retry_after=900.0)
                if self.how == "human":
                    raise NeedsHuman("the password is wrong", "mend it")
                if self.how == "bug":
                    raise ZeroDivisionError("a bug")
                if self.how == "dies":
                    os._exit(7)
                if self.how == "prints":
                    print("this must not get between the frames", flush=True)
                    os.write(1, b"nor this")
                if self.how == "sleeps":
                    time.sleep(60)
            if self.how == "large":
                time.sleep(0.1)
                more = tuple(Interaction(f"{n}-{m}", "mail", datetime(2026, 1, 1, tzinfo=timezone.utc), (), title=str(m) * 300)
                    for m in range(2500))
                yield Page(more, {"said": n}, 2 - n)
            yield Page((Interaction(str(n), "mail", datetime(2026, 1, 1, tzinfo=timezone.utc), ()),), {"said": n + 1}, 2 - n)
'''


@pytest.fixture
def told(tmp_path: Path) -> Path:
    (tmp_path / "told_connector.py").write_text(CONNECTOR)
    (tmp_path / "told_connector.py").chmod(0o600)
    return tmp_path


def source(folder: Path, how: str) -> SourceConfig:
    config = folder / "config.toml"
    config.write_text(f'[[source]]\nname = "t"\ntype = "told_connector:Told"\nhow = "{how}"\n')
    config.chmod(0o600)
    return load(config, folder).sources[0]


def pulled(config: SourceConfig, cursor: Cursor | None = None) -> list[str]:
    said: list[str] = []
    with closing(Apart(config, cursor)) as pages:
        for page in pages:
            said += [seen.native_id for seen in page.observations if isinstance(seen, Interaction)]
    return said


def test_a_pull_ahead_of_its_time_is_held_up_no_longer_than_a_server_waits(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capture.apart.HELD", 0.5)
    config = source(told, "large")
    with closing(Apart(config, None, ahead=True)) as late:
        assert late._child.wait(timeout=20) == -signal.SIGKILL
        assert not late.taken_up()
    with closing(Apart(config, None, ahead=True)) as early:
        assert early.taken_up()
        time.sleep(2)
        said = [seen.native_id for page in early for seen in page.observations if isinstance(seen, Interaction)]
        assert len(said) == 7503


@pytest.mark.parametrize(("how", "wanted"), [("away", False), ("at once wrong", True)])
def test_a_pull_ahead_of_its_time_is_made_anew_if_the_server_was_away(told: Path, how: str, wanted: bool) -> None:
    with closing(Apart(source(told, how), None, ahead=True)) as early:
        early._child.wait(timeout=20)
        early._reader.join(timeout=20)
        assert early.taken_up() == wanted


@pytest.mark.parametrize("how", ["well", "prints"])
def test_all_pages_come_in_their_order(told: Path, how: str) -> None:
    assert pulled(source(told, how)) == ["0", "1", "2"]
    assert pulled(source(told, how), {"said": 2}) == ["2"]
    assert pulled(source(told, how), {"said": 3}) == []


@pytest.mark.parametrize(("undisturbed", "sizes"), [(True, [[3], [1, 2], [2, 1]]), (False, [[1, 1, 1]])])
def test_pages_that_are_here_are_one_unless_somebody_waits(told: Path, undisturbed: bool, sizes: list[list[int]]) -> None:
    with closing(Apart(source(told, "well"), None, lambda: undisturbed)) as pages:
        pages._child.wait()  # all that it says has come, or is on its way through this process
        assert [len(page.observations) for page in pages] in sizes
        assert pages.ready()


def test_try_later_and_needs_human_arrive_with_all_that_they_say(told: Path) -> None:
    with pytest.raises(TryLater) as later:
        pulled(source(told, "later"))
    assert (later.value.what, later.value.retry_after) == ("the server is away", 900.0)
    with pytest.raises(NeedsHuman) as human:
        pulled(source(told, "human"))
    assert (human.value.what, human.value.hint) == ("the password is wrong", "mend it")


@pytest.mark.parametrize(("how", "words"), [("bug", "ZeroDivisionError: a bug"), ("dies", "ended with 7")])
def test_a_bug_and_a_death_are_tried_again_later(told: Path, how: str, words: str) -> None:
    with pytest.raises(TryLater, match=words):
        pulled(source(told, how))


def test_closing_ends_a_child_that_is_busy(told: Path) -> None:
    pages = Apart(source(told, "sleeps"), None)
    assert len(next(iter(pages)).observations) == 1
    child = pages._child
    began = time.monotonic()
    pages.close()
    assert child.poll() is not None
    assert time.monotonic() - began < 10


def test_a_child_ends_with_its_parent(told: Path) -> None:
    """Killed, a parent cannot say good-bye: the child sees it by its standard input."""
    code = """
import sys
from pathlib import Path
from capture.apart import Apart
from capture.config import load
pages = Apart(load(Path(sys.argv[1]), Path(sys.argv[1]).parent).sources[0], None)
next(iter(pages))
print(pages._child.pid, flush=True)
import time; time.sleep(60)
"""
    config = source(told, "sleeps").place
    assert config is not None
    parent = subprocess.Popen([sys.executable, "-c", code, config.path], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").exists() and Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent")
