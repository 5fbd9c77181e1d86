"""How rows reach a terminal, a pipe, or a program.

A terminal gets aligned columns that fit it, a pipe tab-separated lines, ``--json`` one document, ``--jsonl`` a line a
row. What a stranger wrote never reaches any of them as something that a terminal would obey: that is taken out here,
and nowhere else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from unicodedata import category, east_asian_width

Row = Mapping[str, Any]

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
"""What a column may look like (ECMA-48, SGR)."""

EMPTY = "-"
"""What stands for nothing in a table and in a pipe, where an empty cell would make a shell count wrongly."""


class Column(NamedTuple):
    """One column: ``shown`` to people; ``plain`` into a pipe, as shown if None, not at all if "no"."""

    head: str
    shown: Callable[[Row], object]
    plain: Callable[[Row], object] | str | None = None
    look: Callable[[Row], str | None] = lambda _: None


# What may be shown ---------------------------------------------------------------------------------------------------

_INVISIBLE = {
    0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, 0xFFA0,
    *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),
}  # fmt: skip
"""Characters that are there without being seen, beside those of the category Cf."""

_VISIBLE = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
"""Characters of the category Cf that are seen: Arabic and other signs that enclose a number."""


def _harmless(c: int) -> bool:
    if c in _INVISIBLE:
        return False
    kind = category(chr(c))
    return kind not in ("Cc", "Cf", "Cs", "Zl", "Zp") or c in _VISIBLE


class _Cleaned(dict[int, str | None]):
    """For str.translate: controls become blanks, marks that turn the direction or are not seen become nothing."""

    def __missing__(self, c: int) -> str | None:
        if _harmless(c):
            shown = chr(c)
        else:
            shown = {"Cf": "", "Mn": "", "Lo": "", "So": "", "Cs": "\ufffd"}.get(category(chr(c)), " ")
        self[c] = shown
        return shown


class _Escaped(dict[int, str]):
    """For str.translate of a JSON text: all of these stay, but as escapes (RFC 8259 section 7)."""

    def __missing__(self, c: int) -> str:
        if _harmless(c) or c == 0x0A:
            shown = chr(c)
        elif c < 0x10000:
            shown = f"\\u{c:04x}"
        else:
            shown = f"\\u{0xD7C0 + (c >> 10):04x}\\u{0xDC00 + (c & 0x3FF):04x}"
        self[c] = shown
        return shown


_CLEANED, _ESCAPED = _Cleaned(), _Escaped()


def clean(text: object) -> str:
    """The text on one line, without control characters, marks that turn the writing direction, and invisible ones."""
    said = str(text)
    if said.isascii() and said.isprintable():
        return said
    return " ".join(said.translate(_CLEANED).split())


def bare(handles: Iterable[str]) -> list[str]:
    """Addresses and numbers as people write them, without their kind: of ``email:alice@example.org`` the address."""
    return [handle.partition(":")[2] for handle in handles]


def sign(what: str) -> str:
    """What stands between two sides of a decision or of evidence: whether they are one."""
    return "\u2260" if what in ("not same", "split", "unlink") else "="


# JSON ----------------------------------------------------------------------------------------------------------------


def put(rows: Sequence[Row], columns: Sequence[Column], json: bool, jsonl: bool) -> None:
    """Rows as asked for: JSON, JSON lines, or a table."""
    if json or jsonl:
        put_json(list(rows), jsonl)
    else:
        put_table(rows, columns)


def put_json(thing: Any, lines: bool = False) -> None:
    """One JSON document on standard output; with ``lines`` one a line for each row, or for the only one."""
    from json import JSONEncoder

    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    encode = JSONEncoder(ensure_ascii=ascii_only, indent=None if lines else 1, default=_plain).encode
    for one in thing if lines and isinstance(thing, list) else [thing]:
        sys.stdout.write(encode(one).translate(_ESCAPED) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} has no place in the contract")


# Tables --------------------------------------------------------------------------------------------------------------


def put_table(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """Aligned columns under a head, that fit the terminal; into a pipe the whole cells, with tabs between them.

    A terminal is not shown a column that is empty in all rows; a pipe always gets the same ones.
    """
    if not sys.stdout.isatty():
        ways = [c.plain if callable(c.plain) else c.shown for c in columns if c.plain != "no"]
        sys.stdout.writelines([_tabbed([way(row) for way in ways]) for row in rows])
        return
    if not rows:
        return
    lines = [[_cell(c.shown(row)) for c in columns] for row in rows]
    said = [n for n in range(len(columns)) if any(line[n] != EMPTY for line in lines)]
    columns, lines = [columns[n] for n in said], [[line[n] for n in said] for line in lines]
    heads = [c.head for c in columns]
    widths = _fitting([max(map(width, texts)) for texts in zip(heads, *lines, strict=True)])
    put_line([(c.head, BOLD) for c in columns], widths)
    for row, texts in zip(rows, lines, strict=True):
        put_line([(text, c.look(row)) for text, c in zip(texts, columns, strict=True)], widths)


def put_line(cells: Iterable[tuple[str, str | None]], widths: Sequence[int]) -> None:
    """One line of a table, each cell with its look, none of them wider than it may be."""
    said = [(cut(text, wide), look, wide) for (text, look), wide in zip(cells, widths, strict=True)]
    while said and not said[-1][0]:
        said.pop()
    shown = [painted(text, look) + " " * (wide - width(text)) for text, look, wide in said[:-1]]
    shown += [painted(text, look) for text, look, _ in said[-1:]]
    print("  ".join(shown))


def put_pairs(pairs: Sequence[tuple[str, object]]) -> None:
    """Labels and texts, one pair a line, those without a text left out; into a pipe with a tab between."""
    terminal, room = sys.stdout.isatty(), _columns()
    for label, thing in pairs:
        text = clean(thing if thing is not None else "")
        if not text:
            continue
        print(f"{label:12}  {cut(text, max(room - 14, 20))}" if terminal else f"{label}\t{text}")


def _tabbed(things: list[Any]) -> str:
    """The cells, with tabs between them and a line's end."""
    try:
        said = "".join(things)
    except TypeError:  # a number, a list, or nothing is among them
        said = None
    if said is not None and said.isascii() and said.isprintable() and "" not in things:
        return "\t".join(things) + "\n"  # as nearly all are
    return "\t".join(map(_cell, things)) + "\n"


