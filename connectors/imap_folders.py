"""Which folders of an IMAP account are read, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import category

from connectors.base import NeedsHuman
from connectors.folders import decode_name, is_read, role_of
from connectors.imap_replies import Box, Listed
from connectors.remote import said

if TYPE_CHECKING:
    from connectors.imap import Folders

_NO_FOLDERS = {"\\noselect", "\\nonexistent", "\\flagged", "\\important"}
"""Nothing is in these, or only what is in other folders too (RFC 6154 section 2, RFC 8457)."""

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Kinds of characters that no name has. Joiners (Cf), with which Persian and families of emoji are written, names may have."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to read. ``name``: decoded, with ``/`` between segments; ``raw``: as the server writes it."""

    name: str
    raw: bytes
    role: str | None
    box: Box | None


def mind_settings(found: list[Listed], settings: Folders, gmail: bool) -> None:
    """Raises NeedsHuman if there are folders to be read, and it is by ``settings`` that none is."""
    others, _ = chosen(found, type(settings)(), gmail)
    if others:
        names = ", ".join(folder.name for folder in others)
        raise NeedsHuman("no folder there fits `folders`", f"mend `folders`; there are: {said(names)}")


def chosen(found: list[Listed], settings: Folders, gmail: bool) -> tuple[list[Folder], dict[str, str]]:
    """The folders to read, sent mail first, then INBOX, then the others; and those that cannot be, with the reason."""
    folders: dict[str, Folder] = {}
    refused: dict[str, str] = {}
    for one in found:
        if _NO_FOLDERS & set(one.flags) or (not gmail and "\\all" in one.flags):
            continue
        text = one.raw.decode("utf-8", "backslashreplace")
        name = decode_name(text)
        if one.delimiter and one.delimiter != "/":
            name = name.replace(one.delimiter, "/")
        if name.upper() == "INBOX":
            name = "INBOX"
        if any(category(letter) in _CONTROLS for letter in name):
            refused[ascii(name)[1:-1]] = "there are control characters in its name"
        elif name in folders:
            if name != "INBOX" and folders[name].raw != one.raw:
                refused[f"{text} (2)"] = "another folder has the same name"
        elif settings.includes(name) and not settings.excludes(name) and is_read(name, one.flags):
            folders[name] = Folder(name, one.raw, role_of(name, one.flags), one.box)
    if gmail:
        everything = [folder for folder in folders.values() if folder.role == "all"]
        if len(everything) == 1:
            return everything, {}
    first = {"sent": 0, "inbox": 1, "archive": 2}
    return sorted(folders.values(), key=lambda folder: (first.get(folder.role or "", 3), folder.name)), refused
