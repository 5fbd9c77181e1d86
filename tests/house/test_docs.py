"""The documents say what there is: every command, and every setting."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from capture.config import load
from cli.main import COMMANDS
from connectors.registry import BUILT_IN, find
from tests.house import ROOT

EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
OFF = re.compile(r"^#(?=[\w\[])", re.MULTILINE)
"""The mark before a setting that is off; prose has a blank after it."""


def function(command: str) -> Callable[..., Any]:
    module, _, name = COMMANDS[command].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def key(line: str) -> str:
    return OFF.sub("", line).partition("=")[0].strip()


def blocks() -> list[str]:
    """The example, cut at its empty lines."""
    return EXAMPLE.split("\n\n")


def variants() -> Iterator[str]:
    """The example as it is, and with each setting that is off switched on, in place of the one that it is another of.

    A whole [[source]] that is off is switched on as a whole.
    """
    yield EXAMPLE
    for n, block in enumerate(blocks()):
        lines = block.split("\n")
        if any(line.startswith("#[[") for line in lines):
            yield "\n\n".join([*blocks()[:n], OFF.sub("", block), *blocks()[n + 1 :]])
            continue
        for line in filter(OFF.match, lines):
            kept = [other for other in lines if other is line or OFF.match(other) or key(other) != key(line)]
            changed = [OFF.sub("", other) if other is line else other for other in kept]
            yield "\n\n".join([*blocks()[:n], "\n".join(changed), *blocks()[n + 1 :]])


def settings(model: type[BaseModel]) -> Iterator[str]:
    """The names of all settings of a model, and of the models in it but those of secrets."""
    for name, field in model.model_fields.items():
        yield field.alias or name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel) and name != "password":
            yield from settings(field.annotation)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    text = function(command).__doc__ or ""
    assert text.strip().splitlines()[0].rstrip().endswith(".")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_in_the_readme(command: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^kith {command}\b", readme, re.MULTILINE)


def test_the_readme_shows_no_command_that_does_not_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^kith ([a-z]+)", readme, re.MULTILINE)) | set(re.findall(r"`kith ([a-z]+)", readme))
    assert shown <= {name.partition(" ")[0] for name in COMMANDS}


@pytest.mark.parametrize("text", list(variants()), ids=lambda _: "")
def test_the_example_configuration_loads_with_each_of_its_settings(
    text: str, tmp_path: Path, example_connector: str
) -> None:
    """The connector of one's own that it names is the one in the README."""
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    own = tmp_path / "calls.py"
    own.write_text(example_connector, encoding="utf-8")
    own.chmod(0o600)
    tmp_path.chmod(0o700)
    for source in load(file).sources:
        source.check()


def test_the_configuration_in_the_readme_loads(tmp_path: Path, example_connector: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    file = tmp_path / "config.toml"
    file.write_text("\n".join(re.findall(r"^```toml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)), encoding="utf-8")
    file.chmod(0o600)
    own = tmp_path / "calls.py"
    own.write_text(example_connector, encoding="utf-8")
    own.chmod(0o600)
    tmp_path.chmod(0o700)
    config = load(file)
    for source in config.sources:
        source.check()
    assert config.me.handles
    assert len(config.sources) == 4


def test_the_example_switches_settings_on_that_are_off() -> None:
    """Else the test above would prove nothing."""
    assert len(list(variants())) > 15
    assert len(set(variants())) == len(list(variants()))


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_setting_of_every_type_stands_in_the_example(name: str) -> None:
    of_type = "\n".join(block for block in blocks() if re.search(rf'^#?type = "{name}"', block, re.MULTILINE))
    known = set(re.findall(r"^#?(\w+) =", of_type, re.MULTILINE)) | set(re.findall(r"[{,] (\w+) =", of_type))
    assert set(settings(find(name).Settings)) - known == set()
