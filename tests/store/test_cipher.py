"""A database that is encrypted with a key: nobody reads it without, and everything else is as it was.

The extension that DuckDB writes encrypted files with is a package on the 1.5 line, and in no package on the 2 line: there it is
said what to do. On either line nothing is fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from store import cipher
from store.backup import back_up, encrypted, restore, rewrite
from store.check import check
from store.duck import blank
from store.errors import Locked, StoreError
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import capture, everything, mail, make_older

KEY = "it's a key; 'quoted'"


@pytest.fixture(autouse=True)
def _no_key() -> Iterator[None]:
    yield
    cipher.use(None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "data" / "kith.duckdb", patience=10)
    capture(store, Scripted.of([mail(1, title="needle-4711"), mail(2)]))
    return store


def can() -> bool:
    """Whether the extension is here. On the 1.5 line it is: its package stands in the lock."""
    connection = blank()
    try:
        cipher.load(connection)
    except cipher.CannotEncrypt:
        assert not duckdb.__version__.startswith("1.")
        return False
    finally:
        connection.close()
    return True


def test_a_database_that_is_encrypted_is_read_with_the_key_and_with_nothing_else(store: Store, tmp_path: Path) -> None:
    before = everything(store)
    if not can():
        cipher.use(lambda: KEY)
        with pytest.raises(cipher.CannotEncrypt, match="httpfs"):
            rewrite(store.path, 5, plain=False)
        cipher.use(None)
        assert everything(store) == before
        return
    cipher.use(lambda: KEY)
    assert not encrypted(store.path, 5)
    rewrite(store.path, 5, plain=False)
    assert encrypted(store.path, 5)
    assert everything(store) == before
    capture(store, Scripted.of([mail(1, title="needle-4711"), mail(2)], [mail(3)]))
    later = everything(store)
    assert len(later["interaction"]) == 3
    assert check(store.path, 5).findings == []
    copy = back_up(store.path, tmp_path / "copy", 5).file
    for file in (store.path, copy):
        assert b"needle-4711" not in file.read_bytes()
    restore(store.path, copy, 5)
    assert everything(store) == later
    for wrong in (None, "another key"):
        cipher.use(None if wrong is None else lambda wrong=wrong: str(wrong))  # type: ignore[misc]
        for file in (store.path, copy):
            with pytest.raises(Locked) as locked, Store(file).read():
                pass
            assert locked.value.hint
            assert KEY not in str(locked.value)
    cipher.use(lambda: KEY)
    rewrite(store.path, 5, plain=True)
    cipher.use(None)
    assert everything(store) == later


def test_an_older_form_is_migrated_into_an_encrypted_file_or_stays(store: Store) -> None:
    make_older(store)
    cipher.use(lambda: KEY)
    if not can():
        with pytest.raises(cipher.CannotEncrypt), store.read():
            pass
        cipher.use(None)
        with store.read() as reader:
            assert reader.counts()["interactions"] == 2
        return
    with store.read() as reader:
        assert reader.counts()["interactions"] == 2
    assert encrypted(store.path, 5)
    assert b"needle-4711" not in store.path.read_bytes()


def test_a_key_that_cannot_be_had_is_said_and_nothing_is_opened(store: Store) -> None:
    class Gone(StoreError):
        """The keyring is locked."""

    def fetch() -> str:
        raise Gone("the keyring does not answer", "unlock it")

    before = os.stat(store.path).st_mtime_ns
    cipher.use(fetch)
    with pytest.raises(Gone), store.read():
        pass
    assert os.stat(store.path).st_mtime_ns == before
