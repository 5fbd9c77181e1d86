"""What the benchmarks have in common: how processes are run and timed, and how a figure is printed.

A figure is one line, ``name value``, and with a target ``name value (target: at most 1.2; met)``. Ratios are to a peer or a
floor that was measured in the same run, in turns with what it is compared with, so that a busy or slow machine is the same
for both. Nothing fails because of a figure: a machine is not a test.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """A process that ended: its exit code, what it wrote, and what it took."""

    code: int
    seconds: float
    output: str
    errors: str
    memory: float
    """MB that its largest process had at its peak, as the system tells it."""
    memory_together: float
    """MB that it and its children had at most, the peak of each added up; 0 where it was not watched."""

    def must(self) -> Run:
        """The same; a RuntimeError if it failed."""
        if self.code:
            raise RuntimeError(f"it ended with {self.code}:\n{self.output[-1000:]}{self.errors[-2000:]}")
        return self


class Kith:
    """The command ``kith`` on one folder, which holds its configuration and its data."""

    def __init__(self, command: Sequence[str], folder: Path, config: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.command = list(command)
        self.data = folder
        path = folder / "config.toml"
        path.touch(mode=0o600)
        path.write_text(config)
        self.environment = {**os.environ, "KITH_CONFIG": str(path), "KITH_DATA": str(folder)}

    def look_at(self, folder: Path) -> None:
        """The data of another folder from here on."""
        self.data = folder
        self.environment["KITH_DATA"] = str(folder)

    def run(self, *words: str, watch: bool = False, **variables: str) -> Run:
        """``kith`` with these words, to its end."""
        return run([*self.command, *words], {**self.environment, **variables}, watch=watch)


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, watch: bool = False) -> Run:
    """A command, from its start to its end; with ``watch`` the memory of its children is looked at while it runs."""
    with contextlib.ExitStack() as stack:
        said = stack.enter_context(tempfile.TemporaryFile("w+"))
        began = time.perf_counter()
        process = start(command, environment, said)
        peaks = stack.enter_context(watching(process.pid)) if watch else {}
        output = process.stdout.read() if process.stdout is not None else ""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        said.seek(0)
        errors = said.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Run(process.returncode, seconds, output, errors, usage.ru_maxrss / unit, sum(peaks.values()) / 1024)


def start(
    command: Sequence[str], environment: Mapping[str, str] | None = None, errors: IO[str] | None = None
) -> subprocess.Popen[str]:
    """A command that runs: its output in a pipe, and its errors too, if no file is given for them."""
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors or subprocess.STDOUT,
        text=True,
    )


@contextlib.contextmanager
def watching(pid: int) -> Iterator[dict[int, int]]:
    """The peak memory in KB of a process and of those it started, by their numbers; empty where there is no /proc."""
    peaks: dict[int, int] = {}
    over = threading.Event()

    def look() -> None:
        parents: dict[int, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        family = {pid}
        while more := {number for number, parent in parents.items() if parent in family} - family:
            family |= more
        for number in family:
            with contextlib.suppress(OSError):
                lines = Path(f"/proc/{number}/status").read_text().splitlines()
                # who has ended, and is not waited for yet, has no memory any more
                said = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
                peaks[number] = max([*said, peaks.get(number, 0)])

    def keep_looking() -> None:
        while not over.wait(0.1):
            look()

    watcher = threading.Thread(target=keep_looking)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def ready(process: subprocess.Popen[str], patience: float = 10.0) -> None:
    """The process has ended, after ``patience`` seconds by force."""
    try:
        process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def arguments(about: str | None) -> argparse.ArgumentParser:
    """A parser that knows which kith is meant: ``--kith``, or $KITH, or the one beside this Python, or this tree."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kith", default=os.environ.get("KITH"), help="the executable to measure")
    return parser


def kith_command(said: str | None) -> list[str]:
    """The command that runs kith."""
    if said:
        return [shutil.which(said) or str(Path(said).resolve())]
    installed = Path(sys.executable).with_name("kith")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "cli.main"]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of values that were measured in turns."""
    return median(a / b for a, b in zip(above, below, strict=True))


def figure(name: str, value: float, unit: str = "", least: float | None = None, most: float | None = None) -> None:
    """Prints one figure, and whether it is what it should be."""
    shown = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"
    line = f"{name} {shown}{' ' * bool(unit)}{unit}"
    for bound, word, met in ((least, "at least", value >= (least or 0)), (most, "at most", value <= (most or 0))):
        if bound is not None:
            line += f" (target: {word} {bound:g}; {'met' if met else 'MISSED'})"
    print(line, flush=True)


def load() -> float:
    """How many processes wanted a processor in the last minute."""
    return os.getloadavg()[0]
