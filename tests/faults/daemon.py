"""``kith run`` as a process of its own, for tests to befall."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from store.errors import StoreError
from store.file import Store
from store.lone import at_work
from tests.cli.running import Kith, until

PLAIN = "from cli.main import main; main()"


class Daemon:
    """A running ``kith run``; what it logs is in ``log``."""

    def __init__(self, kith: Kith, before: str = "", **environment: str) -> None:
        """``before`` is code that the process runs first."""
        self.kith = kith
        self.file = kith.data / "kith.duckdb"
        self._log = kith.place / f"log{time.monotonic_ns()}"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\n{PLAIN}", "run"],
                cwd=Path(__file__).parents[2],
                env=kith.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    def sources(self) -> dict[str, dict[str, Any]]:
        """The sources as ``kith status --json`` shows them, by name."""
        return {row["name"]: row for row in self.kith("status", "--json").json["sources"]}

    def count(self) -> int:
        """How many interactions there are."""
        try:
            with Store(self.file, 30).read() as reader:
                return int(reader.counts()["interactions"])
        except StoreError:
            return 0

    def up(self) -> None:
        """It is at work."""
        until(lambda: (at_work(self.file) or {}).get("pid") == self.process.pid or self.process.poll() is not None)
        assert self.process.poll() is None, self.log

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """It is told to end: its exit code, and in how many seconds it has."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(30)
        return code, time.monotonic() - began

    def memory(self) -> float:
        """MB that it has in memory."""
        return float(_field(self.process.pid, "VmRSS").split()[0]) / 1024

    def processor(self) -> float:
        """Seconds of the processor's that it has taken, its ended children included."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self) -> int:
        """How many files it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def _field(pid: int, name: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    raise LookupError(name)


@contextmanager
def running(kith: Kith, before: str = "", **environment: str) -> Iterator[Daemon]:
    """A daemon that is at work, and is ended afterwards."""
    daemon = Daemon(kith, before, **environment)
    try:
        daemon.up()
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGCONT)
            daemon.process.kill()
            daemon.process.wait()


def state(daemon: Daemon, name: str) -> Any:
    """The state of the source ``name``."""
    return daemon.sources()[name]["state"]


def letters(folder: Path, numbers: Iterator[int] | range) -> None:
    """Mails from Alice as single files, which are there all at once."""
    folder.mkdir(exist_ok=True)
    for n in numbers:
        text = (
            f"From: Alice Example <alice@example.org>\r\nTo: me@example.org\r\nSubject: Letter {n}\r\n"
            f"Date: Sat, 16 May 2026 {n // 60 % 24:02d}:{n % 60:02d}:00 +0000\r\nMessage-ID: <letter{n}@example.org>\r\n\r\n"
        )
        half = folder / f".{n}"
        half.write_text(text, newline="")
        half.rename(folder / f"{n}.eml")
