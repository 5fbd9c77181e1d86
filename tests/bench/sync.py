"""How fast a first sync is, beside a bare client and a bare socket; and how soon it answers.

Every measurement is of a whole process, from its start to its end, on an account that the server has never opened before:
its index is cold, its files are in memory. The mail is that of ``mailbox``; the server is a Dovecot of this run's own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median

from connectors.headers import FIELDS
from connectors.imap_fetch import items
from tests.bench import mailbox
from tests.bench.measure import ROOT, Kith, Run, arguments, figure, kith_command, load, ratio, ready, run, start
from tests.servers.dovecot import PASSWORD, Dovecot

CONFIG = """
[me]
handles = ["{me}"]

[[source]]
name = "mail"
type = "imap"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password = {{ env = "BENCH_PASSWORD" }}
"""


class Ground:
    """A mailbox on a server, and any number of accounts that see it for the first time."""

    def __init__(self, folder: Path, server: Dovecot, command: list[str], messages: int) -> None:
        self.folder, self.server, self.command = folder, server, command
        self.made = mailbox.make(server.folder / "mail" / "everybody", messages)
        server.own(self.made.folder)
        self._accounts = count(1)

    def account(self) -> str:
        """The user name of an account with the same mail, of which the server knows nothing yet."""
        user = f"cold{next(self._accounts)}"
        (self.server.folder / "mail" / user).symlink_to(self.made.folder)
        return user

    def kith(self) -> Kith:
        """A kith that has captured nothing yet, and a cold account."""
        user = self.account()
        config = CONFIG.format(me=mailbox.OWNER, port=self.server.port, user=user)
        return Kith(self.command, self.folder / user, config)

    def peer(self, name: str) -> Run:
        """A peer that fetches everything, from a cold account."""
        where = [str(self.server.port), self.account(), PASSWORD, items(FIELDS)]
        command = [sys.executable, "-m", "tests.bench.fetch", name, *where, *mailbox.FOLDERS]
        done = run(command).must()
        assert int(done.output) == self.messages, done.output
        return done

    @property
    def messages(self) -> int:
        return sum(self.made.messages.values())


def first_sync(ground: Ground, rounds: int) -> Kith:
    """Prints how fast it is; the last kith that has it all."""
    times: dict[str, list[float]] = {"kith": [], "imapclient": [], "raw": []}
    for _ in range(rounds):
        times["kith"].append(synced(ground.kith(), ground.messages).seconds)
        for peer in ("imapclient", "raw"):
            times[peer].append(ground.peer(peer).seconds)
    for name, seconds in times.items():
        figure(f"sync.{name}", ground.messages / median(seconds), "messages/s")
    figure("sync.kith/imapclient", ratio(times["imapclient"], times["kith"]), least=1.3)
    figure("sync.kith/raw", ratio(times["raw"], times["kith"]), least=0.4)
    # in a run of its own: to look at it ten times a second takes processor time, and from kith alone
    kith = ground.kith()
    done = synced(kith, ground.messages, watch=True)
    figure("sync.memory of the larger process", done.memory, "MB")
    figure("sync.memory of both processes", done.memory_together, "MB", most=250)
    return kith


def synced(kith: Kith, messages: int, watch: bool = False) -> Run:
    """The run of a first sync, which has captured all."""
    done = kith.run("sync", "--json", watch=watch, BENCH_PASSWORD=PASSWORD).must()
    (row,) = json.loads(done.output)
    assert row["state"] == "ok", row
    assert row["seen"] == messages, row
    return done


def nothing_new(kith: Kith, rounds: int) -> None:
    """Prints what a sync takes that finds nothing new, on top of a start."""
    bare, whole = [], []
    for _ in range(rounds):
        bare.append(kith.run("--version").must().seconds)
        whole.append(kith.run("sync", "--json", BENCH_PASSWORD=PASSWORD).must().seconds)
    figure("sync.nothing new", median(whole), "s")
    figure("sync.nothing new, on top of a bare start", median(whole) - median(bare), "s", most=0.3)


def first_answer(ground: Ground, rounds: int) -> None:
    """Prints how long after the start of a first sync somebody's newest mail is shown, while the backfill goes on."""
    waits, running = [], 0
    for _ in range(rounds):
        kith = ground.kith()
        began = time.perf_counter()
        sync = start([*kith.command, "sync", "--json"], {**kith.environment, "BENCH_PASSWORD": PASSWORD})
        shown = False
        while not shown and time.perf_counter() - began < 60:
            done = kith.run("timeline", ground.made.current, "--json")
            shown = not done.code and json.loads(done.output)[0]["title"] == ground.made.newest
        waits.append(time.perf_counter() - began)
        running += sync.poll() is None
        sync.terminate()
        ready(sync)
    figure("sync.first answer", median(waits), "s", most=3)
    figure("sync.first answer, while the backfill went on", running / rounds)


def main() -> None:
    """Prints the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    figure("sync.load before", load())
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        server = Dovecot()
        try:
            ground = Ground(Path(folder), server, kith_command(said.kith), said.messages)
            ground.peer("raw")  # the server's programs and all mail are in memory from here on
            kith = first_sync(ground, said.rounds)
            nothing_new(kith, 2 * said.rounds + 1)
            first_answer(ground, said.rounds)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
