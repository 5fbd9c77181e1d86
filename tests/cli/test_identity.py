"""Who is who, as people decide it: merge, split, rename, hide, archive, why, review, undo, and the log of it all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cli.review import ask, suggested
from connectors.base import Observation
from store.file import Store
from tests.cli.running import Kith, shown
from tests.scripted import Scripted
from tests.small_world import ME, capture, card, mail, me, party

HOME, WORK = "alice@home.example", "alice@work.example"
LINKED = ["same name", "same local part", "in one conversation"]
REVIEWED = {"a", "b", "handles_a", "handles_b", "score", "evidence"}


def letters() -> list[Observation]:
    return [
        mail(1, ME, [party("to", HOME, "Alice Example")], days=1),
        mail(2, ME, [party("to", WORK, "Alice Example")], days=2),
        mail(3, ME, [party("to", "bob@x.example", "Bob Brown")], days=4),
        mail(4, party("from", "bob@y.example", "Bob Brown"), answers=3, days=3),
        mail(5, ME, [party("to", "carol@x.example", "Carol \x1b[31mDoe")], days=5),
    ]


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    made = Kith(tmp_path)
    made.configure(f'me.handles = ["{ME}"]')
    capture(Store(made.data / "kith.duckdb"), Scripted.of(letters()))
    return made


def people(kith: Kith) -> dict[str, list[list[str]]]:
    """Name to the handles of everybody who is called so."""
    found: dict[str, list[list[str]]] = {}
    for row in kith("people", "--json").json:
        found.setdefault(row["name"], []).append(sorted(h.partition(":")[2] for h in row["handles"]))
    return {name: sorted(handles) for name, handles in found.items()}


def test_two_people_are_merged_by_address_and_the_merge_is_undone(kith: Kith) -> None:
    before = people(kith)
    assert before["Alice Example"] == [[HOME], [WORK]]
    done = kith("people", "merge", HOME, WORK, "--json")
    assert (done.code, done.json["name"], sorted(done.json["handles"])) == (
        0, "Alice Example", [f"email:{HOME}", f"email:{WORK}"],
    )  # fmt: skip
    assert people(kith)["Alice Example"] == [[HOME, WORK]]
    assert kith("undo", str(done.json["decision"])).code == 0
    assert people(kith) == before


def test_what_is_split_off_is_somebody_else_until_it_is_undone(kith: Kith) -> None:
    before = people(kith)
    assert before["Bob Brown"] == [["bob@x.example", "bob@y.example"]]
    assert kith("people", "split", "bob", "bob@y.example").code == 0
    assert people(kith)["Bob Brown"] == [["bob@x.example"]]
    assert kith("undo").code == 0
    assert people(kith) == before


def test_a_name_can_be_given_and_taken_back(kith: Kith) -> None:
    assert kith("people", "rename", "carol", "Carola D.").code == 0
    assert "Carola D." in people(kith)
    assert kith("people", "rename", "Carola", "").code == 0
    assert "Carola D." not in people(kith)


def test_who_is_hidden_is_in_no_list_until_they_are_shown(kith: Kith) -> None:
    kith("people", "hide", "bob")
    assert "Bob Brown" not in people(kith)
    kith("people", "show", "bob")
    assert "Bob Brown" in people(kith)


def test_an_address_is_archived_with_a_date(kith: Kith) -> None:
    assert kith("people", "archive", "bob", "bob@y.example", "--until", "2021").code == 0
    rows = [row for row in kith("export").lines if row["table"] == "handle" and row["value"] == "bob@y.example"]
    assert [row["archived"][:10] for row in rows] == ["2021-12-31"]
    assert kith("who", "bob", "--json").json["archived"] == {"email:bob@y.example": rows[0]["archived"].replace("Z", "+00:00")}
    assert kith("undo").code == 0
    assert "archived" in rows[0]
    assert kith("who", "bob", "--json").json["archived"] == {}


def test_several_addresses_are_archived_at_once_and_each_can_be_taken_back(kith: Kith) -> None:
    both = ["bob@x.example", "bob@y.example"]
    done = kith("people", "archive", "bob", *both, both[0], "--json")
    numbers = done.json["decisions"]
    assert (len(numbers), done.json["decision"]) == (2, numbers[-1])
    said = kith("people", "archive", "bob", *both).out
    assert said.count("kith undo") == 2
    assert [f"kith undo {number}" in said for number in range(numbers[-1] + 1, numbers[-1] + 3)] == [True, True]
    assert len({row["made_at"] for row in kith("log", "decisions", "--json").json[:2]}) == 2


def test_a_date_is_told_as_it_was_said_wherever_the_user_lives(kith: Kith) -> None:
    kith.configure(f'me = {{ handles = ["{ME}"], zone = "Pacific/Auckland" }}')
    assert "until 2021-12-31" in kith("people", "archive", "bob", "bob@y.example", "--until", "2021").out


SPELLINGS = [
    "+49 30 1234567", "+49301234567", "phone:+49 (30) 123-45.67", "+49/30/1234567",
    "030 1234567", "(030) 123\u201345\u201367", "0049 30 1234567",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_is_theirs_in_any_spelling(tmp_path: Path, spelling: str) -> None:
    made = Kith(tmp_path)
    made.configure(f'me.handles = ["{ME}"]')
    capture(Store(made.data / "kith.duckdb"), Scripted.of([card("1", "Alice Example", HOME, "+4930 1234567")]))
    done = made("people", "split", "alice", spelling)
    assert (done.code, done.err) == (0, "")
    assert people(made)["Alice Example"] == [[HOME]]


@pytest.mark.parametrize("spelling", ["Alice+news@HOME.example", f"email:{HOME}"])
def test_an_address_is_theirs_in_any_spelling(kith: Kith, spelling: str) -> None:
    assert kith("people", "archive", HOME, spelling).code == 0


def test_an_undoing_says_by_which_number_it_is_undone(kith: Kith) -> None:
    before = people(kith)
    kith("people", "rename", "carol", "Carola D.")
    after = people(kith)
    assert after != before
    number: list[str] = []
    for now in (before, after, before):
        number = re.findall(r"kith undo (\d+)", kith("undo", *number).out)
        assert (len(number), people(kith)) == (1, now)


def test_why_says_what_made_a_link_and_what_speaks_for_another(kith: Kith) -> None:
    (row,) = kith("people", "why", "bob", "--json").json
    assert (row["by"], row["what"], row["evidence"]) == ("matcher", "link", LINKED)
    (row,) = kith("people", "why", HOME, WORK, "--json").json
    assert (row["what"], row["decision"]) == ("evidence", None)
    assert "same name" in row["evidence"]
    assert kith("people", "why", HOME, "bob", "--json").json == []
    assert "conversation" in kith("people", "why", "bob").out


def test_two_people_are_never_shown_as_equal(kith: Kith) -> None:
    store = Store(kith.data / "kith.duckdb")
    assert ask(store, suggested(store), me, lambda: "n") == 1
    told = kith("people", "why", HOME, WORK).out.splitlines()
    assert [HOME in line and "\u2260" in line and "not same" in line for line in told] == [True, False]
    assert "=" in told[1]
    kith("people", "split", "bob", "bob@y.example")
    lines = kith("log", "decisions").out.splitlines()[:3]
    assert [line.split("\t")[3] for line in lines] == ["unlink", "split", "not same"]
    assert all("\u2260" in line and " = " not in line for line in lines)


def test_a_review_suggests_with_the_fields_of_the_contract(kith: Kith) -> None:
    done = kith("review", "--json")
    (row,) = done.json
    assert (done.code, set(row)) == (0, REVIEWED)
    assert sorted(row["handles_a"] + row["handles_b"]) == [f"email:{HOME}", f"email:{WORK}"]
    assert 0.5 < row["score"] < 1
    assert kith("review", "--jsonl").lines == done.json
    kith("people", "merge", HOME, WORK)
    assert kith("review", "--json").json == []


@pytest.mark.parametrize(("keys", "decided", "left"), [("y", 1, 0), ("n", 1, 0), ("xl", 0, 1), ("q", 0, 1)])
def test_each_suggestion_is_answered_by_one_key(kith: Kith, keys: str, decided: int, left: int) -> None:
    store = Store(kith.data / "kith.duckdb")
    pressed = iter(keys)
    assert ask(store, suggested(store), me, lambda: next(pressed)) == decided
    assert len(suggested(store)) == left
    assert people(kith)["Alice Example"] == ([[HOME, WORK]] if keys == "y" else [[HOME], [WORK]])


def test_the_log_says_who_decided_what_and_why(kith: Kith) -> None:
    kith("people", "hide", "carol")
    rows: list[dict[str, Any]] = kith("log", "decisions", "--json").json
    assert [(row["by"], row["what"]) for row in rows] == [("user", "hide"), ("matcher", "link")]
    assert rows[1]["evidence"]["features"] == LINKED
    text = kith("log", "decisions").out
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["people", "merge", "alice", "bob"], 2, "may be"),
        (["people", "merge", "bob", "bob@y.example"], 2, "one person already"),
        (["people", "split", "bob", "zoe@x.example"], 2, "has no"),
        (["people", "split", "bob", "\u0663\u0660"], 2, "has no"),
        (["people", "split", "bob", "bob@x.example", "bob@y.example"], 2, "Nothing would be left"),
        (["people", "split", "bob"], 2, "HANDLE"),
        (["people", "split", "bob", "room 1234567"], 2, "has no"),
        (["people", "archive", "bob", "bob@x.example", "--until", "nonsense"], 2, "--until: 'nonsense' is no time"),
        (["review", "--limit", "-1"], 2, "no limit of -1"),
        (["log", "decisions", "--limit", "-1"], 2, "no limit of -1"),
        (["noise", "--limit", "-1"], 2, "no limit of -1"),
        (["timeline", "bob", "--limit", "-1"], 2, "no limit of -1"),
        (["people", "hide", "zoe"], 1, "Nobody by the name"),
        (["undo", "77"], 2, "no such decision"),
        (["people", "mrege", "a", "b"], 2, "merge"),
    ],
)
def test_what_cannot_be_done_says_why(kith: Kith, words: list[str], code: int, said: str) -> None:
    done = kith(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_an_undoing_without_a_database_makes_none(tmp_path: Path) -> None:
    made = Kith(tmp_path)
    done = made("undo")
    assert (done.code, done.out) == (1, "")
    assert done.err == made("people", "hide", "bob").err
    assert not (made.data / "kith.duckdb").exists()


def test_help_knows_the_commands_of_two_words(kith: Kith) -> None:
    shown_ = shown(kith("people", "--help").out)
    assert all(word in shown_.split() for word in ("merge", "split", "why", "--all"))
    assert "HANDLE" in kith("people", "split", "--help").out
    assert "decisions" in kith("log", "--help").out
