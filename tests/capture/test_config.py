"""The configuration: what is read from it, and that every mistake in it is told with its place and its remedy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capture.config import EVERY, Cadence, Config, ConfigError, Me, SourceConfig, duration, load
from capture.place import Keys, entries, position
from connectors.base import Connector, Handle

Write = Callable[[str], Path]

MAILDIR = '[[source]]\nname = "old-mail"\ntype = "maildir"\npath = "~/Maildir"\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own, and nothing in the environment that names another."""
    for name in ("KITH_CONFIG", "KITH_DATA", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return file

    return write


def refused(file: Path) -> ConfigError:
    """The error that this configuration is refused with, by load or by one of its connectors."""
    with pytest.raises(ConfigError) as caught:
        _ = [source.connector() for source in load(file).sources]
    assert caught.value.hint
    return caught.value


def spot(error: ConfigError) -> tuple[int, int]:
    """Line and column of an error."""
    _, line, column = (error.where or "").rsplit(":", 2)
    return int(line), int(column)


class TestPlaces:
    def test_without_a_file_the_configuration_is_empty(self, home: Path) -> None:
        assert load() == Config(None, home / ".local/share/kith", Me(), (), Cadence())

    def test_the_file_and_the_data_stand_in_the_home_folder(self, home: Path) -> None:
        file = home / ".config/kith/config.toml"
        file.parent.mkdir(parents=True)
        file.write_text('[me]\nname = "Robin"\n')
        file.chmod(0o600)

        config = load()

        assert (config.path, config.me.name) == (file, "Robin")
        assert config.file == home / ".local/share/kith/kith.duckdb"

    def test_the_environment_moves_both(self, home: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITH_CONFIG", str(write("[me]")))
        monkeypatch.setenv("KITH_DATA", "~/elsewhere")

        assert (load().path, load().data) == (home / "config.toml", home / "elsewhere")

    def test_what_is_given_overrides_the_environment(
        self, home: Path, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KITH_CONFIG", "/nowhere/config.toml")
        monkeypatch.setenv("KITH_DATA", "/nowhere")

        config = load(write("[me]"), home / "given")

        assert (config.path, config.data) == (home / "config.toml", home / "given")

    def test_the_xdg_folders_count_when_they_are_absolute(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
        assert load().data == Path("/xdg/kith")
        monkeypatch.setenv("XDG_DATA_HOME", "relative")
        assert load().data == home / ".local/share/kith"

    def test_an_empty_home_is_looked_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "")
        assert load().data.is_absolute()

    def test_a_file_that_was_named_must_exist(self, home: Path) -> None:
        assert str(home / "no.toml") in str(refused(home / "no.toml"))
        with pytest.raises(ConfigError):
            load(must_exist=True)

    def test_a_file_that_others_may_write_to_is_refused(self, write: Write) -> None:
        for mode in (0o660, 0o602, 0o666):
            file = write("[me]")
            file.chmod(mode)
            assert refused(file).hint == f"chmod go-w '{file}'"
        file.chmod(0o644)
        assert load(file).path == file

    def test_a_folder_in_place_of_the_file_is_told(self, home: Path) -> None:
        assert "Is a directory" in refused(home).what


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("90 s", timedelta(seconds=90)),
            ("2 minutes", timedelta(minutes=2)),
            ("15min", timedelta(minutes=15)),
            ("1 h", timedelta(hours=1)),
            ("1.5 hours", timedelta(minutes=90)),
            ("10d", timedelta(days=10)),
            ("30 days", timedelta(days=30)),
            (" 2  Weeks ", timedelta(weeks=2)),
            ("2w", timedelta(weeks=2)),
            ("1 month", timedelta(days=30)),
            ("3 months", timedelta(days=91)),
            ("12 months", timedelta(days=365)),
            ("1 year", timedelta(days=365)),
            ("never", None),
        ],
    )
    def test_lengths_are_read_as_people_write_them(self, text: str, expected: timedelta | None) -> None:
        assert duration(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "often",
            "2",
            "weeks",
            "2 fortnights",
            "-1 day",
            "0 days",
            "0.0001 months",
            "1e3 s",
            "2 weeks 3 days",
            "٢ w",
        ],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=": write "):
            duration(text)

    @pytest.mark.parametrize("text", ["101 years", "9" * 5000 + " months", "1.2.3 h", ".", "2 w!", "\x1b[31m"])
    def test_anything_else_is_refused_in_a_sentence_that_can_be_shown(self, text: str) -> None:
        with pytest.raises(ValueError, match=": write ") as caught:
            duration(text)
        assert str(caught.value).isprintable()

    def test_a_bare_m_is_refused_because_it_may_be_minutes_or_months(self) -> None:
        with pytest.raises(ValueError, match='write "min" or "months"'):
            duration("3m")

    @given(st.text() | st.from_regex(r"[0-9.]{0,9} ?[a-z]{0,7}", fullmatch=True))
    def test_no_text_does_anything_else(self, text: str) -> None:
        try:
            length = duration(text)
        except ValueError:
            return
        assert length is None or timedelta(0) < length <= timedelta(days=36_600)


