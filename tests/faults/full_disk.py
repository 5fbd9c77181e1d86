"""A capture on a disk that fills up and has room again, in a mount namespace of its own: run as a program, prints JSON.

Arguments: a folder to mount a disk of 24 MB on, ``floor`` or ``none`` (whether kith leaves some of it free), a seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from threading import Event

import store.room
from capture.poll import Source, poll
from store.check import check
from store.errors import StoreError
from store.file import Store
from tests.endless import Endless
from tests.small_world import me

PAGES = 120


def main(folder: Path, floor: str, seed: int) -> None:
    """Runs into the full disk, looks, makes room, and goes on to the end."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", str(folder)], check=True)
    if floor == "none":
        store.room.SHARE = 1 << 40
    random = Random(seed)
    # titles that no file makes smaller
    endless = Endless(more=lambda page: page < PAGES, title=lambda n: Random(n).randbytes(150).hex())
    file = Store(folder / "data" / "kith.duckdb", 10)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(random.randrange(18 << 20, 21 << 20)))
    acknowledged: list[int] = []
    wrong = refusals = 0
    said = ""
    full = True
    while True:
        try:
            outcome = poll(Source("endless", "endless", endless), file, me, Event(), lambda _: acknowledged.append(1))
            assert outcome.state == "ok", outcome
            break
        except StoreError as error:
            refusals += 1
            said = f"{type(error).__name__}: {error.what}"
            with file.read() as reader:  # a recall while it is full
                count, cursor = reader.counts()["interactions"], reader.cursor("endless")
            pages = cursor["page"] if cursor else 0
            # one page more than was acknowledged may have come through, but none less
            wrong += count != 100 * pages or pages < len(acknowledged) or bool(check(file.path, 5).findings)
            acknowledged[:] = [1] * pages
            if full and refusals >= 3:
                ballast.unlink()
                full = False
            assert refusals < 20, said
    with file.read() as reader:
        count = reader.counts()["interactions"]
    findings = [f.what for f in check(file.path, 5).findings]
    told = {"refusals": refusals, "wrong": wrong, "said": said, "interactions": count, "findings": findings}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
