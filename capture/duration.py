"""Lengths of time as people write them: "2 weeks", "30 days", "10d", "never"."""

from __future__ import annotations

from datetime import timedelta

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAYS = {"mo": 365.25 / 12, "y": 365.25}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("mo", "month", "months"), "mo"),
    **dict.fromkeys(("y", "year", "years"), "y"),
}
_MOST = 100 * 366 * 86_400


def duration(text: str) -> timedelta | None:
    """How long a text like "2 weeks", "30 days", "1.5 h", "90 s", "2w" or "10d" says; None for "never".

    A year is 365.25 days and a month the twelfth part of it, rounded to whole days: "1 month" is 30 days, "3 months"
    91, "1 year" 365. A bare "m" is refused, because it may be read as minutes or as months. Raises ValueError, whose
    text is "what is wrong: what to write", for anything else, for no time at all and for more than a hundred years.
    """
    word = text.strip().lower()
    if word == "never":
        return None
    digits = word.rstrip("abcdefghijklmnopqrstuvwxyz").rstrip()
    unit = word[len(digits) :].strip()
    if not (digits.isascii() and digits.replace(".", "", 1).isdigit()) or unit not in {*_UNITS, "m"}:
        raise ValueError(f'{text!r} is no length of time: write one like "10 days", "2 weeks", "3 months" or "never"')
    if unit == "m":
        raise ValueError(f'{text!r} may be minutes or months: write "min" or "months"')
    count = min(float(digits), _MOST)  # thousands of digits make an infinity, which no arithmetic below survives
    unit = _UNITS[unit]
    seconds = _SECONDS[unit] * count if unit in _SECONDS else round(_DAYS[unit] * count) * 86_400
    if not 0 < seconds <= _MOST:
        raise ValueError(f"{text!r} is nothing that can be waited for: write a length up to 100 years")
    return timedelta(seconds=seconds)
