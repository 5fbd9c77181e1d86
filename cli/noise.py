"""What was judged noise, why, and judging everything again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cli.context import NOTHING, OK, Problem, config, most, say, store
from cli.options import Argument, Json, JsonLines, Option
from cli.recall import moment
from cli.render import DIM, Column, ago, clean, iso_or_none, put, put_json, put_pairs

if TYPE_CHECKING:
    from capture.match import Me
    from connectors.base import Interaction

LATELY = timedelta(days=30)

NOISE = (
    Column("rule", lambda r: r["rule"]),
    Column("n", lambda r: r["count"]),
    Column("latest", lambda r: ago(r["latest"]), lambda r: iso_or_none(r["latest"])),
    Column("sender", lambda r: r["sender"]),
    Column("name", lambda r: r["name"], None, lambda _: DIM),
    Column("id", lambda r: r["id"], None, lambda _: DIM),
)


def noise(
    since: Annotated[str | None, Option(("--since",), 'Not older than "2 weeks", or 2026-01-31; 30 days.', "WHEN")] = None,
    limit: Annotated[int, Option(("--limit", "-n"), "So many lines; 0 for all.", "COUNT")] = 50,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """What was judged noise lately, by rule and sender."""
    count, after = most(limit), moment(since) or datetime.now(UTC) - LATELY
    with store(config()).read() as reader:
        rows = reader.noise(after, count)
    put(rows, NOISE, json, jsonl)
    if not rows and not (json or jsonl):
        say("kith: Nothing was judged noise since then.", 'kith noise --since "1 year" looks further back')
    return OK if rows or json or jsonl else NOTHING


def explain(
    number: Annotated[int, Argument("The id of an interaction, as kith noise and kith timeline --json show it.", "ID")],
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Say why something counts, or does not: its rule, and what the rule went by."""
    from capture.match import Me
    from store.beliefs import answered
    from store.learn import learned
    from store.load import interactions_by_id

    settings = config()
    with store(settings).read() as reader:
        kept = interactions_by_id(reader.connection, [number]).get(number)
        known = learned(reader.connection)
        told = answered(reader.connection, [kept.key] if kept else [])
    if kept is None:
        raise Problem(f"There is no interaction {number}.", "kith noise shows ids, and so does kith timeline --json", NOTHING)
    one = kept.interaction
    senders = [p.handle for p in one.parties if p.role in ("from", "organizer")]
    row: dict[str, Any] = {
        "id": kept.id,
        "happened_at": one.happened_at,
        "kind": one.kind,
        "title": one.title,
        "from": [handle.value for handle in senders],
        "verdict": kept.verdict,
        "rule": kept.rule,
        "signals": _signals(one.signals),
        "learned": _numbers(known, senders),
    }
    if json or jsonl:
        put_json(row, lines=jsonl)
        return OK
    numbers = row["learned"]
    put_pairs(
        [
            ("title", row["title"]),
            ("from", ", ".join(row["from"])),
            ("verdict", row["verdict"]),
            ("rule", row["rule"]),
            *((name.replace("_", " "), value) for name, value in row["signals"].items()),
            ("learned", f"{numbers['answered']} of {numbers['received']} mails answered" if numbers else ""),
            ("change it", _change(one, kept.verdict, Me.of(settings), {each.to for each in told})),
        ]
    )
    return OK


def again(json: Json = False, jsonl: JsonLines = False) -> int:
    """Judge everything again by the rules of today; nothing is fetched for it."""
    from capture.match import Me
    from capture.replay import replay

    settings = config()
    file = store(settings)
    with file.read():
        pass  # where there is no file, there is nothing to judge
    changed = replay(file, Me.of(settings))
    if json or jsonl:
        put_json({"changed": changed}, lines=jsonl)
    else:
        print(f"{changed:,} verdicts changed")
    return OK


def _signals(signals: Any) -> dict[str, Any]:
    from dataclasses import fields

    plain = type(signals)()
    found = {f.name: getattr(signals, f.name) for f in fields(signals)}
    return {name: value for name, value in found.items() if value != getattr(plain, name)}


def _numbers(known: dict[str, tuple[str, int, int]], senders: list[Any]) -> dict[str, Any] | None:
    from capture.match import canonical

    for handle in senders:
        said = known.get(canonical(handle))
        if said is not None:
            return {"verdict": said[0], "received": said[1], "answered": said[2]}
    return None


def _change(one: Interaction, verdict: str, me: Me, told: set[str]) -> str:
    """What would make it judged otherwise; a rule is about others, whoever wrote. ``told`` are those whom the user answered."""
    from capture.judge import writers
    from capture.match import canonical

    others = sorted((p for p in one.parties if not me.is_me(p.handle)), key=lambda p: p.role not in ("from", "organizer"))
    if not others:
        return ""
    # what the user answered is no noise, whatever a rule says; but a rule may say that it is no contact
    answered = any(canonical(p.handle) in told for p in writers(one)) and one.kind != "meeting" and not me.wrote(one)
    other = "counts" if verdict == "noise" else "presence" if answered else "noise"
    address = clean(others[0].handle.value)
    rule = f'[[rule]] with address = "{address}" and verdict = "{other}" in the configuration; then kith sync'
    return f"you answered it, so that it is never noise; {rule}" if answered else rule
