"""What it costs a question that a capture writes page after page into the same file all the time.

Blocks of questions in quiet and beside a ``kith sync`` of a source that never runs dry take turns, so that the file has
about the same size in both. The source hands out pages as fast as they are taken, which no server does.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from capture.match import Me
from capture.replay import remember_me
from connectors.base import Handle
from store.file import Store
from tests.bench import big, flood
from tests.bench.measure import ROOT, Kith, arguments, figure, kith_command, load, percentile, ready, start

CONFIG = f"""
[me]
handles = ["{flood.ME}"]

[[source]]
name = "flood"
type = "tests.bench.flood:Flood"
"""
BLOCK = 50
"""How many questions are asked before quiet and noise change places."""
ASKED = "person70@example.org"


def ask(kith: Kith, times: list[float]) -> bool:
    """Asks once; whether it was answered as it should be."""
    done = kith.run("timeline", ASKED, "--json")
    times.append(done.seconds)
    try:
        return done.code == 0 and len(json.loads(done.output)) == 50
    except ValueError:
        return False


def captured(kith: Kith) -> int:
    """How much the source has captured so far."""
    sources = json.loads(kith.run("status", "--json").must().output)["sources"]
    return int(next((source["captured"] for source in sources if source["name"] == "flood"), 0))


@contextmanager
def capture(kith: Kith) -> Iterator[Popen[str]]:
    """A capture that is at work: it has committed a page since it was started, and is stopped in the end."""
    before = captured(kith)
    process = start([*kith.command, "sync", "--json"], kith.environment)
    try:
        until = time.monotonic() + 60
        while captured(kith) == before:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"the capture does not write: {process.communicate()[0]}")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        ready(process)


def main() -> None:
    """Prints the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100_000, help="how much is in the file at first")
    said = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    figure("beside.load before", load())
    quiet: list[float] = []
    noisy: list[float] = []
    failures = written = 0
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        kith = Kith(kith_command(said.kith), Path(folder), CONFIG)
        file = Store(big.make(kith.data, said.rows))
        began = time.perf_counter()
        remember_me(file, Me([Handle("email", flood.ME)]))
        figure(f"beside.{said.rows:,} judged anew, once", time.perf_counter() - began, "s")
        ask(kith, [])
        while len(noisy) < said.runs:
            block = min(BLOCK, said.runs - len(noisy))
            failures += sum(not ask(kith, quiet) for _ in range(block))
            with capture(kith) as writer:
                before = captured(kith)
                failures += sum(not ask(kith, noisy) for _ in range(block))
                if writer.poll() is not None:
                    raise RuntimeError("the capture ended before the questions")
                written += captured(kith) - before
    for name, times in (("quiet", quiet), ("beside", noisy)):
        for share in (50, 95):
            figure(f"beside.{name} p{share}", 1000 * percentile(times, share / 100), "ms")
        figure(f"beside.{name}, longest", 1000 * max(times), "ms")
    figure("beside.mail written meanwhile", written / sum(noisy), "messages/s")
    figure("beside.p50/quiet", percentile(noisy, 0.5) / percentile(quiet, 0.5))
    figure("beside.p95/quiet", percentile(noisy, 0.95) / percentile(quiet, 0.95), most=2)
    figure("beside.failures", failures, f"of {len(quiet) + len(noisy)}", most=0)


if __name__ == "__main__":
    main()
