"""vCards (2.1; 3.0, RFC 2426; 4.0, RFC 6350), and what Apple, Android, Evolution and KDE add to them: files in, cards out.

Whatever can be read of a card is said; what cannot is left out. Nothing here raises.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from connectors import phones
from connectors.addresses import LONGEST_ADDRESS, addresses
from connectors.base import Card, CardHandle, Handle, HandleKind, Unreadable
from connectors.content_lines import Line, split
from connectors.vcard_lines import cards as cards_in
from connectors.vcard_values import day, group_label, label_of, paragraphs, parameter_text, text, texts, types

MOST = 200
"""Handles, dates, relations, nicknames or tags of one card; what is over is left out."""
LONGEST_NOTE = 10_000
LONGEST_URL = 2000

_ORGANISATIONS = {"org", "organization", "location", "application", "device", "thing"}
_LINKS = {"IMPP", "URL", "X-SOCIALPROFILE", "SOCIALPROFILE"}
_ANNIVERSARIES = {
    "ANNIVERSARY": "anniversary",
    "X-ANNIVERSARY": "anniversary",
    "X-EVOLUTION-ANNIVERSARY": "anniversary",
    "X-KADDRESSBOOK-X-ANNIVERSARY": "anniversary",
    "DEATHDATE": "death",
}
_RELATIONS = {
    "X-SPOUSE": "spouse",
    "X-EVOLUTION-SPOUSE": "spouse",
    "X-KADDRESSBOOK-X-SPOUSESNAME": "spouse",
    "X-MS-SPOUSE": "spouse",
    "X-MS-CHILD": "child",
    "X-MANAGER": "manager",
    "X-EVOLUTION-MANAGER": "manager",
    "X-MS-MANAGER": "manager",
    "X-KADDRESSBOOK-X-MANAGERSNAME": "manager",
    "X-ASSISTANT": "assistant",
    "X-EVOLUTION-ASSISTANT": "assistant",
    "X-MS-ASSISTANT": "assistant",
    "X-KADDRESSBOOK-X-ASSISTANTSNAME": "assistant",
}
_ANDROID = (
    "", "assistant", "brother", "child", "partner", "father", "friend", "manager", "mother", "parent", "partner",
    "referred by", "relative", "sister", "spouse",
)  # fmt: skip
"""Relations by the number that Android writes for them."""
_NO_TAGS = {"mycontacts", "* mycontacts", "imported", "vcard"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:")
_FAR_EAST = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


@dataclass(slots=True)
class _Draft:
    """A card that is being read."""

    labels: dict[str, str] = field(default_factory=dict)
    """The words of X-ABLabel, by group."""
    uid: str = ""
    full: str = ""
    parts: list[str] = field(default_factory=list)
    """Family, given, additional names, prefixes and suffixes."""
    handles: dict[Handle, str | None] = field(default_factory=dict)
    nicknames: list[str] = field(default_factory=list)
    organisation: str = ""
    title: str = ""
    role: str = ""
    birthday: str | None = None
    dates: list[tuple[str, str]] = field(default_factory=list)
    relations: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    kind: Literal["individual", "group", "organisation"] | None = None


def cards(data: bytes, mark: str, region: str | None) -> list[Card | Unreadable]:
    """Every card of a file or resource, with native ids that begin with its ``mark``.

    ``region`` (ISO 3166) is the country whose phone numbers are written without a country code. Unreadable is the whole of
    what has no card in it.
    """
    found: list[Card | Unreadable] = []
    met: set[str] = set()
    try:
        for place, lines in enumerate(cards_in(data), 1):
            try:
                draft = _drafted(lines, region)
                found.append(_card(draft, _native_id(mark, _short(draft.uid) or str(place), met)))
            except Exception as error:
                # Nothing in a card is known to come here; but one card must never hold up the others.
                reason = f"kith cannot read this card ({type(error).__name__})"
                found.append(Unreadable(_native_id(mark, str(place), met), reason))
    except Exception as error:
        found.append(Unreadable(f"{mark}/", f"kith cannot read it ({type(error).__name__})"))
    return found or [Unreadable(f"{mark}/", "there is no card in it")]


def _native_id(mark: str, name: str, met: set[str]) -> str:
    """A native id that is not in ``met``, and is afterwards."""
    native_id, copy = f"{mark}/{name}", 1
    while native_id in met:
        copy += 1
        native_id = f"{mark}/{name}#{copy}"
    met.add(native_id)
    return native_id


def _short(uid: str) -> str:
    if len(uid) <= 255:
        return uid
    return "blake2b:" + hashlib.blake2b(uid.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _drafted(lines: list[Line], region: str | None) -> _Draft:
    draft = _Draft()
    for line in lines:
        if line.name == "X-ABLABEL" and line.group is not None:
            draft.labels[line.group.lower()] = group_label(line.value)
    for line in lines:
        if line.value.strip():
            _take(line, draft, region)
    return draft


def _take(line: Line, draft: _Draft, region: str | None) -> None:
    """Notes what a line says."""
    name, value = line.name, line.value
    if name == "EMAIL":
        _emails(line, draft)
    elif name == "TEL":
        number = phones.number(text(value), region)
        if number is not None:
            _handle(draft, "phone", number, label_of(line, draft.labels))
    elif name in _LINKS:
        _link(line, draft, region)
    elif name == "FN":
        draft.full = draft.full or text(value)
    elif name == "N":
        if not any(draft.parts):
            draft.parts = [" ".join(texts(part)) for part in split(value[:10_000])]
    elif name == "NICKNAME":
        draft.nicknames += texts(value)
    elif name == "ORG":
        draft.organisation = draft.organisation or next(iter(texts(value, ";")), "")
    elif name == "TITLE":
        draft.title = draft.title or text(value)
    elif name == "ROLE":
        draft.role = draft.role or text(value)
    elif name == "UID":
        draft.uid = draft.uid or text(value, 4000)
    elif name == "NOTE":
        draft.notes.append(paragraphs(value, LONGEST_NOTE))
    elif name == "CATEGORIES":
        draft.tags += (tag for tag in texts(value) if tag.lower() not in _NO_TAGS)
    elif name == "BDAY":
        draft.birthday = draft.birthday or day(value, line.parameter("X-APPLE-OMIT-YEAR"))
    elif name in ("KIND", "X-ADDRESSBOOKSERVER-KIND"):
        word = text(value).lower()
        draft.kind = "group" if word == "group" else "organisation" if word in _ORGANISATIONS else draft.kind
    elif name == "X-ABSHOWAS":
        if text(value).upper() == "COMPANY":
            draft.kind = draft.kind or "organisation"
    else:
        _take_more(line, draft)


def _take_more(line: Line, draft: _Draft) -> None:
    """Notes days and relations."""
    name, value = line.name, line.value
    if name in _ANNIVERSARIES or name == "X-ABDATE":
        _date(draft, _ANNIVERSARIES.get(name) or label_of(line, draft.labels), line)
    elif name == "X-ABRELATEDNAMES":
        _relation(draft, label_of(line, draft.labels), text(value))
    elif name == "RELATED":
        words = [word for word in types(line) if word not in ("contact", "text", "pref")]
        related = text(value, LONGEST_URL)
        if (line.parameter("VALUE") or "").lower() == "text" or not related.lower().startswith(("urn:", "http:", "https:")):
            _relation(draft, words[0] if words else None, related.removeprefix("mailto:"))
    elif name in _RELATIONS:
        for related in texts(value):
            _relation(draft, _RELATIONS[name], related)
    elif name == "X-ANDROID-CUSTOM":
        _android(line, draft)


def _android(line: Line, draft: _Draft) -> None:
    """What Android's own address book writes: a kind, and the columns of its table."""
    kind, *columns = (text(part) for part in split(line.value[:10_000]))
    value, number, own = (*columns, "", "", "")[:3]
    if not value:
        return
    if kind.endswith("/nickname"):
        draft.nicknames.append(value)
    elif kind.endswith("/contact_event"):
        if number == "3":
            draft.birthday = draft.birthday or day(value)
        else:
            _date(draft, "anniversary" if number == "1" else own or None, Line("X-ABDATE", value))
    elif kind.endswith("/relation"):
        known = _ANDROID[int(number)] if number.isdecimal() and int(number) < len(_ANDROID) else ""
        _relation(draft, known or own or None, value)


