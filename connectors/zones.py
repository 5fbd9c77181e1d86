"""The user's time zone: the one that is configured, or that of the system."""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError('is not a time zone; it looks like "Europe/Berlin"') from error
    return name


Zone = Annotated[str, AfterValidator(_known)]
"""A time zone in the configuration, by its IANA name."""


def zone_of(name: str | None) -> tzinfo:
    """The time zone of this name, or that of the system."""
    if name is not None:
        return ZoneInfo(name)
    named = os.environ.get("TZ", "").removeprefix(":")
    try:
        if named:
            return ZoneInfo(named)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (KeyError, ValueError, OSError):
        return datetime.now().astimezone().tzinfo or UTC
