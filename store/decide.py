"""What the user decides about a person: the state now, and the log of how it came about, written together.

The state follows from the decisions in the log that are not undone, in their order, so that undoing one is to tell the state
anew (``restore``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from store import log, told
from store.facts import micros
from store.log import Decision
from store.people import findable
from store.rows import NUMBERS, listed, note
from store.writer import Tx

PARTS = "(SELECT id FROM person WHERE $person IN (id, part_of))"
"""A person, and those who are part of them now."""


def set_cadence(tx: Tx, person: int, days: float | None, *, forget: bool = False) -> int:
    """How often the user wants to be in touch with this person: ``days``, None for never; ``forget`` for no word on it."""
    said = {"days": None if forget else days, "forget": forget}
    return _decided(tx, "cadence", person, {**said, "parts": log.parts(tx.connection, person)})


def add_tags(tx: Tx, person: int, tags: Sequence[str]) -> int:
    """The person has these tags."""
    return _decided(tx, "tag", person, {"tags": list(tags), "parts": log.parts(tx.connection, person)})


def remove_tags(tx: Tx, person: int, tags: Sequence[str]) -> int:
    """The person has none of these tags, but for those that an address book gives them."""
    return _decided(tx, "untag", person, {"tags": list(tags), "parts": log.parts(tx.connection, person)})


def rename(tx: Tx, person: int, name: str) -> int:
    """The person is called so, whatever cards and mail say; with an empty name they are called by those again."""
    return _decided(tx, "rename", person, {"name": name or None})


def hide(tx: Tx, person: int) -> int:
    """Lists leave this person out."""
    return _decided(tx, "hide", person, {})


def show(tx: Tx, person: int) -> int:
    """Lists name this person again."""
    return _decided(tx, "show", person, {})


def archive(tx: Tx, person: int, canonical: str, until: datetime | None) -> int:
    """The handle was the person's until then; with None it still is."""
    moment = None if until is None else until.astimezone(UTC).isoformat()
    return _decided(tx, "archive", person, {"handle": canonical, "until": moment})


def _decided(tx: Tx, what: str, person: int, evidence: dict[str, object]) -> int:
    number = log.append(tx.connection, what, evidence, person=person)
    made = log.read(tx.connection, number)
    if made is not None:
        _apply(tx, made)
    return number


def _apply(tx: Tx, made: Decision) -> None:
    """The state is what it was, and this decision on top of it."""
    said, person = made.evidence, made.person_id
    people = [listed(said.get("parts") or [person])]
    match made.what:
        case "tag":
            for tag in said["tags"]:
                had = tx.execute(f"SELECT 1 FROM tag WHERE person_id IN {NUMBERS} AND tag = ?", [*people, tag])
                if not had:
                    tx.execute("INSERT INTO tag VALUES (?, ?)", [person, tag])
        case "untag":
            for tag in said["tags"]:
                tx.execute(f"DELETE FROM tag WHERE person_id IN {NUMBERS} AND tag = ?", [*people, tag])
        case "cadence":
            tx.execute(f"DELETE FROM cadence WHERE person_id IN {NUMBERS}", people)
            if not said.get("forget"):
                tx.execute("INSERT INTO cadence VALUES (?, ?)", [person, said["days"]])
        case "rename" | "hide" | "show":
            told.tell(tx.connection, [person] if person is not None else [])
        case "archive":
            tx.execute("DELETE FROM archived WHERE canonical = ?", [said["handle"]])
            if said["until"]:
                until = micros(datetime.fromisoformat(said["until"]))
                tx.execute("INSERT INTO archived VALUES (?, make_timestamp(?))", [said["handle"], until])


def restore(tx: Tx, undone: Decision) -> None:
    """What this decision was about is as if it had not been made, or, if it holds again, as if it had not been undone."""
    if undone.what in ("rename", "hide", "show"):
        _apply(tx, undone)
        return
    made = log.standing(tx.connection, ("tag", "untag") if undone.what in ("tag", "untag") else (undone.what,))
    if undone.what == "archive":
        handle = undone.evidence["handle"]
        made = [each for each in made if each.evidence["handle"] == handle]
        tx.execute("DELETE FROM archived WHERE canonical = ?", [handle])
    else:
        people = _concerned(undone, made)
        made = [each for each in made if not people.isdisjoint(_parts(each))]
        some = [listed(sorted(people))]
        match undone.what:
            case "tag" | "untag":
                tx.execute(f"DELETE FROM tag WHERE person_id IN {NUMBERS}", some)
            case "cadence":
                tx.execute(f"DELETE FROM cadence WHERE person_id IN {NUMBERS}", some)
    for each in made:
        _apply(tx, each)


def find_again(tx: Tx, person: int) -> None:
    """The person is found again by the handle that they always were, or, where that was split off, by one that is left."""
    splits = tx.execute(
        "SELECT other, evidence, undone_by FROM decision WHERE what = 'split' AND person_id = ? ORDER BY id", [person]
    )
    key = json.loads(splits[0][1])["key"]
    for other, _, undone_by in splits:
        one, rest = json.loads(other)
        if undone_by is None and key in one:
            key = min(rest, key=findable)
    tx.execute("UPDATE person SET canonical = ? WHERE id = ?", [key, person])


def _concerned(undone: Decision, made: Iterable[Decision]) -> set[int]:
    """All people whom the decision bears on, and through others that were made about several of them at once."""
    people, more = set(_parts(undone)), True
    made = list(made)
    while more:
        more = False
        for each in made:
            parts = _parts(each)
            if not people.isdisjoint(parts) and not people.issuperset(parts):
                people |= parts
                more = True
    return people


def _parts(made: Decision) -> set[int]:
    return {*(made.evidence.get("parts") or ()), *([made.person_id] if made.person_id is not None else ())}


def set_own(tx: Tx, canonicals: Sequence[str]) -> None:
    """These canonical handles are the user's own, and no others."""
    text = json.dumps(sorted(canonicals))
    note(tx.connection, "own", text)
    tx.execute(
        "UPDATE handle SET own = list_contains(from_json(?, '[\"VARCHAR\"]'), canonical)",
        [text],
    )


def set_rules(tx: Tx, text: str) -> None:
    """What the file believes is judged by these rules of the user's."""
    note(tx.connection, "rules", text)


def forget_stale(tx: Tx) -> None:
    """What the file believes has been derived in its present form."""
    note(tx.connection, "stale", None)
