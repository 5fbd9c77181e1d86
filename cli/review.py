"""Deciding what the matcher did not: suggestions one by one, the log of decisions, and taking one back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cli.context import NOTHING, OK, config, most, say, store
from cli.options import Argument, Json, JsonLines, Option
from cli.render import DIM, Column, ago, bare, clean, iso_or_none, painted, put, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.file import Store

FIELDS = ("a", "b", "handles_a", "handles_b", "score", "evidence")
"""What a program is told of a suggestion."""

SUGGESTED = (
    Column("score", lambda r: f"{r['score']:.3f}"),
    Column("", lambda r: r["a"], None, lambda _: DIM),
    Column("one", lambda r: r["name_a"]),
    Column("handles", lambda r: bare(r["handles_a"]), lambda r: r["handles_a"]),
    Column("", lambda r: r["b"], None, lambda _: DIM),
    Column("other", lambda r: r["name_b"]),
    Column("handles", lambda r: bare(r["handles_b"]), lambda r: r["handles_b"]),
    Column("because", lambda r: r["evidence"], None, lambda _: DIM),
)

DECIDED = (
    Column("", lambda r: r["id"]),
    Column("when", lambda r: ago(r["made_at"]), lambda r: iso_or_none(r["made_at"])),
    Column("by", lambda r: r["by"]),
    Column("what", lambda r: r["what"]),
    Column("whom", lambda r: r["person"]),
    Column("between", lambda r: _sides(r["between"], r["what"])),
    Column("because", lambda r: _because(r["evidence"]), None, lambda _: DIM),
    Column("undone by", lambda r: r["undone_by"]),
)

HIDDEN = ("before", "parts", "key", "forget")
"""What a decision remembers for itself; "before" is in those of older versions."""

ANSWERS = "y: one person   n: two people   l: later   q: quit"


def review(
    limit: Annotated[int, Option(("--limit", "-n"), "The strongest so many; 0 for all.", "COUNT")] = 0,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Decide who is there twice, by one key each (y, n, l: later)."""
    count, settings = most(limit), config()
    file = store(settings)
    rows = suggested(file)[:count]
    if json or jsonl:
        put([{name: row[name] for name in FIELDS} for row in rows], (), json, jsonl)
        return OK if rows else NOTHING
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        put(rows, SUGGESTED, json, jsonl)
        return OK if rows else NOTHING
    if not rows:
        say("Nobody seems to be there twice.")
        return NOTHING
    from capture.match import Me

    done = ask(file, rows, Me.of(settings), _key)
    print(f"{done} decided. kith undo takes the last one back; kith log decisions lists them.")
    return OK


def suggested(file: Store) -> list[dict[str, Any]]:
    """Pairs of people who may be one, the strongest first; ``score`` is how likely, from 0 to 1."""
    from capture.decide import suggestions

    with file.read() as reader:
        found = suggestions(reader.connection)
        known = {row["person_id"]: row for row in reader.people(True, None, {}) if row["person_id"] is not None}
    return [
        {
            "a": each.a,
            "b": each.b,
            "handles_a": known[each.a]["handles"],
            "handles_b": known[each.b]["handles"],
            "score": round(1 / (1 + 2**-each.scored.score), 4),
            "evidence": list(each.scored.features),
            "name_a": known[each.a]["name"],
            "name_b": known[each.b]["name"],
            "said": each.scored.evidence,
        }
        for each in found
    ]


def ask(file: Store, rows: list[dict[str, Any]], me: Any, key: Callable[[], str]) -> int:
    """Each suggestion is shown and decided by one key; returns how many were."""
    from capture import decide

    done = 0
    for number, row in enumerate(rows, 1):
        print(f"\n{number} of {len(rows)}   {row['score']:.1%}   {painted(', '.join(row['evidence']), DIM)}")
        for side in "ab":
            print(f"  {clean(row[f'name_{side}'])}  {clean(', '.join(bare(row[f'handles_{side}'])))}")
        print(painted(ANSWERS, DIM), flush=True)
        while (answer := key().lower()) not in ("y", "n", "l", "q", "\x03", "\x04", ""):
            pass
        if answer in ("q", "\x03", "\x04", ""):
            break
        if answer == "l":
            continue
        with file.write() as tx:
            try:
                (decide.merge if answer == "y" else decide.not_same)(tx, me, row["a"], row["b"], row["said"])
                done += 1
            except decide.Impossible as error:
                # an answer before this one has settled it
                say(f"kith: {error.what}")
    return done


def undo(
    number: Annotated[int | None, Argument("The number of a decision; your latest one, if not said.", "NUMBER")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Take back a decision, yours or the matcher's."""
    from capture import decide
    from capture.match import Me
    from cli.render import put_json

    settings = config()
    file = store(settings)
    with file.read():
        pass  # where there is no file, there is nothing to undo
    with file.write() as tx:
        done = decide.undo(tx, Me.of(settings), number)
    if json or jsonl:
        put_json({"id": done.id, "what": done.what, "by": done.by, "person_id": done.person_id}, lines=jsonl)
    else:
        print(f"undone: {done.what} by the {done.by} (decision {done.id}); kith undo {done.undone_by} brings it back")
    return OK


def decisions(
    limit: Annotated[int, Option(("--limit", "-n"), "The latest so many; 0 for all.", "COUNT")] = 50,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """List what you and the matcher decided, the latest first."""
    from store import log

    count = most(limit)
    with store(config()).read() as reader:
        rows = log.recent(reader.connection, count)
    put(rows, DECIDED, json, jsonl)
    if not rows and not (json or jsonl):
        say("kith: Nothing was decided yet.")
    return OK if rows else NOTHING


def _sides(sides: list[Any] | None, what: str) -> str:
    if not sides:
        return ""
    one, other = ([side] if isinstance(side, str) else side for side in sides)
    return f"{', '.join(one)} {sign(what)} {', '.join(other)}".replace("email:", "")


def _because(evidence: dict[str, Any]) -> str:
    if "features" in evidence:
        return ", ".join(evidence["features"])
    return ", ".join(f"{name} {value}" for name, value in evidence.items() if name not in HIDDEN)


def _key() -> str:
    """One key, without a newline after it."""
    import termios
    import tty

    place = sys.stdin.fileno()
    before = termios.tcgetattr(place)
    try:
        tty.setcbreak(place)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(place, termios.TCSADRAIN, before)
