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
import queue
import signal
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from capture.frames import Decoder, encode
from connectors.base import Cursor, NeedsHuman, Page, TryLater

if TYPE_CHECKING:
    from capture.config import SourceConfig

log = logging.getLogger("kith")

_LENGTH = struct.Struct("<cI")


class Apart:
    """The pages of ``source`` from ``cursor``, pulled by a child; the next one comes in while the last is committed.

    Iterating raises what the connector raised: TryLater or NeedsHuman; a bug of the connector, and a child that died, is a
    TryLater with its last words in the log.
    """

    def __init__(self, source: SourceConfig, cursor: Cursor | None) -> None:
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
        self._line: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(maxsize=1)
        self._left = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), name="kith-frames", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Page]:
        while (frame := self._line.get()) is not None:
            kind, content = frame
            if kind == b"p":
                yield self._decoder.page(content)
            elif kind == b"e":
                return
            else:
                raise _raised(*json.loads(content))
        raise TryLater(f"the pull ended with {self._child.wait()} before its time")

    def ready(self) -> bool:
        """Whether another page is here already."""
        return not self._line.empty()

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
        frame: tuple[bytes, bytes] | None = None
        while not self._left.is_set():
            head = stream.read(_LENGTH.size)
            if len(head) == _LENGTH.size:
                kind, length = _LENGTH.unpack(head)
                content = stream.read(length)
                frame = (kind, content) if len(content) == length else None
            else:
                frame = None
            while not self._left.is_set():
                try:
                    self._line.put(frame, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if frame is None or frame[0] != b"p":
                return


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
            _send(out, b"p", encode(page))
        _send(out, b"e", b"")
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
    _send(out, b"x", json.dumps(said).encode())


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
