"""The connector in the README is one: it keeps every promise of the contract, and can be learnt from in a minute."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from connectors.base import Connector, Handle, Interaction, NeedsHuman, Party
from connectors.contract import ConnectorContract, World, pages, said

HEADER = "when,number,name,direction,answered\n"


@pytest.fixture(scope="session")
def calls(example_connector: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The example as a module, imported from a file as a user's own."""
    file = tmp_path_factory.mktemp("own") / "calls.py"
    file.write_text(example_connector, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("readme_calls", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["readme_calls"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["readme_calls"]


class Log(World):
    """A call log in a file."""

    def __init__(self, calls: ModuleType, file: Path) -> None:
        self.calls = calls
        self.file = file
        self.count = 0
        file.write_text(HEADER)

    def connector(self) -> Connector:
        settings = self.calls.Calls.Settings(path=self.file, me="+49 30 1234567")
        connector: Connector = self.calls.Calls(settings)
        return connector

    def add(self, count: int) -> None:
        for _ in range(count):
            self.count += 1
            when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self.count)
            self.write(f"{when.isoformat()},+49 171 555{self.count:04},Alice,out,yes\n")

    def spoil(self) -> None:
        self.write("yesterday,+49 171 5550000,Alice,out,yes\n")

    def write(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(text)

    def fingerprint(self) -> str:
        found = self.file.stat()
        return hashlib.sha256(self.file.read_bytes() + repr((found.st_mode, found.st_mtime_ns)).encode()).hexdigest()


class TestTheExample(ConnectorContract):
    @pytest.fixture
    def world(self, calls: ModuleType, tmp_path: Path) -> Log:
        return Log(calls, tmp_path / "calls.csv")

    def test_a_call_is_from_one_to_the_other(self, world: Log) -> None:
        world.write("2026-03-01T10:00:00+01:00,+49 171 5550001,Alice Example,in,no\n")
        (call,) = said(pages(world))
        assert isinstance(call, Interaction)
        alice, me = Handle("phone", "+491715550001"), Handle("phone", "+49301234567")
        assert call.kind == "call"
        assert call.parties == (Party(alice, "from", "Alice Example"), Party(me, "to"))
        assert call.signals.missed

    def test_a_line_that_is_still_being_written_is_left_for_the_next_pull(self, world: Log) -> None:
        world.add(1)
        world.write("2026-03-01T10:00:00+01:00,+49 171")
        before = pages(world)
        world.write(" 5550001,Alice,in,yes\n")
        assert len(said(before)) == len(said(pages(world, before[-1].cursor))) == 1

    def test_a_log_that_is_not_there_needs_a_human(self, world: Log) -> None:
        world.file.unlink()
        with pytest.raises(NeedsHuman) as refused:
            pages(world)
        assert refused.value.hint


def test_it_is_no_longer_than_a_page(example_connector: str) -> None:
    assert len(example_connector.splitlines()) <= 60
