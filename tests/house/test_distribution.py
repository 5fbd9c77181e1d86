"""What is installed: the packages that are declared, by hash, and nothing that gets into the way of our four names."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import PACKAGES, ROOT, imports, modules

LOCKS = ("requirements.lock", "requirements-duckdb15.lock")


@cache
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, Any] = tomllib.load(file)["project"]
    return found


def required(names: list[str], extra: str = "") -> set[str]:
    """The names among these requirements that hold here."""
    found = map(Requirement, names)
    return {canonicalize_name(r.name) for r in found if not r.marker or r.marker.evaluate({"extra": extra})}


@cache
def runtime() -> dict[str, Distribution]:
    """Every distribution that running kith needs here, ours not among them."""
    found: dict[str, Distribution] = {}
    waiting = required(project()["dependencies"])
    while waiting:
        name = waiting.pop()
        found[name] = distribution(name)
        waiting |= required(found[name].requires or []) - set(found)
    return found


def brings(installed: Distribution) -> set[str]:
    """The top-level modules and packages of a distribution."""
    tops = {Path(file.parts[0]) for file in installed.files or [] if file.suffix in (".py", ".so", ".pyd")}
    return {top.name.partition(".")[0] for top in tops if top.name != ".."}


@cache
def locked(lock: str) -> dict[str, str]:
    """Each requirement of a lock file with its version, and all of its text as one line."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {canonicalize_name(re.split("[=<>; ]", line, maxsplit=1)[0]): line for line in lines}


def test_no_dependency_brings_a_module_of_our_names() -> None:
    theirs = {name: brings(found) & set(PACKAGES) for name, found in runtime().items()}
    assert {name: tops for name, tops in theirs.items() if tops} == {}
    assert theirs


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    """Only the contract suite may import pytest: it is there for people who test connectors."""
    ours = {
        name.partition(".")[0]
        for module in modules()
        for name in imports(module)
        if not (module == "connectors.contract" and name.partition(".")[0] in ("pytest", "_pytest"))
    }
    libraries = {name for name in ours if name not in sys.stdlib_module_names and name not in PACKAGES}
    declared = required(project()["dependencies"])
    by_module = {top: name for name, found in runtime().items() for top in brings(found)}

    assert {library: by_module.get(library) for library in libraries if by_module.get(library) not in runtime()} == {}
    direct = {by_module[library] for library in libraries} - {"pydantic-core"}
    assert direct == declared


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert all("==" in line and "--hash=sha256:" in line for line in locked(lock).values())
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|://|^-[if] ", text, re.MULTILINE)


def test_the_lock_holds_all_that_is_declared() -> None:
    declared = required([*project()["dependencies"], *project()["optional-dependencies"]["dev"]])
    assert declared <= set(locked("requirements.lock"))
    assert set(runtime()) <= set(locked("requirements.lock"))


def test_both_lines_of_duckdb_are_locked() -> None:
    assert locked("requirements.lock")["duckdb"].startswith("duckdb==2.")
    assert locked("requirements-duckdb15.lock")["duckdb"].startswith("duckdb==1.5.")


def test_the_wheel_is_the_four_packages_and_nothing_else(tmp_path: Path) -> None:
    """Above all ``connectors/contract.py`` is in it, which others test their connectors with, and no test of ours."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {str(file.relative_to(ROOT)) for file in modules().values()} | extras()


def extras() -> set[str]:
    """What the packages hold beside modules."""
    kinds = {".sql", ".toml", ".json", ".typed"}
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*") if file.suffix in kinds)
    return {str(file.relative_to(ROOT)) for file in files}
