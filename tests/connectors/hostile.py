"""Headers made to be slow, to be big or to raise; run as a program, one of them is read and what it took is printed."""

from __future__ import annotations

import base64
import json
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime

K = 1024
RECEIVED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def mail(**given: bytes) -> bytes:
    """A header with a sender and a date, and what is given."""
    usual = {"From": b"Alice <alice@example.org>", "Date": b"Mon, 6 May 2024 07:00:00 +0000"}
    return b"".join([n.replace("_", "-").encode() + b": " + v + b"\r\n" for n, v in (usual | given).items()]) + b"\r\n"


def fill(piece: bytes, size: int = 256 * K) -> bytes:
    return (piece * (size // len(piece) + 1))[:size]


def many(form: str, count: int, between: str = ", ") -> bytes:
    return between.join([form.format(n) for n in range(count)]).encode()


def chunks(text: str) -> bytes:
    return b" ".join([b"=?utf-8?b?" + base64.b64encode(c.encode()) + b"?=" for c in text])


BOMBS: dict[str, Callable[[], bytes]] = {
    "20,000 recipients": lambda: mail(To=many("u{0}@a.example", 20_000)),
    "20,000 recipients with names, folded": lambda: mail(To=many("Nn <u{0}@x.y>", 20_000, ",\r\n ")),
    "20,000 To lines": lambda: many("To: u{0}@x.y", 20_000, "\r\n") + b"\r\n" + mail(),
    "60,000 tiny addresses": lambda: mail(To=fill(b"a@b,")),
    "10,000 encoded words": lambda: mail(Subject=b" ".join([b"=?utf-8?q?=C3=A4b?="] * 10_000)),
    "10,000 encoded words in a name": lambda: mail(To=b" ".join([b"=?utf-8?q?=C3=A4b?="] * 10_000) + b" <a@b.c>"),
    "10,000 encoded words of as many charsets": lambda: mail(Subject=many("=?x{0}?q?=E4?=", 10_000, " ")),
    "base64 words cut anywhere": lambda: mail(Subject=chunks("abcd" * 3_000)),
    "encoded words that are not closed": lambda: mail(Subject=fill(b"=?a?q?"), To=fill(b"=?a?q?x", 99 * K)),
    "encoded words that might be closed later": lambda: mail(
        Subject=fill(b"=?a?q??=AA"), To=fill(b"=?a?q??=AA", 99 * K)
    ),
    "one encoded word of 200 KiB": lambda: mail(Subject=b"=?utf-8?b?" + fill(b"QUJD", 200 * K) + b"?="),
    "codecs that are none": lambda: mail(
        Subject=many("=?{0}?b?eJzLSM3JyQcABiwCFQ==?=", 9_000).replace(b"=?1", b"=?zlib")
    ),
    "punycode": lambda: mail(Subject=b"=?punycode?q?" + fill(b"a-zzzz", 4_000) + b"?= " * 60),
    "20,000 opening brackets": lambda: mail(To=b"(" * 20_000, Date=b"(" * 20_000, Message_ID=b"(" * 20_000),
    "20,000 nested comments": lambda: mail(
        To=b"(" * 20_000 + b")" * 20_000 + b" a@b.c", Message_ID=b"(" * 20_000 + b")"
    ),
    "nested comments that are not closed": lambda: mail(To=fill(b"((x) ")),
    "escaped brackets": lambda: mail(To=fill(b"(\\)\\(")),
    "addresses with comments": lambda: mail(To=fill(b"(x)a@b,")),
    "quotes that are not closed": lambda: mail(To=fill(b'\\"'), Cc=b'"' + fill(b"a\\\\", 9_000)),
    "one quoted string of 250 KiB": lambda: mail(To=b'"' + fill(b"a b", 250 * K) + b'" <a@b.c>'),
    "250 KiB local part": lambda: mail(To=fill(b"a") + b"@b.c"),
    "angle brackets": lambda: mail(To=fill(b"<a"), Cc=fill(b"<>", 9_000)),
    "angle brackets closed at the end": lambda: mail(To=fill(b"<a", 250 * K) + b">"),
    "at signs": lambda: mail(To=fill(b"@"), Cc=fill(b"a @ ", 9_000)),
    "words that might be encoded": lambda: mail(To=fill(b"=?x?b?\\")),
    "addresses that are none": lambda: mail(To=b"<a@b>]>\xff" + fill(b"@,")),
    "addresses with quotes between": lambda: mail(To=fill(b'"A, B" <a@b>, ')),
    "groups": lambda: mail(To=fill(b"g:"), Cc=fill(b"g:;", 9_000)),
    "groups with an end": lambda: mail(To=fill(b"g: x", 200 * K) + b";"),
    "commas": lambda: mail(To=fill(b","), Cc=fill(b"A,", 9_000)),
    "held words": lambda: mail(To=fill(b"Aa, ")),
    "blanks": lambda: mail(To=fill(b" \t", 100 * K) + b"a@b.c", Subject=b"x" + fill(b" \t", 100 * K) + b"y"),
    "10 MB of header": lambda: many("X-Filler-{0}: some text that goes on", 250_000, "\r\n") + b"\r\n" + mail(),
    "10 MB in one line": lambda: mail(Subject=fill(b"a", 10_000 * K)),
    "folded 80,000 times": lambda: mail(Subject=fill(b"\r\n x", 250 * K)),
    "50,000 header lines": lambda: fill(b"A: b\n") + mail(),
    "50,000 lines with the name of one field": lambda: fill(b"Cc:b\n") + mail(),
    "returns": lambda: fill(b"\ra"),
    "NULs": lambda: fill(b"\0"),
    "Message-ID in brackets": lambda: mail(Message_ID=b"<[aa@bb]>"),
    "Message-ID of 200 KiB": lambda: mail(Message_ID=b"<" + fill(b"a", 200 * K) + b"@b>"),
    "100,000 empty ids": lambda: mail(Message_ID=fill(b"<>", 99 * K), References=fill(b"<> ", 99 * K)),
    "50,000 references": lambda: mail(References=fill(b"<a@b>\r\n ")),
    "a date of digits": lambda: mail(Date=fill(b"1"), Subject=b"x"),
    "a date of ligatures": lambda: fill("\ufdfa".encode(), 900).join([b"Date: ", b"\r\nSubject: x\r\n\r\n"]),
    "a date of colons": lambda: mail(Date=fill(b"1:1:", 99 * K)),
    "a year past the last": lambda: mail(Date=b"Fri, 31 Dec 9999 23:59:59 -2300"),
    "a year before the first": lambda: mail(Date=b"1 Jan 0001 00:00:00 +2300"),
    "lists of lists": lambda: mail(List_Id=fill(b"<", 99 * K), List_Post=fill(b"<", 9_000), Sender=fill(b"<", 99 * K)),
    "content types": lambda: mail(
        Content_Type=b"text/calendar" + fill(b"; method", 99 * K), Precedence=fill(b"(", 99 * K)
    ),
    "bytes above 127": lambda: mail(Subject=fill(b"\xe4\xff\x80"), To=fill(b"\xe4\xff\x80 <a@b>", 99 * K)),
    "lone surrogates": lambda: mail(Subject=b"=?utf-7?q?+2AA-?= =?utf-8?q?=ED=A0=80?= =?utf-16?b?2AA=?="),
}


def peak() -> float:
    """KiB at the highest since this program started: ru_maxrss would count what its parent was when it forked."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(float(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str) -> None:
    """Read one bomb and print what the operating system says it took: seconds of processor, MB at the highest."""
    from connectors.headers import interaction

    block = BOMBS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF)
    read = interaction(block, RECEIVED)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    json.dump(
        {
            "seconds": seconds,
            "megabytes": peak() / K,
            "read": type(read).__name__,
            "reason": getattr(read, "reason", None),
            "parties": len(getattr(read, "parties", ())),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])
