"""A pull in a process of its own: for the long ones, where parsing and committing side by side take half the time.

In one process they take turns at Python's one lock, and threads made it slower than doing the one after the other (14 s for
12 s, 93,000 mails). The child knows the source's configuration and the cursor, and nothing of the file; what it sends are
frames, each after its length. It ends when its work does, when it is told to, or when its parent is gone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from capture.frames import Decoder, encode
from connectors.base import Cursor, NeedsHuman, Page, TryLater

if TYPE_CHECKING:
    from capture.config import SourceConfig

log = logging.getLogger("kith")

GROUP = 2 << 20
"""Bytes of pages from which on one commit takes in no more of them: what a commit costs is paid once for all that have come
meanwhile (a first sync's commits: 4.0 s page by page, 2.9 s so). About 8,000 mails."""

_PAGE, _END, _RAISED, _DIED = b"p", b"e", b"x", b"d"
_LENGTH = struct.Struct("<cI")

Frame = tuple[bytes, bytes]
"""Its kind, and what it says."""


class Apart:
    """The pages of ``source`` from ``cursor``, pulled by a child; the next ones come in while the last is committed.

    Those that are here already are handed over as one, as long as ``undisturbed`` says that nobody waits for the file.
    Iterating raises what the connector raised: TryLater or NeedsHuman; a bug of the connector, and a child that died, is a
    TryLater with its last words in the log.
    """

    def __init__(self, source: SourceConfig, cursor: Cursor | None, undisturbed: Callable[[], bool] = lambda: True) -> None:
        path = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "capture.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's affair
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in path if p)},
        )
        stdin = self._child.stdin
        if stdin is None or self._child.stdout is None:
            raise TryLater("the pull could not be started")
        try:
            pickle.dump((source, cursor), stdin)
            stdin.flush()
        except OSError:
            pass  # it died at once, which is told by its end
        self._decoder = Decoder()
        self._undisturbed = undisturbed
        self._line = Line()
        self._said = 0
        self._left = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), name="kith-frames", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Page]:
        while True:
            kind, content = self._line.take()
            if kind != _PAGE:
                break
            page, size = self._decoder.page(content), len(content)
            while size < GROUP and self._undisturbed() and (more := self._line.another_page()) is not None:
                after = self._decoder.page(more)
                page, size = Page(page.observations + after.observations, after.cursor, after.left), size + len(more)
            self._said += size
            yield page
        if kind == _RAISED:
            raise _raised(*json.loads(content))
        if kind == _DIED:
            raise TryLater(f"the pull ended with {self._child.wait()} before its time")

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
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _read(self, stream: BinaryIO) -> None:
        kind = _PAGE
        while kind == _PAGE and not self._left.is_set():
            kind, content = _frame(stream)
            self._line.put((kind, content), self._left)


class Line:
    """Frames from the thread that reads them to the one that takes them, in their order."""

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._changed = threading.Condition()
        self.size = 0
        """Bytes that wait."""
        self.ended = False
        """No page comes any more but those that wait."""

    def put(self, frame: Frame, left: threading.Event) -> None:
        """The frame waits to be taken, behind no more than GROUP bytes of others; or nobody waits, once ``left`` is set."""
        with self._changed:
            while self.size > GROUP and not left.is_set():
                self._changed.wait(0.2)
            self._frames.append(frame)
            self.size += len(frame[1])
            self.ended = frame[0] != _PAGE
            self._changed.notify_all()

    def take(self) -> Frame:
        """The next frame, which is waited for."""
        with self._changed:
            while not self._frames:
                self._changed.wait()
            return self._taken()

    def another_page(self) -> bytes | None:
        """The content of the next frame, if it is here already and a page."""
        with self._changed:
            return self._taken()[1] if self._frames and self._frames[0][0] == _PAGE else None

    def _taken(self) -> Frame:
        frame = self._frames.popleft()
        self.size -= len(frame[1])
        self._changed.notify_all()
        return frame


def _frame(stream: BinaryIO) -> Frame:
    head = stream.read(_LENGTH.size)
    if len(head) == _LENGTH.size:
        kind, length = _LENGTH.unpack(head)
        content = stream.read(length)
        if len(content) == length:
            return kind, content
    return _DIED, b""


def main() -> None:
    """The child: a source and a cursor on standard input, frames on standard output."""
    import gc

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.set_threshold(50_000, 20, 50)
    source, cursor = pickle.load(sys.stdin.buffer)
    # what a connector prints must not get between the frames
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        for page in source.connector().pull(cursor):
            _send(out, _PAGE, encode(page))
        _send(out, _END, b"")
        return
    except TryLater as error:
        said = ("later", error.what, error.hint, error.retry_after)
    except NeedsHuman as error:
        said = ("human", error.what, error.hint, None)
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
        return TryLater(what, "kith --debug sync shows where")
    return NeedsHuman(what, hint) if kind == "human" else TryLater(what, hint, retry_after)


def _send(out: BinaryIO, kind: bytes, content: bytes) -> None:
    out.write(_LENGTH.pack(kind, len(content)))
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
