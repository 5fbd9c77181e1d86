"""vCards of every version, charset and habit (C07): what is read of them, and that nothing stops the reading."""

from __future__ import annotations

import binascii
from itertools import product

import pytest

from connectors.base import Card, CardHandle, Handle
from connectors.vcard import cards

MARK = "abcdefghijkl"
PHOTO = binascii.b2a_base64(bytes(range(256)) * 20, newline=False).decode()


def one(text: str | bytes, region: str | None = "DE") -> Card:
    """The only card in a file with these properties."""
    data = text.encode() if isinstance(text, str) else text
    if not data.startswith(b"BEGIN"):
        data = b"BEGIN:VCARD\r\nVERSION:3.0\r\n" + data.replace(b"\n", b"\r\n") + b"\r\nEND:VCARD\r\n"
    [card] = cards(data, MARK, region)
    assert isinstance(card, Card)
    return card


def handles(card: Card) -> list[str]:
    return [each.handle.key for each in card.handles]


# ------------------------------------------------------------------------------------------- one person, 108 times

NAME, NOTE = "Zoë Müller-Øst", "Größe: 1,70; mag Äpfel, trinkt Rosé, und wohnt in der Straße, die nach Süden führt."
EXPECTED = Card(
    f"{MARK}/zoe-1",
    NAME,
    (
        CardHandle(Handle("email", "zoe@example.org"), "home"),
        CardHandle(Handle("email", "z.mueller@work.example"), "work"),
        CardHandle(Handle("phone", "+4915112345678"), "cell"),
        CardHandle(Handle("phone", "+49301234567"), "work"),
    ),
    ("Zoé",),
    "Äpfel & Söhne GmbH",
    "Geschäftsführerin",
    "1984-04-12",
    note=NOTE,
    tags=("Familie", "Süden"),
)


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def quoted(name: str, value: str, charset: str, soft: bool, end: str) -> str:
    """A line of vCard 2.1 in quoted-printable; broken softly after at most 60 characters if ``soft``."""
    codes = [f"={byte:02X}" if byte > 126 or byte in b"=\r\n" else chr(byte) for byte in value.encode(charset)]
    parts, width = [""], 30
    for code in codes:
        if soft and width + len(code) > 60:
            parts, width = [*parts, ""], 0
        parts[-1] += code
        width += len(code)
    return f"{name};CHARSET={charset};ENCODING=QUOTED-PRINTABLE:" + f"={end}".join(parts)


