"""kith without an account of one's own: the sample household, captured and asked.

    python -m cli.sample

writes three years of mail of a family that does not exist into $KITH_DATA (or ``kith-sample`` beside kith's own data),
captures them as it would capture anybody's, and shows what can be asked.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from cli.context import OK, Problem, trace
from cli.main import run
from cli.render import clean

MAILBOX = "household-"
"""What the folder of the mailbox is called, before the day that it ends on."""

CANNOT_MAKE = 73


def main() -> None:
    """Ends the process with the exit code of the last command that failed, if one did."""
    os.umask(0o077)
    try:
        code = show(folder())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = OK
    except Exception as error:
        if "--debug" in sys.argv:
            trace(error)
        problem = error if isinstance(error, Problem) else Problem.of(error)
        problem.show()
        code = CANNOT_MAKE if isinstance(error, OSError) else problem.exit_code
    sys.exit(code)


def folder() -> Path:
    """Where the sample stands: $KITH_DATA, or a folder of its own beside the user's data."""
    from capture.config import load

    given = os.environ.get("KITH_DATA")
    return Path(given).expanduser().absolute() if given else load().data.with_name("kith-sample")


def show(place: Path) -> int:
    """The sample household is captured in ``place``, and was asked; the exit code. Raises Problem, OSError."""
    from connectors.household import CADENCES

    settings = prepare(place, datetime.now(UTC))
    options = ["--config", str(settings), "--data", str(place)]
    print("A sample household: three years of mail of a family that does not exist.\n")
    code = _ask(options, "sync")
    if code == OK:
        _set_cadences(place, CADENCES)
        for words in (["status"], ["timeline", "Jürgen", "--limit", "10"], ["overdue"]):
            code = _ask(options, *words) or code
    command = f"{_shown(_kith())} --config {_shown(settings)} --data {_shown(place)}"
    print(f"Ask it more:  {command} people")
    print("Others are:   who NAME, timeline NAME, tag NAME friends, cadence NAME '3 weeks', export")
    return code


def prepare(place: Path, now: datetime) -> Path:
    """The household's mailbox as of today, and a configuration for it, stand in ``place``; the configuration's path.

    What an earlier day left there is made anew. Raises Problem where there is a database that is not the sample's.
    """
    from connectors.household import OWNER_HANDLES, OWNER_NAME, write

    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    mailbox = place / f"{MAILBOX}{now.astimezone(UTC).date()}"
    old = [one for one in place.glob(f"{MAILBOX}*") if one != mailbox]
    database = [one for one in place.iterdir() if one.name.startswith("kith.duckdb")]
    settings = place / "config.toml"
    if database and not (old or mailbox.exists()):
        raise Problem(
            f"There is a database in {place} that is not the sample's, so nothing is written there.",
            "write a configuration for it (config.example.toml shows how), or name another folder with KITH_DATA",
            CANNOT_MAKE,
        )
    if not mailbox.exists():
        for one in database:
            one.unlink()
        making = place / f".{MAILBOX}making"
        shutil.rmtree(making, ignore_errors=True)
        write(making, now)
        making.rename(mailbox)
        for one in old:
            shutil.rmtree(one)
    settings.write_text(
        "# The sample household. It is written anew by every run.\n"
        f"[me]\nname = {json.dumps(OWNER_NAME)}\nhandles = {json.dumps(list(OWNER_HANDLES))}\n\n"
        f'[[source]]\nname = "sample"\ntype = "maildir"\npath = {json.dumps(str(mailbox), ensure_ascii=False)}\n',
        encoding="utf-8",
    )
    settings.chmod(0o600)
    return settings


def _set_cadences(place: Path, cadences: dict[str, str]) -> None:
    """Everybody in ``cadences`` has one: that one, if the user said nothing else meanwhile."""
    from capture.duration import duration
    from store.decide import set_cadence
    from store.file import Store

    file = Store(place / "kith.duckdb")
    with file.read() as reader:
        people = reader.people(False, None, {})
    # the latest contact comes first: who changed their address is met at the one they have now
    latest = {r["name"]: r for r in reversed(people)}
    with file.write() as tx:
        for name, text in cadences.items():
            person, length = latest.get(name), duration(text)
            if person is not None and person["cadence_days"] is None and length is not None:
                set_cadence(tx, person["person_id"], length.total_seconds() / 86400)


def _ask(options: list[str], *words: str) -> int:
    print("$ kith " + " ".join(words), flush=True)
    code = run([*options, *words])
    print(flush=True)
    return code


def _kith() -> Path | str:
    beside = Path(sys.executable).with_name("kith")
    return beside if beside.exists() else "kith"


def _shown(thing: Path | str) -> str:
    return shlex.quote(clean(thing))


if __name__ == "__main__":
    main()
