"""What the daemon compares to see that something is another than it was: files that somebody may write, and a source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from capture.source import SourceConfig

Look = tuple[int, int, int] | None
"""When a file was written, its size and its inode; None where there is none."""


def look_of(path: Path | None) -> Look:
    """What the file at ``path`` is like now."""
    try:
        seen = path.stat() if path else None
    except OSError:
        return None
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino) if seen else None


def looks_of_secrets(one: SourceConfig) -> list[Look]:
    """What the files are like that the source has its secrets in."""
    files = [value.get("file") for value in one.settings.values() if isinstance(value, dict)]
    return [look_of(Path(file).expanduser()) for file in files if isinstance(file, str)]


def form_of(one: SourceConfig) -> tuple[Any, ...]:
    """What a source is asked by; it starts anew when that is another."""
    return one.type, one.every, one.budget, one.connections, one.settings, one.usual
