"""vCard files that are odd, broken, or made to be slow: nothing stops the reading (C07)."""

from __future__ import annotations

import io
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Card, Unreadable
from connectors.vcard import cards
from connectors.vcard_lines import without_pictures
from tests.connectors.test_vcard import MARK, PHOTO, handles, one


def native_ids(data: str) -> list[str]:
    return [card.native_id.removeprefix(f"{MARK}/") for card in cards(data.encode(), MARK, None)]


def test_cards_without_a_uid_are_counted_and_no_two_have_one_name() -> None:
    def card(*lines: str) -> str:
        return "\n".join(["BEGIN:VCARD", "FN:Alice", *lines, "END:VCARD", ""])

    assert native_ids(card() + card("UID:a") + card() + card("UID:a") + card("UID:a")) == ["1", "a", "3", "a#2", "a#3"]
    assert native_ids(card("UID:2") + card() + card("UID:2#2")) == ["2", "2#2", "2#2#2"]
    [long] = native_ids(card("UID:" + "x" * 3000))
    assert len(long) < 60


def test_a_card_within_a_card_is_not_that_card() -> None:
    agent = "BEGIN:VCARD\nVERSION:2.1\nFN:Agent\nTEL:123456\nEND:VCARD"
    nested = f"BEGIN:VCARD\nVERSION:2.1\nFN:Boss\nAGENT:\n{agent}\nTEL:654321\n"
    assert handles(one((nested + "END:VCARD\n").encode(), None)) == ["phone:654321"]
    inline = nested.replace(f"\n{agent}", agent.replace("\n", "\\n"))
    assert handles(one((inline + "END:VCARD\n").encode(), None)) == ["phone:654321"]


def test_a_card_that_is_not_ended_ends_where_the_next_one_begins() -> None:
    data = "BEGIN:VCARD\nFN:Alice\nBEGIN:VCARD\nFN:Bob\nEND:VCARD\njunk\nEND:VCARD\nbegin:vcard\nfn:Carol\nend:vcard"
    assert [getattr(card, "name", None) for card in cards(data.encode(), MARK, None)] == ["Alice", "Bob", "Carol"]


def test_quoted_printable_with_soft_breaks_of_every_kind() -> None:
    start = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;QUOTED-PRINTABLE;CHARSET=UTF-8:"
    assert one((start + "Ren=C3=\r\n=A9 =\r\nDupont\r\nTEL:123456\r\nEND:VCARD").encode(), None).name == "René Dupont"
    assert one((start + "Ren=C3=A9 =\r\n Dupont\r\nEND:VCARD").encode(), None).name == "René Dupont"
    kept = one((start + "Ren=C3=A9=\r\nTEL:123456\r\nEND:VCARD").encode(), None)
    assert (kept.name, handles(kept)) == ("René", ["phone:123456"])
    assert one((start + "Ren=C3=A9=\r\nEND:VCARD").encode(), None).name == "René"


@pytest.mark.parametrize(
    ("charset", "name"), [("SHIFT_JIS", "山田太郎"), ("KOI8-R", "Алиса"), ("ISO-8859-2", "Šárka"), ("GB2312", "爱丽丝")]
)
def test_a_charset_that_is_named_is_believed(charset: str, name: str) -> None:
    data = f"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET={charset}:".encode() + name.encode(charset) + b"\nEND:VCARD"
    assert one(data).name == name
    quoted_name = "".join(f"={byte:02X}" for byte in name.encode(charset))
    coded = f"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted_name}\nEND:VCARD"
    assert one(coded.encode()).name == name


@pytest.mark.parametrize(
    "data", [b"", b"\0\xff\xfe", b"BEGIN:VCALENDAR\nEND:VCALENDAR", b"FN:Alice", b"\xff\xfe", b"BEGIN:VCARD"]
)
def test_a_file_without_a_card_is_unreadable(data: bytes) -> None:
    [item] = cards(data, MARK, None)
    assert isinstance(item, Unreadable)
    assert item.native_id == f"{MARK}/"


