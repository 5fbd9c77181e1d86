"""Both lines of DuckDB, and both ways to import it: one file, the same answers."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from store.duck import STORAGE_VERSION, connect
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, ROOT, capture, derived, everything, mail, make_older, output, python

ANSWERS = """
import sys
from pathlib import Path
from store.duck import engine
from store.file import Store
from tests.small_world import everything
print(engine.__name__, engine.__version__.rsplit(".", 1)[0])
with Store(Path(sys.argv[1])).read() as reader:
    found = reader.find("alice")
    print(found)
    print(reader.timeline(found[0]["ids"]))
    print(reader.people(True, 14.0, {}))
    for table, columns, rows in reader.export():
        print(table, columns, list(rows))
print(sorted(everything(Store(Path(sys.argv[1]))).items()))
"""
WRITES = """
import sys
from pathlib import Path
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import capture, mail
pages = [[mail(n) for n in range(1000, 1020)], [mail(1020, "me@example.org", "dora@example.org", title="Grüße")]]
store = Store(Path(sys.argv[1]))
assert capture(store, Scripted.of(*pages), "written by the other").state == "ok"
"""
BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name == "_duckdb":
            sys.meta_path.remove(self)
            raise ImportError("there is no such module on this line")
sys.meta_path.insert(0, Blocked())
"""


@cache
def other_line() -> str | None:
    """The PYTHONPATH with which the line that we do not run on is imported; None where only one is installed."""
    code = "import duckdb; print(duckdb.__version__.split('.')[0])"
    ours = output(python(code))
    beside = os.environ.get("KITH_DUCKDB15", str(ROOT / ".duckdb15"))
    return next((path for path in (beside, "") if output(python(code, PYTHONPATH=path)) != ours), None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "kith.duckdb")
    first = [mail(n, days=n, title=f"Letter {n}") for n in range(20)]
    capture(store, Scripted.of(first, [mail(50, ME, "alice@example.org", answers=3, labels=("Sent",))]))
    return store


def test_a_file_is_written_in_the_form_that_both_lines_open(store: Store) -> None:
    """2.x by itself would write one that 1.5 refuses."""
    connection = connect(store.path, write=False, patience=1)
    asked = "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = current_database()"
    assert [row[0].split()[0].split("+")[0] for row in connection.execute(asked).fetchall()] == [STORAGE_VERSION]
    connection.close()


def test_the_other_line_gives_the_same_answers(store: Store) -> None:
    """Where the other line is installed; else our own line in another process."""
    path = other_line()
    ours, theirs = python(ANSWERS, store.path), python(ANSWERS, store.path, **_environment(path))
    mine, other = output(ours), output(theirs)
    assert (mine.splitlines()[0] == other.splitlines()[0]) == (path is None)
    assert mine.splitlines()[1:] == other.splitlines()[1:]


def test_what_the_other_line_made_and_wrote_we_read_and_write_and_back_again(store: Store, tmp_path: Path) -> None:
    made_there = Store(tmp_path / "there.duckdb")
    environment = _environment(other_line())
    for each in (made_there, store):
        output(python(WRITES, each.path, **environment))
        capture(each, Scripted.of([mail(2000, "erin@example.org")]), "written by us")
        output(python(ANSWERS, each.path, **environment))
    assert len(everything(made_there)["interaction"]) == 22
    assert len(everything(store)["interaction"]) == 43
    assert ("email:dora@example.org", None, "wrote", False) in everything(store)["person"]


def test_a_log_that_the_other_line_left_is_read(store: Store) -> None:
    dies = WRITES.replace("store = Store", "Store.let_go = lambda self: None\nstore = Store")
    output(python(f"{dies}\nimport os; os._exit(0)", store.path, **_environment(other_line())))
    assert store.path.with_name("kith.duckdb.wal").exists()
    assert len(everything(store)["interaction"]) == 42


def test_an_older_file_is_brought_here_by_either_line_and_opened_by_both(store: Store) -> None:
    before = derived(store)
    for environment in (_environment(other_line()), {}):
        make_older(store)
        output(python(ANSWERS, store.path, **environment))
        assert derived(store) == before
        output(python(ANSWERS, store.path, **_environment(other_line())))


def test_the_package_gives_the_same_answers_as_its_extension_module(store: Store) -> None:
    """``_duckdb`` is a private name: where there is none, the package serves."""
    direct, fallback = python(ANSWERS, store.path), python(BLOCKED + ANSWERS, store.path)
    mine, other = output(direct), output(fallback)
    assert mine.split()[0] == "_duckdb"
    assert other.split()[0] == "duckdb"
    assert mine.split(maxsplit=1)[1] == other.split(maxsplit=1)[1]


def test_a_file_made_through_the_package_is_opened_through_the_module(tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    output(python(BLOCKED + WRITES, store.path))
    assert len(everything(store)["interaction"]) == 21


def _environment(path: str | None) -> dict[str, str]:
    return {} if path is None else {"PYTHONPATH": path}
