"""How the capture stands, and which kinds of source there are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cli.context import OK, config, say, store
from cli.options import Json, JsonLines
from cli.render import DIM, GREEN, RED, YELLOW, Column, ago, iso_or_none, put, put_json, put_table

if TYPE_CHECKING:
    from store.file import Store

LOOKS = {"ok": GREEN, "needs you": RED, "try later": YELLOW, "never read": DIM}

STATUS = (
    Column("source", lambda s: s["name"]),
    Column("type", lambda s: s["type"]),
    Column("state", lambda s: s["state"], None, lambda s: LOOKS[s["state"]]),
    Column("last read", lambda s: ago(s["last_ok"]), lambda s: iso_or_none(s["last_ok"])),
    Column("captured", lambda s: f"{s['captured']:,}", lambda s: s["captured"]),
    Column("error", lambda s: s["error"] or "", None),
)

SOURCES = (
    Column("type", lambda s: s["type"]),
    Column("title", lambda s: s["title"]),
    Column("needs", lambda s: s["needs"]),
    Column("may have", lambda s: [name for name in s["settings"] if name not in s["needs"]], None, lambda _: DIM),
)


def status(json: Json = False, jsonl: JsonLines = False) -> int:
    """What has been captured, when, and what is wrong."""
    settings = config()
    rows, counts = _known(store(settings))
    kept = {r["name"]: r for r in rows}
    named = {s.name: s.type for s in settings.sources}
    sources = [_state(name, kind, kept.get(name, {})) for name, kind in named.items()]
    sources += [_state(name, r["type"], r) for name, r in kept.items() if name not in named]
    if json or jsonl:
        whole = {"sources": sources, "people": counts["people"], "interactions": counts["interactions"], "daemon": None}
        put_json(whole, lines=jsonl)
        return OK
    put_table(sources, STATUS)
    sys.stdout.flush()
    if not sources:
        say("kith: No source is configured.", "README.md has a first account in seven lines")
    for s in sources:
        if s["fix"]:
            say(f"kith: {s['name']}: {s['error']}", s["fix"])
    total = f"{counts['people']:,} people, {counts['interactions']:,} interactions, {counts['unreadable']:,} unreadable"
    print(total, file=sys.stdout if sys.stdout.isatty() else sys.stderr)
    return OK


def sources(json: Json = False, jsonl: JsonLines = False) -> int:
    """The types of source that there are, and their settings."""
    from connectors.registry import known

    rows = [{**row, "title": row["title"].replace("`", "")} for row in known()]
    put(rows, SOURCES, json, jsonl)
    return OK


def _known(file: Store) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    from store.errors import Missing

    try:
        with file.read() as reader:
            return reader.sources(), reader.counts()
    except Missing:
        return [], {"people": 0, "interactions": 0, "unreadable": 0}


def _state(name: str, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    failures = row.get("failures") or 0
    if not row.get("polled_at"):
        state = "never read"
    elif not failures:
        state = "ok"
    else:
        state = "try later" if row.get("next_at") else "needs you"
    return {
        "name": name,
        "type": kind,
        "state": state,
        "last_ok": row.get("ok_at"),
        "next": row.get("next_at"),
        "failures": failures,
        "error": row.get("error"),
        "fix": row.get("fix"),
        "captured": row.get("captured") or 0,
    }