def _handle(draft: _Draft, kind: HandleKind, value: str, label: str | None) -> None:
    if len(draft.handles) >= MOST:
        return
    try:
        handle = Handle(kind, value)
    except ValueError:
        return
    if draft.handles.get(handle) is None:
        draft.handles[handle] = label


def _emails(line: Line, draft: _Draft) -> None:
    label = label_of(line, draft.labels)
    if "x400" in types(line):
        return
    value = text(line.value, 2 * LONGEST_ADDRESS)
    for _, address in addresses(value.removeprefix("mailto:").removeprefix("MAILTO:")):
        if "@" in address:
            _handle(draft, "email", address, label)


def _link(line: Line, draft: _Draft, region: str | None) -> None:
    """A page, or an address in a messenger; a number or an e-mail address where it is one."""
    value = text(line.value, LONGEST_URL)
    label = label_of(line, draft.labels)
    scheme = _SCHEME.match(value)
    found = scheme[0].lower() if scheme else ""
    if found in ("tel:", "sms:"):
        number = phones.number(value, region)
        if number is not None:
            _handle(draft, "phone", number, label)
    elif found == "mailto:":
        _emails(Line("EMAIL", value, line.parameters, line.group), draft)
    elif line.name == "URL" or (found and found != "x-apple:"):
        _handle(draft, "url", value, label)


