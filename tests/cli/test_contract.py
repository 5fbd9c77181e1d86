"""The fields of ``--json`` are a contract: these, in this form, for every command that reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cli.running import Kith

FIELDS = {
    "timeline": {"id", "happened_at", "kind", "direction", "title", "people", "sources", "verdict", "rule"},
    "overdue": {
        "person", "person_id", "cadence_days", "last_contact", "days_since", "overdue_days", "ratio", "because",
    },
    "people": {"person_id", "name", "handles", "last_contact", "interactions", "tags", "cadence_days", "origin"},
    "status": {"sources", "people", "interactions", "daemon"},
    "sources": {"type", "title", "settings", "needs"},
    "who": {
        "person_id", "name", "handles", "archived", "names", "origin", "tags", "cadence_days", "interactions", "first",
        "last_contact", "nicknames", "organisation", "title", "birthday", "dates", "relations", "links", "note",
        "card_tags", "cards", "latest",
    },
    "noise": {"rule", "sender", "name", "count", "latest", "id"},
    "cadence": {"person_id", "name", "cadence_days"},
    "tag": {"person_id", "name", "tags"},
}  # fmt: skip
SOURCE = {"name", "type", "state", "last_ok", "next", "failures", "error", "fix", "captured", "backlog"}
WORDS = {
    "timeline": ["Jürgen"],
    "who": ["Jürgen"],
    "noise": ["--since", "20 years"],
    "cadence": ["Jürgen"],
    "tag": ["Jürgen"],
}
TABLES = {
    "person": {"person_id", "name", "origin"},
    "handle": {"kind", "value", "person_id"},
    "interaction": {
        "id", "source", "native_id", "same_as", "kind", "happened_at", "title", "thread", "verdict", "rule",
    },
    "party": {"interaction_id", "kind", "value", "role", "name"},
    "decision": set(),
    "cadence": {"person_id", "days"},
}  # fmt: skip


def rows(thing: Any) -> list[dict[str, Any]]:
    return thing if isinstance(thing, list) else [thing]


@pytest.mark.parametrize("command", FIELDS)
def test_the_fields_are_those_of_the_contract(household: Kith, command: str) -> None:
    done = household(command, *WORDS.get(command, []), "--json")
    assert done.code == 0
    assert done.err == ""
    found = rows(done.json)
    assert found
    assert {frozenset(row) for row in found} == {frozenset(FIELDS[command])}


@pytest.mark.parametrize("command", FIELDS)
def test_json_lines_are_the_same_rows_one_a_line(household: Kith, command: str) -> None:
    whole, lines = (household(command, *WORDS.get(command, []), form) for form in ("--json", "--jsonl"))
    assert lines.code == 0
    if command == "overdue":  # it is a moment later
        assert [row["person"] for row in lines.lines] == [row["person"] for row in whole.json]
    else:
        assert lines.lines == rows(whole.json)


def is_time(text: str) -> bool:
    return datetime.fromisoformat(text).utcoffset() is not None


def test_a_timeline_is_newest_first_and_its_times_have_an_offset(household: Kith) -> None:
    found = household("timeline", "Jürgen", "--json", "--limit", "0").json
    assert all(is_time(row["happened_at"]) for row in found)
    times = [datetime.fromisoformat(row["happened_at"]) for row in found]
    assert times == sorted(times, reverse=True)
    assert {row["direction"] for row in found} == {"in", "out"}
    assert {row["kind"] for row in found} == {"mail"}
    assert all("Jürgen Example" in row["people"] for row in found)
    assert {tuple(row["sources"]) for row in found} == {("sample",)}
    assert {row["verdict"] for row in found} <= {"counts", "presence", "noise"}
    assert len(household("timeline", "Jürgen", "--json", "-n", "3").json) == 3


def test_times_are_in_the_zone_of_the_user(household: Kith, tmp_path: Any) -> None:
    kith = Kith(tmp_path)
    kith.data = household.data
    kith.configure('me.zone = "Asia/Kathmandu"\n')
    first = kith("timeline", "Jürgen", "--json").json[0]["happened_at"]
    assert datetime.fromisoformat(first).utcoffset() == timedelta(hours=5, minutes=45)


def test_since_says_how_far_back(household: Kith) -> None:
    all_of_them = household("timeline", "Jürgen", "--json", "-n", "0").json
    some = household("timeline", "Jürgen", "--json", "-n", "0", "--since", "1 year").json
    assert 0 < len(some) < len(all_of_them)
    border = datetime.fromisoformat(all_of_them[3]["happened_at"])
    newest = household("timeline", "Jürgen", "--json", "--since", border.isoformat()).json
    assert len(newest) == 4


def test_overdue_is_worst_first_and_adds_up(household: Kith) -> None:
    found = household("overdue", "--json").json
    ratios = [row["ratio"] for row in found]
    assert ratios == sorted(ratios, reverse=True)
    assert min(ratios) >= 1
    assert any(row["person"] == "Sofía Núñez" for row in found)
    for row in found:
        assert row["overdue_days"] == pytest.approx(row["days_since"] - row["cadence_days"], abs=1)
        assert is_time(row["last_contact"])
        assert row["because"]


def test_people_are_those_the_user_knows_and_with_all_the_strangers_too(household: Kith) -> None:
    known, everybody = household("people", "--json").json, household("people", "--all", "--json").json
    assert all(row["person_id"] is not None for row in known)
    assert {row["person_id"] for row in known} < {row["person_id"] for row in everybody}
    strangers = [row for row in everybody if row["person_id"] is None]
    assert strangers
    assert {row["origin"] for row in strangers} == {"stranger"}
    assert any(handle == "email:news@loaf.example" for row in strangers for handle in row["handles"])
    assert all(handle.partition(":")[0] == "email" for row in everybody for handle in row["handles"])
    jurgen = next(row for row in known if row["name"] == "Jürgen Example")
    assert jurgen["cadence_days"] == 14


def test_status_says_how_each_source_is(household: Kith) -> None:
    found = household("status", "--json").json
    (source,) = found["sources"]
    assert set(source) == SOURCE
    assert (source["name"], source["type"], source["state"]) == ("sample", "maildir", "ok")
    assert is_time(source["last_ok"])
    assert source["captured"] == found["interactions"] > 500
    assert (source["next"], source["failures"], source["error"], source["fix"]) == (None, 0, None, None)


def test_sources_are_the_types_with_their_settings(household: Kith) -> None:
    found = {row["type"]: row for row in household("sources", "--json").json}
    assert {"imap", "maildir", "eml"} <= set(found)
    assert set(found["imap"]["needs"]) == {"host", "user", "password"}
    assert {"port", "tls"} <= set(found["imap"]["settings"])


def test_who_is_a_person_a_stranger_and_a_number(household: Kith) -> None:
    person = household("who", "Jürgen", "Example", "--json").json
    assert person["cadence_days"] == 14
    assert person["handles"] == ["email:juergen@example.net"]
    assert is_time(person["first"])
    assert is_time(person["last_contact"])
    assert set(person["latest"][0]) == FIELDS["timeline"]
    assert household("who", str(person["person_id"]), "--json").json["name"] == person["name"]
    stranger = household("who", "news@loaf.example", "--json").json
    assert (stranger["person_id"], stranger["origin"], stranger["last_contact"]) == (None, "stranger", None)
    assert is_time(stranger["first"])
    assert stranger["interactions"] > 10


def test_an_export_is_one_object_a_line_with_the_columns_of_its_table(household: Kith) -> None:
    done = household("export", "--format", "jsonl")
    assert done.code == 0
    assert done.err == ""
    found = done.lines
    for table, columns in TABLES.items():
        of_table = [row for row in found if row["table"] == table]
        assert of_table, table
        assert all(columns <= set(row) for row in of_table), table
    interactions = [row for row in found if row["table"] == "interaction"]
    assert all(row["happened_at"].endswith("Z") and is_time(row["happened_at"]) for row in interactions)
    assert all(isinstance(row["signals"], dict) for row in interactions)
    assert all(row["value"] == row["value"].lower() for row in found if row["table"] == "handle")
    assert any(row["person_id"] is None for row in found if row["table"] == "handle")


def test_an_export_into_a_file_is_the_same_as_into_a_pipe(household: Kith, tmp_path: Any) -> None:
    import subprocess

    from tests.cli.running import COMMAND
    from tests.house import ROOT

    file = tmp_path / "export.jsonl"
    with file.open("w") as out:
        subprocess.run([*COMMAND, "export"], cwd=ROOT, env=household.environment(), stdout=out, check=True)
    assert file.read_text() == household("export").out
