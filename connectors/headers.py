"""Mail headers: bytes of any quality in, one interaction out (RFC 5322, RFC 2047, RFC 2919, RFC 3834).

The standard library's ``email.policy.default`` is not used: it takes seconds and hundreds of megabytes for headers made
to that end, and raises on others. What is here looks at most at MOST_HEADER bytes, in linear time, and raises nothing.

A first sync reads a million headers, so texts that come again (the same people, the same lists) are read once: see
``Memo``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from connectors import message_ids, words
from connectors.addresses import addresses
from connectors.base import MOST_PARTIES, Handle, Interaction, Party, Role, Signals, Unreadable
from connectors.dates import moment
from connectors.invitations import by_content
from connectors.invitations import kind as calendar_kind
from connectors.memo import Memo

FIELDS: tuple[str, ...] = (
    "FROM", "TO", "CC", "BCC", "SENDER", "REPLY-TO", "DATE", "SUBJECT", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES",
    "RETURN-PATH", "LIST-ID", "LIST-POST", "LIST-UNSUBSCRIBE", "PRECEDENCE", "AUTO-SUBMITTED",
    "X-AUTO-RESPONSE-SUPPRESS", "FEEDBACK-ID", "RESENT-FROM", "RESENT-TO", "CONTENT-TYPE", "CONTENT-CLASS",
)  # fmt: skip
"""The header fields that are read, for ``BODY.PEEK[HEADER.FIELDS (...)]``."""

MOST_HEADER = 256 * 1024
"""Bytes of a header block that are read; what is over is cut."""

_SHORT = 4096
LONGEST_TITLE = 1000
LONGEST_SIGNAL = 255
MOST_REPLY_TO = 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
"""Mail that says it is older does not know: before that it is what a server or a file says that has lost its time."""
_MOST_AHEAD = timedelta(hours=48)

Fields = dict[str, str]

_SPELLINGS = {spelling: name for name in FIELDS for spelling in (name, name.title(), name.capitalize(), name.lower())}
_SPELLINGS |= {"Message-ID": "MESSAGE-ID", "List-ID": "LIST-ID", "Feedback-ID": "FEEDBACK-ID"}
_LONGEST_NAME = max(map(len, FIELDS))
_SEVERAL = {"TO", "CC", "BCC"}
_BLANK = ("", " ", "\t")

_BARE_RETURN = re.compile(r"\r[!-9;-~]{1,76}[ \t]*:")
_COMMENT = re.compile(r"\([^()]*\)")
_REPLY = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|odp|ynt|res|rif|rép|vá|ha|ответ|回复|回覆|答复|返信)\s?(?:[\[(^]\s?\d{1,4}[\])]?)?\s?[:：]",
    re.IGNORECASE,
)
_CHARSET = re.compile(r"=\?([^?\s]{1,64})\?[bBqQ]\?|charset\s{0,3}=\s{0,3}[\"']?([\w.-]{1,40})", re.IGNORECASE)


Mailboxes = tuple[tuple[Party, ...], int]
"""The parties of one field, each handle once and not more than MOST_PARTIES, and how many handles it has."""

_mailboxes: Memo[Mailboxes] = Memo(16_000_000)
_signals: Memo[Signals] = Memo(2_000_000)


def interaction(
    block: bytes,
    received: datetime | None,
    labels: tuple[str, ...] = (),
    thread: str | None = None,
    named: str = "",
) -> Interaction | Unreadable:
    """The mail that a header block is of; Unreadable only if it names no sender, recipient, date, id and subject.

    ``block`` may be a whole message, it is read up to the first empty line and no further than MOST_HEADER.
    ``received`` (aware) is when the server got it. ``happened_at`` is what Date says, unless that is missing, before
    1980 or more than 48 hours after ``received``; then it is ``received``, or 1970, and ``signals.date_from`` says so. So is
    ``received`` believed from 1980 on: before that, it is what a server or a file says that does not know.
    A Date long before ``received`` is believed: mail that was moved from another account keeps its Date.

    ``labels`` become ``signals.labels``, ``thread`` is taken instead of what References and In-Reply-To say, and
    ``named``, where the mail lies, is the ``native_id`` of what is Unreadable.
    """
    try:
        read = _interaction(block, received, labels, thread)
    except Exception as error:
        # Nothing in a mail is known to come here; but one mail must never stop the reading of the others.
        return Unreadable(named or _name_of(block), f"this mail header could not be read ({type(error).__name__})")
    return read or Unreadable(named or _name_of(block), "no mail header was found")


def _name_of(block: bytes) -> str:
    return "sha256:" + sha256(block[:MOST_HEADER]).hexdigest()[:32]


def _interaction(
    block: bytes, received: datetime | None, labels: tuple[str, ...], thread: str | None
) -> Interaction | None:
    raw = _raw_fields(block)
    fields = raw if len(block) <= _SHORT and block.isascii() and b"\x1b" not in block else _decoded(raw)
    text = fields.get

    written = moment(text("DATE", ""))
    title = _title(text("SUBJECT", ""))
    parties, recipients = _parties(fields)
    own = message_ids.first(text("MESSAGE-ID", ""))
    if not parties and written is None and title is None and own is None:
        return None
    happened_at, date_from = _when(written, received)

    if own is not None:
        native_id = own
        same_as: str | None = "mid:" + own
    else:
        digest = _digest(raw)
        native_id = "sha256:" + digest
        same_as = "hdr:" + digest if "DATE" in raw else None

    reply = text("IN-REPLY-TO")
    before = message_ids.answered(reply) if reply else None
    references = text("REFERENCES")
    if thread is None:
        thread = (references and message_ids.first(references)) or before or native_id
    if before is None and references and title and _REPLY.match(title):
        before = message_ids.last(references)
    answers = "mid:" + before if before is not None and before != own else None

    signals = _what_else(fields, parties, recipients, title, labels, date_from)
    return Interaction(native_id, "mail", happened_at, parties, same_as, title, thread, answers, signals)


# ---------------------------------------------------------------------------------------------------------- fields


def _lines(block: bytes) -> list[str]:
    """The lines of the header part, and perhaps some after it, one character per byte."""
    if len(block) > _SHORT:
        block = _cut(block[:MOST_HEADER])
    text = block.decode("latin-1")
    lines = text.split("\r\n")
    if len(lines) - 1 == text.count("\n") == text.count("\r"):
        return lines
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\r" in text:
        end = text.find("\n")
        alone = end < 0 or _BARE_RETURN.search(text, 0, end)
        text = text.replace("\r", "\n" if alone else " ")
    return text.split("\n")


def _cut(block: bytes) -> bytes:
    """The block up to its first empty line, so that no body is looked at."""
    if block[:1] in (b"\r", b"\n", b" ", b"\t"):
        block = block.lstrip(b"\r\n \t")
    end = len(block)
    for empty in (b"\n\r\n", b"\n\n") if b"\r\n" in block[:2000] else (b"\n\n", b"\n\r\n"):
        found = block.find(empty, 0, end)
        if found >= 0:
            end = found
    return block[:end]


def _raw_fields(block: bytes) -> Fields:
    """The fields that are read, by their names in FIELDS: unfolded, one character per byte, never empty.

    Of a field that should stand once the first that says something is taken; To, Cc and Bcc are joined.
    """
    fields: Fields = {}
    known = _SPELLINGS.get
    field: str | None = None  # the field that the last line belongs to, "" if it is none of FIELDS
    value = ""
    tail: list[str] = []
    several: dict[str, list[str]] = {}
    for line in _lines(block):
        name, _, rest = line.partition(":")
        new = known(name)
        if new is None:
            if field is not None:
                if line[:1] in _BLANK:
                    if not line:
                        break
                    if field:
                        tail.append(line[1:])
                    continue
            elif not line.strip(" \t"):
                continue
            new = known(name.strip(" \t\0").upper(), "") if len(name) < _LONGEST_NAME + 20 else ""
        if field:
            _put(field, value, tail, fields, several)
            tail = []
        field, value = new, rest
    if field:
        _put(field, value, tail, fields, several)
    for field, values in several.items():
        fields[field] = ", ".join(values)
    return fields


def _put(field: str, value: str, tail: list[str], fields: Fields, several: dict[str, list[str]]) -> None:
    if tail:
        value = " ".join([value, *tail])
    value = value.strip(" \t\0")
    if not value:
        return
    if field not in fields:
        fields[field] = value
    elif field in _SEVERAL:
        several.setdefault(field, [fields[field]]).append(value)


def _decoded(raw: Fields) -> Fields:
    """The fields with their bytes above 127 read as UTF-8 or, if they are not, in a charset named elsewhere."""
    hint: str | None = None
    fields: Fields = {}
    for field, value in raw.items():
        if not value.isascii() or "\x1b$" in value:
            if hint is None:
                hint = _hint(raw)
            value = words.plain(value.encode("latin-1"), hint)
        fields[field] = value
    return fields


def _hint(raw: Fields) -> str:
    for value in raw.values():
        for found in _CHARSET.finditer(value[:2000]):
            charset = found[1] or found[2]
            if not (words.codec(charset) or "utf-8").startswith("utf-"):
                return str(charset)
    return ""


def _title(subject: str) -> str | None:
    if subject.isascii() and subject.isprintable() and "  " not in subject and "=?" not in subject:
        return subject[:LONGEST_TITLE].rstrip(" ") or None
    if "=?" in subject:
        subject = words.decode(subject)
    return words.clean(subject)[:LONGEST_TITLE].rstrip(" ") or None


def _when(written: datetime | None, received: datetime | None) -> tuple[datetime, str | None]:
    if received is not None and received.tzinfo is not UTC:
        received = received.replace(tzinfo=UTC) if received.tzinfo is None else _in_utc(received)
    if received is not None and received < EARLIEST:
        received = None
    if written is not None and written >= EARLIEST and (received is None or written - received <= _MOST_AHEAD):
        return written, None
    return (received, "received") if received is not None else (_EPOCH, "none")


def _in_utc(received: datetime) -> datetime | None:
    try:
        return received.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --------------------------------------------------------------------------------------------------------- parties


def _parties(fields: Fields) -> tuple[tuple[Party, ...], int]:
    """The parties in the order from, to, cc, bcc, and how many recipients there are."""
    parties: tuple[Party, ...] = ()
    author = fields.get("FROM")
    if author:
        parties = _read("from", author)[0]
    if not parties and (author := fields.get("SENDER")):
        parties = _read("from", author)[0]
    recipients = 0
    for field, role in _RECIPIENTS:
        text = fields.get(field)
        if text:
            more, count = _read(role, text)
            recipients += count
            parties += more
    return parties if len(parties) <= MOST_PARTIES else parties[:MOST_PARTIES], recipients


_RECIPIENTS: tuple[tuple[str, Role], ...] = (("TO", "to"), ("CC", "cc"), ("BCC", "bcc"))


def _read(role: Role, text: str) -> Mailboxes:
    known = _mailboxes.known.get((role, text))
    if known is not None:
        return known
    names: dict[str, str | None] = {}
    for name, address in addresses(text):
        value = address.lower()
        if names.get(value) is None:
            names[value] = name
    parties: list[Party] = []
    for value, name in names.items():
        if len(parties) == MOST_PARTIES:
            break
        parties.append(_party(role, value, name))
    read = tuple(parties), len(names)
    return _mailboxes.keep((role, text), read, 300 + len(text) + 400 * len(parties)) if len(text) < 400 else read


@lru_cache(maxsize=8192)
def _party(role: Role, value: str, name: str | None) -> Party:
    return Party(Handle("email", value), role, name)


def _digest(raw: Fields) -> str:
    """The same for one mail wherever it is read: of the bytes as they stand in the mail, but for folding and blanks."""
    digest = sha256()
    for field in ("FROM", "TO", "CC", "DATE", "SUBJECT", "IN-REPLY-TO"):
        digest.update(f"{field}:{' '.join(raw.get(field, '').split())}\n".encode("latin-1"))
    return digest.hexdigest()[:32]


# --------------------------------------------------------------------------------------------------------- signals


def _what_else(
    fields: Fields,
    parties: tuple[Party, ...],
    recipients: int,
    title: str | None,
    labels: tuple[str, ...],
    date_from: str | None,
) -> Signals:
    """The Signals of a mail; equal ones are one object."""
    labels = tuple(sorted(labels)) if len(labels) > 1 else labels
    get = fields.get
    calendar = calendar_kind(title) or by_content(get("CONTENT-TYPE", ""), get("CONTENT-CLASS", ""))
    null = _null(get("RETURN-PATH"))
    if fields.keys().isdisjoint(_SIGNALS):
        few = (recipients, null, calendar, labels, date_from)
        known = _signals.known.get(few)
        if known is None:
            said = Signals(recipients, null_return_path=null, calendar=calendar, labels=labels, date_from=date_from)
            known = _signals.keep(few, said, 500 + 50 * len(labels))
        return known
    list_id, precedence, auto, sender, resent = (
        get("LIST-ID"), get("PRECEDENCE"), get("AUTO-SUBMITTED"), get("SENDER"), get("RESENT-FROM"),
    )  # fmt: skip
    reply_to, post = get("REPLY-TO"), get("LIST-POST")
    authors = () if sender is None and reply_to is None else {p.handle.value for p in parties if p.role == "from"}
    key = (
        recipients,
        _list_id(list_id) if list_id else None,
        post is not None and not post.upper().startswith("NO"),
        "LIST-UNSUBSCRIBE" in fields,
        _token(precedence) if precedence else None,
        _auto(auto) if auto else None,
        "X-AUTO-RESPONSE-SUPPRESS" in fields,
        null,
        "FEEDBACK-ID" in fields,
        calendar,
        next((a for a in _values(sender)[:1] if a not in authors), None) if sender else None,
        tuple([a for a in _values(reply_to)[:MOST_REPLY_TO] if a not in authors]) if reply_to else (),
        next(iter(_values(resent)), None) if resent else None,
        labels,
        date_from,
    )
    known = _signals.known.get(key)
    return known if known is not None else _signals.keep(key, Signals(*key), 2000 + 50 * len(labels))


_SIGNALS = {
    "LIST-ID", "LIST-POST", "LIST-UNSUBSCRIBE", "PRECEDENCE", "AUTO-SUBMITTED", "X-AUTO-RESPONSE-SUPPRESS",
    "FEEDBACK-ID", "SENDER", "REPLY-TO", "RESENT-FROM",
}  # fmt: skip


def _values(text: str) -> list[str]:
    return [party.handle.value for party in _read("from", text)[0]]


def _bounded(text: str) -> str | None:
    return words.clean(text)[:LONGEST_SIGNAL].strip().lower() or None


def _list_id(text: str) -> str | None:
    end = text.rfind(">")
    start = text.rfind("<", 0, end) if end >= 0 else -1
    return _bounded(text[start + 1 : end] if start >= 0 else text.strip("<>"))


def _token(text: str) -> str | None:
    """The first word, lower case, without parameters and comments."""
    return _bounded(_COMMENT.sub(" ", text[:1000]).partition(";")[0].strip().partition(" ")[0])


def _auto(text: str) -> str | None:
    said = _token(text)
    return None if said == "no" else said


def _null(path: str | None) -> bool:
    if path is None or ("@" in path and "(" not in path):
        return False
    return len(path) < 200 and "".join(_COMMENT.sub("", path).split()) == "<>"
