"""A file is one subject, and every package says in a page what it is and what it was chosen over."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house import PACKAGES, ROOT, modules, tree

LONGEST = 400


@pytest.mark.parametrize("module", modules())
def test_no_file_is_longer_than_one_subject_needs(module: str) -> None:
    assert len(modules()[module].read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("module", modules())
def test_every_module_says_what_it_is(module: str) -> None:
    assert ast.get_docstring(tree(module))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_its_design_note_with_what_was_rejected(package: str) -> None:
    note = ast.get_docstring(tree(package)) or ""
    assert 5 <= len(note.splitlines()) <= 40
    assert "Rejected" in note


def test_every_file_is_in_a_package_that_is_shipped() -> None:
    """A folder without ``__init__.py`` would be found here and be missing in the wheel."""
    for module, file in modules().items():
        assert (file.parent / "__init__.py").is_file(), module
    assert {name for _, name, is_package in pkgutil.iter_modules([str(ROOT)]) if is_package} == {*PACKAGES, "tests"}


def errors() -> Iterator[type[Exception]]:
    """Every public exception class of the four packages."""
    for module in modules():
        for name, thing in vars(importlib.import_module(module)).items():
            if (
                inspect.isclass(thing)
                and issubclass(thing, Exception)
                and thing.__module__ == module
                and name[0] != "_"
            ):
                yield thing


def caught(name: str, package: str) -> bool:
    """Whether a module of the package has an ``except`` for this name."""
    handlers = (
        node.type
        for module in modules()
        if module.partition(".")[0] == package
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler) and node.type
    )
    return any(isinstance(part, ast.Name) and part.id == name for type_ in handlers for part in ast.walk(type_))


def test_an_error_that_people_see_says_what_mends_it() -> None:
    """A public exception has a ``hint``, or it is caught in its own package and people never see it."""
    silent = [
        error.__name__
        for error in errors()
        if not (hasattr(error, "hint") or "hint" in inspect.signature(error.__init__).parameters)
        and not caught(error.__name__, error.__module__.partition(".")[0])
    ]
    assert silent == []
    assert {"ConfigError", "NeedsHuman", "UnknownType"} <= {error.__name__ for error in errors()}


@pytest.mark.parametrize("module", modules())
def test_nothing_is_left_to_be_done(module: str) -> None:
    text = modules()[module].read_text(encoding="utf-8")
    marks = [mark for mark in ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error") if mark in text]
    assert marks == []


def test_the_command_line_begins_without_what_it_may_not_need() -> None:
    """``kith overdue`` pays for no protocol library, no validation and no command but its own."""
    code = "import cli.main, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"pydantic", "typer", "rich", "duckdb", "imapclient", "imaplib", "email", "caldav", "keyring", "ssl"}
    assert loaded & heavy == set()
