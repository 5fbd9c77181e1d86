"""Sizes as people write them: "500 MB", "2 GB", "none"."""

from __future__ import annotations

import math

_UNITS = {"b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_MOST = 10**15


def size(text: str) -> float:
    """How many bytes a text like "500 MB" or "1.5 GB" says; infinite for "none".

    Raises ValueError, whose text is "what is wrong: what to write", for anything else, and for nothing at all.
    """
    word = text.strip().lower()
    if word == "none":
        return math.inf
    digits = word.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip()
    unit = word[len(digits) :].strip()
    if not (digits.isascii() and digits.replace(".", "", 1).isdigit()) or unit not in _UNITS:
        raise ValueError(f'{text!r} is no size: write one like "500 MB", "2 GB" or "none"')
    count = min(float(digits), _MOST) * _UNITS[unit]
    if count < 1:
        raise ValueError(f'{text!r} lets nothing come: write at least a byte, or "none" for no limit')
    return count


def said(count: float) -> str:
    """The number of bytes for people, "500 MB", to three digits; ``size`` reads it."""
    if math.isinf(count):
        return "none"
    for unit in ("TB", "GB", "MB", "kB"):
        some = count / _UNITS[unit.lower()]
        if some >= 0.9995:  # 999.7 MB are 1 GB in three digits
            return f"{some:.3g} {unit}" if some < 999.5 else f"{some:.0f} {unit}"
    return f"{count:.0f} bytes"
