"""What a question costs beside a program that only imports what kith does and opens the same file.

That floor is ``import typer, duckdb; duckdb.connect(FILE, read_only=True)`` in the same Python; floor and question take
turns. The file is that of ``big``, of so many interactions; or one that is there, by ``--data``.
"""

from __future__ import annotations

import sys
import tempfile
from math import isqrt
from pathlib import Path
from statistics import median

from tests.bench import big
from tests.bench.measure import Kith, arguments, figure, kith_command, load, ratio, run

FLOOR = "import sys, typer, duckdb; duckdb.connect(sys.argv[1], read_only=True)"
ALLOWED = {1_000_000: 1.2, 10_000_000: 1.8}
"""The ratio to the floor that is allowed, by the interactions in the file."""


def questions(people: int) -> dict[str, list[str]]:
    """What is asked, by a name for it: of who wrote the most, of somebody in the middle, of who wrote the least."""
    whom = {"heavy": 1, "middling": isqrt(people), "rare": people - 2}
    asked = {f"timeline, {kind}": ["timeline", big.name_of(number)] for kind, number in whom.items()}
    return {**asked, "overdue": ["overdue"], "who": ["who", big.name_of(whom["middling"])]}


def measure(kith: Kith, rows: int, runs: int) -> None:
    """Prints the figures of every question."""
    path = kith.data / "kith.duckdb"
    floor = [sys.executable, "-c", FLOOR, str(path)]
    most = min((ratio for size, ratio in ALLOWED.items() if size >= rows), default=None)
    for name, words in questions(max(rows // 200, 50)).items():
        bare, asked = [], []
        run(floor).must()
        answer = kith.run(*words).must().output
        assert answer, words
        for _ in range(runs):
            bare.append(run(floor).must().seconds)
            asked.append(kith.run(*words).must().seconds)
        figure(f"recall.{name}", 1000 * median(asked), "ms")
        figure(f"recall.{name}, floor", 1000 * median(bare), "ms")
        figure(f"recall.{name}/floor", ratio(asked, bare), most=most)


def main() -> None:
    """Prints the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--data", type=Path, help="a folder with a kith.duckdb that big.py made with these --rows")
    said = parser.parse_args()
    figure("recall.load before", load())
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder:
        kith = Kith(kith_command(said.kith), Path(folder))
        if said.data is None:
            big.make(kith.data, said.rows)
        else:
            kith.look_at(said.data)
        measure(kith, said.rows, said.runs)


if __name__ == "__main__":
    main()