class TestMe:
    def test_the_user_is_read(self, write: Write) -> None:
        text = (
            'name = "Robin Example"\nhandles = ["Me@Example.org", "+49 30 1234567", "me@example.org"]\nregion = "de"\n'
        )
        config = load(write("[me]\n" + text + 'zone = "Europe/Berlin"\n'))

        handles = (Handle("email", "me@example.org"), Handle("phone", "+49301234567"))
        assert config.me == Me("Robin Example", handles, "DE", "Europe/Berlin")

    @pytest.mark.parametrize(
        "handle", ["me", "@example.org", "me@", "a@b@c", "030 1234567", "+1", "+49 CALL ME", "a b@c.d"]
    )
    def test_a_handle_that_is_neither_address_nor_number_is_refused(self, write: Write, handle: str) -> None:
        error = refused(write(f'[me]\nhandles = [\n  "ok@example.org",\n  "{handle}",\n]\n'))
        assert spot(error) == (4, 3)

    def test_region_and_zone_are_those_of_every_source_that_gives_none(self, write: Write) -> None:
        cards = '[[source]]\nname = "{}"\ntype = "vcf"\npath = "cards"\n'
        text = 'me.region = "de"\nme.zone = "Europe/Berlin"\n' + cards.format("a") + cards.format("b") + 'region = "AT"\n'
        text += MAILDIR + '[[source]]\nname = "c"\ntype = "ics"\npath = "events"\n'
        first, second, mail, events = load(write(text)).sources
        assert (first.connector().settings.region, second.connector().settings.region) == ("DE", "AT")  # type: ignore[attr-defined]
        assert events.connector().settings.zone == "Europe/Berlin"  # type: ignore[attr-defined]
        mail.check()

    @pytest.mark.parametrize(
        ("line", "hint"),
        [
            ('zone = "Europe/Berln"', "Europe/Berlin"),
            ('zone = "../../etc/passwd"', "Europe/Berlin"),
            ('region = "Germany"', '"DE"'),
            ("name = 3", '"…"'),
            ('handles = "me@example.org"', "["),
        ],
    )
    def test_a_wrong_value_is_told_with_a_right_one(self, write: Write, line: str, hint: str) -> None:
        error = refused(write(f"\n[me]\n  {line}\n"))
        assert spot(error) == (3, 3)
        assert hint in error.hint


class TestCadence:
    def test_lengths_are_days(self, write: Write) -> None:
        config = load(write('[cadence]\ndefault = "3 months"\ntags = { family = "2 weeks", "old friends" = "36 h" }\n'))
        assert config.cadence == Cadence(91.0, {"family": 14.0, "old friends": 1.5})

    def test_a_tag_is_the_same_in_capitals(self, write: Write) -> None:
        assert load(write('[cadence]\ntags = { Family = "2 weeks" }\n')).cadence.tags == {"family": 14.0}
        assert spot(refused(write('[cadence]\n[cadence.tags]\nFamily = "1 d"\nfamily = "2 d"\n'))) == (4, 1)

    def test_never_by_default_is_no_wish(self, write: Write) -> None:
        assert load(write('[cadence]\ndefault = "never"\n')).cadence == Cadence(None, {})

    @pytest.mark.parametrize("value", ['"never"', '"often"', "14"])
    def test_a_tag_wants_a_length(self, write: Write, value: str) -> None:
        assert spot(refused(write(f'[cadence]\ntags = {{ kin = "2 weeks", family = {value} }}\n'))) == (2, 27)


