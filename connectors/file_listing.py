"""Files on a disk that may not be there: which there are, and what is in one."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import AfterValidator

from connectors.base import NeedsHuman, SourceError, TryLater

UserPath = Annotated[Path, AfterValidator(Path.expanduser)]
"""A path in the configuration; it may begin with "~"."""

MOST_BYTES = 256 * 1024 * 1024
"""More than that of one file is not read into memory."""
SETTLE = 3.0
"""Seconds in which a file may be written again without a trace: the coarsest clock of a file system is FAT's, of two."""
THIS_FILE = {
    errno.EACCES,
    errno.EPERM,
    errno.EISDIR,
    errno.ELOOP,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.ENXIO,
    errno.EFBIG,
}
"""Errors of one file; with any other the rest cannot be read either."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path from the root, with "/" between the segments, where it lies, its time in ns and its size in bytes."""

    name: str
    path: str
    mtime: int
    size: int


@dataclass(slots=True)
class Listing:
    """The files that there are. ``sure``: there are no others. ``refused`` is why there may be."""

    found: list[Found] = field(default_factory=list)
    sure: bool = True
    refused: SourceError | None = None

    def refuse(self, error: OSError, path: str) -> None:
        """Notes that a folder, or what is known of a file, could not be read."""
        self.sure = False
        if not isinstance(error, FileNotFoundError):
            self.refused = refusal(error, path)


def refusal(error: OSError, path: str) -> SourceError:
    """What to raise for a file or folder that the system does not give."""
    if isinstance(error, PermissionError):
        return NeedsHuman(f"{path} may not be read.", f"Give this user the right to read it: chmod -R u+rX '{path}'")
    return TryLater(f"{path} cannot be read: {error.strerror}.")


def files_at(root: Path, suffixes: tuple[str, ...], known: bool) -> Listing:
    """The file ``root``, or the files in it and below it with one of these suffixes, each once; none that are empty.

    Hidden files and folders are left out, and those that programs put there for a moment. Raises NeedsHuman where there is
    nothing to read, and TryLater if that was there before (``known``): then a disk is not mounted, or a file is being replaced.
    """
    try:
        status = os.stat(root)
        if not stat.S_ISDIR(status.st_mode):
            if not stat.S_ISREG(status.st_mode):
                raise NeedsHuman(f"{root} is neither a file nor a folder.", _HINT)
            return Listing([Found(root.name, str(root), status.st_mtime_ns, status.st_size)])
        os.scandir(root).close()
    except (FileNotFoundError, NotADirectoryError) as error:
        if known:
            raise TryLater(f"{root} is not there.", "kith goes on when it is back; if it has moved, set `path`") from error
        raise NeedsHuman(f"{root} is not there.", _HINT) from error
    except OSError as error:
        raise refusal(error, str(root)) from error
    listing = Listing()
    visited: set[tuple[int, int]] = set()
    # Folders before links to folders, so that what can be reached both ways is named as the folder that it is.
    folders, links = [("", str(root))], list[tuple[str, str]]()
    while folders or links:
        name, path = folders.pop() if folders else links.pop(0)
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name[0] in ".~#":
                        continue
                    if _is_folder(entry):
                        (links if entry.is_symlink() else folders).append((f"{name}{entry.name}/", entry.path))
                    elif entry.name.lower().endswith(suffixes):
                        _add(listing, f"{name}{entry.name}", entry)
        except OSError as error:
            listing.refuse(error, path)
        links.sort()
    return listing


_HINT = "Set `path` of this source to the file, or the folder that holds the files, then run: kith doctor"


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or to where nobody may look
        return False


def _add(listing: Listing, name: str, entry: os.DirEntry[str]) -> None:
    try:
        status = entry.stat()
    except OSError as error:
        # A link to nothing or in a circle is nothing; so is what was removed just now.
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            listing.refuse(error, entry.path)
        return
    if stat.S_ISREG(status.st_mode):
        listing.found.append(Found(name, entry.path, status.st_mtime_ns, status.st_size))


def whole(stream: BinaryIO) -> bytes:
    """All of an open file. Raises OSError where it is too large."""
    if os.fstat(stream.fileno()).st_size > MOST_BYTES:
        raise too_large()
    return stream.read()


def too_large() -> OSError:
    """What to raise for a file of which too much would have to be kept in memory."""
    return OSError(errno.EFBIG, f"it is larger than {MOST_BYTES >> 20} MB")


def content_of(file: Found, load: Callable[[BinaryIO], bytes] = whole) -> bytes | None:
    """What ``load`` takes of a file; None if it changes while it is being read. Raises OSError."""
    handle = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "it is not a file", file.path)
        data = load(stream)
        after = os.fstat(handle)
    return data if (after.st_mtime_ns, after.st_size) == (file.mtime, status.st_size) else None