def written(version: str, encoding: str, end: str, folding: str) -> bytes:
    """The card of EXPECTED as some program would write it."""
    plain = {
        "FN": escaped(NAME),
        "N": "Müller-Øst;Zoë;;;",
        "NICKNAME": "Zoé",
        "ORG": "Äpfel & Söhne GmbH;Vertrieb",
        "TITLE": "Geschäftsführerin",
        "NOTE": escaped(NOTE),
        "CATEGORIES": "Familie,Süden",
    }
    charset = "iso-8859-1" if encoding == "latin-1" else "utf-8"
    lines = ["BEGIN:VCARD", f"VERSION:{version}", "UID:zoe-1"]
    if version == "2.1":
        # That version has a backslash before semicolons only, and no commas between categories in quoted-printable.
        for name, value in plain.items():
            old = value.replace("\\,", ",")
            if folding == "none" and encoding != "latin-1":
                lines.append(f"{name};CHARSET=UTF-8:{old}")
            else:
                lines.append(quoted(name, old, charset, folding == "folded", end))
        lines += ["EMAIL;INTERNET;HOME:Zoe@Example.org", "EMAIL;INTERNET;WORK:z.mueller@work.example"]
        lines += ["TEL;CELL;VOICE:0151 12345678", "TEL;WORK:+49 (0)30 / 123 45 67", "BDAY:19840412"]
        photo = ["PHOTO;TYPE=JPEG;ENCODING=BASE64:"]
        photo += [" " + PHOTO[at : at + 72] for at in range(0, len(PHOTO), 72)]
        lines += [*photo, ""]
    else:
        lines += [f"{name}:{value}" for name, value in plain.items()]
        lines += ["EMAIL;TYPE=INTERNET,HOME:Zoe@Example.org", "item1.EMAIL;TYPE=INTERNET:z.mueller@work.example"]
        lines += ["item1.X-ABLabel:_$!<Work>!$_"]
        if version == "3.0":
            lines += ["TEL;TYPE=CELL;TYPE=VOICE;TYPE=pref:0151 12345678", "TEL;TYPE=WORK:+49 30 1234567", "BDAY:1984-04-12"]
            lines += [f"PHOTO;ENCODING=b;TYPE=JPEG:{PHOTO}"]
        else:
            lines += ['TEL;VALUE=uri;TYPE="cell,voice":tel:+49-151-12345678', "TEL;TYPE=work:tel:+49-30-1234567;ext=12"]
            lines += ["BDAY:19840412", f"PHOTO:data:image/jpeg;base64,{PHOTO}"]
    lines += ["END:VCARD", ""]
    codec = {"utf-8 bom": "utf-8-sig", "utf-16 be": "utf-16-be", "utf-16 le": "utf-16-le", "latin-1": "cp1252"}
    coded = codec.get(encoding, encoding)
    if folding == "none" or version == "2.1" or coded.startswith("utf-16"):
        return end.join(lines).encode(coded)
    folded: list[bytes] = []
    for line in lines:
        data = line.encode("cp1252" if encoding == "latin-1" else "utf-8")
        # In the middle of characters too, as a program does that counts bytes.
        folded.append(f"{end} ".encode().join(data[at : at + 37] for at in range(0, max(1, len(data)), 37)))
    data = end.encode().join(folded)
    return b"\xef\xbb\xbf" + data if encoding == "utf-8 bom" else data


VERSIONS = ("2.1", "3.0", "4.0")
ENCODINGS = ("utf-8", "utf-8 bom", "utf-16", "utf-16 be", "utf-16 le", "latin-1")
ENDS = ("\r\n", "\n", "\r")


@pytest.mark.parametrize(
    ("version", "encoding", "end", "folding"), list(product(VERSIONS, ENCODINGS, ENDS, ("none", "folded")))
)
def test_a_card_says_the_same_however_it_is_written(version: str, encoding: str, end: str, folding: str) -> None:
    data = written(version, encoding, end, folding)
    assert cards(data, MARK, "DE") == [EXPECTED]
    # Twice in one file: the second of the same UID has a name of its own.
    again = written(version, encoding.replace(" bom", ""), end, folding)
    both = cards(data + (again if not encoding.startswith("utf-16") else again.removeprefix(b"\xff\xfe")), MARK, "DE")
    assert [card.native_id for card in both] == [f"{MARK}/zoe-1", f"{MARK}/zoe-1#2"]
    # Never ended, as where a download was cut off.
    cut = data[: data.rindex("END".encode("utf-16-be" if "be" in encoding else "utf-16-le" if "16" in encoding else "ascii"))]
    assert cards(cut, MARK, "DE") == [EXPECTED]


# --------------------------------------------------------------------------------------------------- single things


@pytest.mark.parametrize(
    ("line", "birthday"),
    [
        ("BDAY:1985-04-12", "1985-04-12"),
        ("BDAY:19850412", "1985-04-12"),
        ("BDAY;VALUE=date:1985-04-12", "1985-04-12"),
        ("BDAY:1985-04-12T23:10:00Z", "1985-04-12"),
        ("BDAY:19850412T231000-0700", "1985-04-12"),
        ("BDAY:1985-4-2", "1985-04-02"),
        ("BDAY:1985/04/12", "1985-04-12"),
        ("BDAY:12.04.1985", "1985-04-12"),
        ("BDAY:2.4.1985", "1985-04-02"),
        ("BDAY:--0412", "--04-12"),
        ("BDAY:--04-12", "--04-12"),
        ("BDAY:--0229", "--02-29"),
        ("BDAY:1604-04-12", "--04-12"),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-02-29", "--02-29"),
        ("BDAY;X-APPLE-OMIT-YEAR=1900:1900-04-12", "--04-12"),
        ("BDAY:0000-04-12", "--04-12"),
        ("BDAY:---12", None),
        ("BDAY:1985-04", None),
        ("BDAY:1985", None),
        ("BDAY:--04", None),
        ("BDAY:1985-13-01", None),
        ("BDAY:1985-02-29", None),
        ("BDAY;VALUE=text:circa 1800", None),
        ("BDAY:", None),
        ("BDAY:T102200", None),
    ],
)
def test_a_birthday_is_a_day_with_or_without_a_year(line: str, birthday: str | None) -> None:
    assert one(f"FN:Alice\n{line}").birthday == birthday


