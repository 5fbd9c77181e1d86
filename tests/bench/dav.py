"""How fast a first sync of calendars and address books is, and one with nothing new; beside vdirsyncer, where it is given.

    python -m tests.bench.dav [--vdirsyncer PATH] [--rounds 3]

A Radicale of this run's own has two calendars with 10,000 events, of which one in ten recurs, and two address books with 2,100
cards. All has been read once before, so that the server's caches are warm. vdirsyncer fetches and keeps what it is given;
kith also expands, matches, judges and stores it. Every measurement is of a whole process, from its start to its end.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.bench.measure import Kith, arguments, figure, kith_command, load, ratio, run
from tests.servers import dav_items
from tests.servers.dav import PASSWORD, Account, Radicale

CONFIG = """
me.handles = ["robin@example.org"]

[[source]]
name = "calendars"
type = "caldav"
url = "{url}"
user = "{user}"
password = {{ env = "BENCH_PASSWORD" }}
zone = "Europe/Berlin"

[[source]]
name = "contacts"
type = "carddav"
url = "{url}"
user = "{user}"
password = {{ env = "BENCH_PASSWORD" }}
region = "DE"
"""

PEER = """
[general]
status_path = "{folder}/status"

[pair calendars]
a = "calendars_here"
b = "calendars_there"
collections = ["from b"]
conflict_resolution = "b wins"

[storage calendars_here]
type = "filesystem"
path = "{folder}/calendars"
fileext = ".ics"

[storage calendars_there]
type = "caldav"
url = "{url}"
username = "{user}"
password = "{password}"
read_only = true

[pair contacts]
a = "contacts_here"
b = "contacts_there"
collections = ["from b"]
conflict_resolution = "b wins"

[storage contacts_here]
type = "filesystem"
path = "{folder}/contacts"
fileext = ".vcf"

[storage contacts_there]
type = "carddav"
url = "{url}"
username = "{user}"
password = "{password}"
read_only = true
"""

_START = datetime(2018, 1, 1, 9, tzinfo=UTC)


def event(number: int) -> bytes:
    """A meeting with one to three others."""
    start = _START + timedelta(hours=7 * number)
    others = {number % 2100, number * 7 % 2100, number * 31 % 2100}
    return dav_items.event(
        f"event-{number}@example.org",
        f"{start:%Y%m%dT%H%M%SZ}",
        *((f"RRULE:FREQ=WEEKLY;COUNT={number % 40 + 2}",) if number % 10 == 0 else ()),
        summary=f"Meeting {number}",
        people=[
            "ORGANIZER;CN=Robin:mailto:robin@example.org",
            *(f"ATTENDEE;CN=Person {each};PARTSTAT=ACCEPTED:mailto:person{each}@example.org" for each in others),
        ],
    )


def card(number: int) -> bytes:
    """A card with an address and a number."""
    return dav_items.card(f"card-{number}", f"Person {number}", f"person{number}@example.org", f"TEL:+49 30 {1000000 + number}")


def fill(account: Account, events: int, cards: int) -> None:
    """The account has the collections."""
    for place, name in enumerate(("private", "work")):
        account.put(account.calendar(name), {f"e{n}.ics": event(n) for n in range(place, events, 2)})
        account.put(account.address_book(f"{name}-contacts"), {f"c{n}.vcf": card(n) for n in range(place, cards, 2)})


class Peer:
    """A vdirsyncer that has synced nothing yet."""

    def __init__(self, command: str, folder: Path, url: str, user: str) -> None:
        folder.mkdir()
        config = folder / "config"
        config.write_text(PEER.format(folder=folder, url=url, user=user, password=PASSWORD))
        self._command = [command, "-v", "ERROR", "-c", str(config)]
        subprocess.run([*self._command, "discover"], input="y\n" * 20, text=True, check=True, capture_output=True)

    def sync(self) -> float:
        """Seconds that it takes to sync."""
        return run([*self._command, "sync"]).must().seconds


def main() -> None:
    """Prints the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--vdirsyncer", help="the executable to compare with")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--cards", type=int, default=2_100)
    parser.add_argument("--rounds", type=int, default=3)
    said = parser.parse_args()
    os.environ["BENCH_PASSWORD"] = PASSWORD
    figure("dav.load before", load())
    server = Radicale()
    try:
        with tempfile.TemporaryDirectory(prefix="kith-bench-") as top:
            account = server.account()
            fill(account, said.events, said.cards)
            url = f"http://{server.host}:{server.port}/"
            config = CONFIG.format(url=url, user=account.user)
            Kith(kith_command(said.kith), Path(top) / "warm", config).run("sync", "--json")
            first: dict[str, list[float]] = {"kith": [], "vdirsyncer": []}
            again: dict[str, list[float]] = {"kith": [], "vdirsyncer": []}
            memory, bare = [], []
            for number in range(said.rounds):
                kith = Kith(kith_command(said.kith), Path(top) / f"kith{number}", config)
                done = kith.run("sync", "--json", watch=True).must()
                rows = json.loads(done.output)
                assert sum(row["seen"] for row in rows) >= said.events + said.cards, rows
                first["kith"].append(done.seconds)
                memory.append(done)
                peer = Peer(said.vdirsyncer, Path(top) / f"peer{number}", url, account.user) if said.vdirsyncer else None
                if peer is not None:
                    first["vdirsyncer"].append(peer.sync())
                for _ in range(2):
                    again["kith"].append(kith.run("sync", "--json").must().seconds)
                    bare.append(kith.run("--version").must().seconds)
                    if peer is not None:
                        again["vdirsyncer"].append(peer.sync())
            for name, times in (("first sync", first), ("nothing new", again)):
                for who, seconds in times.items():
                    if seconds:
                        figure(f"dav.{name}, {who}", median(seconds), "s")
            if said.vdirsyncer:
                figure("dav.first sync, kith/vdirsyncer", ratio(first["kith"], first["vdirsyncer"]), most=1.0)
                figure("dav.nothing new, vdirsyncer/kith", ratio(again["vdirsyncer"], again["kith"]), least=4)
            figure("dav.memory of the larger process", max(done.memory for done in memory), "MB", most=200)
            figure("dav.memory of both processes", max(done.memory_together for done in memory), "MB", most=300)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
