"""Values of vCard properties: days, labels, texts. Nothing here raises."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from connectors import words
from connectors.content_lines import Line, split, unescaped

_NO_YEAR = 1604
"""The year of days that have none, as Apple and others write them."""
_DAY = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)(?!\d)|(?P<y2>\d{4})(?P<m2>\d\d)(?P<d2>\d\d)(?!\d)"
    r"|--(?P<m3>\d\d)-?(?P<d3>\d\d)(?!\d)|(?P<y4>\d{4})[/.](?P<m4>\d\d?)[/.](?P<d4>\d\d?)(?!\d)"
    r"|(?P<d5>\d\d?)\.[ ]?(?P<m5>\d\d?)\.[ ]?(?P<y5>\d{4})(?!\d)"
)
_APPLE_LABEL = re.compile(r"^_\$!<(.*)>!\$_$", re.DOTALL)
_RFC6868 = re.compile(r"\^([n'^])")
_CARETS = {"n": " ", "'": '"', "^": "^"}
_NO_LABEL = {"internet", "pref", "voice", "msg", "x400", "uri", "text", "phone-number", "jpeg", "vcard", "other", "smtp"}
_FIRST = ("cell", "mobile", "iphone", "fax", "pager", "main")
"""Words for what a number is for; more is said by them than by where it is."""


def text(value: str, most: int = 300) -> str:
    """A TEXT value on one line."""
    value = unescaped(value[: 8 * most])
    value = " ".join(words.clean(value).split())[:most].rstrip()
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def texts(value: str, separator: str = ",") -> list[str]:
    """The parts of a value, each on one line; none that is empty."""
    return [part for part in (text(one) for one in split(value[:10_000], separator)) if part]


def paragraphs(value: str, most: int) -> str:
    """A TEXT value with its line breaks."""
    lines = unescaped(value[: 2 * most]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(words.clean(line) for line in lines).strip()[:most].rstrip()


def types(line: Line) -> list[str]:
    """The words of TYPE, also those of 2.1 that stand alone, in lower case."""
    found = [*line.parameters.get("TYPE", ()), *line.parameters.get("", ())]
    return [word for part in ",".join(found).split(",") if (word := words.clean(part).strip().lower())]


def label_of(line: Line, labels: dict[str, str]) -> str | None:
    """The card's own word for a value: that of its group, or else the most telling of its types, in lower case."""
    if line.group is not None and labels.get(line.group.lower()):
        return labels[line.group.lower()]
    found = [word for word in types(line) if word not in _NO_LABEL and word not in ("quoted-printable", "base64")]
    for word in _FIRST:
        if word in found:
            return word
    return found[0].removeprefix("x-")[:100] if found else None


def group_label(value: str) -> str:
    """The word of an X-ABLabel: Apple's own ("_$!<Anniversary>!$_") in lower case, others as they are written."""
    word = text(value, 100)
    own = _APPLE_LABEL.match(word)
    return own[1].strip().lower() if own else word


def parameter_text(value: str) -> str:
    """A parameter value as it was meant (RFC 6868)."""
    return _RFC6868.sub(lambda found: _CARETS[found[1]], value)


def day(value: str, omitted: str | None = None) -> str | None:
    """``YYYY-MM-DD``, or ``--MM-DD`` for a day without a year; None for what is no day of a year.

    ``omitted`` is the year that stands for none, besides 1604 (X-APPLE-OMIT-YEAR).
    """
    found = _DAY.search(value[:60].strip())
    if found is None or (found.start() and value.strip()[found.start() - 1].isalnum()):
        return None
    parts = found.groupdict()
    year = next((parts[key] for key in ("y", "y2", "y4", "y5") if parts[key]), None)
    month = int(next(parts[key] for key in ("m", "m2", "m3", "m4", "m5") if parts[key]))
    of_month = int(next(parts[key] for key in ("d", "d2", "d3", "d4", "d5") if parts[key]))
    known = year is not None and int(year) not in (0, _NO_YEAR) and year != omitted
    try:
        date(int(year) if known and year else 2000, month, of_month)
    except ValueError:
        return None
    return f"{year}-{month:02}-{of_month:02}" if known else f"--{month:02}-{of_month:02}"
