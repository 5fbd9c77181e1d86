"""How the capture stands, and which kinds of source there are."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.context import OK, config, say, store
from cli.options import Json, JsonLines
from cli.render import DIM, GREEN, RED, YELLOW, Column, ago, iso_or_none, put, put_json, put_table, until

if TYPE_CHECKING:
    from store.file import Store
    from store.rhythm import Rhythm

LOOKS = {"ok": GREEN, "history waits": GREEN, "needs you": RED, "try later": YELLOW, "silent": YELLOW, "never read": DIM}

STATUS = (
    Column("source", lambda s: s["name"]),
    Column("type", lambda s: s["type"]),
    Column("state", lambda s: s["state"], None, lambda s: LOOKS[s["state"]]),
    Column("last read", lambda s: ago(s["last_ok"]), lambda s: iso_or_none(s["last_ok"])),
    Column("next", lambda s: until(s["next"]), lambda s: iso_or_none(s["next"])),
    Column("captured", lambda s: f"{s['captured']:,}", lambda s: s["captured"]),
    Column("to come", lambda s: f"{s['backlog']:,}" if s["backlog"] else "", lambda s: s["backlog"]),
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
    from store.aside import put_aside, said
    from store.lone import at_work

    settings = config()
    rows, counts, rhythms = _known(store(settings))
    kept = {r["name"]: r for r in rows}
    named = {s.name: s.type for s in settings.sources}
    sources = [_state(name, kind, kept.get(name, {}), rhythms.get(name)) for name, kind in named.items()]
    sources += [_state(name, r["type"], r, None) for name, r in kept.items() if name not in named]
    daemon = at_work(settings.file)
    if json or jsonl:
        whole = {"sources": sources, "people": counts["people"], "interactions": counts["interactions"], "daemon": daemon}
        put_json(whole, lines=jsonl)
        return OK
    put_table(sources, STATUS)
    sys.stdout.flush()
    if not sources:
        say("kith: No source is configured.", "README.md has a first account in seven lines")
    for s in sources:
        if s["fix"]:
            say(f"kith: {s['name']}: {s['error']}", s["fix"])
    _tell_daemon(daemon)
    for log in put_aside(settings.file):
        say(f"kith: {said(log)}")
    total = f"{counts['people']:,} people, {counts['interactions']:,} interactions, {counts['unreadable']:,} unreadable"
    total += f"; {counts['today']:,} today" if counts["today"] else ""
    print(total, file=sys.stdout if sys.stdout.isatty() else sys.stderr)
    return OK


def _tell_daemon(daemon: dict[str, Any] | None) -> None:
    if daemon is None:
        if sys.stdout.isatty():
            say("kith: Nothing captures by itself.", "kith run does, or kith service install")
        return
    if daemon.get("trouble"):
        say(f"kith: {daemon['trouble']}", daemon.get("fix") or "")
    if daemon.get("config"):
        what = f"The configuration has changed and is wrong; the one before it holds. {daemon['config']}"
        say(f"kith: {what}", daemon.get("config_fix") or "")


def sources(json: Json = False, jsonl: JsonLines = False) -> int:
    """The types of source that there are, and their settings."""
    from connectors.registry import known

    rows = [{**row, "title": row["title"].replace("`", "")} for row in known()]
    put(rows, SOURCES, json, jsonl)
    return OK


def _known(file: Store) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Rhythm]]:
    from store.errors import Missing

    try:
        with file.read() as reader:
            today = datetime.now().date().isoformat()
            counts = {**reader.counts(), "today": reader.captured(today)}
            return reader.sources(), counts, reader.rhythms(datetime.now(UTC))
    except Missing:
        return [], {"people": 0, "interactions": 0, "unreadable": 0, "today": 0}, {}


def _state(name: str, kind: str, row: dict[str, Any], rhythm: Rhythm | None) -> dict[str, Any]:
    from capture.health import state_of

    state, error, fix = state_of(row, rhythm, datetime.now(UTC))
    return {
        "name": name,
        "type": kind,
        "state": state,
        "last_ok": row.get("ok_at"),
        "next": row.get("next_at"),
        "failures": row.get("failures") or 0,
        "error": error,
        "fix": fix,
        "captured": row.get("captured") or 0,
        "backlog": row.get("backlog"),
    }
