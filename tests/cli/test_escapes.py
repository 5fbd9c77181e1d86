"""What a stranger wrote never does anything to a terminal: not as a name, not as a subject, not in an error."""

from __future__ import annotations

import json
import re
import unicodedata
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.render import clean
from tests.cli.payloads import MARKUP, PAYLOADS
from tests.cli.running import Done, Kith, shown
from tests.cli.sources import HEAD, ME, source, write
from tests.house import ROOT

HOSTILE = (
    HEAD
    + '''
import sys
sys.path.insert(0, "{root}")
from tests.cli.payloads import PAYLOADS

class Hostile:
    """Somebody \x1b[31mhostile\x1b]0;owned\x07."""
    Settings = Settings
    def __init__(self, settings):
        self.text = settings.text
    def pull(self, cursor):
        said = []
        for n, p in enumerate(PAYLOADS):
            said.append(letter(n, f"N{{n}} {{p}} End", f"a{{n}}{{p}}b@example.org", f"Subject {{p}} end",
                               signals=Signals(labels=(f"Folder {{p}}",), list_id=p)))
            address = f"s{{n}}{{p}}b@example.org"
            said.append(letter(10000 + n, f"S{{n}} {{p}} End", address, f"From {{p}} end", out=False))
            said.append(Unreadable(f"bad {{n}} {{p}}", f"because of {{p}}"))
        yield Page(tuple(said), {{"said": 1}})
        everything = " ".join(PAYLOADS)
        if self.text == "human":
            raise NeedsHuman(f"refused: {{everything}}", f"do: {{everything}}")
        if self.text == "bug":
            raise ValueError(everything)
'''
).replace("{root}", str(ROOT)).replace("{{", "{").replace("}}", "}")

FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
UNSEEN = {0x34F, 0x115F, 0x3164, 0xFFA0, 0xFE0F, 0xE0100}
ENDS = re.compile(r"[\n\t]")


def harm(text: str) -> list[str]:
    """The characters of a text that a terminal may obey, or that hide in it."""
    return [f"U+{ord(c):04X}" for c in ENDS.sub("", text) if unicodedata.category(c) in FORBIDDEN or ord(c) in UNSEEN]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Kith:
    kith = Kith(tmp_path_factory.mktemp("hostile"))
    write(kith, "hostile", HOSTILE)
    kith.configure(ME + source("one", "hostile:Hostile") + source("two", "hostile:Hostile", text="human"))
    done = kith("sync")
    assert done.code == 77
    assert harm(done.out + done.err) == []
    return kith


COMMANDS = [
    ["people"],
    ["people", "--all"],
    ["timeline", "End", "-n", "0"],
    ["timeline", "subject"],
    ["timeline", "example.org"],
    ["who", "N0"],
    ["who", "s3"],
    ["overdue"],
    ["status"],
    ["cadence", "N5"],
    ["tag", "N5"],
    ["sources"],
]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_pipe_and_a_terminal_get_nothing_that_they_would_obey(hostile: Kith, words: list[str]) -> None:
    plain = hostile(*words)
    assert harm(plain.out + plain.err) == []
    terminal = hostile.on_terminal(*words, columns=300)
    assert harm(shown(terminal.out)) == []


@pytest.mark.parametrize("words", [*COMMANDS, ["export"]])
def test_json_keeps_it_but_as_escapes(hostile: Kith, words: list[str]) -> None:
    forms = [[]] if words == ["export"] else [["--json"], ["--jsonl"]]
    for form in forms:
        done = hostile(*words, *form)
        assert harm(done.out) == []


def test_what_json_escapes_is_what_was_written(hostile: Kith) -> None:
    titles = {row["title"] for row in hostile("export").lines if row["table"] == "interaction"}
    assert {"Subject [blink] end", "Subject \u202e end", "Subject \x1b[31m end"} <= titles
    of_timeline = {row["title"] for n in range(len(PAYLOADS)) if n % 12 == 0 for row in timeline(hostile, n)}
    assert of_timeline <= titles
    assert len(of_timeline) > 8


def timeline(kith: Kith, n: int) -> list[dict[str, str]]:
    done = kith("timeline", f"N{n}", "--json")
    return list(json.loads(done.out)) if done.code == 0 else []


def test_markup_is_shown_as_it_was_written(hostile: Kith) -> None:
    text = hostile("people").out
    for markup in MARKUP:
        assert markup in text


def test_every_payload_was_shown(hostile: Kith) -> None:
    """Else the tests above would prove nothing."""
    assert len(PAYLOADS) >= 100
    assert len(hostile("people").out.splitlines()) == len(PAYLOADS)
    assert sum(bool(harm(p)) or bool(set(p) & set("\n\t")) for p in PAYLOADS) > 80


