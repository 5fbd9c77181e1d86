"""Phone numbers as people write them, as E.164 where that can be told."""

from __future__ import annotations

import re
import unicodedata

from connectors.memo import Memo

SHORTEST = 3
LONGEST = 20
"""Digits."""

_LONGEST_TEXT = 250
_SCHEME = re.compile(r"^\s*(?:tel|sms|callto|fax)\s*:(?://)?", re.IGNORECASE)
_EXTENSION = re.compile(r"\s*(?:;|,|#|/?\s*ext|e?x(?=[\s.]*\d)|durchwahl|@).*$", re.IGNORECASE | re.DOTALL)
_TRUNK = re.compile(r"\(0\)")

_numbers: Memo[str | None] = Memo(2_000_000)


def number(text: str, region: str | None) -> str | None:
    """The number in E.164, or the digits as they are written (with a plus in front, if one is) where that cannot be told.

    ``region`` (ISO 3166) is the country whose numbers are written without a country code. Extensions are left out. None
    for what is no number. Raises nothing.
    """
    known = _numbers.known
    key = (text, region)
    if key in known:
        return known[key]
    return _numbers.keep(key, _number(text[:_LONGEST_TEXT], region), 300 + 2 * len(text))


def _number(text: str, region: str | None) -> str | None:
    text = _SCHEME.sub("", text).strip()
    told = _told(text, region)
    if told is not None:
        return told
    text = _EXTENSION.sub("", text)
    plus = text.lstrip("( \t\u200e\u202a").startswith(("+", "\uff0b"))
    if plus:
        text = _TRUNK.sub("", text)
    digits = "".join(str(unicodedata.digit(c)) for c in text if c.isdigit() and unicodedata.digit(c, None) is not None)
    if not SHORTEST <= len(digits) <= LONGEST or sum(map(str.isalpha, text)) > len(digits):
        return None
    if digits.startswith("00") and not plus:
        told = _told(f"+{digits[2:]}", None)
        if told is not None:
            return told
    return f"+{digits}" if plus else digits


def _told(text: str, region: str | None) -> str | None:
    """E.164 if the text is a number that there can be."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text, region)
        if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    except Exception:
        # It raises NumberParseException for most texts; whatever else it raises, the text is no number that it knows.
        return None
