"""Bits that flip and logs that are cut or garbled: found, said, put aside; and what was lost is read again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from store.aside import put_aside
from store.check import check
from store.duck import connect
from store.errors import Busy, StoreError
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import capture, derived, mail, make_older, output, python, tables

FLIPS = int(os.environ.get("KITH_FLIPS") or 25)

PAGES = [[mail(n, f"s{n % 9}@example.org", days=n, title=f"Letter {n}") for n in range(k, k + 20)] for k in range(0, 200, 20)]

@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a log beside it, as a capture that was killed leaves them."""
    path = tmp_path_factory.mktemp("torn") / "kith.duckdb"
    capture(Store(path), Scripted.of(*PAGES[:2]))
    code = """
import os, sys
from pathlib import Path
from store.file import Store
from tests.scripted import Scripted
from tests.store.test_damage import PAGES
from capture.poll import Source, poll
from tests.small_world import me
from threading import Event

store = Store(Path(sys.argv[1]))
write = store.write
store.write = lambda **_: write(more=lambda: True)
pages = 0
def tell(progress):
    global pages
    pages += 1
    if pages == 6:
        os._exit(0)
poll(Source("mail", "scripted", Scripted.of(*PAGES)), store, me, Event(), tell)
"""
    output(python(code, path))
    assert path.with_name("kith.duckdb.wal").stat().st_size > 5000
    return path


def copied(torn: Path, folder: Path) -> Store:
    folder.mkdir()
    for name in ("kith.duckdb", "kith.duckdb.wal"):
        shutil.copy(torn.with_name(name), folder / name)
    return Store(folder / "kith.duckdb")


