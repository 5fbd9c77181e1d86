"""Text out of mail headers: encoded words (RFC 2047, RFC 2231 section 5), raw bytes, and what must not come out.

Every function here takes anything and raises nothing. Charsets are looked up in a table of our own and never by asking
Python for a codec: a name from a mail must not import a module, and some of Python's codecs are slow on purpose-made
input (punycode) or are no charsets at all (zlib).
"""

from __future__ import annotations

import re
import unicodedata
from binascii import a2b_base64, a2b_qp
from functools import lru_cache

MOST_WORD = 2000
"""Characters of one encoded word; a longer one is taken as plain text."""

_HEAD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?")
_UNCLOSED = re.compile(r'[^\s<>,;"?]*')
_HEX_PAIR = re.compile(r"[0-9A-F]{2}")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]+")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r" {2,}")
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


def _table() -> dict[str, str]:
    """Charset names, only their letters and digits and in lower case -> Python codec."""
    codecs = {
        "utf8": "utf-8", "unicode11utf8": "utf-8", "utf8mb4": "utf-8", "unicode": "utf-8", "utf7": "utf-7",
        "unicode11utf7": "utf-7", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
        "latin1": "cp1252", "l1": "cp1252", "iso88591": "cp1252", "iso88598i": "iso8859-8", "iso88598e": "iso8859-8",
        "iso88599": "cp1254", "latin2": "iso8859-2", "latin9": "iso8859-15", "iso885911": "cp874", "tis620": "cp874",
        "gb2312": "gb18030", "gb231280": "gb18030", "gbk": "gb18030", "xgbk": "gb18030", "gb18030": "gb18030",
        "cp936": "gb18030", "windows936": "gb18030", "csgb2312": "gb18030", "euccn": "gb18030", "hzgb2312": "hz",
        "big5": "cp950", "big5hkscs": "big5hkscs", "cnbig5": "cp950", "xxbig5": "cp950",
        "ksc56011987": "cp949", "ksc5601": "cp949", "ksx1001": "cp949", "euckr": "cp949", "uhc": "cp949",
        "windows949": "cp949", "iso2022kr": "iso2022_kr",
        "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "csshiftjis": "cp932", "mskanji": "cp932",
        "windows31j": "cp932", "eucjp": "euc_jp", "xeucjp": "euc_jp",
        "iso2022jp": "iso2022_jp_ext", "iso2022jp1": "iso2022_jp_ext", "iso2022jp2": "iso2022_jp_2",
        "iso2022jp3": "iso2022_jp_3", "iso2022jpms": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext",
        "koi8r": "koi8-r", "koi8": "koi8-r", "koi8u": "koi8-u", "koi8ru": "koi8-u",
        "macintosh": "mac_roman", "macroman": "mac_roman", "xmacroman": "mac_roman", "maccyrillic": "mac_cyrillic",
        "xmaccyrillic": "mac_cyrillic", "xmacce": "mac_latin2", "xwindows874": "cp874", "ansi": "cp1252",
    }  # fmt: skip
    for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16):
        codecs[f"iso8859{part}"] = f"iso8859-{part}"
    for page in range(1250, 1259):
        for prefix in ("windows", "cp", "win", "xcp", "xwindows", "cswindows"):
            codecs[f"{prefix}{page}"] = f"cp{page}"
    for page in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874, 932, 949, 950):
        codecs[f"cp{page}"] = codecs[f"ibm{page}"] = codecs[f"windows{page}"] = f"cp{page}"
    return codecs


_CODECS = _table()


@lru_cache(maxsize=256)
def codec(charset: str) -> str | None:
    """The Python codec for a charset as mail names it (any case, RFC 2231 language after ``*``), None if unknown."""
    return _CODECS.get(_NOT_ALNUM.sub("", charset.partition("*")[0].lower()))


def plain(data: bytes, charset: str | None = None) -> str:
    """Bytes of unsure encoding as text: UTF-8 where they are that, else by ``charset``, else Western European."""
    named = codec(charset) if charset else None
    if b"\x1b$" in data:
        for stateful in (named or "iso2022_jp_ext", "iso2022_jp_ext"):
            if stateful.startswith("iso2022"):
                try:
                    return data.decode(stateful)
                except UnicodeDecodeError:
                    pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if named and named != "utf-8":
        try:
            return data.decode(named)
        except UnicodeDecodeError:
            pass
    # UTF-8 of which a character was cut in two is still more readable as UTF-8.
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if sum(1 for c in text if c > "\x7f") - lost > lost:
        return text
    return _western(data)


