"""Answers of a DAV server that are made to be big or dangerous, and a program that measures what one of them costs.

``python dav_bombs.py NAME`` asks a server that gives this answer, and prints seconds, megabytes and the error as JSON.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

_HEAD = b'<?xml version="1.0"?>'
_OPEN, _CLOSE = b'<d:multistatus xmlns:d="DAV:">', b"</d:multistatus>"
_RESPONSE = b"<d:response><d:href>/a</d:href><d:propstat><d:prop><d:getetag>%s</d:getetag></d:prop>"
_RESPONSE += b"<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
_MEGA = 1 << 20


def _laughs() -> bytes:
    entities = b'<!ENTITY l0 "ha">' + b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    return _HEAD + b"<!DOCTYPE d [" + entities + b"]>" + _OPEN + _RESPONSE % b"&l9;" + _CLOSE


def _outside(where: bytes) -> bytes:
    return _HEAD + b'<!DOCTYPE d [<!ENTITY x SYSTEM "' + where + b'">]>' + _OPEN + _RESPONSE % b"&x;" + _CLOSE


def _written(*parts: bytes | tuple[bytes, int]) -> Callable[[BinaryIO], None]:
    def write(out: BinaryIO) -> None:
        for part in parts:
            piece, count = part if isinstance(part, tuple) else (part, 1)
            for _ in range(count):
                out.write(piece)

    return write


def _packed(size: int) -> Iterator[bytes]:
    pack = zlib.compressobj(6, wbits=31)
    blank = b" " * _MEGA
    yield pack.compress(_HEAD + _OPEN)
    for _ in range(size):
        yield pack.compress(blank)
    yield pack.compress(_CLOSE) + pack.flush()


def _unpacked(size: int) -> Callable[[BinaryIO], None]:
    def write(out: BinaryIO) -> None:
        for part in _packed(size):
            out.write(part)

    return write


BOMBS: dict[str, tuple[Callable[[], bytes | Callable[[BinaryIO], None]], dict[str, str]]] = {
    "a file as an entity": (lambda: _outside(b"file:///etc/passwd"), {}),
    "a page as an entity": (lambda: _outside(b"http://127.0.0.1:%d/"), {}),
    "billion laughs": (_laughs, {}),
    "a document type alone": (lambda: _HEAD + b"<!DOCTYPE d>" + _OPEN + _CLOSE, {}),
    "deep nesting": (lambda: _HEAD + _OPEN + b"<d:response>" + b"<a>" * 200_000, {}),
    "many elements": (lambda: _written(_HEAD + _OPEN + b"<d:response>", (b"<a/>" * 10_000, 1_000)), {}),
    "many attributes": (
        lambda: _HEAD + _OPEN + b"<d:response " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b"/>" + _CLOSE,
        {},
    ),
    "100 MB of text": (lambda: _written(_HEAD + _OPEN, (b"x" * _MEGA, 100), _CLOSE), {}),
    "an answer without end": (lambda: _written((b"<" * _MEGA, 10_000)), {}),
    "1 GiB in gzip": (lambda: _unpacked(1024), {"Content-Encoding": "gzip"}),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(_HEAD + _OPEN + _CLOSE)), {"Content-Encoding": "gzip, gzip"}),
    "brotli": (lambda: b"\x8b" * 1000, {"Content-Encoding": "br"}),
    "zstd": (lambda: b"\x28\xb5\x2f\xfd" * 1000, {"Content-Encoding": "zstd"}),
    "gzip that is none": (lambda: b"no gzip at all", {"Content-Encoding": "gzip"}),
    "gzip that is cut off": (lambda: gzip.compress(_HEAD + _OPEN + _CLOSE)[:-9], {"Content-Encoding": "gzip"}),
    "UTF-16 with a document type": (
        lambda: (_HEAD + b"<!DOCTYPE d [<!ENTITY x 'y'>]>" + _OPEN + _RESPONSE % b"&x;" + _CLOSE).decode().encode("utf-16"),
        {},
    ),
}


def main(name: str, port: int) -> None:
    """Asks the server on ``port`` and prints what it cost."""
    from connectors.base import SourceError
    from connectors.dav import Dav
    from connectors.dav_settings import DavSettings
    from connectors.dav_xml import Condition
    from tests.connectors.hostile import peak

    dav = Dav(DavSettings(url=f"http://127.0.0.1:{port}/", timeout=30), "caldav")
    started, said = time.monotonic(), "nothing"
    try:
        dav.propfind("/", ["{DAV:}getetag"])
    except (SourceError, Condition) as error:
        said = f"{type(error).__name__}: {error}"
    print(
        json.dumps(
            {
                "error": said,
                "seconds": time.monotonic() - started,
                "megabytes": peak() / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
