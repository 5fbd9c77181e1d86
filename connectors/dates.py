"""Dates of mail headers (RFC 5322 section 3.3, the obsolete forms of 4.3, and what is written instead)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

LONGEST = 200
"""Characters of a date that are looked at."""

_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
    "Dec": 12,
}  # fmt: skip
# How months begin in other languages, letters without their accents; the longer beginning is tried first.
_BEGINNINGS = {
    "jan": 1, "ene": 1, "gen": 1, "sty": 1, "oca": 1, "янв": 1, "feb": 2, "fev": 2, "lut": 2, "sub": 2, "фев": 2,
    "mar": 3, "mrt": 3, "maa": 3, "mae": 3, "мар": 3, "apr": 4, "avr": 4, "abr": 4, "kwi": 4, "nis": 4, "апр": 4,
    "may": 5, "mai": 5, "mei": 5, "maj": 5, "mag": 5, "maggio": 5, "май": 5, "мая": 5, "jun": 6, "juin": 6, "giu": 6,
    "cze": 6, "haz": 6, "июн": 6, "jul": 7, "juil": 7, "lug": 7, "lip": 7, "tem": 7, "июл": 7, "aug": 8, "aou": 8,
    "ago": 8, "sie": 8, "agu": 8, "авг": 8, "sep": 9, "set": 9, "wrz": 9, "eyl": 9, "сен": 9, "oct": 10, "okt": 10,
    "ott": 10, "out": 10, "paz": 10, "eki": 10, "окт": 10, "nov": 11, "lis": 11, "kas": 11, "ноя": 11, "dec": 12,
    "dez": 12, "dic": 12, "des": 12, "gru": 12, "ara": 12, "дек": 12,
}  # fmt: skip

_ZONES = {
    "EST": -5.0, "EDT": -4.0, "CST": -6.0, "CDT": -5.0, "MST": -7.0, "MDT": -6.0, "PST": -8.0, "PDT": -7.0,
    "AST": -4.0, "ADT": -3.0, "AKST": -9.0, "AKDT": -8.0, "HST": -10.0, "NST": -3.5, "NDT": -2.5, "BRT": -3.0,
    "ART": -3.0, "WET": 0.0, "WEST": 1.0, "BST": 1.0, "IST": 5.5, "CET": 1.0, "CEST": 2.0, "MET": 1.0, "MEST": 2.0,
    "MEZ": 1.0, "MESZ": 2.0, "EET": 2.0, "EEST": 3.0, "SAST": 2.0, "MSK": 3.0, "MSD": 4.0, "PKT": 5.0, "HKT": 8.0,
    "SGT": 8.0, "AWST": 8.0, "JST": 9.0, "KST": 9.0, "ACST": 9.5, "AEST": 10.0, "AEDT": 11.0, "NZST": 12.0,
    "NZDT": 13.0, "NZT": 12.0,
}  # fmt: skip
# The names Windows gives to zones, the hours of their standard time.
_WINDOWS = {
    "EASTERN": -5.0, "CENTRAL EUROPE": 1.0, "CENTRAL": -6.0, "MOUNTAIN": -7.0, "PACIFIC": -8.0, "ATLANTIC": -4.0,
    "ALASKAN": -9.0, "HAWAIIAN": -10.0, "GMT": 0.0, "GREENWICH": 0.0, "ROMANCE": 1.0, "W. EUROPE": 1.0,
    "E. EUROPE": 2.0, "FLE": 2.0, "GTB": 2.0, "RUSSIAN": 3.0, "INDIA": 5.5, "CHINA": 8.0, "TOKYO": 9.0, "KOREA": 9.0,
    "AUS EASTERN": 10.0, "NEW ZEALAND": 12.0,
}  # fmt: skip

_USUAL = re.compile(
    r"(?:[A-Za-z]{3},? {0,2})?(\d{1,2}) ([A-Z][a-z]{2}) ([12]\d{3}) (\d\d):(\d\d):(\d\d) "
    r"([+-]\d{4})(?: ?\([^()]{0,40}\))?"
)
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)[T ]+(\d\d?):(\d\d)(?::(\d\d))?(?:[.,]\d{1,9})?")
_ISO_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)Z?")
_TIME = re.compile(r"(?<![\d:+-])(\d{1,2}) ?: ?(\d\d?)(?: ?: ?(\d\d?))?(?:[.,]\d{1,9})?(?!\d)(?: ?([ap])\.? ?m\b)?")
_DOTTED_TIME = re.compile(r"(?<![\d.+-])(\d{1,2})[.h](\d\d)(?:[.:m](\d\d))?(?![\d.])")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?[ ./-]{0,3}(?:de |of )?([^\W\d_]{3,12})\.?[ ,./-]{0,3}(?:de )?(\d{2,4})(?!\d)"
)
_MONTH_DAY = re.compile(r"([^\W\d_]{3,12})\.?[ .-]{1,3}(\d{1,2})(?:st|nd|rd|th)?[ ,.-]{1,3}(\d{4})(?!\d)")
_YEAR_APART = re.compile(r"([^\W\d_]{3,12})\.?[ .-]{1,3}(\d{1,2})\b(.{0,20}?)(?<![\d+-])(\d{4})(?!\d)")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[ ]?[-/.年년][ ]?(\d{1,2})[ ]?[-/.月월][ ]?(\d{1,2})(?!\d)[日일]?")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)(?!\d)")
_OFFSET = re.compile(r"([+-]) ?(\d{1,2})(?::?(\d\d))?(?!\d)")
_UNSIGNED = re.compile(r"(?:^| )0?(\d\d)(\d\d) *$")
_ZONE_NAME = re.compile(r"(?<![A-Z])[A-Z]{2,5}(?![A-Z])")
_COMMENT = re.compile(r"\(([^()]*)\)")
_SECONDS = re.compile(r"\d{9,10}")


def _offset(sign: str, hours: str, minutes: str) -> timedelta | None:
    """East of Greenwich is positive; None for more than a day ("+9900")."""
    if int(hours) > 23 or int(minutes or 0) > 59:
        return None
    east = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return -east if sign == "-" else east


_OFFSETS = {
    f"{sign}{hours:02}{minutes:02}": _offset(sign, str(hours), str(minutes))
    for sign in "+-"
    for hours in range(15)
    for minutes in (0, 15, 30, 45)
}


def moment(text: str) -> datetime | None:
    """The moment a Date header names, in UTC; None if none can be read out of it.

    A date without a zone, or with one that cannot be, is taken as UTC (RFC 5322 section 3.3, "-0000"). A date without
    a time is the start of that day. Two-digit years are those from 1950 to 2049 (section 4.3).
    """
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        day, month, year, hour, minute, second, zone = usual.groups()
        offset = _OFFSETS.get(zone)
        if offset is not None and month in _MONTHS:
            try:
                return (
                    datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), 0, UTC) - offset
                )
            except (ValueError, OverflowError):
                pass
    return _unusual(text)


def _unusual(text: str) -> datetime | None:
    text = "".join([c for c in unicodedata.normalize("NFKD", text[:LONGEST]) if not unicodedata.combining(c)])
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    aside = " ".join(_COMMENT.findall(text))
    text = _COMMENT.sub(" ", text).strip().strip("\"'<>").lower()
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    iso = _ISO.search(text)
    basic = None if iso else _ISO_BASIC.fullmatch(text.upper())
    numbers = iso or basic
    if numbers is not None:
        year, month, day, hour, minute, second = (int(part or 0) for part in numbers.groups())
        rest = text[numbers.end() :]
    else:
        clock, rest = _clock(text)
        date, rest = _date(rest)
        if date is None:
            return None
        if clock is None:
            clock, rest = _clock(rest, _DOTTED_TIME)
        (year, month, day), (hour, minute, second) = date, clock or (0, 0, 0)
    if hour == 24 and minute == second == 0:
        hour, later = 0, timedelta(days=1)
    else:
        later = timedelta()
    try:
        read = datetime(_full_year(year), month, day, hour, minute, 59 if second == 60 else second, tzinfo=UTC)
        return read + later - (_zone(rest.upper()) or _zone(aside.upper()) or timedelta())
    except (ValueError, OverflowError):
        return None


def _full_year(year: int) -> int:
    """RFC 5322 section 4.3; three digits are what is left of 1900 + 102."""
    if year < 50:
        return year + 2000
    return year + 1900 if year < 1000 else year


Clock = tuple[int, int, int]


def _clock(text: str, form: re.Pattern[str] = _TIME) -> tuple[Clock | None, str]:
    """The time of day, and the text without it; what follows it stands apart."""
    found = form.search(text)
    if found is None:
        return None, text
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    half = found[4] if form is _TIME else None
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return (hour, minute, second), text[: found.start()] + "  " + text[found.end() :]


def _date(text: str) -> tuple[tuple[int, int, int] | None, str]:
    """Year, month and day, and the text without them."""
    for form in (_DAY_MONTH, _MONTH_DAY, _YEAR_APART):
        for found in form.finditer(text):
            day, name = (found[1], found[2]) if form is _DAY_MONTH else (found[2], found[1])
            between, year = (found[3], found[4]) if form is _YEAR_APART else ("", found[3])
            month = _month(name)
            if month:
                return (int(year), month, int(day)), f"{text[: found.start()]} {between} {text[found.end() :]}"
    first = _YEAR_FIRST.search(text)
    if first:
        return (int(first[1]), int(first[2]), int(first[3])), f"{text[: first.start()]}  {text[first.end() :]}"
    last = _YEAR_LAST.search(text)
    if last:
        number, month = int(last[1]), int(last[3])
        # Slashes are mostly American, and then the month comes first.
        if month > 12 or (last[2] == "/" and number <= 12):
            number, month = month, number
        return (int(last[4]), month, number), f"{text[: last.start()]}  {text[last.end() :]}"
    return None, text


def _month(name: str) -> int | None:
    return _BEGINNINGS.get(name[:4]) or _BEGINNINGS.get(name[:3])


def _zone(text: str) -> timedelta | None:
    """The offset that a text (capitals) names; zero if it names a broken one, None if it names none."""
    found = _OFFSET.search(text)
    if found:
        sign, hours, minutes = found.groups()
        digits = hours + (minutes or "")
        if len(digits) == 3:
            hours, minutes = digits[0], digits[1:]
        return _offset(sign, hours, minutes) or timedelta()
    unsigned = _UNSIGNED.search(text)
    if unsigned:
        return _offset("+", unsigned[1], unsigned[2])
    for name, standard in _WINDOWS.items():
        if name in text and ("STANDARD" in text or "DAYLIGHT" in text or "SUMMER" in text):
            return timedelta(hours=standard + (0 if "STANDARD" in text else 1))
    for word in _ZONE_NAME.findall(text):
        if word in _ZONES:
            return timedelta(hours=_ZONES[word])
        if word in ("GMT", "UTC", "UT", "UCT"):
            return timedelta()
    return None
