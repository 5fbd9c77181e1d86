"""A terminal gets what fits it, a pipe what a program can cut, and neither gets what it did not ask for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from cli.render import ago, clean, cut, span, width
from tests.cli.running import Done, Kith, shown

TABLES = [["people", "--all"], ["timeline", "Jürgen"], ["overdue"], ["status"], ["sources"]]
EVERYTHING = [*TABLES, ["who", "山田"], ["cadence", "Jürgen"], ["tag", "Jürgen"], ["people", "--help"], []]
BOXES = re.compile(r"[\u2500-\u259f|]")


@pytest.mark.parametrize("words", EVERYTHING)
def test_into_a_pipe_goes_no_colour_no_line_and_no_progress(household: Kith, words: list[str]) -> None:
    done = household(*words, TERM="xterm-256color", COLUMNS="40", FORCE_COLOR="1")
    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err
    assert not BOXES.search(done.out)


@pytest.mark.parametrize("words", TABLES)
def test_into_a_pipe_goes_the_same_number_of_cells_in_each_line_none_empty_and_none_cut(
    household: Kith, words: list[str]
) -> None:
    lines = [line.split("\t") for line in household(*words, COLUMNS="20").out.splitlines()]
    assert len({len(cells) for cells in lines}) == 1
    assert len(lines[0]) > 3
    assert all(cell for cells in lines for cell in cells)
    assert not any(cell.endswith("…") for cells in lines for cell in cells)


def test_times_in_a_pipe_are_iso_8601_with_offset(household: Kith) -> None:
    when = household("timeline", "Jürgen").out.split("\t")[0]
    assert datetime.fromisoformat(when).utcoffset() is not None


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
@pytest.mark.parametrize("words", TABLES)
def test_a_table_fits_the_terminal(household: Kith, words: list[str], columns: int) -> None:
    lines = shown(household.on_terminal(*words, columns=columns).out).splitlines()
    assert len(lines) > 1
    if columns >= 60:
        assert max(map(width, lines)) <= columns


def test_columns_beats_the_terminal(household: Kith) -> None:
    done = household.on_terminal("people", columns=200, COLUMNS="60")
    assert max(width(line) for line in shown(done.out).splitlines()) <= 60


def test_columns_are_aligned_also_behind_wide_characters(household: Kith) -> None:
    lines = shown(household.on_terminal("people", columns=120).out).splitlines()
    at = lines[0].index("last contact")
    wide = [line for line in lines if line.startswith(("山田", "李娜", "김은혜"))]
    assert len(wide) >= 3
    for line in wide:
        before = next(n for n in range(len(line)) if width(line[:n]) == at)
        assert re.match(r"\d+ \w+ ago", line[before:])
        assert line[before - 2 : before] == "  "


@pytest.mark.parametrize("words", TABLES)
def test_a_terminal_gets_colour_unless_it_wants_none(household: Kith, words: list[str]) -> None:
    assert "\x1b[1m" in household.on_terminal(*words).out
    assert "\x1b" not in household.on_terminal(*words, NO_COLOR="1").out
    assert "\x1b" not in household.on_terminal(*words, TERM="dumb").out


def test_a_column_that_is_empty_in_all_rows_is_not_shown(household: Kith) -> None:
    text = shown(household.on_terminal("people").out)
    assert "tags" not in text
    assert "handles" in text


@pytest.mark.parametrize("words", [["people", "--json"], ["timeline", "Jürgen", "--jsonl"]])
def test_json_is_json_also_on_a_terminal(household: Kith, words: list[str]) -> None:
    assert "\x1b" not in household.on_terminal(*words).out


def test_a_terminal_without_unicode_gets_question_marks_and_json_escapes(household: Kith) -> None:

    def asked(*words: str) -> Done:
        return household(*words, PYTHONUTF8="0", PYTHONIOENCODING="ascii", LC_ALL="C")

    assert "J?rgen Example" in asked("people").out
    assert "J\\u00fcrgen Example" in asked("people", "--json").out
    assert asked("people", "--json").json == household("people", "--json").json


def test_help_has_no_box_and_every_command_whole(household: Kith) -> None:
    text = household.on_terminal("--help").out
    assert not BOXES.search(text)
    assert "…" not in text
    assert "..." not in text.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("山田", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("한", 2),
        ("\u1112\u1161\u11ab", 2),
        ("ｶ", 1),
        ("👍", 2),
    ],
)
def test_width_is_what_a_terminal_makes_of_it(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "left"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("山田太郎", 5, "山田…"), ("a b c", 3, "a…")],
)
def test_what_does_not_fit_is_cut_with_an_ellipsis(text: str, columns: int, left: str) -> None:
    assert cut(text, columns) == left
    assert width(left) <= columns


def test_names_of_all_scripts_stay_as_they_are() -> None:
    for name in ("Jürgen Łuczak", "山田 太郎", "Катя", "김은혜", "محمد", "देवी", "O'Brien-Ó", "Zoë 👍", "שרה"):
        assert clean(name) == name


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=5), "now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=30), "1 d ago"),
        (timedelta(days=20), "2 w ago"),
        (timedelta(days=100), "3 mo ago"),
        (timedelta(days=800), "2 y ago"),
        (timedelta(days=-3), "in 3 d"),
    ],
)
def test_how_long_ago(length: timedelta, said: str) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert ago(now - length, now) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [(None, "never"), (7.0, "every week"), (21.0, "every 3 weeks"), (1.0, "every day"), (30.0, "every 30 days")],
)
def test_how_often(days: float | None, said: str) -> None:
    assert span(days) == said


@pytest.mark.parametrize(
    ("line", "completions"),
    [("kith time", {"timeline"}), ("kith s", {"sync", "status", "sources", "service"}), ("kith people --a", {"--all"})],
)
def test_a_shell_completes_commands_and_options(kith: Kith, line: str, completions: set[str]) -> None:
    words = line.split()
    done = kith(_KITH_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert set(done.out.split()) == completions
    assert done.err == ""
