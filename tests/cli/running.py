"""Running ``kith`` as people and programs do: as a process of its own, on a pipe or on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.house import ROOT

COMMAND = [sys.executable, "-c", "from cli.main import main; main()"]
SHORT = [sys.executable, "-c", "import cli.context; cli.context.PATIENCE = 0.3; from cli.main import main; main()"]
"""``kith`` that waits for the file only shortly."""

OWN = re.compile(r"\x1b\[(?:[0-9;]*m|K)")
"""What kith itself says to a terminal: looks (SGR), and "clear the rest of the line" (EL) for its bar."""


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The documents on standard output, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Kith:
    """``kith`` with a configuration and data of its own below ``place``, in an environment without anything else."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.config = place / "config.toml"
        self.data = place / "data"

    def configure(self, text: str) -> None:
        """The configuration says this."""
        self.config.write_text(text, encoding="utf-8")
        self.config.chmod(0o600)
        self.place.chmod(0o700)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        own = {"HOME": str(self.place), "KITH_CONFIG": str(self.config), "KITH_DATA": str(self.data), "TZ": "UTC"}
        return kept | {"PYTHONUTF8": "1"} | own | more

    def start(self, *words: str, command: list[str] = COMMAND, **more: str) -> subprocess.Popen[str]:
        """A run that goes on meanwhile."""
        return subprocess.Popen(
            [*command, *words],
            cwd=ROOT,
            env=self.environment(**more),
            encoding="utf-8",
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def __call__(self, *words: str, command: list[str] = COMMAND, **more: str) -> Done:
        """A run whose output is read through pipes."""
        run = self.start(*words, command=command, **more)
        out, err = run.communicate(timeout=60)
        return Done(run.returncode, out, err)

    def on_terminal(self, *words: str, columns: int = 80, **more: str) -> Done:
        """A run on a terminal so wide; standard output and standard error are both in ``out``."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = self.environment(**({"TERM": "xterm-256color"} | more))
        run = subprocess.Popen(
            [*COMMAND, *words], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        said, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                some = os.read(ours, 65536)
            except OSError:  # on Linux the other end is gone
                break
            if not some:
                break
            said += some
        os.close(ours)
        return Done(run.wait(timeout=10), said.decode("utf-8", "surrogateescape").replace("\r\n", "\n"), "")


def shown(text: str) -> str:
    """What is left of a terminal's text without what kith itself says to the terminal."""
    return OWN.sub("", text)


def until(true: Any, seconds: float = 30.0) -> None:
    """Waits until ``true()``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