def _western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def word_end(text: str, start: int) -> int:
    """Where the encoded word that begins at ``start`` (at ``=?``) ends; -1 if there is none."""
    word = _word(text, start)
    return word[3] if word else -1


def _word(text: str, start: int) -> tuple[str, str, str, int] | None:
    """(charset, "b" or "q", payload, end) of the encoded word at ``start``, also of one that is not closed."""
    head = _HEAD.match(text, start)
    if head is None:
        return None
    begin, coding = head.end(), head[2].lower()
    close = text.find("?=", begin, begin + MOST_WORD)
    while coding == "q" and close >= 0 and _HEX_PAIR.match(text, close + 2):
        # "?" should have been written as =3F; here it was not, and what follows it is no end of the word.
        further = text.find("?=", close + 2, begin + MOST_WORD)
        if further < 0 or " " in text[close:further] or "=?" in text[close:further]:
            break
        close = further
    if close >= 0:
        other = text.find("=?", begin, close)
        if other < 0 or not _HEAD.match(text, other):
            return head[1], coding, text[begin:close], close + 2
        close = other
    unclosed = _UNCLOSED.match(text, begin, begin + MOST_WORD if close < 0 else close)
    end = unclosed.end() if unclosed else begin
    if end == begin:
        return None
    return head[1], coding, text[begin:end], end + 1 if text[end : end + 1] == "?" else end


def decode(text: str) -> str:
    """Text with its encoded words replaced by what they say.

    Blanks between two words vanish (RFC 2047 section 6.2). Words of one charset are joined before they are decoded,
    because many writers split a character in two. Words inside quotes and glued to other text are decoded too.
    """
    start = text.find("=?")
    if start < 0:
        return text
    out: list[str] = []
    run: list[tuple[str, str]] = []
    charset = ""
    done = 0
    while start >= 0:
        word = _word(text, start)
        if word is None:
            start = text.find("=?", start + 2)
            continue
        between = text[done:start]
        joined = bool(run) and (not between or between.isspace())
        if run and not (joined and word[0].lower() == charset):
            out.append(_run(run, charset))
            run = []
        if not joined:
            out.append(between)
        charset = word[0].lower()
        run.append(word[1:3])
        done = word[3]
        start = text.find("=?", done)
    if run:
        out.append(_run(run, charset))
    out.append(text[done:])
    return "".join(out)


def _run(run: list[tuple[str, str]], charset: str) -> str:
    """What neighbouring words of one charset say together."""
    named = codec(charset)
    data = b"".join([_bytes(coding, payload, named) for coding, payload in run])
    if named is None:
        return plain(data)
    try:
        return data.decode(named)
    except UnicodeDecodeError:
        pass
    if len(run) > 1 and all(coding == "b" for coding, _ in run):
        # Some writers encode the whole text and cut the base64 anywhere.
        try:
            return _bytes("b", "".join([payload for _, payload in run]), named).decode(named)
        except UnicodeDecodeError:
            pass
    if named == "cp1252":
        return data.decode("latin-1")
    text = data.decode(named, "replace")
    if named == "utf-8" or text.count("\ufffd") * 2 > len(text):
        return plain(data)
    return text


def _bytes(coding: str, payload: str, named: str | None) -> bytes:
    if coding == "q":
        data = payload.encode("ascii" if payload.isascii() else named or "utf-8", "replace")
        return a2b_qp(data, header=True)
    try:
        return a2b_base64(payload, strict_mode=True)
    except ValueError:
        parts = []
    for part in _NOT_BASE64.sub("", payload.replace("-", "+").replace("_", "/")).split("="):
        if len(part) > 1:
            whole = part[:-1] if len(part) % 4 == 1 else part
            parts.append(a2b_base64(whole + "=" * (-len(whole) % 4)))
    return b"".join(parts)


def clean(text: str) -> str:
    """One line without control characters and surrogates, runs of blanks as one; all other characters as they were."""
    if not text.isprintable():
        text = _SURROGATE.sub("\ufffd", _FORBIDDEN.sub(" ", text))
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    return text.strip(" ")


def label(text: str) -> str:
    """A name: decoded, on one line, blanks of every kind collapsed, NFC, without quotes around it."""
    text = " ".join(clean(decode(text)).split())
    for _ in range(3):
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1].strip()
    text = text.strip('" ')
    return text if text.isascii() else unicodedata.normalize("NFC", text)