@pytest.mark.parametrize(
    ("tel", "region", "value"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("030 1234567", None, "0301234567"),
        ("+49 (0)30 123-4567", None, "+49301234567"),
        ("0049 30 1234567", None, "+49301234567"),
        ("tel:+49-30-1234567;ext=89", None, "+49301234567"),
        ("+49 30 1234567 ext. 89", "US", "+49301234567"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("555-0123", "US", "5550123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("110", "DE", "110"),
        ("+999 12", "DE", "+99912"),
        ("\u202a+49 30 1234567\u202c", None, "+49301234567"),
    ],
)
def test_a_number_is_e164_where_it_can_be_told_and_else_as_written(tel: str, region: str | None, value: str) -> None:
    assert handles(one(f"FN:Alice\nTEL:{tel}", region)) == [f"phone:{value}"]


@pytest.mark.parametrize("tel", ["unknown", "-", "12", "ask Bob at 12 noon", "x" * 10_000, "1" * 300])
def test_what_is_no_number_is_left_out(tel: str) -> None:
    assert one(f"FN:Alice\nTEL:{tel}").handles == ()


@pytest.mark.parametrize(
    ("lines", "name", "kind"),
    [
        ("FN:Alice Example\nN:Other;Name;;;", "Alice Example", "individual"),
        ("FN:\nN:Example;Alice;B.;Dr.;MBA", "Dr. Alice B. Example MBA", "individual"),
        ("N:Example;Alice,Anna;;;", "Alice Anna Example", "individual"),
        ("N:山田;太郎;;;", "山田太郎", "individual"),
        ("FN: Alice   \\n Example ", "Alice Example", "individual"),
        ("FN:Müller\\, Jörg\\; Sohn", "Müller, Jörg; Sohn", "individual"),
        ("FN:Alice\nFN:Second", "Alice", "individual"),
        ("NICKNAME:Ally", "Ally", "individual"),
        ("ORG:Example Ltd;Sales", "Example Ltd", "organisation"),
        ("FN:Example Ltd\nN:;;;;\nORG:Example Ltd", "Example Ltd", "organisation"),
        ("FN:Alice\nORG:Example Ltd\nX-ABShowAs:COMPANY", "Alice", "organisation"),
        ("FN:Alice\nORG:Example Ltd", "Alice", "individual"),
        ("FN:Friends\nKIND:group\nMEMBER:urn:uuid:1", "Friends", "group"),
        ("FN:Friends\nX-ADDRESSBOOKSERVER-KIND:group", "Friends", "group"),
        ("FN:Example\nKIND:org", "Example", "organisation"),
        ("FN:Alice\nKIND:individual", "Alice", "individual"),
        ("EMAIL:Alice@Example.org", "alice@example.org", "individual"),
        ("TEL:+49301234567", None, "individual"),
    ],
)
def test_a_card_has_a_name_and_says_of_whom_it_is(lines: str, name: str | None, kind: str) -> None:
    card = one(lines)
    assert (card.name, card.kind) == (name, kind)


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("EMAIL:Alice@Example.ORG", ["email:alice@example.org"]),
        ("EMAIL;VALUE=uri:mailto:alice@example.org", ["email:alice@example.org"]),
        ("EMAIL:Alice <alice@example.org>", ["email:alice@example.org"]),
        ("EMAIL:alice@example.org\nEMAIL;TYPE=pref:ALICE@example.org", ["email:alice@example.org"]),
        ("EMAIL:none", []),
        ("EMAIL;TYPE=X400:G=Alice;S=Example;C=de", []),
        ("EMAIL:jürgen@müller.example", ["email:jürgen@müller.example"]),
        ("URL:https\\://example.org/alice", ["url:https://example.org/alice"]),
        ("IMPP;X-SERVICE-TYPE=Jabber:xmpp:alice@example.org", ["url:xmpp:alice@example.org"]),
        ("IMPP:tel:+49301234567", ["phone:+49301234567"]),
        ("IMPP:mailto:alice@example.org", ["email:alice@example.org"]),
        ("X-SOCIALPROFILE;type=twitter:https://social.example/alice", ["url:https://social.example/alice"]),
        ("X-SKYPE:alice.example", []),
    ],
)
def test_handles_are_what_somebody_is_reached_by(line: str, keys: list[str]) -> None:
    assert handles(one(f"FN:Alice\n{line}")) == keys


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("TEL;TYPE=HOME,CELL:+49301234567", "cell"),
        ("TEL;TYPE=WORK;TYPE=FAX:+49301234567", "fax"),
        ("TEL;TYPE=VOICE,PREF:+49301234567", None),
        ("TEL;TYPE=X-mine:+49301234567", "mine"),
        ("item1.TEL:+49301234567\nitem1.X-ABLabel:_$!<HomeFAX>!$_", "homefax"),
        ("ITEM1.TEL;TYPE=pref:+49301234567\nitem1.X-ABLabel:Ferienhaus", "Ferienhaus"),
        ("TEL;HOME;VOICE:+49301234567", "home"),
    ],
)
def test_the_label_is_the_cards_own_word(line: str, label: str | None) -> None:
    [handle] = one(f"FN:Alice\n{line}").handles
    assert handle.label == label


