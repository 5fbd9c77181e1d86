"""The commands that only look: what did we last talk about, whom am I losing touch with, whom do I know."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cli.context import NOTHING, OK, USAGE, Problem, config, most, say, store
from cli.options import Json, JsonLines, Name, Option
from cli.render import DIM, RED, YELLOW, Column, ago, bare, clean, day, iso_or_none, put, span

if TYPE_CHECKING:
    from capture.config import Config
    from store.reader import Reader, Row

ARROWS = {"in": "←", "out": "→", "both": "↔"}

TIMELINE = (
    Column("when", lambda r: day(r["happened_at"]), lambda r: iso_or_none(r["happened_at"]), lambda r: _faint(r)),
    Column("", lambda r: ago(r["happened_at"]), "no", lambda _: DIM),
    Column("", lambda r: ARROWS[r["direction"]], lambda r: r["direction"]),
    Column("kind", lambda r: r["kind"], None, lambda r: _faint(r)),
    Column("verdict", lambda r: r["verdict"], None, lambda r: _faint(r)),
    Column("title", lambda r: r["title"], None, lambda r: _faint(r)),
    Column("with", lambda r: _others(r["people"]), lambda r: r["people"], lambda _: DIM),
)

OVERDUE = (
    Column("person", lambda r: r["person"], None, lambda r: RED if r["ratio"] >= 2 else YELLOW),
    Column("last contact", lambda r: ago(r["last_contact"]), lambda r: iso_or_none(r["last_contact"])),
    Column("wanted", lambda r: span(r["cadence_days"]), lambda r: f"{r['cadence_days']:g}"),
    Column("over by", lambda r: _days(r["overdue_days"]), lambda r: str(r["overdue_days"])),
    Column("because", lambda r: r["because"], None, lambda _: DIM),
)

PEOPLE = (
    Column("name", lambda r: r["name"]),
    Column("last contact", lambda r: ago(r["last_contact"]), lambda r: iso_or_none(r["last_contact"])),
    Column("n", lambda r: r["interactions"]),
    Column("tags", lambda r: r["tags"]),
    Column("handles", lambda r: bare(r["handles"]), lambda r: r["handles"], lambda _: DIM),
)


def timeline(
    name: Name,
    limit: Annotated[int, Option(("--limit", "-n"), "The newest so many; 0 for all.", "COUNT")] = 50,
    since: Annotated[str | None, Option(("--since",), 'Not older than "2 weeks", or 2026-01-31.', "WHEN")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """What happened between you and somebody, newest first."""
    count, after, settings = most(limit), moment(since), config()
    with store(settings).read() as reader:
        found = pick(reader, " ".join(name))
        rows = reader.timeline(found["ids"], count, after)
    if not (json or jsonl):
        tell_rivals(found)
        if sys.stdout.isatty():
            print(f"{clean(found['name'])}  {clean(', '.join(h.split(':', 1)[1] for h in found['handles'][:4]))}")
    put(rows, TIMELINE, json, jsonl)
    if rows:
        return OK
    if not (json or jsonl):
        say(f"kith: Nothing happened with {clean(found['name'])}{' since then' if since else ''}.")
    return NOTHING


def overdue(json: Json = False, jsonl: JsonLines = False) -> int:
    """Whom you are losing touch with, worst first."""
    settings = config()
    with store(settings).read() as reader:
        rows = reader.overdue(datetime.now(UTC), settings.cadence.default, settings.cadence.tags)
    put(rows, OVERDUE, json, jsonl)
    if not rows and not (json or jsonl):
        say("Nobody is overdue.", 'say how often you want to be in touch: kith cadence NAME "3 weeks"')
    return OK


def people(
    everybody: Annotated[bool, Option(("--all",), "Hidden people and strangers, too.")] = False,
    tag: Annotated[str | None, Option(("--tag",), "Only people with this tag.", "TAG")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Everybody you know, those with the latest contact first."""
    settings = config()
    with store(settings).read() as reader:
        wanted = tag.strip().lower() if tag is not None else None
        rows = reader.people(everybody, settings.cadence.default, settings.cadence.tags, wanted)
    put(rows, PEOPLE, json, jsonl)
    if rows or tag is None:
        return OK
    if not (json or jsonl):
        say(f"kith: Nobody has the tag {wanted!r}.", "kith tag NAME TAG gives one")
    return NOTHING


# Whom a name means, and when a word says -----------------------------------------------------------------------------


def pick(reader: Reader, name: str) -> Row:
    """Whom a name means: the best match, with those who match as well as its ``rivals``. Problem if there is nobody."""
    found = reader.find(name) if name.strip() else []
    if not found:
        raise Problem(f"Nobody by the name of {name!r}.", _nearest(reader, name), NOTHING)
    best = found[0]
    return {**best, "rivals": [r for r in found[1:] if r["tier"] == best["tier"] and r["person_id"] is not None]}


def known(found: Row) -> Row:
    """Whom a name means, if that is a person, and no stranger. Problem otherwise."""
    if found["person_id"] is None:
        what = f"{clean(found['name'])} is a stranger: somebody you have not written to."
        raise Problem(what, "kith people lists those whom this can be said of", NOTHING)
    return found


def chosen(reader: Reader, name: str) -> Row:
    """The person whom a name means, who is to be decided about: nobody else may be meant. Problem otherwise."""
    found = known(pick(reader, name))
    if found["rivals"]:
        names = ", ".join(f"{clean(r['name'])} ({r['person_id']})" for r in [found, *found["rivals"]][:6])
        raise Problem(f"{name!r} may be {names}.", "say which one by the number", USAGE)
    return found


def tell_rivals(found: Row) -> None:
    """Who else may have been meant, on standard error."""
    if found["rivals"]:
        names = ", ".join(f"{clean(r['name'])} ({r['person_id']})" for r in found["rivals"][:5])
        say(f"kith: this is {clean(found['name'])} ({found['person_id'] or 'a stranger'}); also meant may be {names}")


def person_of(reader: Reader, settings: Config, person: int | None) -> Row | None:
    """What is known of a person, with the cadence that the configuration makes theirs; None for a stranger."""
    return None if person is None else reader.person(person, settings.cadence.default, settings.cadence.tags)


def moment(text: str | None, option: str = "--since") -> datetime | None:
    """What such an option says: a date, a date and time, or how long ago."""
    if text is None:
        return None
    from capture.duration import duration

    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    try:
        length = duration(text)
    except ValueError:
        length = None
    if length is None:
        raise Problem(f"{option}: {text!r} is no time.", 'write a date like 2026-01-31, or "2 weeks"', USAGE)
    return datetime.now(UTC) - length


def _nearest(reader: Reader, name: str) -> str:
    from difflib import get_close_matches

    names: dict[str, str] = {}
    for row in reader.people(True, None, {}):
        for word in [row["name"] or "", *(row["name"] or "").split()]:
            names.setdefault(word.casefold(), row["name"])
    near = get_close_matches(name.casefold(), names, n=1, cutoff=0.75)
    return f"did you mean {clean(names[near[0]])}?" if near else "kith people --all lists everybody"


def _faint(row: Row | object) -> str | None:
    return None if row["verdict"] == "counts" else DIM  # type: ignore[index]


def _others(names: list[str]) -> str:
    return "" if len(names) < 2 else ", ".join(names)


def _days(count: int) -> str:
    return f"{count} days" if count != 1 else "1 day"
