"""Backups, and whether the database is what it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cli.context import CONFIG, FILES, NOTHING, OK, USAGE, Problem, config, say, store
from cli.options import Argument, Json, JsonLines, Option
from cli.render import clean, put_json

PATIENCE = 60.0
"""Seconds that these wait for the file: nobody waits for them in front of a screen that stays empty."""


def backup(
    file: Annotated[str | None, Argument("Where to; a new file in the folder backups, if not said.", "FILE")] = None,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Write a whole copy of the database into a new file."""
    from datetime import datetime

    from store.backup import back_up

    settings = config()
    named = f"kith-{datetime.now():%Y%m%d-%H%M%S}.duckdb"
    target = Path(file).expanduser().absolute() if file else settings.data / "backups" / named
    done = back_up(settings.file, target / named if target.is_dir() else target, PATIENCE)
    if json or jsonl:
        put_json({"file": str(done.file), "bytes": done.size, "rows": done.rows}, lines=jsonl)
    else:
        print(f"{clean(done.file)}: {done.rows.get('interaction', 0):,} interactions, {done.size / (1 << 20):,.1f} MiB")
    return OK


def restore(
    file: Annotated[str, Argument("A backup.", "FILE")],
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Put a backup in the place of the database."""
    from store.backup import restore as put_back
    from store.check import check as look
    from store.errors import Broken

    settings = config()
    source = Path(file).expanduser().absolute()
    where = f"they are made in {settings.data / 'backups'} if you name no other place"
    if not source.is_file():
        raise Problem(f"There is no backup {source}.", where, NOTHING)
    try:
        looked = look(source, PATIENCE)
    except Broken as error:
        raise Problem(f"It is no backup, or a broken one. {error.what}", where, FILES) from error
    done = put_back(settings.file, source, PATIENCE)
    if json or jsonl:
        kept = str(done.kept) if done.kept else None
        put_json({"file": str(done.file), "kept": kept, "bytes": done.size, "rows": done.rows}, lines=jsonl)
    else:
        print(f"{clean(done.file)}: {done.rows.get('interaction', 0):,} interactions")
    if done.kept:
        say(f"kith: What was there before is {done.kept}.", "kith sync reads what has come since the backup")
    for finding in looked.findings:
        say(f"kith: in the backup: {finding.what} ({finding.count:,}).", "kith check --mend derives anew what can be")
    return OK


def check(
    file: Annotated[str | None, Argument("A backup to look at; the database, if not said.", "FILE")] = None,
    mend: Annotated[bool, Option(("--mend",), "Derive anew what kith believes, from the facts.")] = False,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Read all of the database, and see whether it is well."""
    from store.check import check as look

    settings = config()
    path = Path(file).expanduser().absolute() if file else settings.file
    if mend and file:
        raise Problem("A backup is not mended.", "kith restore it, then kith check --mend", USAGE)
    if mend:
        from capture.match import Me
        from capture.replay import replay

        changed = replay(store(settings), Me(settings.me.handles, settings.rules))
        say(f"kith: What is believed was derived anew; {changed:,} verdicts changed.")
    done = look(path, PATIENCE)
    fixes = {"facts": "kith restore BACKUP; kith sync reads what has come since", "beliefs": "kith check --mend"}
    if json or jsonl:
        found: list[dict[str, Any]] = [
            {"kind": f.kind, "what": f.what, "count": f.count, "fix": fixes[f.kind]} for f in done.findings
        ]
        whole = {"file": str(path), "ok": not found, "rows": done.rows, "invariants": done.invariants, "findings": found}
        put_json(whole, lines=jsonl)
    else:
        for finding in done.findings:
            say(f"kith: {finding.what} ({finding.count:,}).", fixes[finding.kind])
        if not done.findings:
            rows = sum(done.rows.values())
            print(f"{clean(path)}: {rows:,} rows in {len(done.rows)} tables read, {done.invariants} invariants hold")
    return FILES if done.findings else OK


def encrypt() -> int:
    """Encrypt the database with the configured key."""
    from store.backup import encrypted, rewrite

    settings = config()
    if settings.key is None:
        hint = 'write into the configuration: store.key = { keyring = "kith-database" }'
        raise Problem("No key is configured to encrypt the database with.", hint, CONFIG)
    if encrypted(settings.file, PATIENCE):
        raise Problem(f"{settings.file} is encrypted already.", "kith privacy shows how it is protected", NOTHING)
    done = rewrite(settings.file, PATIENCE, plain=False)
    print(f"{clean(done.file)}: encrypted; {done.rows.get('interaction', 0):,} interactions")
    plain = [each for each in settings.data.rglob("*.duckdb*") if each.is_file() and each != settings.file and _is_copy(each)]
    if plain:
        say(f"kith: Older copies are as they were: {', '.join(map(str, plain))}.", "remove them, or keep them elsewhere")
    say("kith: Whoever loses the key loses the database.", "keep a copy of the key where you keep such things")
    return OK


def decrypt() -> int:
    """Take the encryption of the database away."""
    from store.backup import encrypted, rewrite

    settings = config()
    if not encrypted(settings.file, PATIENCE):
        raise Problem(f"{settings.file} is not encrypted.", "take store.key out of the configuration", NOTHING)
    done = rewrite(settings.file, PATIENCE, plain=True)
    print(f"{clean(done.file)}: not encrypted any more; {done.rows.get('interaction', 0):,} interactions")
    say("kith: Backups are encrypted as long as the key is configured.", "take store.key out of the configuration")
    return OK


def _is_copy(path: Path) -> bool:
    return path.suffix not in (".lock", ".wanted", ".wal")
