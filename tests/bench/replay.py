"""What a file of a million interactions costs: to judge and match all of it anew, and to take in one page more.

The file is that of ``big``. The verdicts are made anew twice: with every rule another than in the file, as after an upgrade,
and with nothing to change; the re-match is a part of both, and is measured by itself as well. A page is 500 mails of people
whom both files know, of lists and of strangers; it comes by a poll of its own, as in the daemon, and the small file and the big
one take turns. The match at the end of the poll looks at all that those people ever wrote, which is half of the big file: it is
printed, and has no target.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from threading import Event

from capture.match import Me
from capture.poll import Progress, Source, poll
from connectors.base import Cursor, Handle, Interaction, Page, Party, Signals
from store.file import Store
from tests.bench import big
from tests.bench.measure import Kith, arguments, figure, kith_command, load, ratio, run
from tests.scripted import Scripted

ME = "person0@example.org"
CONFIG = f'[me]\nhandles = ["{ME}"]\n'
PAGE = 500

_REMATCH = """
import sys, time
from pathlib import Path
from capture.link import relate_all
from capture.match import Me
from connectors.base import Handle
from store.file import Store
store, me = Store(Path(sys.argv[1])), Me([Handle("email", sys.argv[2])])
with store.write() as tx:
    began = time.perf_counter()
    relate_all(tx, me)
    print(time.perf_counter() - began)
"""


def page_of(number: int, people: int) -> list[Interaction]:
    """500 mails that no file has yet: a fifth by the user, a third of lists, a few of strangers, the rest of ``people``."""
    random, me = Random(number), Handle("email", ME)
    said: list[Interaction] = []
    for n in range(PAGE):
        native = f"<{number}.{n}@page.example>"
        who = min(int(people ** random.random()), people - 1)
        other, name = Handle("email", f"person{who}@example.org"), big.name_of(who)
        signals = Signals(1, labels=("INBOX",))
        parties = [Party(other, "from", name), Party(me, "to")]
        answers = None
        draw = random.random()
        if draw < 0.2:
            signals = Signals(1, labels=("Sent",))
            parties = [Party(me, "from"), Party(other, "to", name)]
            answers = said[-1].same_as if said else None
        elif draw < 0.5:
            signals = Signals(1, list_id=f"list{who % 200}.example.org", labels=("Lists",))
        elif draw < 0.55:
            stranger = Handle("email", f"stranger{number}.{n}@example.net")
            parties = [Party(stranger, "from", f"{random.choice(big.GIVEN)} Newcomer"), Party(me, "to")]
        said.append(
            Interaction(
                native_id=native,
                kind="mail",
                happened_at=datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=number * PAGE + n),
                parties=tuple(parties),
                same_as=f"mid:{native}",
                title=f"Subject {n} of page {number}",
                thread=answers or f"mid:{native}",
                answers=answers,
                signals=signals,
            )
        )
    return said


class Timed(Scripted):
    """Says when it gave its last page away."""

    given = 0.0

    def pull(self, cursor: Cursor | None) -> Iterator[Page]:
        for page in super().pull(cursor):
            self.given = time.perf_counter()
            yield page


def take(path: Path, source: str, page: list[Interaction]) -> tuple[float, float]:
    """Seconds from the page to its commit, and from there to the end of the poll, in which those it touches are matched."""
    connector, me, kept = Timed.of(page), Me([Handle("email", ME)]), [0.0]
    assert isinstance(connector, Timed)

    def tell(_: Progress) -> None:
        kept[0] = time.perf_counter()

    outcome = poll(Source(source, "scripted", connector), Store(path), me, Event(), tell)
    over = time.perf_counter()
    assert outcome.state == "ok", outcome
    assert outcome.captured == PAGE
    return kept[0] - connector.given, over - kept[0]


def whole(kith: Kith, rows: int) -> None:
    """Prints what judging and matching all anew takes."""
    path = kith.data / "kith.duckdb"
    kith.run("noise", "replay").must()
    for name, before in {"all changed": "UPDATE interaction SET rule = 'old'", "none changed": ""}.items():
        if before:
            with Store(path).write() as tx:
                tx.execute(before)
        done = kith.run("noise", "replay").must()
        figure(f"replay.{rows:,} interactions, {name}", done.seconds, "s", most=60)
        figure(f"replay.{rows:,} interactions, {name}, memory", done.memory, "MB", most=1000)
    done = run([sys.executable, "-c", _REMATCH, str(path), ME]).must()
    figure(f"replay.{rows:,} interactions, re-match", float(done.output), "s", most=60)
    figure(f"replay.{rows:,} interactions, re-match, memory", done.memory, "MB", most=1000)


def pages(small: Kith, large: Kith, people: int, turns: int) -> None:
    """Prints what a page takes in either file."""
    times: tuple[list[tuple[float, float]], ...] = ([], [])
    for number in range(turns + 1):
        for kith, taken in zip((small, large), times, strict=True):
            taken.append(take(kith.data / "kith.duckdb", f"page {number}", page_of(number, people)))
    for place, what in enumerate((f"page of {PAGE}", "match after it")):
        few, many = ([each[place] for each in taken[1:]] for taken in times)  # the first page brings what all of them need
        figure(f"replay.{what}, small file", 1000 * median(few), "ms")
        figure(f"replay.{what}, big file", 1000 * median(many), "ms")
        figure(f"replay.{what}, big/small", ratio(many, few), most=None if place else 1.2)


def main() -> None:
    """Prints the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=10_000, help="interactions of the file that the big one is held against")
    parser.add_argument("--turns", type=int, default=11)
    said = parser.parse_args()
    figure("replay.load before", load())
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        small, large = (Kith(kith_command(said.kith), Path(folder) / name, CONFIG) for name in ("small", "large"))
        big.make(small.data, said.small)
        big.make(large.data, said.rows)
        small.run("noise", "replay").must()
        whole(large, said.rows)
        pages(small, large, max(said.small // 200, 50), said.turns)


if __name__ == "__main__":
    main()
