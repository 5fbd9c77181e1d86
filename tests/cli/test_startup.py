"""A command pays for what it needs: a recall imports no validation, no protocol, no mail and no typer."""

from __future__ import annotations

import sys

import pytest

from tests.cli.running import Kith

LIST = """
import sys
from cli.main import run
code = run(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""
HEAVY = {"pydantic", "typer", "click", "rich", "email", "imapclient", "imaplib", "keyring", "ssl", "asyncio", "logging"}


def imported(kith: Kith, *words: str) -> set[str]:
    done = kith(*words, command=[sys.executable, "-c", LIST])
    assert done.code == 0
    return {name.partition(".")[0] for name in done.err.splitlines()[-1].split()}


@pytest.mark.parametrize(
    "words",
    [
        ["timeline", "Jürgen"],
        ["timeline", "Jürgen", "--since", "3 months", "--json"],
        ["overdue"],
        ["people", "--all"],
        ["who", "Jürgen"],
        ["status"],
        ["tag", "Jürgen"],
        ["cadence", "Jürgen"],
        ["export"],
    ],
)
def test_a_recall_imports_nothing_heavy(household: Kith, words: list[str]) -> None:
    assert imported(household, *words) & HEAVY == set()


def test_the_version_opens_nothing(household: Kith) -> None:
    assert imported(household, "--version") & {*HEAVY - {"email"}, "_duckdb", "duckdb", "store", "capture"} == set()


def test_help_opens_no_database(household: Kith) -> None:
    assert imported(household, "--help") & {"_duckdb", "duckdb", "imapclient"} == set()