class TestSources:
    def test_a_source_keeps_what_its_connector_is_told(self, write: Write) -> None:
        text = '[[source]]\nname = "a"\ntype = "imap"\nhost = "h"\n\n# one more\n' + MAILDIR + 'every = "1 h"\n'
        first, second = load(write(text)).sources

        assert first == SourceConfig("a", "imap", EVERY, {"host": "h"}, line=1)
        assert second == SourceConfig("old-mail", "maildir", 3600.0, {"path": "~/Maildir"}, line=7)

    def test_a_connector_is_made_from_the_settings(self, write: Write) -> None:
        (source,) = load(write(MAILDIR)).sources
        assert isinstance(source.connector(), Connector)

    def test_two_sources_have_two_names(self, write: Write) -> None:
        error = refused(write(MAILDIR + "\n" + MAILDIR))
        assert spot(error) == (7, 1)
        assert "line 1" in error.hint

    @pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ä", "a.b", "a" * 65, "a\\u001b[31m"])
    def test_a_name_is_a_word_that_can_stand_anywhere(self, write: Write, name: str) -> None:
        error = refused(write(f'[[source]]\ntype = "maildir"\nname = "{name}"\n'))
        assert spot(error) == (3, 1)
        assert str(error).isprintable()

    @pytest.mark.parametrize("key", ["name", "type"])
    def test_a_source_has_a_name_and_a_type(self, write: Write, key: str) -> None:
        text = "[me]\n" + "".join(line + "\n" for line in MAILDIR.splitlines() if not line.startswith(key))
        error = refused(write(text))
        assert spot(error)[0] == 2
        assert f"{key} = " in error.hint

    def test_an_unknown_type_is_told_with_the_nearest(self, write: Write) -> None:
        error = refused(write(MAILDIR.replace('"maildir"', '"mailbox-dir"')))
        assert spot(error) == (3, 1)
        assert error.hint == 'did you mean "maildir"?'

    @pytest.mark.parametrize("key", ["password", "token"])
    def test_a_secret_written_out_is_refused_and_not_repeated(self, write: Write, key: str) -> None:
        error = refused(write(MAILDIR + f'{key} = "canary"\n'))
        assert spot(error) == (5, 1)
        assert "fetched, never stored" in error.what
        assert 'command = ["pass", "mail"]' in error.hint
        assert "canary" not in repr(error) + str(error) + error.hint

    @pytest.mark.parametrize("value", ['"never"', '"0.1 s"', "120", '"often"'])
    def test_a_source_is_polled_in_lengths_of_time(self, write: Write, value: str) -> None:
        assert spot(refused(write(MAILDIR + f"every = {value}\n"))) == (5, 1)

    def test_single_brackets_are_told(self, write: Write) -> None:
        assert "[[source]]" in refused(write('[source]\nname = "a"\n')).hint

    def test_a_missing_setting_is_told(self, write: Write) -> None:
        error = refused(write('[me]\n[[source]]\nname = "a"\ntype = "maildir"\n'))
        assert spot(error) == (2, 1)
        assert "path" in error.hint

    def test_a_wrong_setting_is_told_in_its_line(self, write: Write) -> None:
        error = refused(write(MAILDIR.replace('"~/Maildir"', "3")))
        assert spot(error) == (4, 1)
        assert error.what.startswith("path: ")

    def test_a_source_that_was_not_read_from_a_file_has_errors_without_a_place(self) -> None:
        with pytest.raises(ConfigError) as caught:
            SourceConfig("a", "maildr").connector()
        assert (caught.value.where, caught.value.hint) == (None, 'did you mean "maildir"?')

    def test_a_connector_of_ones_own_is_a_file_beside_the_configuration(self, write: Write) -> None:
        file = write('[[source]]\nname = "a"\ntype = "one_of_my_own:Own"\n')
        own = file.parent / "one_of_my_own.py"
        own.write_text(
            "from pydantic import BaseModel\nclass Own:\n    class Settings(BaseModel):\n        path: str = ''\n"
            "    def __init__(self, settings): pass\n    def pull(self, cursor): return iter(())\n"
        )
        own.chmod(0o600)
        assert isinstance(load(file).sources[0].connector(), Connector)
        error = refused(write(file.read_text() + 'pth = "x"\n'))
        assert (spot(error), error.hint) == ((4, 1), 'did you mean "path"?')


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("text", "line", "hint"),
        [
            ('[mee]\nname = "x"\n', 1, 'did you mean "me"?'),
            ('\n[me]\nNmae = "x"\n', 3, 'did you mean "name"?'),
            ('[me]\nname = "x"\nhandels = []\n', 3, 'did you mean "handles"?'),
            ('[cadence]\ndefalt = "never"\n', 2, 'did you mean "default"?'),
            ('[cadence]\ntag.family = "1 d"\n', 2, 'did you mean "tags"?'),
            ("[[sources]]\n", 1, 'did you mean "source"?'),
            ("xyzzy = 1\n", 1, "known there: cadence, me, notify, rule, source, store"),
            (MAILDIR + 'paht = "x"\n', 5, 'did you mean "path"?'),
            (MAILDIR + 'evry = "1 h"\n', 5, 'did you mean "every"?'),
        ],
    )
    def test_they_are_errors_that_name_the_nearest_key_and_the_line(
        self, write: Write, text: str, line: int, hint: str
    ) -> None:
        error = refused(write(text))
        assert spot(error)[0] == line
        assert error.hint == hint


