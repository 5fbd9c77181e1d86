"""Address lists of mail headers (RFC 5322 section 3.4, the obsolete forms of 4.4, and what is written instead).

One pass over the text, without recursion: each character is looked at a bounded number of times whatever the text
is. An address is never guessed from a name; a name may be lost where the text allows two readings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from connectors import words

Mailbox = tuple[str | None, str]
"""A name (None if nothing but the address was written) and an address as it was written, not yet in lower case."""

MOST_MAILBOXES = 25_000
"""A list is read up to this many; longer ones are written to be slow."""
_MOST_ODD = 10_000  # mailboxes of a list that is not plain
_MOST_STEPS = 30_000  # special characters of such a list
LONGEST_ADDRESS = 320
LONGEST_NAME = 300
_LONGEST_RAW = 8000
_SHORT_NAME = 200

_ATOM = r'[^\s<>()",;:@\\\[\]=\'\x7f-\x9f]+'
_WORD = r'=\?[^?\s"<>,;]{1,64}\?[bBqQ]\?[^?\s"<>(),;]{0,400}\?='
_PLAIN = re.compile(
    rf'(?:"([^"\\]*)"|({_WORD}(?: {_WORD})*|[^"\\<>(),;:@=?\[\]]*)) ?<({_ATOM}@{_ATOM})>|({_ATOM}@{_ATOM})'
)
_BETWEEN = re.compile(r" ?, ?|$")
_SPECIAL = re.compile(r'@\[[^\[\]\s]{0,80}\]|=\?|["(<>,;:]')
_QUOTE_END = re.compile(r'["\\]')
_PAREN = re.compile(r"[()\\]")
_ESCAPED = re.compile(r"\\(.)")
_AT = re.compile(r" ?@ ?")
_DOT = re.compile(r" \. ?")
_SPLIT = re.compile(r'[\s<>()\[\]",;]+')
_LOCAL = re.compile(r"[A-Za-z0-9_][\w.+-]{0,31}", re.ASCII)
_NOBODY = re.compile(r"undisclosed|unlisted|unspecified|recipient", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")
_UNFIT = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]+")


def addresses(text: str) -> list[Mailbox]:
    """Every mailbox of a list, in its order, also twice; group names are left out, their members are not.

    A bare local part ("root") is kept where it can be one. "undisclosed-recipients:;" and an empty text give nothing.
    """
    text = " ".join(words.clean(text).split())
    quick = _quick(text)
    return quick if quick is not None else _Scanner(text).scan()


def _quick(text: str) -> list[Mailbox] | None:
    """The same for lists without any oddity, which most are; None if there might be one."""
    found: list[Mailbox] = []
    at, end = 0, len(text)
    while at < end and len(found) < MOST_MAILBOXES:
        one = _PLAIN.match(text, at)
        between = _BETWEEN.match(text, one.end() if one else at)
        if between is None:
            return None
        at = between.end()
        if one is not None:
            quoted, name, bracketed, bare = one.groups()
            address = bracketed or bare
            if len(address) > LONGEST_ADDRESS or address[-1] == ".":
                return None
            found.append((_name(quoted or name or "", address), address))
    return found


def _name(raw: str, address: str) -> str | None:
    """A name as it is kept: see words.label; None where it says no more than the address."""
    raw = raw.strip()
    if not raw:
        return None
    name = _label(raw) if len(raw) < _SHORT_NAME else words.label(raw[:_LONGEST_RAW])[:LONGEST_NAME].strip()
    if not name or name.lower().strip("<>") == address.lower():
        return None
    return name


@lru_cache(maxsize=8192)
def _label(raw: str) -> str:
    return words.label(raw)[:LONGEST_NAME].strip()


def _address(raw: str) -> str:
    """An addr-spec (RFC 5322 section 3.4.1) out of what stood for one: without comments, blanks, route, brackets.

    A text without "@" comes back only if it can be a local part. "" if it is no address.
    """
    text = raw
    if "(" in text:
        text = _COMMENT.sub("", text)
    if "=?" in text:
        text = words.decode(text)
    text = text.strip(" '<>,;")
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]
    local, at, domain = text.rpartition("@")
    if not at:
        return "" if not _LOCAL.fullmatch(text) or _NOBODY.match(text) else text
    domain = _UNFIT.sub("", domain).rstrip(".'\">])" if "[" not in domain else ".'\">)")
    local = local.strip(" <")
    if len(local) > 2 and local[0] == local[-1] == '"':
        inner = _ESCAPED.sub(r"\1", local[1:-1])
        local = inner if _LOCAL.fullmatch(inner) else '"' + " ".join(_UNFIT.sub(" ", inner).split()) + '"'
    else:
        local = _UNFIT.sub("", local).lstrip("\"'[(").rstrip('"')
    if ":" in local and _NOBODY.match(local):
        return ""
    if not local or not domain or len(local) + len(domain) >= LONGEST_ADDRESS:
        return ""
    return f"{local}@{domain}"


class _Scanner:
    """What has been read of a list, and of the mailbox that is being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Mailbox] = []
        self.pieces: list[tuple[str, bool]] = []  # of the mailbox: text, and whether an address may be in it
        self.comments: list[str] = []
        self.angle: str | None = None
        self.after_angle = False  # the pieces follow a mailbox without a comma between: a word is no local part
        self.held: list[str] = []  # words that ended in a comma: "Doe" of the unquoted name "Doe, John <...>"
        self.quotes = self.nested = self.parens = True  # what can still be closed further on
        self.close = -1  # where the next ">" is, len(text) if there is none
        self.last_semicolon = text.rfind(";")

    def scan(self) -> list[Mailbox]:
        text, at, end = self.text, 0, len(self.text)
        for _ in range(_MOST_STEPS):
            if at >= end or len(self.found) >= _MOST_ODD:
                break
            special = _SPECIAL.search(text, at)
            start = special.start() if special else end
            if start > at:
                self.word(text[at:start])
            if special is None:
                break
            at = self.special(special[0], start)
        self.flush()
        self.release()
        return self.found

    def special(self, what: str, start: int) -> int:
        """Deal with the special character at ``start``; where to go on."""
        if what == '"':
            return self.quoted(start)
        if what == "(":
            return self.comment(start)
        if what == "<":
            return self.bracket(start)
        if what == "=?":
            end = words.word_end(self.text, start)
            self.word(self.text[start : end if end > 0 else start + 2], False)
            return end if end > 0 else start + 2
        if what == ",":
            self.flush(comma=True)
        elif what == ";":
            self.flush()
            self.release()
        elif what == ":":
            self.colon(start)
        elif what != ">":
            self.word(what)
        return start + len(what)

    def word(self, piece: str, plain: bool = True) -> None:
        if self.angle is not None and (not plain or piece.strip(" .'\">")):
            self.flush()
            self.after_angle = True
        if self.angle is None:
            self.pieces.append((piece, plain))

    def quoted(self, start: int) -> int:
        """A quoted string: a part of a name, or a local part if "@" follows. A quote never closed is a blank."""
        text, end = self.text, start + 1
        while self.quotes:
            stop = _QUOTE_END.search(text, end)
            if stop is None:
                self.quotes = False
            elif stop[0] == "\\":
                end = stop.end() + 1
            else:
                inner, after = text[start + 1 : stop.start()], stop.end()
                if text[after : after + 1] == "@" and inner:
                    rest = _SPECIAL.search(text, after + 1)
                    until = rest.start() if rest else len(text)
                    domain = text[after:until].partition(" ")[0]
                    self.word(f'"{inner}"{domain}')
                    return after + len(domain)
                self.word(_ESCAPED.sub(r"\1", inner) if "\\" in inner else inner, False)
                return after
        self.word(" ")
        return start + 1

    def comment(self, start: int) -> int:
        """A comment, nested ones within it (RFC 5322 section 3.2.2). One that is never closed is a blank."""
        text, depth, at = self.text, 1, start + 1
        while self.nested:
            stop = _PAREN.search(text, at)
            if stop is None:
                self.nested = False
                break
            at = stop.end()
            if stop[0] == "\\":
                at += 1
            else:
                depth += 1 if stop[0] == "(" else -1
                if depth == 0:
                    return self.commented(start, at)
        close = text.find(")", start) if self.parens else -1
        if close < 0:
            self.parens = False
            self.word(" ")
            return start + 1
        return self.commented(start, close + 1)

    def commented(self, start: int, end: int) -> int:
        self.comments.append(self.text[start + 1 : end - 1])
        if self.angle is None:
            self.pieces.append((" ", True))
        return end

    def bracket(self, start: int) -> int:
        """An address in angle brackets; without the closing one it ends where the mailbox must end."""
        text, begin = self.text, start + 1
        while text.startswith(("<", " ", "'"), begin):
            begin += 1
        if self.close < begin:
            self.close = text.find(">", begin)
            if self.close < 0:
                self.close = len(text)
        end, after = self.close, self.close + 1
        if end == len(text) or text.find("<", begin, end) >= 0:
            end = after = _open_end(text, begin)
        inner = text[begin:end] if end - begin <= 4 * LONGEST_ADDRESS else ""
        if self.angle is not None and "@" in self.angle:
            self.flush()
        if "," in inner and inner.count("@") > 1 and not inner.startswith("@"):
            self.found += [(None, address) for part in inner.split(",") if (address := _address(part))]
            inner = ""
        if self.angle is None or inner:
            self.angle = inner
        return after

    def colon(self, start: int) -> None:
        """The end of a group's name, or a colon in a text that is none."""
        head = self.pieces[-1][0].strip().lower() if self.pieces else ""
        if self.angle is None and head in ("mailto", "smtp", "e-mail", "email"):
            self.pieces.pop()
        elif self.angle is None and (self.last_semicolon > start or start + 1 >= len(self.text.rstrip())):
            self.release()
            self.pieces.clear()
            self.comments.clear()
            self.after_angle = False
        else:
            self.word(":", False)

    def flush(self, comma: bool = False) -> None:
        """The mailbox is complete: keep it, if it is one."""
        pieces, comments, angle, after = self.pieces, self.comments, self.angle, self.after_angle
        self.pieces, self.comments, self.angle, self.after_angle = [], [], None, False
        address = _address(angle) if angle else ""
        if address and ("@" in address or not any("@" in piece for piece, plain in pieces if plain)):
            phrase = "".join([piece for piece, _ in pieces])
            if self.held and phrase.strip():
                phrase = ", ".join([*self.held, phrase.strip()])
                self.held = []
            self.release()
            self.found.append((_name(phrase, address) or self.comment_name(comments, address), address))
        elif any(not piece.isspace() for piece, _ in pieces) or comments:
            self.unbracketed(pieces, comments, comma, after or angle is not None)

    def unbracketed(self, pieces: list[tuple[str, bool]], comments: list[str], comma: bool, name_only: bool) -> None:
        """Words of which those with "@" are addresses, and what is before is the name; without any, a local part."""
        name: list[str] = []
        here: list[Mailbox] = []
        for piece, plain in _glued(pieces):
            if not plain or "@" not in piece:
                name.append(piece)
                continue
            for token in _tokens(piece):
                address = _address(token) if "@" in token else ""
                if "@" in address:
                    here.append((_name("".join(name).rpartition(":")[2], address), address))
                    name.clear()
                else:
                    name.append(" " + token)
        if not here:
            here = self.hidden("".join([piece for piece, _ in pieces]), comments)
        if here:
            self.release()
            if len(here) == 1 and here[0][0] is None:
                here = [(self.comment_name(comments, here[0][1]), here[0][1])]
            self.found += here
            return
        text = "".join([piece for piece, _ in pieces]).strip()
        if name_only or not text:
            return
        if comma and len(self.held) < 3 and (self.held or not text[0].islower()):
            self.held.append(text)
            return
        self.release()
        if pieces[0][1] and (address := _address(text)):
            self.found.append((self.comment_name(comments, address), address))

    def hidden(self, phrase: str, comments: list[str]) -> list[Mailbox]:
        """Addresses inside of quotes, encoded words or, if nowhere else, comments."""
        phrase = words.decode(phrase)
        for text in (phrase, *comments[:3]):
            if "@" in text:
                found = [a for token in _SPLIT.split(text) if "@" in token and "@" in (a := _address(token))]
                if found:
                    name = phrase.partition("<")[0] if text is not phrase or "<" in phrase else ""
                    return [(_name(name, found[0]), found[0]), *((None, a) for a in found[1:])]
        return []

    def comment_name(self, comments: list[str], address: str) -> str | None:
        for comment in comments[:1]:
            return _name(_ESCAPED.sub(r"\1", comment), address)
        return None

    def release(self) -> None:
        """The held words belong to no name: local parts, or nothing."""
        held, self.held = self.held, []
        self.found += [(None, address) for text in held if (address := _address(text))]


def _open_end(text: str, begin: int) -> int:
    """Where an address ends whose bracket is not closed: at the blank after it, or where the mailbox must end."""
    until = min(len(text), begin + LONGEST_ADDRESS)
    stops = [until, *(i for c in ",;<>" if (i := text.find(c, begin, until)) >= 0)]
    at = text.find("@", begin, min(stops))
    blank = text.find(" ", at, min(stops)) if at >= 0 else -1
    return blank if blank >= 0 else min(stops)


def _glued(pieces: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """The pieces, neighbouring plain ones as one: a comment may stand within an address."""
    run: list[str] = []
    for piece, plain in pieces:
        if plain and not piece.startswith('"'):
            run.append(piece)
            continue
        if run:
            yield "".join(run), True
            run = []
        yield piece, plain
    if run:
        yield "".join(run), True


def _tokens(piece: str) -> list[str]:
    """The words of a piece, blanks around "@" and before dots removed (RFC 5322 section 4.4)."""
    if piece.startswith('"'):
        return [piece]
    return _DOT.sub(".", _AT.sub("@", " ".join(piece.split()))).split(" ")
