"""Who the user is: shown, proposed, and changed in the configuration, with all that follows from it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from capture.config import Config
from capture.match import Me
from capture.own import only_handles_differ, with_handles
from cli.context import Problem
from cli.me import write
from connectors.base import Observation
from store.file import Store
from tests.cli.running import Kith
from tests.scripted import Scripted
from tests.small_world import ME, capture, card, mail, party

OTHER = "me@work.example"


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    """Mail was sent from an address that the configuration does not name."""
    made = Kith(tmp_path)
    made.configure(f'# mine\n[me]\nhandles = ["{ME}"] # all\nname = "Robin"\n')
    letters: list[Observation] = [
        mail(1, OTHER, "alice@example.org", labels=("Sent",)),
        mail(2, OTHER, "alice@example.org", labels=("Sent",)),
        mail(3, ME, "bob@example.org", labels=("Sent",)),
        mail(4, "alice@example.org", OTHER),
        card("me", "Robin Example", ME, "+4930123456"),
    ]
    capture(Store(made.data / "kith.duckdb"), Scripted.of(letters), own=Me([party("from", ME).handle]))
    return made


def test_what_looks_like_the_users_is_proposed_with_a_reason(kith: Kith) -> None:
    rows = {row["handle"]: row for row in kith("me", "--json").json}
    assert rows[f"email:{ME}"] == {"handle": f"email:{ME}", "own": True, "mails": 1, "because": "the configuration"}
    assert not rows[f"email:{OTHER}"]["own"]
    assert rows[f"email:{OTHER}"]["because"] == "2 mails in Sent came from it"
    assert "Robin Example" in rows["phone:+4930123456"]["because"]
    assert f"kith me add {OTHER}" in kith("me").err


def test_mail_from_any_spelling_of_an_own_address_is_counted(tmp_path: Path) -> None:
    made = Kith(tmp_path)
    made.configure('me.handles = ["robin.ex@gmail.com"]')
    letters = [mail(1, "robinex@googlemail.com", "bob@example.org"), mail(2, "Robin.Ex+shop@gmail.com", "bob@example.org")]
    capture(Store(made.data / "kith.duckdb"), Scripted.of(letters), own=Me([party("from", "robin.ex@gmail.com").handle]))
    assert [row["mails"] for row in made("me", "--json").json] == [2]


def test_what_is_added_turns_directions_and_verdicts_and_what_is_removed_turns_them_back(kith: Kith) -> None:
    before = kith("export").out
    assert {row["direction"] for row in kith("timeline", "alice", "--json").json} == {"in"}
    done = kith("me", "add", OTHER, "--json")
    assert done.json["handles"] == [f"email:{ME}", f"email:{OTHER}"]
    assert done.json["changed"] == 2
    assert {row["direction"] for row in kith("timeline", "alice", "--json").json} == {"in", "out"}
    assert kith.config.read_text().splitlines() == [
        "# mine", "[me]", f'handles = ["{ME}", "{OTHER}"] # all', 'name = "Robin"',
    ]  # fmt: skip
    assert kith("me", "remove", OTHER).code == 0
    assert kith.config.read_text().splitlines()[2] == f'handles = ["{ME}"] # all'
    assert kith("export").out == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["me", "add", "nonsense"], 2, "neither an e-mail address nor a phone number"),
        (["me", "remove", "zoe@example.org"], 2, "is not among yours"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(kith: Kith, words: list[str], code: int, said: str) -> None:
    before = kith.config.read_text()
    done = kith(*words)
    assert (done.code, kith.config.read_text()) == (code, before)
    assert said in done.err


def test_the_first_address_makes_the_configuration(tmp_path: Path) -> None:
    kith = Kith(tmp_path)
    assert kith("me", "add", ME).code == 0
    assert tomllib.loads(kith.config.read_text()) == {"me": {"handles": [ME]}}
    assert kith.config.stat().st_mode & 0o777 == 0o600


def test_the_configuration_is_made_where_it_is_looked_for(tmp_path: Path) -> None:
    kith = Kith(tmp_path)
    folder = str(tmp_path / "xdg")
    assert f"{folder}/kith/config.toml" in kith("sync", KITH_CONFIG="", XDG_CONFIG_HOME=folder).err
    assert kith("me", "add", ME, KITH_CONFIG="", XDG_CONFIG_HOME=folder).code == 0
    assert [row["handle"] for row in kith("me", "--json", KITH_CONFIG="", XDG_CONFIG_HOME=folder).json] == [f"email:{ME}"]
    assert Path(folder, "kith", "config.toml").exists()


def test_an_inline_table_gets_its_first_address(tmp_path: Path) -> None:
    kith = Kith(tmp_path)
    kith.configure('me = { name = "Robin" }\n')
    done = kith("me", "add", ME)
    assert (done.code, done.err) == (0, "")
    assert tomllib.loads(kith.config.read_text()) == {"me": {"name": "Robin", "handles": [ME]}}


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ('[me]\nname = "Robin"\nhandles = ["x@y.example"]\n', True),
        ('[me]\nname = "Robin"\nhandles = []\n', False),
        ('[me]\nhandles = ["x@y.example"]\n', False),
        ('[me]\nname = "Robin"\nhandles = ["x@y.example"]\nzone = "UTC"\n', False),
        ('[me]\nname = "Robin"\nhandles = ["x@y.example"]\n[cadence]\n', False),
        ('me.handles = ["x@y.example"]\n[me]\nname = "Robin"\n', False),
        ("nonsense", False),
    ],
)
def test_a_text_in_which_anything_else_differs_is_told(after: str, same: bool) -> None:
    assert only_handles_differ('[me]\nname = "Robin"\n', after, ["x@y.example"]) == same


def test_what_cannot_be_written_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[me]\nname = "Robin"\n')
    with pytest.raises(Problem, match="does not change") as refused:
        write(Config(path, tmp_path), ["\x7f@example.org"])
    assert refused.value.exit_code == 78
    assert path.read_text() == '[me]\nname = "Robin"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[me]\nname = "x"\n',
        '[me]\n# none yet\n\n[cadence]\ndefault = "never"',
        'me.name = "x"\n[cadence]\ndefault = "never"\n',
        'me.handles = [] # "]"\n',
        'me = { name = "x" }\n',
        "me = {}\n",
        'me = { name = "x", handles = ["a@b.example"] }\n',
        '[me]\nhandles = [\n  "a@b.example", # ]\n  "c@d.example",\n]\n[[source]]\nname = "x"\ntype = "imap"\n',
        '[cadence]\ndefault = "never"\n',
    ],
)
def test_nothing_else_in_a_configuration_changes(text: str) -> None:
    before, after = tomllib.loads(text), tomllib.loads(with_handles(text, ["x@y.example", 'q"@z.example']))
    assert after["me"].pop("handles") == ["x@y.example", 'q"@z.example']
    before.get("me", {}).pop("handles", None)
    assert {"me": {}} | after == {"me": {}} | before
