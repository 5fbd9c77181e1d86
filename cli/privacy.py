"""What is fetched, what is stored, who is contacted: said for this very configuration, not in general."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

from cli.context import OK, config, store
from cli.options import Json, JsonLines
from cli.render import clean, put_json

if TYPE_CHECKING:
    from capture.config import Config, SourceConfig

STORED = {
    "interaction": "who was in touch with whom: moment, kind, subject or title, and what the verdict needs",
    "party": "the part of each address in it, and the name that was written beside it",
    "handle": "every address and number that occurs",
    "person": "whom you know, and whom you may know",
    "card": "what your address books say",
    "unreadable": "what could not be read, and why; nothing of its content",
    "decision": "what you and the matcher decided",
    "source": "how far each source was read",
}
"""Tables that have something of people in them, and what that is."""

NEVER = (
    "the text of a mail, and what is attached to it",
    "passwords and tokens: they are fetched when they are needed, and forgotten",
    "anything on your servers: nothing there is changed, not even whether a mail was read",
)
"""What is neither fetched to be kept, nor stored, nor done."""


def privacy(json: Json = False, jsonl: JsonLines = False) -> int:
    """What kith fetches, what it stores, and whom it contacts."""
    settings = config()
    told = _told(settings)
    if json or jsonl:
        put_json(told, lines=jsonl)
        return OK
    print("Fetched")
    for row in told["fetched"]:
        print(f"  {clean(row['source'])} ({clean(row['type'])}), from {clean(row['place'])}: {clean(row['what'])}")
        if row["secret"]:
            print(f"    its secret: {clean(row['secret'])}")
    print("Stored")
    for row in told["stored"]:
        print(f"  {row['rows']:>9,}  {row['table']}: {row['what']}")
    print(f"  in {clean(told['file'])}: {told['protection']}")
    print("Contacted")
    for who in dict.fromkeys(row["host"] + row["beside"] for row in told["fetched"] if row["host"]) or ["nobody"]:
        print(f"  {clean(who)}")
    for words in told["programs"]:
        print(f"  by your program {clean(' '.join(words))}: whom it likes; it is told what needs you, with names of sources")
    print("  nobody else: no telemetry, no look-ups, no updates")
    print("Never")
    for what in NEVER:
        print(f"  {what}")
    return OK


def _told(settings: Config) -> dict[str, Any]:
    fetched = [_fetched(one) for one in settings.sources]
    return {
        "fetched": fetched,
        "stored": _stored(settings),
        "file": str(settings.file),
        "protection": _protection(settings),
        "contacted": sorted({row["host"] for row in fetched if row["host"]}),
        "programs": [list(settings.notify.command)] if settings.notify.command else [],
        "never": list(NEVER),
    }


def _fetched(one: SourceConfig) -> dict[str, Any]:
    from capture.config import ConfigError

    what = "whatever it takes: it is no connector of kith's"
    try:
        what = getattr(one.connector(), "fetches", what)
    except ConfigError as error:
        what = f"nothing, as it cannot be used: {error.what}"
    except Exception as error:
        what = f"nothing, as it cannot be used: {type(error).__name__}"
    beside = ""
    if one.sought:
        beside = ": the DNS is asked for it, then the hosts in this domain that it names"
    elif "host" not in one.settings:
        beside = ", and the hosts in its domain that it sends us to"
    ways = [
        f"{way} {' '.join(map(str, said)) if isinstance(said, list) else said}"
        for value in one.settings.values()
        if isinstance(value, dict)
        for way, said in value.items()
        if way in ("keyring", "command", "env", "file")
    ]
    return {
        "source": one.name,
        "type": one.type,
        "what": what,
        "place": str(one.host or one.settings.get("path") or "where it likes"),
        "host": one.host,
        "beside": beside if one.host else "",
        "secret": "from " + ", ".join(ways) if ways else None,
    }


def _stored(settings: Config) -> list[dict[str, Any]]:
    from store.errors import Missing

    try:
        with store(settings).read() as reader:
            rows = reader.sizes()
    except Missing:
        rows = {}
    return [{"table": table, "what": what, "rows": rows.get(table, 0)} for table, what in STORED.items()]


def _protection(settings: Config) -> str:
    try:
        mode = stat.S_IMODE(settings.file.stat().st_mode)
    except OSError:
        return "not there yet; nobody else will be able to read it (mode 600)"
    if mode & 0o077:
        return f"others may read it (mode {mode:o}): chmod 600 '{settings.file}'"
    if settings.key is not None:
        from store.backup import encrypted

        if encrypted(settings.file, 5.0):
            return f"nobody else may read it (mode {mode:o}), and it is encrypted with the key that you configured"
        return f"nobody else may read it (mode {mode:o}); a key is configured, but it is not encrypted yet: kith encrypt"
    what = "it is not encrypted by itself: what protects it when the machine is off is the encryption of the disk"
    return f"nobody else may read it (mode {mode:o}); {what}"