@pytest.mark.parametrize("n", range(0, len(PAYLOADS), 35))
def test_what_is_asked_for_is_not_echoed_as_it_is(hostile: Kith, n: int) -> None:
    everything = "".join(PAYLOADS[n : n + 35]).replace("\0", "")
    errors = [
        hostile("timeline", f"nobody {everything}"),
        hostile("timeline", "N0", "--since", everything),
        hostile(f"command{everything}"),
        hostile("people", f"--{everything}"),
        hostile("people", "--tag", everything),
        hostile("sync", f"x{everything}"),
        hostile("cadence", "N0", everything),
        hostile("export", "--format", everything),
        hostile("--config", f"/tmp/{everything}", "people"),
        hostile("--data", f"/tmp/nowhere{everything}", "people"),
    ]
    for done in errors:
        assert done.code in (1, 2, 78)
        assert harm(done.out + done.err) == []


@pytest.mark.parametrize("n", range(0, len(PAYLOADS), 35))
def test_a_configuration_is_not_echoed_as_it_is(kith: Kith, n: int) -> None:
    for key in ('me.name = 5 # "{}"', 'me.handles = ["{}"]', 'me.zone = "{}"', '"{}" = 1', 'cadence.default = "{}"'):
        said = "".join(json.dumps(p)[1:-1].replace("\\ud", "\\\\ud") for p in PAYLOADS[n : n + 35])
        kith.configure(key.replace("{}", said))
        done = kith("sync")
        assert done.code == 78
        assert harm(done.out + done.err) == []


@pytest.mark.parametrize("loud", [[], ["--debug"]])
def test_a_bug_of_a_connector_does_not_echo_it_either(hostile: Kith, loud: list[str]) -> None:
    kith = Kith(hostile.place)
    kith.data = hostile.place / "other"
    kith.config = hostile.place / "bug.toml"
    kith.config.write_text(ME + source("one", "hostile:Hostile", text="bug"))
    kith.config.chmod(0o600)
    done = kith(*loud, "sync")
    assert done.code == 69
    assert harm(done.out + done.err) == []
    assert ("Traceback" in done.err) == bool(loud)


def test_a_decision_takes_no_such_thing_in(hostile: Kith) -> None:
    person = str(hostile("people", "--json").json[0]["person_id"])
    done = hostile("tag", person, "a\x1b[31mb\u202e", "\x07", "plain")
    assert done.code == 0
    assert hostile("tag", person, "--json").json["tags"] == ["a [31mb", "plain"]


def test_mail_is_as_harmless_in_whatever_header_it_is_said(kith: Kith) -> None:
    """Through the real connector: encoded words (RFC 2047), raw bytes, and folders that are named so."""
    for box, some in (("", PAYLOADS[:50]), (".Fol\x1b[31mder \u202e", PAYLOADS[50:])):
        folder = kith.place / "mail" / box / "cur"
        folder.mkdir(parents=True)
        for n, payload in enumerate(some):
            word = f"=?utf-8?b?{b64encode(f'N {payload} End'.encode()).decode()}?="
            raw = payload.replace("\n", "").replace("\r", "")
            headers = [
                "Date: Mon, 05 Jan 2026 10:00:00 +0000",
                f"Message-ID: <{box[:4]}{n}@example.org>",
                "From: me@example.org",
                f'To: {word} <a{n}@example.org>, "raw {raw}" <b{n}{box[:1]}@example.org>',
                f"Subject: {word} {raw}",
            ]
            (folder / f"{n}:2,S").write_bytes("\n".join([*headers, "", ""]).encode("utf-8"))
    kith.configure(ME + source("mail", "maildir", path=str(kith.place / "mail")))
    assert kith("sync").code == 0
    for words in (["people"], ["people", "--all", "--json"], ["timeline", "End", "-n", "0"], ["status"], ["export"]):
        done = kith(*words)
        assert (done.code, harm(done.out + done.err)) == (0, [])
    assert len(kith("people").out.splitlines()) > 100


@given(st.text())
def test_nothing_is_left_of_any_text_that_a_terminal_would_obey(text: str) -> None:
    assert harm(clean(text)) == []
    assert "\n" not in clean(text)
    assert "\t" not in clean(text)
    assert clean(clean(text)) == clean(text)


def test_done_is_read_as_it_was_written() -> None:
    """The check itself sees what it is to see."""
    assert harm(Done(0, "a\x1b[31mb\x9b\u202e\u200b\r", "").out) == ["U+001B", "U+009B", "U+202E", "U+200B", "U+000D"]
