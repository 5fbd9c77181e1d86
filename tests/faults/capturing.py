"""A small capture that dies wherever it takes a step.

``python -m tests.faults.capturing FOLDER FIRST STRIDE [OLDER]``
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from capture.replay import remember_me
from connectors.base import Card, CardHandle, Gone, Handle, Observation, Unreadable
from store import steps
from store.file import Store
from tests.scripted import Scripted
from tests.small_world import ME, capture, mail, me, meeting, party

PAGES: Sequence[Sequence[Observation]] = [
    [
        mail(1, days=9),
        mail(2, ME, ["bob@example.org", party("cc", "carol@example.org", "Carol Young")], days=8),
        Unreadable("3", "it has no headers"),
        mail(5, "desk@shop.example", days=6, unsubscribe=True),
        meeting(8, "alice@example.org", [ME, "erin@example.org"], days=3),
        Card("c1", "Alice Example", (CardHandle(Handle("email", "alice@example.org"), "home"),)),
    ],
    [
        # a second copy of one that is there, the answers to two that are there, and one that is there already
        mail(2, ME, ["bob@example.org", party("bcc", "dora@example.org")], days=8, labels=("Sent",)),
        mail(4, ME, "alice@example.org", days=7, answers=1),
        mail(1, days=9),
        mail(6, ME, "desk@shop.example", days=5, answers=5),
        meeting(7, "alice@example.org", [ME, "bob@example.org"], days=4),
        Unreadable("9", "it has no end"),
        Gone("event-8"),
        Card("c1", "Alice E. Example"),
        mail(10, "bob@example.org", days=2),
    ],
]
OTHER: Sequence[Sequence[Observation]] = [
    [mail(5, "desk@shop.example", days=6), meeting(7, "alice@example.org", [ME, "bob@example.org"], days=4)]
]


def run(path: Path) -> None:
    """All of it is in the file: from the start, or from wherever an earlier run came to."""
    store = Store(path, patience=30)
    remember_me(store, me)
    assert capture(store, Scripted.of(*PAGES)).state == "ok"
    assert capture(store, Scripted.of(*OTHER), "other").state == "ok"


def run_apart(path: Path, dies_at: int = 0) -> int:
    """A run in a process of its own, which dies at this step (0: at none); its exit status.

    It is forked from this process, which has imported everything and opened nothing: a new interpreter would take as
    long as the run.
    """
    child = os.fork()
    if not child:
        status = 1
        try:
            steps._left = dies_at
            run(path)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def enumerate_crashes(folder: Path, first: int, stride: int, older: Path | None) -> None:
    """For every ``stride``-th step from ``first`` on: a run that dies there, and one after it, on a file of their own.

    The file of the step n is ``folder/n/kith.duckdb``, at first a copy of ``older``. Every third of the runs after a
    crash dies too, somewhere else, before one more ends. Ends with the step that no run comes to, and says its number.
    """
    for at in count(first, stride):
        path = folder / str(at) / "kith.duckdb"
        path.parent.mkdir(parents=True)
        if older is not None:
            shutil.copy(older, path)
        status = run_apart(path, at)
        if status == steps.CRASHED and at % 3 == 0:
            run_apart(path, 1 + (7 * at) % 41)
        assert status in (0, steps.CRASHED)
        assert run_apart(path) == 0
        if status == 0:
            print(at)
            return


if __name__ == "__main__":
    enumerate_crashes(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]) if len(sys.argv) > 4 else None)