def garble(log: Path) -> bytes:
    """The log has a bit in its midst that is another, and is this."""
    garbled = bytearray(log.read_bytes())
    garbled[len(garbled) // 2] ^= 4
    log.write_bytes(garbled)
    return bytes(garbled)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The file after a run that nothing befell."""
    store = Store(tmp_path_factory.mktemp("whole") / "kith.duckdb")
    capture(store, Scripted.of(*PAGES))
    return store


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_log_that_is_refused_is_put_aside_kept_and_told_and_what_was_in_it_is_read_again(
    torn: Path, whole: Store, tmp_path: Path, how: str
) -> None:
    store = copied(torn, tmp_path / "data")
    told: list[str] = []
    store.tell = told.append
    log = store.path.with_name("kith.duckdb.wal")
    garbled = garble(log)
    with store.read() if how == "read" else store.write():
        pass
    (kept,) = store.path.parent.glob("kith.duckdb.wal.refused-*")
    assert kept.read_bytes() == garbled
    assert len(told) == 1
    assert str(kept) in told[0]
    assert put_aside(store.path) == [kept]
    assert check(store.path, 5).findings == []
    assert capture(store, Scripted.of(*PAGES)).state == "ok"
    assert tables(store) == tables(whole)


def test_a_log_stays_where_it_was_if_the_file_is_not_to_be_opened_without_it(
    torn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong then is said as it is: a database that somebody has open is not one that cannot be read."""
    store = copied(torn, tmp_path / "data")
    log = store.path.with_name("kith.duckdb.wal")
    garbled = garble(log)
    for error in (Busy("The database is in use.", ""), KeyboardInterrupt()):

        def stopped(error: BaseException = error) -> None:
            if not log.exists():
                raise error

        monkeypatch.setattr("store.aside.step", stopped)
        with pytest.raises(type(error)) as raised, store.write():
            pass
        assert raised.value is error
        assert put_aside(store.path) == []
        assert log.read_bytes() == garbled
    monkeypatch.undo()
    assert capture(store, Scripted.of(*PAGES)).state == "ok"
    assert len(put_aside(store.path)) == 1


def test_a_log_is_not_laid_beside_a_file_of_a_newer_form(torn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = copied(torn, tmp_path / "data")
    log = store.path.with_name("kith.duckdb.wal")
    log.unlink()
    make_older(store)
    shutil.copy(torn.with_name("kith.duckdb.wal"), log)
    garble(log)

    def full(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("store.aside.sync", full)
    with pytest.raises(StoreError), store.write():
        pass
    monkeypatch.undo()
    assert not log.exists()
    assert len(put_aside(store.path)) == 1
    assert capture(store, Scripted.of(*PAGES)).state == "ok"
    assert check(store.path, 5).findings == []


def test_a_process_that_is_killed_once_the_log_is_aside_has_told_by_its_name(torn: Path, tmp_path: Path) -> None:
    store = copied(torn, tmp_path / "data")
    log = store.path.with_name("kith.duckdb.wal")
    garble(log)
    code = """
import os, sys
from pathlib import Path
import store.aside
from store.file import Store
store.aside.step = lambda: os._exit(99)
with Store(Path(sys.argv[1])).write():
    pass
"""
    process = python(code, store.path)
    process.communicate()
    assert process.returncode == 99
    assert not log.exists()
    assert len(put_aside(store.path)) == 1


def test_no_damage_to_the_log_loses_what_the_next_sync_does_not_bring(torn: Path, whole: Store, tmp_path: Path) -> None:
    random = Random(11)
    log = torn.with_name("kith.duckdb.wal").read_bytes()
    aside = 0
    for n in range(FLIPS):
        store = copied(torn, tmp_path / str(n))
        damaged = bytearray(log)
        if n % 3:
            damaged[random.randrange(len(log))] ^= 1 << random.randrange(8)
        else:
            del damaged[random.randrange(len(log)) :]
        store.path.with_name("kith.duckdb.wal").write_bytes(damaged)
        assert capture(store, Scripted.of(*PAGES)).state == "ok"
        aside += len(list(store.path.parent.glob("*.refused-*")))
        assert tables(store) == tables(whole), n
        assert check(store.path, 5).findings == []
    print(f"\n{FLIPS} damaged logs: {aside} put aside, nothing missing after the next sync")
    assert aside


def test_no_flipped_bit_in_the_file_is_read_as_something_else(whole: Store, tmp_path: Path) -> None:
    random = Random(10)
    expected, content = tables(whole), whole.path.read_bytes()
    found = 0
    for n in range(FLIPS):
        path = tmp_path / f"{n}.duckdb"
        damaged = bytearray(content)
        damaged[random.randrange(len(content))] ^= 1 << random.randrange(8)
        path.write_bytes(damaged)
        try:
            findings, read = check(path, 5).findings, tables(Store(path))
        except StoreError:
            found += 1
        else:
            assert (findings, read) == ([], expected), n
    print(f"\n{FLIPS} flipped bits: {found} found, {FLIPS - found} in bytes that nothing uses, 0 read as something else")


def test_what_breaks_an_invariant_is_found(whole: Store, tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    shutil.copy(whole.path, store.path)
    for sql in (
        "INSERT INTO interaction SELECT * FROM interaction LIMIT 1",
        "UPDATE handle SET interactions = interactions + 1, last_contact = last_contact - INTERVAL 1 DAY WHERE NOT own",
        "DELETE FROM source",
        "UPDATE party SET handle_id = 999999 WHERE rowid = 0",
    ):
        connection = connect(store.path, write=True, patience=5)
        connection.execute(sql)
        connection.close()
    found = {f.what for f in check(store.path, 5).findings}
    assert {"an event is there twice", "a part is of no interaction, or of nobody"} <= found
    assert {"somebody's interactions are not counted rightly", "a source has rows and no cursor that covers them"} <= found
    assert "somebody's last contact is not their latest one" in found


def test_an_older_form_is_read_whole_and_told_nothing_about_what_it_does_not_know(whole: Store, tmp_path: Path) -> None:
    store = Store(tmp_path / "kith.duckdb")
    shutil.copy(whole.path, store.path)
    make_older(store)
    done = check(store.path, 5)
    assert done.rows["interaction"] == 200
    assert done.invariants == 0
    assert derived(store)
    assert check(store.path, 5).findings == []
