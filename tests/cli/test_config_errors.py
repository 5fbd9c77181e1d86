"""Every mistake in the configuration is told with the file, the line and what to write instead."""

from __future__ import annotations

import pytest

from tests.cli.mistakes import OF_ONE, OF_OWN, SOURCE, WHOLE
from tests.cli.running import Kith


def told(kith: Kith, err: str, line: int | None, word: str) -> None:
    assert "Traceback" not in err
    assert str(kith.config) in err
    assert word in err
    assert "hunter2" not in err
    if line is not None:
        assert f"{kith.config}:{line}:" in err
    what, fix = err.splitlines()[-2:]
    assert what.startswith("kith: ")
    assert fix.startswith("      ")


@pytest.mark.parametrize(("text", "line", "word"), WHOLE)
def test_a_mistake_is_told_with_its_place_and_what_mends_it(
    kith: Kith, text: str, line: int | None, word: str
) -> None:
    kith.configure(text)
    for words in (["people"], ["sync"]):
        done = kith(*words)
        assert (done.code, done.out) == (78, "")
        told(kith, done.err, line, word)


@pytest.mark.parametrize(("text", "line", "word"), OF_ONE + OF_OWN)
def test_a_mistake_in_a_source_is_that_sources_failure(kith: Kith, text: str, line: int | None, word: str) -> None:
    kith.configure('me.handles = ["me@example.org"]\n' + text)
    done = kith("sync")
    assert (done.code, done.out) == (78, "")
    told(kith, done.err, None if line is None else line + 1, word)
    assert kith("people").code == 0


def test_a_file_that_others_may_write_is_not_believed(kith: Kith) -> None:
    kith.configure(SOURCE)
    kith.config.chmod(0o666)
    done = kith("people")
    assert done.code == 78
    assert "chmod go-w" in done.err
    told(kith, done.err, None, "others may write")


def test_a_file_that_is_no_text_is_told(kith: Kith) -> None:
    kith.configure("")
    kith.config.write_bytes(b"[me]\nname = '\xff'\n")
    done = kith("people")
    assert done.code == 78
    told(kith, done.err, 2, "UTF-8")


def test_a_folder_is_no_configuration(kith: Kith) -> None:
    kith.config.mkdir()
    done = kith("people")
    assert done.code == 78
    told(kith, done.err, None, "directory")