def _date(draft: _Draft, label: str | None, line: Line) -> None:
    value = day(line.value, line.parameter("X-APPLE-OMIT-YEAR"))
    pair = (label or "date", value or "")
    if value is not None and pair not in draft.dates:
        draft.dates.append(pair)


def _relation(draft: _Draft, label: str | None, value: str) -> None:
    pair = (parameter_text(label or "related"), value)
    if value and pair not in draft.relations:
        draft.relations.append(pair)


def _card(draft: _Draft, native_id: str) -> Card:
    written = draft.full or _composed(draft.parts)
    name = written or next(iter(draft.nicknames), "") or draft.organisation
    nobody = not any(draft.parts[:3])
    kind = draft.kind
    if kind is None and nobody and draft.organisation and name == draft.organisation:
        kind = "organisation"
    emails = (handle.value for handle in draft.handles if handle.kind == "email")
    return Card(
        native_id,
        name or next(emails, None),
        tuple(CardHandle(handle, label) for handle, label in draft.handles.items()),
        _several(draft.nicknames),
        draft.organisation or None,
        draft.title or draft.role or None,
        draft.birthday,
        tuple(draft.dates[:MOST]),
        tuple(draft.relations[:MOST]),
        "\n".join(note for note in draft.notes if note)[:LONGEST_NOTE] or None,
        _several(draft.tags),
        kind or "individual",
    )


def _several(values: list[str]) -> tuple[str, ...]:
    """Each once."""
    return tuple(dict.fromkeys(values))[:MOST]


def _composed(parts: list[str]) -> str:
    """A name out of the parts of N, as it is spoken: where the family name comes first it is written first."""
    family, given, more, before, after = (*parts, "", "", "", "", "")[:5]
    if _FAR_EAST.match(family) and _FAR_EAST.match(given):
        return family + given
    return " ".join(part for part in (before, given, more, family, after) if part)
