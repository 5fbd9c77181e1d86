"""Imports point one way, go in no circle, and meet each library in its one place."""

from __future__ import annotations

import pytest

from tests.house import PACKAGES, imports, modules

ONE_PLACE = ("imapclient", "imaplib", "caldav", "googleapiclient", "keyring")
"""Libraries that speak a protocol: each is known to one file at most."""

SHARED = {
    f"connectors{name}" for name in ("", ".base", ".clocks", ".folders", ".household", ".registry", ".remote", ".secret")
}
"""What the layers above the connectors may know of them: words, clocks, what folders are called, whom any of them trusts as a
server, and mail to try kith on."""


def package(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("module", modules())
def test_imports_point_one_way(module: str) -> None:
    rank = PACKAGES.index(package(module))
    wrong = [name for name in imports(module) if package(name) in PACKAGES[rank + 1 :] or package(name) == "tests"]
    assert wrong == []


@pytest.mark.parametrize("module", [module for module in modules() if package(module) == "store"])
def test_the_store_knows_the_words_of_the_connectors_alone(module: str) -> None:
    assert {name for name in imports(module) if package(name) == "connectors"} <= {"connectors.base"}


@pytest.mark.parametrize("module", [module for module in modules() if package(module) in ("capture", "cli")])
def test_no_connector_is_known_by_name_above_the_registry(module: str) -> None:
    assert {name for name in imports(module) if package(name) == "connectors"} <= SHARED


def test_there_is_no_circle_of_imports() -> None:
    """Taken away layer by layer, modules that import none of those left; what remains is a circle or leads to one."""
    left = {module: set(imports(module, only_at_import=True)) & set(modules()) for module in modules()}
    while leaves := [module for module, names in left.items() if not names & set(left)]:
        for leaf in leaves:
            del left[leaf]
    assert left == {}


def test_duckdb_is_known_to_the_store_alone() -> None:
    users = {package(module) for module in modules() if {"duckdb", "_duckdb"} & set(map(package, imports(module)))}
    assert users <= {"store"}


@pytest.mark.parametrize("library", ONE_PLACE)
def test_a_protocol_library_is_known_to_one_file(library: str) -> None:
    users = [module for module in modules() if library in map(package, imports(module))]
    assert len(users) <= 1
    assert all(package(user) == "connectors" for user in users)
