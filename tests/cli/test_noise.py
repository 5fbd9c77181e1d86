"""What is noise, why, and rules that change it: as the command line shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from capture.match import Me
from store.file import Store
from tests.cli.running import Kith
from tests.scripted import Scripted
from tests.small_world import ME, capture, mail, party

EXPLAINED = {"id", "happened_at", "kind", "title", "from", "verdict", "rule", "signals", "learned"}
SINCE = ("--since", "20 years")


@pytest.fixture
def kith(tmp_path: Path) -> Kith:
    made = Kith(tmp_path)
    made.configure(f'me.handles = ["{ME}"]')
    letters = [
        mail(1, party("from", "news@shop.example", "Shop \x1b[31mNews"), unsubscribe=True),
        mail(2, party("from", "news@shop.example", "Shop News"), unsubscribe=True, days=1),
        mail(3, "alice@example.org"),
    ]
    capture(Store(made.data / "kith.duckdb"), Scripted.of(letters), own=Me([party("from", ME).handle]))
    return made


def test_noise_is_told_by_rule_and_sender(kith: Kith) -> None:
    (row,) = kith("noise", *SINCE, "--json").json
    assert (row["rule"], row["sender"], row["count"]) == ("newsletter", "news@shop.example", 2)
    assert "\x1b" not in kith("noise", *SINCE).out
    done = kith("noise", "--since", "2999-01-01")
    assert (done.code, done.out) == (1, "")


def test_an_interaction_is_explained_by_its_rule_and_signals(kith: Kith) -> None:
    (row,) = kith("noise", *SINCE, "--json").json
    done = kith("noise", "explain", str(row["id"]), "--json")
    assert set(done.json) == EXPLAINED
    assert (done.json["verdict"], done.json["rule"]) == ("noise", "newsletter")
    assert done.json["signals"]["unsubscribe"] is True
    assert "[[rule]]" in kith("noise", "explain", str(row["id"])).out
    assert kith("noise", "explain", "4711").code == 1


@pytest.mark.parametrize(
    ("to", "address"), [(["robot@shop.example", "alice@example.org"], "robot@shop.example"), ([ME], None)]
)
def test_what_changes_a_verdict_is_a_rule_about_others(tmp_path: Path, to: list[str], address: str | None) -> None:
    made = Kith(tmp_path)
    made.configure(f'me.handles = ["{ME}"]')
    capture(Store(made.data / "kith.duckdb"), Scripted.of([mail(1, ME, to)]))
    said = made("noise", "explain", "1")
    assert (said.code, "[[rule]]" in said.out) == (0, address is not None)
    assert address is None or f'address = "{address}"' in said.out


def test_the_rule_that_is_advised_for_what_was_answered_changes_it(tmp_path: Path) -> None:
    made = Kith(tmp_path)
    made.configure(f'me.handles = ["{ME}"]')
    letters = [mail(1, "alice@example.org"), mail(2, ME, "alice@example.org", answers=1)]
    capture(Store(made.data / "kith.duckdb"), Scripted.of(letters))
    said = made("noise", "explain", "1").out
    assert "you answered it" in said
    verdict = re.findall(r'verdict = "(\w+)"', said)[0]
    made.configure(f'me.handles = ["{ME}"]\n[[rule]]\nverdict = "{verdict}"\naddress = "alice@example.org"')
    assert made("noise", "replay", "--json").json["changed"] > 0
    assert {row["verdict"] for row in made("timeline", "alice", "--json").json} == {verdict}


def test_a_rule_of_ones_own_is_applied_by_a_replay(kith: Kith) -> None:
    kith.configure(f'me.handles = ["{ME}"]\n[[rule]]\nname = "shop"\nverdict = "counts"\ndomain = "shop.example"')
    assert kith("noise", "replay", "--json").json == {"changed": 2}
    assert kith("noise", "replay", "--json").json == {"changed": 0}
    assert kith("noise", *SINCE, "--json").json == []
    (first, *_) = kith("timeline", "news@shop.example", "--json").json
    assert (first["verdict"], first["rule"]) == ("counts", "your rule shop")
