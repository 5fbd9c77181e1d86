"""A pull in a process of its own: for the long ones, where parsing and committing side by side take half the time.

In one process they take turns at Python's one lock, and threads made it slower than doing the one after the other (14 s for
12 s, 93,000 mails). The child knows the source's configuration and the cursor, and nothing of the file; what it sends are
frames, each after its length. It ends when its work does, when it is told to, or when its parent is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from capture.frames import Decoder, encode
from capture.place import ConfigError
from capture.seats import Seats, allow
from connectors.base import Cursor, NeedsHuman, Page, TryLater

if TYPE_CHECKING:
    from capture.config import SourceConfig

log = logging.getLogger("kith")

SILENT = 15 * 60.0
"""Seconds without a page after which a child is believed to hang."""

HELD = 20.0
"""Seconds that a pull which nobody has begun to take may be held up: a server does not wait with half an answer for ever."""

GROUP = 3 << 19
"""Bytes of pages from which on one commit takes in no more of them: what a commit costs is paid once for all that have come
meanwhile (a first sync's commits: 4.0 s page by page, 2.9 s so). About 7,000 mails. A MB more takes 20 MB of memory,
and is no faster."""

_PIPE = 1 << 20
"""Bytes that the pipe from the child holds, where that can be said (Linux)."""

_PAGE, _END, _RAISED, _DIED = b"p", b"e", b"x", b"d"
_HEAD = struct.Struct("<cIQ")
"""The kind of a frame, its length, and how many bytes have come from the source so far."""

Frame = tuple[bytes, bytes, int]
"""Its kind, what it says, and how many bytes have come from the source until then."""


class Crashed(TryLater):
    """The connector has a bug, or its process died or fell silent: of no use to wait for, several times in a row."""


class Apart:
    """The pages of ``source`` from ``cursor``, pulled by a child; the next ones come in while the last is committed.

    Those that are here already are handed over as one, as long as ``undisturbed`` says that nobody waits for the file.
    Iterating raises what the connector raised: TryLater or NeedsHuman; a bug of the connector, and a child that died or said
    nothing for ``patience`` seconds (SILENT, if not given), is Crashed, with its last words in the log.

    It has ``seats`` among the connections of its account, which are free after ``close``.

    One that is ``ahead`` of its time is ``taken_up`` first. It is given up if that has not happened when it has been held up
    for HELD seconds, because nobody took what came.
    """

    def __init__(
        self,
        source: SourceConfig,
        cursor: Cursor | None,
        undisturbed: Callable[[], bool] = lambda: True,
        patience: float | None = None,
        ahead: bool = False,
        seats: Seats | None = None,
    ) -> None:
        self.seats = seats or Seats(None, Path())
        path = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "capture.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's affair
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in path if p)},
            pass_fds=self.seats.taken,  # a child that outlives us by a moment has its connection for as long
        )
        stdin = self._child.stdin
        if stdin is None or self._child.stdout is None:
            raise TryLater("the pull could not be started")
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            # whole frames go through: with 64 KB at a time the child would wait for each to be taken out
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._child.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
        try:
            pickle.dump((source, cursor, self.seats.file), stdin)
            stdin.flush()
        except OSError:
            pass  # it died at once, which is told by its end
        self._decoder = Decoder()
        self._undisturbed = undisturbed
        self._patience = SILENT if patience is None else patience
        self._line = Line()
        self._said = 0
        self._ahead = ahead
        self._choice = threading.Lock()
        self.came = 0
        """Bytes that have come from the source for the pages so far."""
        self._left = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), name="kith-frames", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Page]:
        while True:
            frame = self._line.take(self._patience)
            if frame is None:
                raise Crashed(f"the pull said nothing for {self._patience:.0f} s, and was ended")
            kind, content, self.came = frame
            if kind != _PAGE:
                break
            page, size = self._decoder.page(content), len(content)
            while size < GROUP and self._undisturbed() and (another := self._line.another_page()) is not None:
                _, more, self.came = another
                after = self._decoder.page(more)
                page, size = Page(page.observations + after.observations, after.cursor, after.left), size + len(more)
            self._said += size
            yield page
            del page  # before the next one is made
        if kind == _RAISED:
            raise _raised(*json.loads(content))
        if kind == _DIED:
            raise Crashed(f"the pull ended with {self._child.wait()} before its time")

    def taken_up(self) -> bool:
        """Whether what came can be had, and will be waited for from now on. It cannot if it was given up, and need not be if a
        server was away before it said anything: it may be back."""
        with self._choice:
            ahead, self._ahead = self._ahead, False
            return not ahead or not (self._left.is_set() or self._line.is_vain())

    def ready(self) -> bool:
        """Whether as much has come as is worth a commit: as much as was said before, up to GROUP."""
        return self._line.size >= min(GROUP, self._said) or self._line.ended

    def close(self) -> None:
        """The child is gone."""
        self._left.set()
        self._child.terminate()
        try:
            self._child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join(timeout=2)
        self.seats.close()
        self._decoder = Decoder()  # what it remembers is as much as a page is
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _read(self, stream: BinaryIO) -> None:
        kind = _PAGE
        while kind == _PAGE and not self._left.is_set():
            frame = _frame(stream)
            kind = frame[0]
            self._line.put(frame, self._give_up)

    def _give_up(self, waited: float) -> bool:
        """Whether the frame that came last, which has been waiting for so many seconds, is not wanted by anybody."""
        with self._choice:
            if self._ahead and waited > HELD:
                self._left.set()
                self._child.kill()
        return self._left.is_set()


class Line:
    """Frames from the thread that reads them to the one that takes them, in their order."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._changed = threading.Condition()
        self.size = 0
        """Bytes that wait."""
        self.ended = False
        """No page comes any more but those that wait."""

    def put(self, frame: Frame, left: Callable[[float], bool]) -> None:
        """The frame waits to be taken, behind no more than GROUP bytes of others, unless ``left`` says that nobody will, to
        whom the seconds are told that there was no room."""
        since = time.monotonic()
        with self._changed:
            while self.size > GROUP and not left(time.monotonic() - since):
                self._changed.wait(0.2)
            self._frames.append(frame)
            self.size += len(frame[1])
            self.ended = frame[0] != _PAGE
            self._changed.notify_all()

    def take(self, patience: float) -> Frame | None:
        """The next frame, which is waited for; None if none has come after ``patience`` seconds."""
        with self._changed:
            return self._taken() if self._changed.wait_for(lambda: bool(self._frames), patience) else None

    def another_page(self) -> Frame | None:
        """The next frame, if it is here already and a page."""
        with self._changed:
            return self._taken() if self._frames and self._frames[0][0] == _PAGE else None

    def is_vain(self) -> bool:
        """Whether the next frame is here already, and says that there is none for now."""
        with self._changed:
            kind, content = self._frames[0][:2] if self._frames else (_PAGE, b"")
            return kind == _DIED or (kind == _RAISED and json.loads(content)[0] == "later")

    def _taken(self) -> Frame:
        frame = self._frames.popleft()
        self.size -= len(frame[1])
        self._changed.notify_all()
        return frame


def _frame(stream: BinaryIO) -> Frame:
    head = stream.read(_HEAD.size)
    if len(head) == _HEAD.size:
        kind, length, came = _HEAD.unpack(head)
        content = stream.read(length)
        if len(content) == length:
            return kind, content, came
    return _DIED, b"", 0


def main() -> None:
    """The child: a source, a cursor and where the database is on standard input, frames on standard output."""
    import gc

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.set_threshold(50_000, 20, 50)
    source, cursor, file = pickle.load(sys.stdin.buffer)
    # what a connector prints must not get between the frames
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        connector = source.connector()
        more = Seats(source, file)  # they are free when this process ends
        allow(connector, more, first=cursor is None)
        for page in connector.pull(cursor):
            _send(out, _PAGE, encode(page), getattr(connector, "came", 0))
        _send(out, _END, b"", getattr(connector, "came", 0))
        return
    except TryLater as error:
        said = ("later", error.what, error.hint, error.retry_after)
    except NeedsHuman as error:
        said = ("human", error.what, error.hint, None)
    except ConfigError as error:
        said = ("human", str(error), error.hint, None)
    except BrokenPipeError:
        return
    except Exception as error:
        what = f"{source.type} failed: {type(error).__name__}: {error}"
        said = ("bug", what, traceback.format_exc(), None)
    _send(out, _RAISED, json.dumps(said).encode())


def _raised(kind: str, what: str, hint: str, retry_after: float | None) -> Exception:
    if kind == "bug":
        # the child's own words, for those who asked for them: without --debug nobody listens
        log.error("a bug in a connector\n%s", hint)
        return Crashed(what, "kith --debug sync shows where")
    return NeedsHuman(what, hint) if kind == "human" else TryLater(what, hint, retry_after)


def _send(out: BinaryIO, kind: bytes, content: bytes, came: int = 0) -> None:
    out.write(_HEAD.pack(kind, len(content), came))
    out.write(content)
    out.flush()


def _end_with_parent() -> None:
    # not through sys.stdin: its lock, held by this thread, would be an error when the interpreter ends
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)