@pytest.mark.parametrize("fold", ["\r\n ", "\r\n"])
def test_a_picture_of_five_megabytes_costs_next_to_nothing(fold: str) -> None:
    lines = fold.join([PHOTO[at : at + 76] for at in range(0, len(PHOTO) - 76, 76)] * 740)
    photo = f"PHOTO;ENCODING=b;TYPE=JPEG:{lines}\r\n"
    begin = time.process_time()
    card = one(f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Alice\r\n{photo}EMAIL:alice@example.org\r\nEND:VCARD\r\n".encode())
    assert len(photo) > 5_000_000
    assert time.process_time() - begin < 1
    assert handles(card) == ["email:alice@example.org"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_file_is_read_into_memory_without_its_pictures(end: str) -> None:
    photo = [PHOTO[at : at + 76] for at in range(0, len(PHOTO), 76)]
    lines = ["BEGIN:VCARD", "VERSION:3.0", "FN:Alice", "item1.PHOTO;ENCODING=b:", *(f" {line}" for line in photo)]
    lines += ["PHOTO;BASE64:", *photo, "", "EMAIL:alice@example.org", "NOTE:one", " two", "END:VCARD", ""]
    data = end.join(lines).encode()
    kept = without_pictures(io.BytesIO(data))
    assert cards(kept, MARK, None) == cards(data, MARK, None)
    if end != "\r":
        assert len(kept) < 120


@pytest.mark.parametrize(
    "hostile",
    [
        "FN:" + "A" * 3_000_000,
        "FN:A\nNOTE:" + "\\" * 1_000_000,
        "FN:A\nX-PHOTO" + "PHOTO" * 100_000,
        "FN:A\nEMAIL" + ";TYPE=a" * 50_000 + ":alice@example.org",
        "FN:A\nEMAIL:" + "<" * 100_000,
        "FN:A\n" + "EMAIL:a@b.example\n" * 20_000,
        "FN:A\n" + "".join(f"TEL:+4930{n}\n" for n in range(1_000_000, 1_010_000)),
        "FN;ENCODING=QUOTED-PRINTABLE:" + "=\n" * 300_000,
        "FN:A\n" + "AGENT:\nBEGIN:VCARD\n" * 50_000,
        "FN:A\nBDAY:" + "1" * 1_000_000,
        "FN:A\n " * 200_000,
        "FN:A\nAGENT:" + " " * 500_000 + "x",
        "FN:A\nCATEGORIES:" + "," * 500_000,
        "FN:A\nNOTE;QUOTED-PRINTABLE" + "QUOTED-PRINTABLE" * 50_000 + ":=",
    ],
    ids=range(14),
)
def test_a_card_that_is_made_to_be_slow_is_not(hostile: str) -> None:
    begin = time.process_time()
    found = cards(f"BEGIN:VCARD\nVERSION:3.0\n{hostile}\nEND:VCARD\n".encode(), MARK, "DE")
    assert time.process_time() - begin < 5
    assert len(found) == 1
    if isinstance(found[0], Card):
        assert len(found[0].handles) <= 200
        assert len(repr(found[0])) < 100_000


ESCAPES = ("\x1b[2J", "\x1b]0,evil\x07", "\x9b31m", "a\x08b\x7f", "a\r=0D=1B[2J")


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "line",
    [
        *("FN:{}", "N:{};{};;;", "ORG:{}", "TITLE:{}", "NICKNAME:{}", "CATEGORIES:{}", "UID:{}", "NOTE:{}"),
        *("EMAIL;TYPE={}:a{}@example.org", "TEL;TYPE={}:+49301234567", "TEL;{}:+49301234567", "IMPP:xmpp:{}", "URL:http://x/{}"),
        *("i.TEL:+49301234567\ni.X-ABLABEL:{}", "X-ABDATE;TYPE={}:2020-01-01", "RELATED;TYPE={};VALUE=text:{}", "X-SPOUSE:{}"),
        *("X-ANDROID-CUSTOM:vnd.android.cursor.item/relation;{};0;{}", "FN;ENCODING=QUOTED-PRINTABLE:{}"),
    ],
)
def test_a_card_never_gives_a_terminal_anything_to_obey(line: str, escape: str) -> None:
    data = f"BEGIN:VCARD\nVERSION:3.0\n{line.replace('{}', escape)}\nEND:VCARD\n".encode()
    for found in cards(data, MARK, "DE"):
        text = repr(found).encode().decode("unicode_escape").replace("\n", "")
        assert not [c for c in text if unicodedata.category(c) == "Cc"]


PARTS = [
    b"BEGIN:VCARD", b"END:VCARD", b"VERSION:2.1", b"FN:Al\xc3\xa9", b"N:;;", b"TEL;CELL:+49 30", b"EMAIL:a@b.example", b"\n",
    b"\r\n", b"\r", b" ", b"=\n", b";ENCODING=QUOTED-PRINTABLE", b";CHARSET=utf-16", b":", b";", b",", b"\\", b'"', b"=C3",
    b"\xff", b"\0", b"AGENT:", b"PHOTO;ENCODING=b:", b"item1.X-ABLabel:x", b"BDAY:--0", b"X-ANDROID-CUSTOM:", b"RELATED:",
    b"CATEGORIES:", b"UID:",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.binary(max_size=6), max_size=40))
def test_nothing_raises(parts: list[bytes]) -> None:
    found = cards(b"BEGIN:VCARD\n" + b"".join(parts), MARK, "DE")
    assert found
    assert len({item.native_id for item in found}) == len(found)
    assert not any("kith cannot read" in item.reason for item in found if isinstance(item, Unreadable))