def _cell(thing: object) -> str:
    if isinstance(thing, list):
        thing = ", ".join(map(str, thing))
    return clean(thing if thing is not None else "") or EMPTY


def _fitting(widths: list[int]) -> list[int]:
    """The widths, the widest of them made narrower until all fit the terminal beside each other."""
    room = _columns() - 2 * (len(widths) - 1)
    widths = [min(wide, room) for wide in widths]
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    return widths


def painted(text: str, look: str | None) -> str:
    """The text in this look, where standard output wants colour."""
    return f"\x1b[{look}m{text}\x1b[0m" if look and text and colour() else text


def colour() -> bool:
    """Whether standard output wants colour (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") not in ("dumb", "")


def width(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters two (UAX #11), marks on others none."""
    return len(text) if text.isascii() else sum(map(_wide, text))


def _wide(c: str) -> int:
    if category(c) in ("Mn", "Me") or "\u1160" <= c <= "\u11ff":  # and the vowels that join a Hangul consonant
        return 0
    return 2 if east_asian_width(c) in "WF" else 1


def cut(text: str, columns: int) -> str:
    """The text, or as much of it as fits these columns, and an ellipsis."""
    if width(text) <= columns:
        return text
    taken, room = "", columns - 1
    for c in text:
        room -= _wide(c)
        if room < 0:
            break
        taken += c
    return taken.rstrip() + "…"


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


# Words for times -----------------------------------------------------------------------------------------------------


def iso(moment: datetime) -> str:
    """ISO 8601 with the offset that local time has then."""
    return moment.astimezone().isoformat()


def iso_or_none(moment: datetime | None) -> str | None:
    """The same, or None."""
    return None if moment is None else iso(moment)


def day(moment: datetime | None) -> str:
    """A local date and time, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else EMPTY


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago that is, in the largest unit that fits: "3 w ago"."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for unit, size in (("y", 31_557_600), ("mo", 2_629_800), ("w", 604_800), ("d", 86_400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= size:
            count = int(abs(seconds) // size)
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return "now"


def until(moment: datetime | None) -> str:
    """How long it is until then, to the second in the next minute; "now" for what is over, nothing for never."""
    if moment is None:
        return ""
    seconds = (moment - datetime.now(UTC)).total_seconds()
    return "now" if seconds < 1 else f"in {int(seconds)} s" if seconds < 60 else ago(moment)


def span(days: float | None) -> str:
    """A cadence as people say it."""
    if days is None:
        return "never"
    for unit, size in (("week", 7.0), ("day", 1.0)):
        if days >= size and days % size == 0:
            count = int(days // size)
            return f"every {count} {unit}s" if count > 1 else f"every {unit}"
    return f"every {days:g} days"
