"""A word to the user about what does not mend itself: once a day for each cause, by a command or on the desktop."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date

from capture.config import Notify
from store.errors import StoreError
from store.file import Store

log = logging.getLogger("kith")

SECONDS = 60.0
"""A command that has not ended by then is ended."""

MARK = "notice "
"""What the name of a row of ``meta`` begins with that remembers the day of the last notice of a cause."""


class Notices:
    """Tells the user. What was told today is in the file, so that a restart does not tell it again."""

    def __init__(self, how: Notify, store: Callable[[], Store]) -> None:
        self.how = how
        self._store = store
        self._told: dict[str, str] = {}

    def tell(self, cause: str, what: str, fix: str) -> None:
        """The user is told of ``cause``, once a day, by another thread. Never raises."""
        today = date.today().isoformat()
        if self._told.get(cause) == today or not (self.how.command or self.how.desktop):
            return
        self._told[cause] = today
        threading.Thread(target=self._work, args=(cause, today, what, fix), name="kith-notice", daemon=True).start()

    def _work(self, cause: str, today: str, what: str, fix: str) -> None:
        if self._remembered(cause, today):
            return
        text = f"kith: {what}\n\n{fix}\n"
        if self.how.command:
            _run(list(self.how.command), text)
        if self.how.desktop:
            _on_desktop(what, fix)

    def _remembered(self, cause: str, today: str) -> bool:
        """Whether the file says that it was told today; it says so from now on, if it can be written."""
        try:
            with self._store().write() as tx:
                rows = tx.execute("SELECT value FROM meta WHERE name = ?", [MARK + cause])
                if rows == [(today,)]:
                    return True
                # of another day, also of one to come: the clock was ahead
                tx.execute("DELETE FROM meta WHERE starts_with(name, ?) AND value <> ?", [MARK, today])
                tx.execute("INSERT INTO meta VALUES (?, ?)", [MARK + cause, today])
        except StoreError:
            pass
        return False


def _on_desktop(what: str, fix: str) -> None:
    if sys.platform == "darwin":
        script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        _run(["osascript", "-e", script, "kith", f"{what} {fix}"], "")
    elif shutil.which("notify-send"):
        from html import escape

        _run(["notify-send", "--app-name=kith", "--", "kith", escape(f"{what}\n{fix}", quote=False)], "")


def _run(command: list[str], text: str) -> None:
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            log.warning("the notice was not taken: %s ended with %d", command[0], done.returncode)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("the notice was not taken: %s: %s", command[0], type(error).__name__)
