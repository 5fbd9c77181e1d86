"""The header of a message that lies in a file: read as far as it goes and no further, whatever the file is."""

from __future__ import annotations

import errno
import os
import re
import stat
import zlib
from contextlib import suppress

from connectors.headers import MOST_HEADER

_HEADER_END = re.compile(rb"\n\r?\n")


def header_of(path: str) -> tuple[bytes, int]:
    """The header of the message at ``path``, at most MOST_HEADER bytes of it, and the file's time in whole seconds."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is not a file", path)
        block = more = os.read(handle, 8192)
        if block.startswith(b"\x1f\x8b"):
            block, more = _unzipped(block, handle), b""
        while more and len(block) < MOST_HEADER and not _HEADER_END.search(block, max(0, len(block) - 8195)):
            more = os.read(handle, min(8192, MOST_HEADER - len(block)))
            block += more
    finally:
        os.close(handle)
    end = _HEADER_END.search(block)
    return block[: end.end()] if end else block, int(found.st_mtime)


def _unzipped(block: bytes, handle: int) -> bytes:
    """The start of a message that Dovecot's zlib plugin has compressed: MOST_HEADER bytes of it at most."""
    unzip = zlib.decompressobj(wbits=31)
    plain = b""
    with suppress(zlib.error):
        while block and len(plain) < MOST_HEADER and not _HEADER_END.search(plain):
            plain += unzip.decompress(block, MOST_HEADER - len(plain))
            block = unzip.unconsumed_tail or os.read(handle, 8192)
    return plain
