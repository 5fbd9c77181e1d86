"""Message-IDs in mail headers (RFC 5322 section 3.6.4), and what is written instead of them.

Every id has one form: in angle brackets, without the blanks and control characters that stand in it. Parentheses
inside the brackets stay: there are ids with them, and two ids must not become one.
"""

from __future__ import annotations

import re
from hashlib import sha256

LONGEST = 900
"""Bytes of an id; of a longer one a digest stands for it."""

_ID = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_UNFIT = re.compile("[\\s\x00-\x20\x7f-\x9f\ud800-\udfff]+")


def first(text: str) -> str | None:
    """The first id of a field that is not empty; without brackets, the first word that could be one; else None."""
    if not text:
        return None
    if text[0] == "<":
        own = text[: text.find(">") + 1]
        if 2 < len(own) < LONGEST and own.isascii() and own.isprintable() and " " not in own and own.rfind("<") == 0:
            return own
    for found in _ID.finditer(text):
        inner = _id(found[1])
        if inner is not None:
            return inner
    if "(" in text:
        text = _COMMENT.sub(" ", text)
    text = text.replace("<", " ").replace(">", " ").strip()
    for word in text.split(None, 8)[:8]:
        if "@" in word:
            return _id(word.strip(",;"))
    return _id(text.partition(" ")[0].strip(",;\"'"))


def last(text: str) -> str | None:
    """The last id of a field."""
    start = text.rfind("<")
    found = _ID.match(text, start) if start >= 0 else None
    return (_id(found[1]) if found else None) or first(text)


def answered(text: str) -> str | None:
    """The id in In-Reply-To: the first one, after a sentence the last: old programs write the author in brackets."""
    start = text.find("<")
    if start < 0:
        return _id(text) if "@" in text and " " not in text else None
    return last(text) if start > 0 and text[0] != "(" else first(text)


def _id(inner: str) -> str | None:
    inner = _UNFIT.sub("", inner)
    if not inner:
        return None
    if len(inner) > LONGEST // 4 and len(inner.encode("utf-8", "replace")) > LONGEST:
        inner = "sha256:" + sha256(inner.encode("utf-8", "replace")).hexdigest()[:32]
    return f"<{inner}>"
