"""The commands by which the user says what only they can know: how often, and what somebody is to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cli.context import OK, USAGE, Problem, config, say, store
from cli.options import Argument, Json, JsonLines, OneName, Option
from cli.recall import chosen, known, person_of, pick, tell_rivals
from cli.render import clean, put_json, span

if TYPE_CHECKING:
    from store.file import Store
    from store.reader import Row


def cadence(
    name: OneName,
    every: Annotated[list[str] | None, Argument('"3 weeks", never, or default.', "EVERY")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """How often you want to be in touch with somebody: shown, or set."""
    from capture.duration import duration
    from store.decide import set_cadence

    said = " ".join(every or []).strip().lower()
    try:
        length = duration(said) if said and said != "default" else None
    except ValueError as error:
        hint = f'kith cadence "{clean(name)}" "3 weeks"; a name of several words stands in quotes'
        raise Problem(f"{error}.", hint, USAGE) from None
    settings = config()
    file = store(settings)
    person = _person(file, name, decided=bool(said))
    if said:
        days = None if length is None else length.total_seconds() / 86400
        with file.write() as tx:
            set_cadence(tx, person["person_id"], days, forget=said == "default")
    with file.read() as reader:
        now = (person_of(reader, settings, person["person_id"]) or {}).get("cadence_days")
    if json or jsonl:
        put_json({"person_id": person["person_id"], "name": person["name"], "cadence_days": now}, lines=jsonl)
    else:
        print(f"{clean(person['name'])}: {span(now)}")
    return OK


def tag(
    name: OneName,
    tags: Annotated[list[str] | None, Argument("Tags to give.", "TAG")] = None,
    remove: Annotated[bool, Option(("--remove",), "Take these tags away instead.")] = False,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """What somebody is to you: tags shown, given or taken away."""
    from store.decide import add_tags, remove_tags

    words = sorted({clean(t).lower() for t in tags or []} - {""})
    if remove and not words:
        raise Problem("No tag is named that could be taken away.", f'kith tag "{clean(name)}" --remove TAG', USAGE)
    file = store(config())
    person = _person(file, name, decided=bool(words))
    if words:
        with file.write() as tx:
            (remove_tags if remove else add_tags)(tx, person["person_id"], words)
    with file.read() as reader:
        row = reader.person(person["person_id"])
    now = row["tags"] if row else []
    if remove and (left := [word for word in words if word in now]):
        say(f"kith: {clean(person['name'])} has {', '.join(left)} from an address book.", "take it away there")
    if json or jsonl:
        put_json({"person_id": person["person_id"], "name": person["name"], "tags": now}, lines=jsonl)
    else:
        print(f"{clean(person['name'])}: {clean(', '.join(now)) or 'no tags'}")
    return OK


def _person(file: Store, name: str, decided: bool) -> Row:
    """The person of that name; where something is decided about them, nobody else may be meant."""
    with file.read() as reader:
        if decided:
            return chosen(reader, name)
        found = known(pick(reader, name))
    tell_rivals(found)
    return found
