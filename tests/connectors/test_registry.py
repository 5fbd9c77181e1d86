"""Types are found by name, late, and a broken one is the trouble of its own source alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from connectors.base import Connector
from connectors.registry import BUILT_IN, UnknownType, find, known
from connectors.secret import Secret

OWN = """
from pydantic import BaseModel


class Calls:
    \"\"\"Calls out of a log.\"\"\"

    class Settings(BaseModel):
        path: str
        since: int = 0

    def __init__(self, settings):
        self.settings = settings

    def pull(self, cursor):
        return iter(())


class Half:
    class Settings(BaseModel):
        pass


NOTHING = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def own(folder: Path, name: str, text: str = OWN) -> Path:
    file = folder / f"{name}.py"
    file.write_text(text)
    file.chmod(0o600)
    return file


def register(folder: Path, monkeypatch: pytest.MonkeyPatch, **types: str) -> None:
    """As if a package with these entry points were installed."""
    info = folder / "kith_calls-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kith-calls\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in types.items())
    (info / "entry_points.txt").write_text(f"[kith.connectors]\n{lines}")
    monkeypatch.syspath_prepend(str(folder))


def refused(name: str, beside: Path | None = None) -> UnknownType:
    with pytest.raises(UnknownType) as caught:
        find(name, beside)
    assert caught.value.what
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_type_is_a_connector(name: str) -> None:
    found = find(name)
    assert issubclass(found.Settings, BaseModel)
    assert found.Settings.model_config.get("extra") == "forbid"
    assert found.__doc__


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_built_in_type_repeats_a_secret_that_was_written_out(name: str) -> None:
    for key, field in find(name).Settings.model_fields.items():
        if field.annotation in (Secret, Secret | None):
            with pytest.raises(ValidationError) as caught:
                find(name).Settings.model_validate({key: "canary"})
            assert "canary" not in str(caught.value)


def test_a_module_and_a_class_are_a_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(folder, "kith_calls_a")
    monkeypatch.syspath_prepend(str(folder))
    assert find("kith_calls_a:Calls").__name__ == "Calls"


def test_a_file_beside_the_configuration_is_enough(folder: Path) -> None:
    own(folder, "kith_calls_b")
    found = find("kith_calls_b:Calls", folder)
    assert isinstance(found(found.Settings(path="x")), Connector)
    assert find("kith_calls_b:Calls", folder) is found


def test_a_file_beside_the_configuration_hides_no_installed_module(folder: Path) -> None:
    own(folder, "colorsys", "raise SystemExit('ran')")
    assert "no attribute" in refused("colorsys:Calls", folder).what


def test_a_file_that_others_may_write_to_is_not_run(folder: Path) -> None:
    file = own(folder, "kith_calls_c")
    file.chmod(0o666)
    assert refused("kith_calls_c:Calls", folder).hint == f"chmod go-w '{file}'"
    file.chmod(0o600)
    folder.chmod(0o777)
    assert refused("kith_calls_c:Calls", folder).hint == f"chmod go-w '{folder}'"


def test_a_registered_type_is_found_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(folder, "kith_calls_d")
    register(folder, monkeypatch, calls="kith_calls_d:Calls")
    assert find("calls").__name__ == "Calls"
    row = next(row for row in known() if row["type"] == "calls")
    assert row == {"type": "calls", "title": "Calls out of a log", "settings": ["path", "since"], "needs": ["path"]}


def test_a_registered_type_cannot_take_the_place_of_a_built_in_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(folder, "kith_calls_e")
    register(folder, monkeypatch, maildir="kith_calls_e:Calls")
    assert find("maildir").__module__ == "connectors.maildir"
    assert [row["type"] for row in known()].count("maildir") == 1


@pytest.mark.parametrize("text", ["raise SystemExit(3)", "import no_such_library", "def broken(:", "1 / 0", "exit()"])
def test_a_broken_registered_type_is_said_and_stops_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    name = f"kith_broken_{abs(hash(text))}"
    own(folder, name, text)
    register(folder, monkeypatch, broken=f"{name}:Calls")
    refused("broken")
    rows = {row["type"]: row for row in known()}
    assert rows["broken"]["title"].startswith("cannot be used: ")
    assert set(BUILT_IN) <= set(rows)


def test_a_broken_file_of_ones_own_is_told_with_its_line(folder: Path) -> None:
    file = own(folder, "kith_calls_f", "import sys\n\n1 / 0\n")
    error = refused("kith_calls_f:Calls", folder)
    assert (error.what[-35:], error.hint) == ("ZeroDivisionError: division by zero", f"mend {file}:3")
    own(folder, "kith_calls_g", "x = 1\ndef broken(:\n")
    assert refused("kith_calls_g:Calls", folder).hint.endswith("kith_calls_g.py:2")


def test_a_broken_file_that_is_mended_is_read_again(folder: Path) -> None:
    own(folder, "kith_calls_h", "1 / 0")
    refused("kith_calls_h:Calls", folder)
    own(folder, "kith_calls_h")
    assert find("kith_calls_h:Calls", folder).__name__ == "Calls"


@pytest.mark.parametrize("attribute", ["Half", "NOTHING"])
def test_what_has_no_settings_or_no_pull_is_no_connector(folder: Path, attribute: str) -> None:
    own(folder, "kith_calls_i")
    assert "pull(cursor)" in refused(f"kith_calls_i:{attribute}", folder).hint


@pytest.mark.parametrize("name", [":", "a:", ":A", "a b:C", "../a:C", "a:C:D", "os;x:C"])
def test_a_type_with_a_colon_names_a_class(folder: Path, name: str) -> None:
    assert '"module:Class"' in refused(name, folder).hint


def test_an_unknown_type_is_told_with_the_nearest_or_with_all() -> None:
    assert refused("imaps").hint == 'did you mean "imap"?'
    assert "maildir" in refused("xyzzy").hint


def test_every_known_type_has_a_title_and_its_needs_are_among_its_settings() -> None:
    for row in known():
        assert row["title"]
        assert set(row["needs"]) <= set(row["settings"])


def test_nothing_is_imported_before_a_type_is_asked_for() -> None:
    heavy = ("pydantic", "imapclient", "importlib.metadata", "connectors.imap")
    code = f"import sys; import connectors.registry; sys.exit(any(name in sys.modules for name in {heavy}))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
