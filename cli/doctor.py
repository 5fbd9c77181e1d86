"""What may be wrong, looked for in every place that has ever been the cause."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cli.context import NOTHING, OK, Problem, config, say, store
from cli.options import Json, JsonLines, Option
from cli.render import GREEN, RED, YELLOW, Column, clean, put_json, put_table

if TYPE_CHECKING:
    from capture.config import Config
    from capture.examine import Finding

LOOKS = {"well": GREEN, "warning": YELLOW, "wrong": RED}

FINDINGS = (
    Column("check", lambda f: f["check"]),
    Column("state", lambda f: f["state"], None, lambda f: LOOKS[f["state"]]),
    Column("found", lambda f: f["what"]),
)


def doctor(
    offline: Annotated[bool, Option(("--offline",), "Ask no server.")] = False,
    report: Annotated[bool, Option(("--report",), "A report without names, to paste into a bug report.")] = False,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Look for what may be wrong, and say what mends it."""
    from capture.examine import examine

    settings = config()
    findings = [*examine(settings, store(settings), offline), *_around(settings)]
    rows = [{"check": f.check, "state": f.state, "what": f.what, "fix": f.fix} for f in findings]
    wrong = any(f.state == "wrong" for f in findings)
    if report:
        print(_report(settings, findings), end="")
    elif json or jsonl:
        put_json(rows, lines=jsonl)
    else:
        put_table(rows, FINDINGS)
        sys.stdout.flush()
        for f in findings:
            if f.state != "well":
                say(f"kith: {f.check}: {f.what}", f.fix)
        ill = sum(f.state != "well" for f in findings)
        print(f"{len(findings)} checks, {ill} of them with something to say", file=sys.stderr)
    return NOTHING if wrong else OK


def _around(settings: Config) -> Iterator[Finding]:
    """The daemon, and what sees to it that it runs."""
    from capture.examine import Finding
    from cli.service import unit_path
    from store.lone import at_work

    daemon = at_work(settings.file)
    if daemon is None:
        yield Finding("daemon", "warning", "nothing captures by itself", "kith service install, or kith run")
    else:
        trouble = daemon.get("trouble") or daemon.get("config")
        fix = str(daemon.get("fix") or daemon.get("config_fix") or "") if trouble else ""
        yield Finding("daemon", "wrong" if trouble else "well", str(trouble or f"process {daemon.get('pid')}"), fix)
        memory = _memory(daemon.get("pid"))
        if memory is not None:
            much = memory > 300
            fix = "kith service restart; please report it" if much else ""
            yield Finding("its memory", "warning" if much else "well", f"{memory:.0f} MB", fix)
    if sys.platform == "linux":
        unit = unit_path()
        if not unit.exists():
            yield Finding("service", "well" if daemon else "warning", "it is not installed", "kith service install")
        else:
            yield _unit(unit)
            yield _linger()
    encoding = (sys.stdout.encoding or "").lower()
    fix = "" if encoding.startswith("utf") else "export LANG=C.UTF-8"
    yield Finding("terminal", "well" if not fix else "warning", encoding or "unknown", fix)


def _unit(unit: Path) -> Finding:
    from capture.examine import Finding
    from cli.units import started

    found = started(unit.read_text(encoding="utf-8", errors="replace"))
    there = found is not None and os.access(found, os.X_OK)
    fix = "" if there else "kith service install writes it anew"
    what = str(unit) if there else "it starts a program that is not there"
    return Finding("service", "well" if there else "wrong", what, fix)


def _linger() -> Finding:
    from capture.examine import Finding
    from cli.service import LINGER, lingers

    on = lingers()
    if on is False:
        return Finding("after logout", "warning", "the service ends with your last login", LINGER)
    return Finding("after logout", "well", "the service goes on" if on else "unknown")


def _memory(pid: object) -> float | None:
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
        return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except (OSError, ValueError, IndexError):
        return None


def _report(settings: Config, findings: list[Finding]) -> str:
    """What was found, without the names of people, hosts, sources and folders."""
    from capture.redact import redacted

    hidden = {str(Path.home()): "~", str(settings.data): "DATA"}
    if settings.path:
        hidden[str(settings.path)] = "CONFIG"
        hidden[str(settings.path.parent)] = "CONFIG-FOLDER"
    for n, one in enumerate(settings.sources, 1):
        hidden[one.name] = f"source-{n}"
        for key in ("host", "user", "url", "path"):
            if isinstance(value := one.settings.get(key), str):
                hidden[value] = f"{key}-{n}"
                hidden[os.path.expanduser(value)] = f"{key}-{n}"
        if one.host:
            hidden[one.host] = f"host-{n}"
    try:
        import getpass

        hidden[getpass.getuser()] = "USER"
    except Exception as error:
        raise Problem("This user has no name.", "set USER", NOTHING) from error
    lines = [f"{f.state}: {f.check}: {f.what}" + (f" ({f.fix})" if f.fix else "") for f in findings]
    text = "\n".join(map(clean, lines)) + "\n"
    words = sorted((word for word in hidden if len(word) > 1), key=len, reverse=True)
    text = re.sub("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words), lambda m: hidden[m[0]], text)
    return redacted(text)
