"""What changed in a DAV collection since last time: by sync token (RFC 6578), or by a list of its entity tags.

Servers refuse tokens in many ways (403, 409, 410, 412, 415, 418, 500, 507), answer in parts, and lie. So whatever refusal
leads to the next simpler question, and only an answer that was whole says that something is not there any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from connectors.dav import Dav
from connectors.dav_xml import Condition, Multistatus, Response, empty

ETAG = "{DAV:}getetag"
CTAG = "{http://calendarserver.org/ns/}getctag"
TOKEN = "{DAV:}sync-token"
TYPE = "{DAV:}resourcetype"
COLLECTION = "{DAV:}collection"

MOST_PARTS = 10_000
"""Parts of one answer; a server that sends more goes round in a circle."""

ROOM = 8 << 20
"""Bytes that an answer may have with contents in it; when so much of them has come, the rest is listed without."""


@dataclass(slots=True)
class Changes:
    """An answer to what changed. ``sure``: all of it was told; ``whole``: and what it does not name is not there."""

    etags: dict[str, str | None] = field(default_factory=dict)
    """The resources that are there and may be new, by their paths."""
    contents: dict[str, bytes] = field(default_factory=dict)
    """What is in them, of those that it came with."""
    gone: list[str] = field(default_factory=list)
    """The paths of resources that are there no more."""
    hidden: set[str] = field(default_factory=set)
    """Those of which it says only that they may not be seen."""
    whole: bool = False
    sure: bool = True
    token: str | None = None


def changed(dav: Dav, path: str, token: str | None, data: str = "") -> Changes:
    """What changed in the collection since ``token``; with None all that is there. Raises Condition.

    With ``data``, the name of the property that has them, the contents are asked for too, as far as there is room: where all
    is new, that is one question instead of two, and costs the server half. It may refuse that, and need not give any.
    A server that answers in parts (507) is asked until it has told all.
    """
    changes = Changes(whole=token is None)
    asked, room = token or "", ROOM if data else 0
    for _ in range(MOST_PARTS):
        props = empty(ETAG) + (empty(data) if room > 0 else "")
        body = (
            '<?xml version="1.0" encoding="utf-8"?><sync-collection xmlns="DAV:">'
            f"<sync-token>{escape(asked)}</sync-token><sync-level>1</sync-level><prop>{props}</prop></sync-collection>"
        )
        answer = dav.report(path, body.encode(), ROOM) if room > 0 else dav.report(path, body.encode())
        room -= _collect(answer, path, changes, data)
        changes.token = answer.sync_token or None
        if not answer.truncated:
            changes.whole &= changes.sure
            return changes
        if not answer.sync_token or answer.sync_token == asked:
            break
        asked = answer.sync_token
    raise Condition(507, frozenset({"number-of-matches-within-limits"}), "the server does not come to an end")


def listed(dav: Dav, path: str) -> Changes:
    """All that is in the collection, by a plain list (PROPFIND). Raises Condition."""
    changes = Changes()
    answer = dav.propfind(path, [ETAG, TYPE], depth=1)
    _collect(answer, path, changes)
    changes.sure = changes.whole = changes.sure and not answer.truncated
    return changes


def ctag(dav: Dav, path: str) -> str | None:
    """The CTag of the collection, if it has one. Raises Condition."""
    for response in dav.propfind(path, [CTAG]).responses:
        found = response.properties.get(CTAG)
        if found is not None and found.text:
            return str(found.text).strip()
    return None


def _collect(answer: Multistatus, path: str, changes: Changes, data: str = "") -> int:
    """Adds what the answer says of the members of the collection, and returns how many bytes of contents that were.

    What is said later holds.
    """
    size = 0
    for response in answer.responses:
        href = response.href
        # The collection itself, and collections within it, are no resources.
        if href.rstrip("/") == path.rstrip("/") or href.endswith("/") or _is_collection(response):
            continue
        if response.status in (404, 410):
            changes.etags.pop(href, None)
            changes.contents.pop(href, None)
            changes.gone.append(href)
        elif response.status == 403:
            changes.hidden.add(href)  # it may not be seen, and will not be told by asking again; but it is there
        elif response.status is not None and response.status >= 300:
            changes.sure = False
        else:
            etag = response.properties.get(ETAG)
            changes.etags[href] = None if etag is None else etag.text
            changes.contents.pop(href, None)
            if (content := response.properties.get(data)) is not None and content.text:
                changes.contents[href] = content.text.encode()
                size += len(changes.contents[href])
    if changes.gone:
        changes.gone = [href for href in changes.gone if href not in changes.etags]
    return size


def _is_collection(response: Response) -> bool:
    kind = response.properties.get(TYPE)
    return kind is not None and kind.find(COLLECTION) is not None