def test_days_and_relations_are_pairs_of_a_label_and_a_value() -> None:
    card = one(
        "FN:Alice\nANNIVERSARY:20100605\nX-ANNIVERSARY:2010-06-05\nX-EVOLUTION-ANNIVERSARY:2010-06-05\n"
        "item1.X-ABDATE;type=pref:2010-06-05\nitem1.X-ABLabel:_$!<Anniversary>!$_\n"
        "item2.X-ABDATE;X-APPLE-OMIT-YEAR=1604:1604-03-01\nitem2.X-ABLabel:Name day\n"
        "item3.X-ABRELATEDNAMES:Bob Example\nitem3.X-ABLabel:_$!<Spouse>!$_\n"
        "RELATED;TYPE=friend;VALUE=text:Carol\nRELATED;TYPE=child:urn:uuid:123\nX-EVOLUTION-MANAGER:Dave\n"
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/relation;Erin;13;;;;;;;;;;;;;\n"
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;--09-09;0;Moved;;;;;;;;;;;;\n"
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/contact_event;1980-01-02;3;;;;;;;;;;;;;\n"
        "X-ANDROID-CUSTOM:vnd.android.cursor.item/nickname;Ally;1;;;;;;;;;;;;;"
    )
    assert card.dates == (("anniversary", "2010-06-05"), ("Name day", "--03-01"), ("Moved", "--09-09"))
    assert card.relations == (("spouse", "Bob Example"), ("friend", "Carol"), ("manager", "Dave"), ("sister", "Erin"))
    assert card.birthday == "1980-01-02"
    assert card.nicknames == ("Ally",)


def test_a_note_keeps_its_lines_and_tags_are_each_there_once() -> None:
    card = one("FN:Alice\nNOTE:one\\ntwo\\, three\x07\nCATEGORIES:Friends,myContacts,Friends\nCATEGORIES:a\\,b\nROLE:Cook")
    assert card.note == "one\ntwo, three"
    assert card.tags == ("Friends", "a,b")
    assert card.title == "Cook"
