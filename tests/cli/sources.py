"""Connectors of somebody's own, as files beside the configuration."""

from __future__ import annotations

from pathlib import Path

from tests.cli.running import Kith

HEAD = '''
import json, os, time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from pydantic import BaseModel, ConfigDict
from connectors.base import Handle, Interaction, NeedsHuman, Page, Party, Signals, TryLater, Unreadable

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    path: Path | None = None
    text: str = ""

ME = Handle("email", "me@example.org")
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)

def letter(n, name="Alice Example", value="alice@example.org", title="Hello", out=True, **more):
    them = Party(Handle("email", value), "to" if out else "from", name)
    me = Party(ME, "from" if out else "to")
    return Interaction(f"letter {n}", "mail", LONG_AGO + timedelta(minutes=n), (me, them) if out else (them, me),
                       same_as=f"mid:{n}@example.org", title=title, **more)
'''

SLOW = (
    HEAD
    + '''
class Slow:
    """Forty letters, one a page; asleep before each for as long as SLEEP says."""
    Settings = Settings
    def __init__(self, settings):
        self.settings = settings
    def pull(self, cursor):
        for n in range(cursor["said"] if cursor else 0, 40):
            time.sleep(float(os.environ.get("SLEEP", "0")))
            with open(self.settings.path, "a") as file:
                file.write(f"{n}\\n")
            yield Page((letter(n),), {"said": n + 1}, left=39 - n)
'''
)

FAILING = (
    HEAD
    + '''
class Failing:
    """Fails as ``text`` says, after one letter."""
    Settings = Settings
    def __init__(self, settings):
        self.text = settings.text
        if self.text == "init":
            raise RuntimeError("it cannot be made")
    def pull(self, cursor):
        if cursor is None:
            yield Page((letter(0),), {"said": 1}, left=0)
        if self.text == "later":
            raise TryLater("the server is away", retry_after=3600)
        if self.text == "human":
            raise NeedsHuman("the login is refused", "change the password")
        if self.text == "bug":
            raise ZeroDivisionError("nobody foresaw this")
'''
)


def write(kith: Kith, name: str, text: str) -> Path:
    """The module ``name`` stands beside the configuration."""
    file = kith.place / f"{name}.py"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    kith.place.chmod(0o700)
    return file


def source(name: str, kind: str, **settings: object) -> str:
    """A [[source]] of a configuration."""
    lines = [f"{key} = {value!r}" for key, value in settings.items()]
    return "\n".join(["[[source]]", f'name = "{name}"', f'type = "{kind}"', *lines]) + "\n"


ME = 'me.handles = ["me@example.org"]\n'
