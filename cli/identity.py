"""The commands about who is who: two people made one, one made two, how they are called, and why kith thinks so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cli.context import NOTHING, OK, USAGE, Problem, config, say, store
from cli.options import Argument, Json, JsonLines, OneName, Option
from cli.recall import chosen
from cli.render import bare, clean, put_json, put_pairs, sign

if TYPE_CHECKING:
    from capture.config import Config
    from store.file import Store
    from store.reader import Row

Handles = Annotated[list[str], Argument("Addresses or numbers that are theirs.", "HANDLE")]
Other = Annotated[str, Argument("Another name (in quotes), address, or number of a person.", "OTHER")]


def merge(name: OneName, other: Other, json: Json = False, jsonl: JsonLines = False) -> int:
    """Say that two people are one; kith undo takes it back."""
    from capture import decide
    from capture.match import Me

    settings, file, (a, b) = _whom(name, other)
    both = {a["person_id"], b["person_id"]}
    with file.write() as tx:
        found = [each.scored.evidence for each in decide.suggestions(tx.connection) if {each.a, each.b} == both]
        number = decide.merge(tx, Me.of(settings), a["person_id"], b["person_id"], found[0] if found else {})
    return _done(file, [number], min(both), f"{clean(a['name'])} and {clean(b['name'])} are one person", json, jsonl)


def split(name: OneName, handles: Handles, json: Json = False, jsonl: JsonLines = False) -> int:
    """Say that addresses or numbers are not somebody's; kith undo takes it back."""
    from capture import decide
    from capture.match import Me

    settings, file, (person,) = _whom(name)
    away = [_theirs(person, handle) for handle in handles]
    with file.write() as tx:
        number = decide.split(tx, Me.of(settings), person["person_id"], away)
    return _done(file, [number], person["person_id"], f"{', '.join(map(clean, handles))}: no longer theirs", json, jsonl)


def rename(
    name: OneName,
    new: Annotated[str | None, Argument("How they are to be called; nothing: as their mail and cards say.", "NEW NAME")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Say how somebody is called; kith undo takes it back."""
    from store import decide

    _, file, (person,) = _whom(name)
    said = " ".join((new or "").split())
    with file.write() as tx:
        number = decide.rename(tx, person["person_id"], said)
    return _done(file, [number], person["person_id"], f"{clean(person['name'])} is called otherwise", json, jsonl)


def hide(name: OneName, json: Json = False, jsonl: JsonLines = False) -> int:
    """Leave somebody out of lists; kith people show brings them back."""
    return _hidden(name, True, json, jsonl)


def show(name: OneName, json: Json = False, jsonl: JsonLines = False) -> int:
    """Name somebody in lists again who was hidden."""
    return _hidden(name, False, json, jsonl)


def archive(
    name: OneName,
    handles: Handles,
    until: Annotated[str | None, Option(("--until",), 'Until 2021, 2021-06-30, or "2 years" ago.', "WHEN")] = None,
    back: Annotated[bool, Option(("--back",), "They still are theirs.")] = False,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Say that addresses or numbers were somebody's, and are so no more; kith undo takes it back."""
    from cli.recall import moment
    from store import decide

    _, file, (person,) = _whom(name)
    if until and until.isdecimal() and len(until) == 4:
        until = f"{until}-12-31"
    when = None if back else (moment(until, "--until") or datetime.now(UTC))
    theirs = dict.fromkeys(_theirs(person, each) for each in handles)
    with file.write() as tx:
        numbers = [decide.archive(tx, person["person_id"], handle, when) for handle in theirs]
    what = "theirs" if when is None else f"theirs until {when.astimezone():%Y-%m-%d}"
    return _done(file, numbers, person["person_id"], f"{', '.join(map(clean, handles))}: {what}", json, jsonl)


def why(
    name: OneName,
    other: Annotated[str | None, Argument("Somebody who may be the same person.", "OTHER")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Show why addresses are one person's, or what speaks for two people being one."""
    from capture.explain import between, within

    with store(config()).read() as reader:
        one = chosen(reader, name)
        two = chosen(reader, other) if other else None
        if two is None:
            rows = within(reader.connection, one["person_id"])
        else:
            rows = between(reader.connection, one["person_id"], two["person_id"])
    if json or jsonl:
        put_json(rows, jsonl)
        return OK
    for row in rows:
        # what spoke for it is no reason for the answer that they are two
        what = row["what"] if sign(row["what"]) != "=" else ", ".join(row["evidence"]) or row["what"]
        number = f"  (decision {row['decision']})" if row["decision"] else ""
        put_pairs([(row["by"], f"{row['a']} {sign(row['what'])} {row['b']}: {what}{number}".replace("email:", ""))])
    if not rows:
        say("kith: Nothing is known that would speak for it." if two else "kith: There is only one address.")
    return OK if rows else NOTHING


def _hidden(name: str, hidden: bool, json: bool, jsonl: bool) -> int:
    from store import decide

    _, file, (person,) = _whom(name)
    with file.write() as tx:
        number = (decide.hide if hidden else decide.show)(tx, person["person_id"])
    what = "hidden" if hidden else "shown"
    return _done(file, [number], person["person_id"], f"{clean(person['name'])} is {what}", json, jsonl)


def _whom(*names: str) -> tuple[Config, Store, list[Row]]:
    """The configuration, the file, and whom each of the names means. Raises Problem where somebody else may be meant."""
    settings = config()
    file = store(settings)
    with file.read() as reader:
        return settings, file, [chosen(reader, name) for name in names]


def _theirs(person: Row, written: str) -> str:
    """The canonical form of a handle of theirs, in any spelling of it that is no other handle of theirs."""
    from capture.match import canonical
    from connectors.base import Handle
    from store.reader import FEWEST, NUMBER

    national = []
    for key in person["handles"]:
        kind, _, value = key.partition(":")
        said, theirs = written.strip().removeprefix(f"{kind}:"), canonical(Handle(kind, value))
        if kind == "phone":
            # what is no number has digits, too, and might be taken for one
            if not NUMBER.fullmatch(said):
                continue
            said = Handle("phone", said).value
            said = f"+{said[2:]}" if said.startswith("00") else said
            if said.startswith("0") and len(said) > FEWEST and value.startswith("+") and value.endswith(said[1:]):
                national.append(theirs)
        if said and canonical(Handle(kind, said)) == theirs:
            return theirs
    if len(national) == 1:
        return str(national[0])
    hint = f"theirs are: {clean(', '.join(bare(person['handles'])))}"
    raise Problem(f"{clean(person['name'])} has no {written!r}.", hint, USAGE)


def _done(file: Store, decided: list[int], person: int, text: str, json: bool, jsonl: bool) -> int:
    """Says what was decided, under which numbers, and what the person is now; returns the exit code."""
    with file.read() as reader:
        now = reader.person(person) or {}
    if json or jsonl:
        numbers = {"decision": decided[-1], "decisions": decided}
        who = {"person_id": person, "name": now.get("name"), "handles": now.get("handles", [])}
        put_json({**numbers, **who}, lines=jsonl)
    else:
        print(f"{text}  ({', '.join(f'kith undo {number}' for number in decided)})")
    return OK