class TestBadToml:
    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("[me\n", (1, 4)),
            ("[me]\nname = Robin\n", (2, 8)),
            ('[me]\nname = "x', (2, 10)),
            ('[me]\nname = "x"\nname = "y"\n', (3, 11)),
            ("a = " + "[" * 5000, (1, 1)),
            ("a = " + "9" * 5000, (1, 1)),
        ],
    )
    def test_it_is_told_with_line_and_column(self, write: Write, text: str, place: tuple[int, int]) -> None:
        error = refused(write(text))
        assert error.where is not None
        if place != (1, 1):
            assert spot(error) == place

    def test_a_line_that_is_not_utf8_is_told(self, write: Write) -> None:
        file = write("")
        file.write_bytes(b'[me]\nname = "J\xf6rg"\n')
        assert spot(refused(file)) == (2, 1)

    def test_a_byte_order_mark_is_no_error(self, write: Write) -> None:
        file = write("")
        file.write_bytes(b"\xef\xbb\xbf[me]\r\nname = 'x'\r\n")
        assert load(file).me.name == "x"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(alphabet="[]{}=\"'#.,\n abme1", max_size=60) | st.text(max_size=30))
    def test_no_text_raises_anything_but_a_config_error(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "any.toml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        file.chmod(0o600)
        with contextlib.suppress(ConfigError):
            load(file)


class TestPositions:
    LINES = (
        "# [me] is not here",
        "top = 1",
        "[me]",
        "name = 'a [me] = \"x\"' # handles = 1",
        '"odd key" = """',
        'name = 3 \\""" [x]',
        '"""',
        "handles = [",
        '  "one", # "two"',
        "  { a = 1, b.c = [[1], [2, 3]] },",
        "  3,",
        "]",
        "[a.b]",
        "x = 1979-05-27 07:32:00",
        "y = {p = '''",
        "''' , q = {r = 1}}",
        "[[source]]",
        'name = "1"',
        "[source.folders]",
        'exclude = [ "a" ]',
        "[[ source ]]",
        'name = "2"',
        "[[source.part]]",
        "z = 1",
        "[[source.part]]",
        "z = 2",
    )
    TEXT = "\n".join(LINES) + "\n"

    @pytest.mark.parametrize(
        ("keys", "place"),
        [
            (("top",), (2, 1)),
            (("me",), (3, 1)),
            (("me", "name"), (4, 1)),
            (("me", "odd key"), (5, 1)),
            (("me", "handles"), (8, 1)),
            (("me", "handles", 0), (9, 3)),
            (("me", "handles", 1, "a"), (10, 5)),
            (("me", "handles", 1, "b", "c", 1, 1), (10, 28)),
            (("me", "handles", 2), (11, 3)),
            (("a", "b"), (13, 1)),
            (("a", "b", "x"), (14, 1)),
            (("source", 0, "folders", "exclude", 0), (20, 13)),
            (("source", 1), (21, 1)),
            (("source", 1, "name"), (22, 1)),
            (("source", 1, "part", 1, "z"), (26, 1)),
            (("source", 1, "host"), (21, 1)),
            (("nothing",), (1, 1)),
        ],
    )
    def test_a_key_is_found_where_it_stands(self, keys: Keys, place: tuple[int, int]) -> None:
        tomllib.loads(self.TEXT)
        assert position(self.TEXT, keys) == place

    def test_entries_are_found_however_they_are_written(self) -> None:
        assert entries(self.TEXT, "source", 2) == [17, 21]
        assert entries('source = [\n  { name = "a" },\n  { name = "b" }\n]\n', "source", 2) == [2, 3]
        assert entries("[me]\nname = '''\n[[source]]\n'''\n[[source]]\n", "source", 1) == [5]

    @given(st.text(max_size=80))
    def test_no_text_holds_the_scan_up(self, text: str) -> None:
        line, column = position(text, ("source", 0, "name"))
        assert line >= 1
        assert column >= 1


def test_it_imports_nothing_heavy(write: Write) -> None:
    """Every command loads the configuration, so neither pydantic nor a protocol library may come with it."""
    file = write(MAILDIR + '[me]\nhandles = ["me@example.org"]\n[cadence]\ndefault = "3 months"\n')
    code = "import sys; from capture.config import load; load(); print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KITH_CONFIG": str(file), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {
        "pydantic",
        "duckdb",
        "typer",
        "imapclient",
        "keyring",
        "platformdirs",
        "zoneinfo",
        "difflib",
        "subprocess",
    }
    assert heavy.isdisjoint(done.stdout.split())
