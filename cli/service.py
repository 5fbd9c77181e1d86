"""Letting the system see to it that ``kith run`` runs: systemd on Linux, launchd on macOS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cli.context import CONFIG, FILES, NOTHING, OK, UNAVAILABLE, USAGE, Place, Problem, config, say
from cli.options import Argument, Option
from cli.units import LABEL, NAME, launchd, system_unit, user_unit

if TYPE_CHECKING:
    from capture.config import Config

ACTIONS = ("install", "uninstall", "start", "stop", "restart", "status", "logs", "show")

UNIT = f"{NAME}.service"

LINGER = "loginctl enable-linger"
"""What makes the user's services go on after their last logout; without a name it is about who says it."""


def service(
    action: Annotated[str, Argument(f"One of {', '.join(ACTIONS)}.", "ACTION")],
    system: Annotated[bool, Option(("--system",), "With show: a unit for a server, kith@NAME.service.")] = False,
    plain: Annotated[bool, Option(("--plain",), "With install or show: without namespaces.")] = False,
) -> int:
    """Have the system run kith for you, from your login on."""
    if action not in ACTIONS:
        raise Problem(f"There is no action {action!r}.", f"kith service {' | '.join(ACTIONS)}", USAGE)
    if system and action != "show":
        where = f"sudo tee /etc/systemd/system/{NAME}@.service"
        raise Problem("A unit for the whole system is yours to install.", f"kith service show --system | {where}", USAGE)
    if action == "show":
        print(system_unit(_program()) if system else _text(plain), end="")
        return OK
    return _mac(action) if sys.platform == "darwin" else _linux(action, plain)


# systemd -------------------------------------------------------------------------------------------------------------


def unit_path() -> Path:
    """Where the unit of this user stands."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(base if os.path.isabs(base) else Path.home() / ".config", "systemd", "user", UNIT)


def _linux(action: str, plain: bool) -> int:
    path = unit_path()
    if action == "install":
        text = _text(plain)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
        _systemctl("daemon-reload")
        if _systemctl("enable", "--now", UNIT, quiet=True):
            hint = "kith service logs shows why; on a system that gives users no namespaces: kith service install --plain"
            raise Problem("The service does not start.", hint, UNAVAILABLE)
        _tell_linger()
        return OK
    if not path.exists() and action != "logs":
        raise Problem(f"There is no service {path}.", "kith service install", NOTHING)
    if action == "uninstall":
        _systemctl("disable", "--now", UNIT, quiet=True)
        path.unlink()
        _systemctl("daemon-reload")
        return OK
    if action == "logs":
        return _journal()
    return OK if not _systemctl(*(("--no-pager", "status") if action == "status" else (action,)), UNIT) else UNAVAILABLE


def _systemctl(*words: str, quiet: bool = False) -> int:
    found = shutil.which("systemctl")
    if not found:
        raise Problem("There is no systemctl here.", "let whatever starts your programs start: kith run", UNAVAILABLE)
    done = subprocess.run([found, "--user", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    if (done.returncode and not quiet) or (done.stderr.strip() and done.returncode):
        say(f"kith: systemctl: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.returncode


def _journal() -> int:
    found = shutil.which("journalctl")
    if not found:
        raise Problem("There is no journalctl here.", "see where your service manager puts what services say", UNAVAILABLE)
    sys.stdout.flush()
    words = ["--user", "--unit", UNIT, "--lines", "100", "--no-pager", "--output", "short-iso"]
    return OK if not subprocess.run([found, *words], stdin=subprocess.DEVNULL).returncode else UNAVAILABLE


def _tell_linger() -> None:
    """A user's services end with their last login, unless they may linger."""
    if lingers() is False:
        say("kith: It runs while you are logged in.", f"for always: {LINGER}")


def lingers() -> bool | None:
    """Whether the user's services go on after their last logout; None where nobody says so."""
    import getpass

    found = shutil.which("loginctl")
    if not found:
        return None
    words = [found, "show-user", getpass.getuser(), "--property", "Linger", "--value"]
    said = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.strip()
    return {"yes": True, "no": False}.get(said)


# launchd -------------------------------------------------------------------------------------------------------------


def _mac(action: str) -> int:
    path = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    domain = f"gui/{os.getuid()}"
    log = Path.home() / "Library" / "Logs" / "kith.log"
    if action == "install":
        settings = _configured()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(launchd(_command(settings), log, {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}))
        print(path)
        return _launchctl("bootstrap", domain, str(path))
    if not path.exists():
        raise Problem(f"There is no service {path}.", "kith service install", NOTHING)
    if action == "logs":
        print(log.read_text(errors="replace") if log.exists() else "", end="")
        return OK
    if action == "uninstall":
        code = _launchctl("bootout", f"{domain}/{LABEL}")
        path.unlink()
        return code
    words = {
        "start": ("kickstart", f"{domain}/{LABEL}"),
        "stop": ("kill", "SIGTERM", f"{domain}/{LABEL}"),
        "restart": ("kickstart", "-k", f"{domain}/{LABEL}"),
        "status": ("print", f"{domain}/{LABEL}"),
    }
    return _launchctl(*words[action])


def _launchctl(*words: str) -> int:
    done = subprocess.run(["launchctl", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    if done.returncode:
        say(f"kith: launchctl: {done.stderr.strip()}")
    return UNAVAILABLE if done.returncode else OK


# both ----------------------------------------------------------------------------------------------------------------


def _text(plain: bool) -> str:
    settings = _configured()
    # systemd refuses to start what shall write to a folder that is not there
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return user_unit(_command(settings), [settings.data], rooms=not plain)


def _configured() -> Config:
    settings = config()
    if settings.path is None or not settings.sources:
        raise Problem("No source is configured.", "README.md has a first account in seven lines", CONFIG)
    if not os.access(settings.data.parent if not settings.data.exists() else settings.data, os.W_OK):
        raise Problem(f"You may not write to {settings.data}.", "name another folder with --data", FILES)
    return settings


def _command(settings: Config) -> list[str]:
    words = _program()
    if Place.config or os.environ.get("KITH_CONFIG"):
        words += ["--config", str(settings.path)]
    if Place.data or os.environ.get("KITH_DATA"):
        words += ["--data", str(settings.data)]
    return [*words, "run"]


def _program() -> list[str]:
    """How this very kith is called, whatever the service manager's path is."""
    beside = Path(sys.executable).parent / "kith"
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "cli.main"]
