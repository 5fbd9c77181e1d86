"""Who the user is: their own addresses and numbers, those that look like theirs, and changing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cli.context import CONFIG, NOTHING, OK, USAGE, Problem, config, say, store
from cli.options import Argument, Json, JsonLines
from cli.render import DIM, Column, put, put_json

if TYPE_CHECKING:
    from capture.config import Config
    from connectors.base import Handle

Handles = Annotated[list[str], Argument("Addresses, or numbers with their country code.", "HANDLE")]

MINE = (
    Column("handle", lambda r: r["handle"].partition(":")[2], lambda r: r["handle"]),
    Column("", lambda r: "yours" if r["own"] else "yours?"),
    Column("mails", lambda r: r["mails"]),
    Column("because", lambda r: r["because"], None, lambda _: DIM),
)


def me(json: Json = False, jsonl: JsonLines = False) -> int:
    """Which addresses are yours, and which look like it."""
    from capture.match import canonical
    from capture.own import proposals
    from store import own
    from store.errors import Missing

    settings = config()
    counts: dict[str, int] = {}
    proposed: list[Any] = []
    try:
        with store(settings).read() as reader:
            counts, proposed = own.mail_of(reader.connection), proposals(reader.connection, settings)
    except Missing:
        pass
    rows = [
        {"handle": handle.key, "own": True, "mails": counts.get(canonical(handle), 0), "because": "the configuration"}
        for handle in settings.me.handles
    ]
    rows += [{"handle": each.handle, "own": False, "mails": 0, "because": each.why} for each in proposed]
    put(rows, MINE, json, jsonl)
    if proposed and not (json or jsonl):
        say("kith: What looks like yours is not yet.", f"kith me add {proposed[0].handle.partition(':')[2]}")
    if not rows and not (json or jsonl):
        say("kith: You have named no address of your own.", "kith me add me@example.org")
    return OK if rows or json or jsonl else NOTHING


def add(handles: Handles, json: Json = False, jsonl: JsonLines = False) -> int:
    """Say that addresses or numbers are yours, too; all that follows is told anew."""
    return _change(handles, [], json, jsonl)


def remove(handles: Handles, json: Json = False, jsonl: JsonLines = False) -> int:
    """Say that addresses or numbers are not yours; all that follows is told anew."""
    return _change([], handles, json, jsonl)


def _change(more: list[str], less: list[str], json: bool, jsonl: bool) -> int:
    from capture.match import Me, canonical
    from capture.own import changed
    from capture.replay import remember_me

    settings = config()
    gone = [_handle(text) for text in less]
    mine = {canonical(handle) for handle in settings.me.handles}
    for handle in gone:
        if canonical(handle) not in mine:
            raise Problem(f"{handle.value} is not among yours.", "kith me shows them", USAGE)
    now = changed(settings.me.handles, [_handle(text) for text in more], gone)
    write(settings, [handle.value for handle in now])
    verdicts = 0
    if settings.file.exists():
        verdicts = remember_me(store(settings), Me(now, settings.rules))
    row = {"handles": [handle.key for handle in now], "changed": verdicts}
    if json or jsonl:
        put_json(row, lines=jsonl)
    else:
        print(f"yours: {', '.join(handle.value for handle in now) or 'none'}  ({verdicts:,} verdicts changed)")
    return OK


def _handle(text: str) -> Handle:
    from capture.config import handle
    from capture.place import ConfigError, Place

    try:
        return handle(text, Place(Path("kith me"), ""))
    except ConfigError as error:
        raise Problem(error.what, error.hint, USAGE) from None


def write(settings: Config, handles: list[str]) -> None:
    """The configuration names these; it is replaced whole, or stays as it is."""
    from capture.config import place_of
    from capture.own import only_handles_differ, with_handles

    path = settings.path or place_of()
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    after = with_handles(before, handles)
    if not only_handles_differ(before, after, handles):
        raise Problem(f"{path} is written in a way that kith does not change.", f"write there: me.handles = {handles}", CONFIG)
    real = path.resolve()
    real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = real.with_name(f"{real.name}.new")
    fresh.write_text(after, encoding="utf-8")
    fresh.chmod(real.stat().st_mode & 0o777 if real.exists() else 0o600)
    fresh.replace(real)
