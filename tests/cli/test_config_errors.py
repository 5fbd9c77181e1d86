"""Every mistake in the configuration is told with the file, the line and what to write instead."""

from __future__ import annotations

import pytest

from tests.cli.running import Kith

SOURCE = '[[source]]\nname = "mail"\ntype = "imap"\nhost = "imap.example.org"\nuser = "me"\n'

WHOLE = [
    ("me.handles = [", None, "this is not TOML"),
    ("[me]\nname = ", 2, "this is not TOML"),
    ("[mee]\n", 1, "me"),
    ("[me]\nhandle = []\n", 2, "handles"),
    ('[me]\nhandles = "me@example.org"\n', 2, "list"),
    ('[me]\nhandles = ["nonsense"]\n', 2, "nonsense"),
    ('[me]\nhandles = ["030 1234567"]\n', 2, "country code"),
    ("[me]\nname = 5\n", 2, "quotes"),
    ('[me]\nzone = "Europe/Berln"\n', 2, "Europe/Berlin"),
    ('[me]\nregion = "Germany"\n', 2, "DE"),
    ('[cadence]\ndefault = "soon"\n', 2, "2 weeks"),
    ('[cadence]\ndefault = "5 m"\n', 2, "months"),
    ('[cadence]\ntags = { family = "never" }\n', 2, "never"),
    ('[cadence]\ntag = { family = "2 weeks" }\n', 2, "tags"),
    ('[source]\nname = "a"\n', None, "[[source]]"),
    ('[[source]]\ntype = "imap"\n', 1, "name"),
    ('[[source]]\nname = "a"\n', 1, "type"),
    ('[[source]]\nname = "a b"\ntype = "imap"\n', 2, "letters"),
    (SOURCE + SOURCE, 7, "two sources are named"),
    (SOURCE + 'password = "hunter2"\n', 6, "fetched"),
    (SOURCE + 'every = "0 s"\n', 6, "write a length"),
]
"""What is wrong with all of it: no command can begin."""

OF_ONE = [
    ('[[source]]\nname = "a"\ntype = "imapp"\n', 3, "imap"),
    (SOURCE, 1, "password"),
    (SOURCE + 'password = { env = "X" }\nprot = 993\n', 7, "port"),
    (SOURCE + 'password = { env = "X" }\nport = "many"\n', 7, "port"),
    (SOURCE + 'password = { envv = "X" }\n', 6, "env"),
    (SOURCE + 'password = { env = "X" }\ntls = "none"\n', None, "localhost"),
    ('[[source]]\nname = "a"\ntype = "maildir"\n', 1, "path"),
    ('[[source]]\nname = "a"\ntype = "calls:Calls"\n', 3, "calls.py"),
    ('[[source]]\nname = "a"\ntype = "json:JSONDecoder"\n', 3, "connector"),
]
"""What is wrong with one source: a sync says so, and a recall does not mind."""


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


@pytest.mark.parametrize(("text", "line", "word"), OF_ONE)
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
