"""The lines of vCard files (2.1, RFC 2426, RFC 6350): bytes of any quality in, the lines of each card out.

What makes them different from other content lines is undone here, on bytes, since a line may be folded in the middle of a
character and each may have a charset of its own: quoted-printable with its soft line breaks, base64, pictures (which are
dropped before anything else is done), cards within cards, cards that never end. Nothing here raises.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors import file_listing, words
from connectors.content_lines import Line, decoded, parsed

_LONGEST_READ = 1 << 20
"""Bytes of a line that are read at once."""
_PICTURE_NAMES = rb"PHOTO|LOGO|SOUND|KEY|X-[\w-]{0,60}(?:PHOTO|PICTURE|IMAGE|CERT|WALLPAPER|POSTER)[\w-]{0,60}"
_PICTURES = rb"[ \t]*(?:[\w-]{1,60}\.)?(?:" + _PICTURE_NAMES + rb")[;:]"
_PICTURE = re.compile(rb"^" + _PICTURES + rb"[^\n]*(?:\n[ \t][^\n]*)*\n?", re.IGNORECASE | re.MULTILINE)
_PICTURE_BEGIN = re.compile(_PICTURES, re.IGNORECASE)
_QUOTED = re.compile(rb"quoted-printable", re.IGNORECASE)
_NEXT = re.compile(
    rb"[ \t]*(?:END[ \t]*:|(?:[\w-]{1,60}\.)?(?:FN|N|TEL|EMAIL|ADR|LABEL|ORG|TITLE|ROLE|URL|NOTE|BDAY|UID|REV|TZ|GEO|VERSION"
    rb"|CATEGORIES|NICKNAME|X-[\w-]{1,60})[;:])",
    re.IGNORECASE,
)
"""The begin of a line that continues no other, whatever that one ends with."""
_FOLD = re.compile(rb"\n[ \t]")
_OLD = re.compile(rb"^VERSION[ \t]*:[ \t]*2\.1", re.IGNORECASE | re.MULTILINE)
_NEW = re.compile(rb"^VERSION[ \t]*:[ \t]*[34]", re.IGNORECASE | re.MULTILINE)
_EDGE = re.compile(r"\s*(?:[\w-]+\.)?(BEGIN|END)\s*:\s*(?:VCARD)\s*", re.IGNORECASE)
_AGENT = re.compile(r"(?:[\w-]+\.)?AGENT\b[^:]*:\s*(BEGIN\s*:\s*VCARD)?\s*", re.IGNORECASE)


def cards(data: bytes) -> Iterator[list[Line]]:
    """The lines of each card of a file, values and parameters as text, still escaped; without the cards of agents."""
    card: list[Line] | None = None
    within = 0  # cards that the line is in besides the outermost
    agent = False  # the line before was that of an agent whose card begins in the next line
    for raw in _whole(data):
        if b":" not in raw:
            continue
        text = raw.decode("latin-1")
        edge = _EDGE.fullmatch(text)
        if edge is not None:
            if edge[1].upper() == "END":
                if within:
                    within -= 1
                elif card is not None:
                    yield card
                    card = None
            elif within or agent:
                within += 1
            else:
                if card:  # it was never ended
                    yield card
                card = []
            agent = False
            continue
        if card is None or within:
            continue
        found = _AGENT.fullmatch(text) if len(text) < 200 else None
        agent = found is not None
        if found is not None:
            within += 1 if found[1] else 0
            continue
        line = _read(text)
        if line is not None:
            card.append(line)
    if card:
        yield card


def without_pictures(stream: BinaryIO) -> bytes:
    """The content of an open file, as far as it is not pictures: what is read into memory of an address book with them.

    Raises OSError where even that is too large.
    """
    kept: list[bytes] = []
    size = 0
    picture = False
    begins = True  # what is read now is the begin of a line
    while line := stream.readline(_LONGEST_READ):
        if begins and not (picture and (line[:1] in (b" ", b"\t") or b":" not in line)):
            picture = _PICTURE_BEGIN.match(line) is not None
        begins = line.endswith(b"\n")
        if not picture:
            kept.append(line)
            size += len(line)
            if size > file_listing.MOST_BYTES:
                raise file_listing.too_large()
    return b"".join(kept)


def _whole(data: bytes) -> list[bytes]:
    """The lines, each whole; no pictures."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:200]:
        data = decoded(data).encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = _PICTURE.sub(b"", data)
    if _QUOTED.search(data):
        data = b"\n".join(_joined(data.split(b"\n")))
    # In 2.1 a line is folded where a blank stands, which stays; since then anywhere, with a blank that goes.
    old = _OLD.search(data) is not None and _NEW.search(data) is None
    data = _FOLD.sub(b" " if old else b"", data)
    return data.split(b"\n")


def _joined(lines: list[bytes]) -> Iterator[bytes]:
    """The lines, those in quoted-printable without their soft line breaks."""
    place, end = 0, len(lines)
    while place < end:
        line = lines[place]
        place += 1
        if line.rstrip(b" \t").endswith(b"=") and _QUOTED.search(line.partition(b":")[0]):
            parts = [line]
            while parts[-1].rstrip(b" \t").endswith(b"=") and place < end and not _NEXT.match(lines[place]):
                parts[-1] = parts[-1].rstrip(b" \t")[:-1]
                parts.append(lines[place])
                place += 1
            line = b"".join(parts)
        yield line


def _read(text: str) -> Line | None:
    """A line of one character per byte."""
    line = parsed(text.lstrip(" \t"))
    if line is None:
        return None
    coding = (line.parameter("ENCODING") or "").upper()
    bare = [word.upper() for word in line.parameters.get("", ())]
    quoted = coding in ("QUOTED-PRINTABLE", "Q") or "QUOTED-PRINTABLE" in bare
    base64 = coding in ("B", "BASE64") or "BASE64" in bare
    if not (quoted or base64) and text.isascii() and "\x1b" not in text:
        return line
    charset = line.parameter("CHARSET")
    value = line.value.encode("latin-1")
    if quoted:
        value = binascii.a2b_qp(value)
    elif base64:
        value = _unpacked(value)
    line.value = words.plain(value, charset)
    line.parameters = {
        name: [words.plain(word.encode("latin-1"), charset) for word in values] for name, values in line.parameters.items()
    }
    return line


def _unpacked(value: bytes) -> bytes:
    try:
        return binascii.a2b_base64(value)
    except binascii.Error:
        return b""
