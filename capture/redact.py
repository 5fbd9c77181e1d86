"""Texts for a log or a report that others may read: without the addresses and numbers of people."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@(?=[\w.-]+)")
_NUMBER = re.compile(r"\+\d[\d\s().-]{5,}\d")


def redacted(text: str) -> str:
    """The text with what stands before the "@" of an address, and telephone numbers, taken out."""
    return _NUMBER.sub("+…", _ADDRESS.sub("…@", text))
