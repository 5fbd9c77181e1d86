"""Progress of a capture: a bar on a terminal, one line a minute elsewhere, nothing for a program."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from cli.context import say
from cli.render import clean, cut

if TYPE_CHECKING:
    from capture.poll import Outcome, Progress

WIDTH = 24
ENDS = {"overtaken": "; another sync is at it", "stopped": "; stopped"}


class Bar:
    """Progress of one source, on standard error; how it ended, on standard output."""

    def __init__(self, name: str, quiet: bool) -> None:
        self.name, self.quiet = name, quiet
        self.seen = self.captured = 0
        self.began = self.said = time.monotonic()
        self.live = not quiet and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "")
        self._show(f"{name}: asking …")

    def tell(self, progress: Progress) -> None:
        """One more page is in the file."""
        self.seen, self.captured = progress.seen, progress.captured
        now = time.monotonic()
        if self.quiet or now - self.said < (0.1 if self.live else 60):
            return
        self.said = now
        rate = progress.seen / max(now - self.began, 0.001)
        text = f"{self.name}: {progress.seen:,} read, {rate:,.0f}/s"
        if progress.left:
            whole = progress.seen + progress.left
            text += f", {clock(progress.left / max(rate, 0.1))} left"
            done = WIDTH * progress.seen // whole
            text = f"[{'#' * done}{'.' * (WIDTH - done)}] {100 * progress.seen // whole:3d} %  {text}"
        if self.live:
            self._show(text)
        else:
            print(clean(text), file=sys.stderr, flush=True)

    def end(self, outcome: Outcome) -> None:
        """The source is done."""
        self._show("")
        if outcome.error:
            say(f"kith: {self.name}: {outcome.error}", outcome.fix or "")
        elif not self.quiet:
            took = time.monotonic() - self.began
            text = f"{self.name}: {outcome.captured:,} new of {outcome.seen:,} read in {took:.1f} s"
            print(clean(text + ENDS.get(outcome.state, "")), flush=True)

    def _show(self, text: str) -> None:
        if self.live:
            print(f"\r\x1b[K{cut(clean(text), _columns() - 1)}", end="", file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """A length of time as a clock shows it: "42 s", "3:07 min", "2:15 h"."""
    if seconds < 60:
        return f"{int(seconds)} s"
    if seconds < 3600:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d} min"
    return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d} h"


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
