"""A file in an older form is brought into this one, whole, and the old one is kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connectors.base import Card, CardHandle, Gone, Handle, Interaction, Unreadable
from store.decide import add_tags, set_own
from store.duck import connect
from store.errors import Broken
from store.file import Store
from store.schema import TABLES, VERSION, VIEWS, column_names, version_of
from tests.scripted import Scripted
from tests.small_world import ME, capture, derived, everything, mail, make_older, meeting, output, python

DIES = """
import os, sys
from pathlib import Path
from store.duck import connect
connection = connect(Path(sys.argv[1]), write=True, patience=5)
connection.execute("INSERT INTO tag VALUES (7, 'in the log only')")
os._exit(0)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A file with rows in every table that form 1 has."""
    store = Store(tmp_path / "kith.duckdb")
    with store.write() as tx:
        set_own(tx, [f"email:{ME}"])
    card = Card("c1", "Alice Example", (CardHandle(Handle("email", "alice@example.org"), "home"),), birthday="--05-17")
    pages: list[list[Interaction | Card | Gone | Unreadable]] = [
        [mail(n, days=n) for n in range(30)],
        [mail(100, ME, "alice@example.org", answers=1, labels=("Sent",)), card, Unreadable("u1", "no header")],
        [meeting(1, "alice@example.org", [ME, "bob@example.org"])],
    ]
    capture(store, Scripted.of(*pages))
    capture(store, Scripted.of([mail(3, days=3), meeting(1, "alice@example.org", [ME])]), "other")
    with store.write() as tx:
        add_tags(tx, 1, ["family"])
    return store


def test_a_new_file_has_every_table_and_view_in_this_form(store: Store) -> None:
    connection = connect(store.path, write=False, patience=1)
    columns = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index"
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(columns).fetchall():
        found.setdefault(table, []).append(column)
    assert version_of(connection) == VERSION
    connection.close()
    assert {name: found[name] for name in TABLES} == {name: column_names(TABLES[name]) for name in TABLES}
    assert set(found) == set(TABLES) | set(VIEWS)


@pytest.mark.parametrize("how", ["read", "write"])
def test_an_older_file_opens_with_every_row_in_it_and_is_derived_once(store: Store, how: str) -> None:
    before = derived(store)
    assert all(before[name] for name in ("interaction", "party", "handle", "person", "card", "card_handle", "others"))
    assert all(before[name] for name in ("unreadable", "tag", "decision", "answer", "own", "source", "called"))
    make_older(store)
    with store.read() if how == "read" else store.write():
        pass
    brought = everything(store)
    facts = ("party", "unreadable", "tag", "decision", "cadence", "own", "source", "ids", "handle ids", "person ids", "others")
    assert {name: brought[name] for name in facts} == {name: before[name] for name in facts}
    with store.read() as reader:
        assert reader.stale()
    assert derived(store) == before
    with store.read() as reader:
        assert not reader.stale()


def test_the_file_in_its_old_form_is_kept_under_another_name(store: Store) -> None:
    before = derived(store)
    make_older(store)
    with store.write():
        pass
    assert {each.name for each in store.path.parent.iterdir()} == {"kith.duckdb", "kith.duckdb.v1", "kith.duckdb.lock"}
    old = store.path.with_name("kith.duckdb.v1")
    connection = connect(old, write=False, patience=1)
    assert version_of(connection) == 1
    connection.close()
    assert {stat.S_IMODE(each.stat().st_mode) for each in store.path.parent.iterdir()} == {0o600}
    # what was kept can be put back, and is brought here again
    old.rename(store.path)
    with store.read():
        pass
    assert derived(store) == before


def test_capturing_goes_on_in_a_file_that_was_brought_here(store: Store) -> None:
    news = Scripted.of([mail(200, "carol@example.org"), mail(201, ME, "carol@example.org", answers=200)])
    make_older(store)
    assert capture(store, news, "third").state == "ok"
    migrated = everything(store)
    assert len(migrated["interaction"]) == 34
    assert ("email:carol@example.org", None, "wrote", False) in migrated["person"]


def test_what_stood_in_the_log_of_an_older_file_is_there_too(store: Store) -> None:
    make_older(store)
    output(python(DIES, store.path))
    assert store.path.with_name("kith.duckdb.wal").exists()
    with store.write():
        pass
    assert (7, "in the log only") in everything(store)["tag"]


def test_a_half_made_copy_of_an_earlier_try_is_thrown_away(store: Store) -> None:
    before = derived(store)
    make_older(store)
    store.path.with_name("kith.duckdb.new").write_bytes(b"half")
    store.path.with_name("kith.duckdb.new.wal").write_bytes(b"half")
    with store.write():
        pass
    assert derived(store) == before
    assert {each.name for each in store.path.parent.iterdir()} == {"kith.duckdb", "kith.duckdb.v1", "kith.duckdb.lock"}


def test_a_copy_that_has_not_all_rows_is_refused_and_the_old_file_stays(store: Store) -> None:
    """A table here changes its mind between the copying and the counting."""
    make_older(store)
    connection = connect(store.path, write=True, patience=1)
    connection.execute("ALTER TABLE tag RENAME TO tags; ATTACH ':memory:' AS fresh")
    connection.execute("CREATE TABLE fresh.meta (name VARCHAR)")
    connection.execute("CREATE VIEW tag AS SELECT * FROM tags WHERE (SELECT count(*) > 2 FROM fresh.meta)")
    connection.close()
    for _ in range(2):
        with pytest.raises(Broken, match="tag has not all its rows"), store.write():
            pass
    assert not store.path.with_name("kith.duckdb.v1").exists()
    connection = connect(store.path, write=False, patience=1)
    assert version_of(connection) == 1
    assert connection.execute("SELECT count(*) FROM interaction").fetchall() == [(32,)]
    connection.close()


def test_a_path_with_a_quote_in_it_is_a_path(tmp_path: Path) -> None:
    store = Store(tmp_path / "it's" / "kith.duckdb")
    capture(store, Scripted.of([mail(1)]))
    before = derived(store)
    make_older(store)
    with store.read() as reader:
        assert reader.counts()["interactions"] == 1
    assert derived(store) == before


def test_two_processes_that_find_an_older_file_bring_it_here_once(store: Store) -> None:
    before = derived(store)
    make_older(store)
    code = """
import sys
from pathlib import Path
from store.file import Store
with Store(Path(sys.argv[1]), patience=30).write() as tx:
    tx.execute("INSERT INTO tag VALUES (?, 'second')", [int(sys.argv[2])])
"""
    for each in [python(code, store.path, str(n)) for n in (11, 12, 13)]:
        output(each)
    after = derived(store)
    assert sorted(after["tag"]) == sorted([*before["tag"], (11, "second"), (12, "second"), (13, "second")])
    assert {**after, "tag": before["tag"]} == before
