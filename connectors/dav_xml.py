"""Answers of DAV servers, read from XML that nobody trusts: multistatus (RFC 4918 section 13) and error bodies (section 16).

Nothing is declared, included or fetched: a document type is refused, and with it every entity. Depth and number of elements
have limits, and of a multistatus no more is in memory than one response and what was kept of those before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

DEEPEST = 50
"""Elements within each other."""
MOST_ELEMENTS = 2_000_000
MOST_IN_ONE = 50_000
"""Elements of one response."""
MOST_ATTRIBUTES = 100

_RESPONSE, _TOKEN, _HREF, _STATUS = "{DAV:}response", "{DAV:}sync-token", "{DAV:}href", "{DAV:}status"
_PROPSTAT, _PROP, _ERROR, _MULTISTATUS = "{DAV:}propstat", "{DAV:}prop", "{DAV:}error", "{DAV:}multistatus"
_CODE = re.compile(r"\s*HTTP/\S+\s+(\d{3})\b|\s*(\d{3})\b")
_CLARK = re.compile(r"\{([^{}]*)\}([^{}]+)")
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_REFERENCES = re.compile(rb"&#(?:x0*(?:[0-8bcef]|1[0-9a-f])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));", re.IGNORECASE)


class Condition(Exception):
    """A server refused one request, for a reason that may lead to another one."""

    def __init__(self, status: int, conditions: frozenset[str] = frozenset(), text: str = "") -> None:
        """``status`` is that of HTTP; ``conditions`` are the names in the error body, such as ``valid-sync-token``."""
        super().__init__(status, conditions, text)
        self.status = status
        self.conditions = conditions
        self.text = text

    def __str__(self) -> str:
        said = ", ".join([*sorted(self.conditions), *([self.text] if self.text else [])])
        return f"{self.status} ({said})" if said else str(self.status)


class NotXml(Exception):
    """An answer that is not XML, or not such as kith reads."""


@dataclass(slots=True)
class Response:
    """What a multistatus says of one resource."""

    href: str
    status: int | None = None
    """Of the resource as a whole; None where its properties have their own."""
    properties: dict[str, Element] = field(default_factory=dict)
    """By name, ``{namespace}local``."""
    missing: dict[str, int] = field(default_factory=dict)
    """The status of the properties that it does not have, or does not give."""


@dataclass(slots=True)
class Multistatus:
    """An answer about many resources. ``truncated``: there is more of it (507 for the collection, RFC 6578 section 3.6)."""

    responses: list[Response] = field(default_factory=list)
    sync_token: str | None = None
    truncated: bool = False


def normal_path(href: str) -> str:
    """The path of ``href``, a path or a URL, with everything escaped that must be and nothing else (RFC 3986 section 6.2.2).

    A server may write one path in many ways, in one answer even: ``a%40b`` and ``a@b``. Host and port are left out.
    """
    text = href.strip()
    if "://" in text[:12]:
        text = "/" + text.split("://", 1)[1].partition("/")[2]
    path = re.split(r"[?#]", text, maxsplit=1)[0]
    segments = (unquote(segment, errors="surrogateescape") for segment in path.split("/"))
    return "/".join(quote(segment, safe="!$&'()*+,;=:@~", errors="surrogateescape") for segment in segments) or "/"


def multistatus(body: bytes, place: str, where: Callable[[str], str] = normal_path) -> Multistatus:
    """What ``body`` says, an answer to a question about the path ``place``; ``where`` makes paths of hrefs. Raises NotXml."""
    answer = Multistatus()

    def take(element: Element) -> None:
        if element.tag == _TOKEN:
            answer.sync_token = (element.text or "").strip() or None
            return
        response = _response(element, where)
        if response is None:
            return
        if response.status == 507 and response.href.rstrip("/") == place.rstrip("/"):
            answer.truncated = True
            return
        answer.responses.append(response)

    if _read(body, (_RESPONSE, _TOKEN), take) != _MULTISTATUS:
        raise NotXml("it is not a multistatus")
    return answer


def conditions(body: bytes) -> frozenset[str]:
    """The names of the conditions in an error body, without their namespace; none if it is no such body."""
    found: list[str] = []
    try:
        root = _read(body, (), lambda element: None, found)
    except NotXml:
        return frozenset()
    return frozenset(name.rpartition("}")[2] for name in found) if root == _ERROR else frozenset()


def empty(name: str) -> str:
    """The element ``{namespace}local`` with nothing in it, as a question names a property."""
    found = _CLARK.fullmatch(name)
    assert found is not None
    return f'<{found[2]} xmlns="{escape(found[1])}"/>'


def hrefs(element: Element | None) -> list[str]:
    """The hrefs within a property, as they are written."""
    if element is None:
        return []
    return [each.text.strip() for each in element.iter(_HREF) if each.text and each.text.strip()]


def _response(element: Element, where: Callable[[str], str]) -> Response | None:
    href = element.findtext(_HREF)
    if not href or not href.strip():
        return None
    # No resource has a query or a fragment; Cyrus writes a question mark in a name as it is.
    response = Response(where(href.strip().replace("?", "%3F").replace("#", "%23")), _code(element.findtext(_STATUS)))
    for propstat in element.iterfind(_PROPSTAT):
        status = _code(propstat.findtext(_STATUS)) or 200
        for prop in propstat.iterfind(_PROP):
            for each in prop:
                if 200 <= status < 300:
                    response.properties[each.tag] = each
                else:
                    response.missing[each.tag] = status
    return response


def _code(text: str | None) -> int | None:
    found = _CODE.match(text or "")
    return int(found[1] or found[2]) if found else None


def _read(body: bytes, wanted: tuple[str, ...], take: Callable[[Element], None], children: list[str] | None = None) -> str:
    """Reads ``body``, gives each ``wanted`` child of its root to ``take``, and returns the name of the root. Raises NotXml.

    Servers pass on what is in a calendar even if no XML may have it: such characters are left out.
    """
    data = body.translate(None, _CONTROLS)
    if b"&#" in data:
        data = _REFERENCES.sub(b"", data)
    reader = _Reader(wanted, take, children)
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotXml(f"it is not XML ({error})") from None
    return reader.root


class _Reader:
    """One reading of one document, element by element."""

    def __init__(self, wanted: tuple[str, ...], take: Callable[[Element], None], children: list[str] | None) -> None:
        self.root = ""
        self._wanted = wanted
        self._take = take
        self._children = children
        self._depth = 0
        self._elements = self._inside = 0
        self._builder: TreeBuilder | None = None
        self._names: dict[str, str] = {}
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._declare
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _declare(self, *_: object) -> None:
        raise NotXml("it declares a document type")

    def _name(self, name: str) -> str:
        known = self._names.get(name)
        if known is None:
            known = self._names[name] = "{" + name if "}" in name else name
        return known

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        self._inside += 1
        too_many = self._elements > MOST_ELEMENTS or self._inside > MOST_IN_ONE
        if self._depth > DEEPEST or too_many or len(attributes) > MOST_ATTRIBUTES:
            raise NotXml("it has more elements than any answer needs")
        if self._builder is not None:
            self._builder.start(self._name(name), {self._name(key): value for key, value in attributes.items()})
        elif self._depth == 1:
            self.root = self._name(name)
        elif self._depth == 2:
            self._inside = 0
            tag = self._name(name)
            if self._children is not None:
                self._children.append(tag)
            if tag in self._wanted:
                self._builder = TreeBuilder()
                self._builder.start(tag, {})

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._builder is not None:
            element = self._builder.end(self._name(name))
            if self._depth == 1:
                self._builder, self._inside = None, 0
                self._take(element)

    def _text(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)
