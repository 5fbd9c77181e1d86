"""What the short replies of an IMAP server mean: why it refuses, which folders it has, what it says of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.base import NeedsHuman, TryLater
from connectors.imap_fetch import tree
from connectors.remote import said

THROTTLED = 900.0
"""Seconds to leave a server alone that said it has too much to do."""

Pieces = list[bytes | None]
"""One reply: its texts and literals in turn, a text first."""

_CODE = re.compile(r"\[([A-Z-]+)")
_LATER = {"UNAVAILABLE", "INUSE", "LIMIT", "OVERQUOTA", "THROTTLED", "SERVERBUG"}
_HUMAN = {"AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED", "PRIVACYREQUIRED", "CONTACTADMIN"}
_BUSY = re.compile(
    r"too many|throttl|rate.?limit|limit exceeded|exceeded.*limit|bandwidth|temporar|unavailable|try again|"
    r"server.?busy|authenticated but not connected|system error|internal error",
    re.IGNORECASE,
)


class Refused(Exception):
    """The server said NO or BAD to a command, and meant that command: what it said, fit to be shown."""


@dataclass(frozen=True, slots=True)
class Box:
    """What EXAMINE or STATUS says of a folder; 0 where it does not say it."""

    validity: int
    next: int
    exists: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder as LIST shows it: its name on the wire, what separates segments there, its flags in lower case.

    ``box`` is what STATUS says of it, where the server told that in the same breath.
    """

    raw: bytes
    delimiter: str
    flags: tuple[str, ...]
    box: Box | None = None


def number(value: object) -> int:
    """The number that a server's text begins with; 0 if it is none."""
    found = re.match(rb"[0-9]{1,20}", value) if isinstance(value, bytes) else None
    return int(found[0]) if found else 0


def quoted(text: bytes) -> bytes:
    """A quoted string (RFC 3501 section 9). Whoever sends it looks for line breaks."""
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def pause(text: str) -> float | None:
    """How many seconds to stay away, if what the server said means that it is asked for too much; else None."""
    code = _CODE.match(text)
    return THROTTLED if (code is not None and code[1] in _LATER) or _BUSY.search(text) else None


def refusal(host: str, text: str) -> TryLater | Refused:
    """What NO or BAD means: that the server has too much to do now, or that it will not do this."""
    seconds = pause(text)
    if seconds is not None:
        return TryLater(f"{host} asks to come back later: {said(text)}", retry_after=seconds)
    return Refused(said(text) or "no reason given")


def login_refusal(host: str, text: str, user: str, token: bool) -> TryLater | NeedsHuman:
    """What NO or BAD to a login means. ``token``: it was a token that was refused, not a password."""
    code = _CODE.match(text)
    shown = said(text) or "no reason given"
    if (code is None or code[1] not in _HUMAN) and (seconds := pause(text)) is not None:
        return TryLater(f"{host} lets nobody in for now: {shown}", retry_after=seconds)
    hint = f"correct `user` ({user}) and `password` of this source; many providers want an app password for IMAP"
    if token:
        hint = f"`password` of this source must give a fresh token for {user}: run its command by hand and look"
    return NeedsHuman(f"login refused by {host}: {shown}", hint)


def folders_of(lists: Iterable[Pieces], statuses: Iterable[Pieces]) -> list[Listed]:
    """The folders in the replies to LIST (RFC 3501 section 7.2.2), with what STATUS says of them (section 7.2.4).

    A reply that makes no sense is left out.
    """
    boxes: dict[bytes, Box] = {}
    for pieces in statuses:
        try:
            name, values = tree(pieces)
        except ValueError:
            continue
        if isinstance(name, bytes) and isinstance(values, list):
            told = {key: number(value) for key, value in zip(values[::2], values[1::2]) if isinstance(key, bytes)}  # noqa: B905
            boxes[name] = Box(told.get(b"UIDVALIDITY", 0), told.get(b"UIDNEXT", 0), told.get(b"MESSAGES", 0))
    folders = []
    for pieces in lists:
        try:
            flags, delimiter, name = tree(pieces)[:3]
        except ValueError:
            continue
        if isinstance(flags, list) and isinstance(name, bytes):
            lower = tuple(flag.decode("ascii", "replace").lower() for flag in flags if isinstance(flag, bytes))
            between = delimiter.decode("ascii", "replace") if isinstance(delimiter, bytes) else ""
            folders.append(Listed(name, between, lower, boxes.get(name)))
    return folders
