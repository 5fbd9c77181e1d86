"""A header block becomes one interaction with what it says, however it is written."""

from __future__ import annotations

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Interaction, Signals, Unreadable
from connectors.headers import FIELDS, MOST_HEADER, interaction

RECEIVED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
USUAL = """\
Date: Mon, 6 May 2024 09:00:00 +0200
From: Alice Example <Alice@Example.org>
To: Bob <bob@example.net>, carol@example.net
Cc: "Doe, Jane" <jane@example.com>
Subject: Re: Lunch
Message-ID: <2@example.org>
In-Reply-To: <1@example.net>
References: <0@example.net>
 <1@example.net>

"""
NAME = re.compile(r"^([\w-]+): ", re.MULTILINE)


def read(text: str | bytes, received: datetime | None = RECEIVED, **more: object) -> Interaction:
    block = text.replace("\n", "\r\n").encode() if isinstance(text, str) else text
    found = interaction(block, received, **more)  # type: ignore[arg-type]
    assert isinstance(found, Interaction), found
    return found


def parties(mail: Interaction) -> list[tuple[str, str | None, str]]:
    return [(p.role, p.name, p.handle.value) for p in mail.parties]


def test_a_usual_mail_is_read_whole() -> None:
    mail = read(USUAL, labels=("Work", "INBOX"))

    assert mail.kind == "mail"
    assert mail.native_id == "<2@example.org>"
    assert mail.same_as == "mid:<2@example.org>"
    assert mail.happened_at == datetime(2024, 5, 6, 7, tzinfo=UTC)
    assert parties(mail) == [
        ("from", "Alice Example", "alice@example.org"),
        ("to", "Bob", "bob@example.net"),
        ("to", None, "carol@example.net"),
        ("cc", "Doe, Jane", "jane@example.com"),
    ]
    assert mail.title == "Re: Lunch"
    assert mail.thread == "<0@example.net>"
    assert mail.answers == "mid:<1@example.net>"
    assert mail.signals == Signals(recipients=3, labels=("INBOX", "Work"))


def test_all_fields_that_are_read_can_be_asked_for() -> None:
    assert len(set(FIELDS)) == len(FIELDS)
    assert all(field == field.upper() and field.replace("-", "").isalpha() for field in FIELDS)


@pytest.mark.parametrize(
    "block",
    [
        USUAL.encode(),
        USUAL.replace("\n", "\r\n").encode(),
        USUAL.replace("\n", "\r").encode(),
        USUAL.replace("\n", "\r\r\n").encode(),
        ("\r\n\r\n" + USUAL).encode(),
        ("From alice@example.org Mon May  6 07:00:00 2024\n" + USUAL).encode(),
        (">From alice@example.org Mon May  6 07:00:00 2024\n" + USUAL).encode(),
        NAME.sub(r"\1 \t: ", USUAL).encode(),
        NAME.sub(r"\1:", USUAL).encode(),
        NAME.sub("\\1:\n   \n\t", USUAL).encode(),
        USUAL.upper().replace("CC:", "cC:").encode(),
        ("no colon here\n: no name\n\0\n" + USUAL).encode(),
        USUAL.replace("To: Bob <bob@example.net>, carol", "To: Bob <bob@example.net>\nTo: carol").encode(),
        USUAL.replace("\n\n", "\nSubject: another\nFrom: eve@example.org\nDate: 1 Jan 2001 00:00 GMT\n\n").encode(),
        ("Subject:\nFrom: \n" + USUAL).encode(),
        USUAL.encode() + b"To: eve@example.org\n\nSubject: body\n",
        USUAL.encode() + b"\xff" * MOST_HEADER,
        b"X-Filler: " + b"x" * 5000 + b"\r\n" + USUAL.replace("\n", "\r\n").encode() + b"body\n\nbody",
        USUAL.strip().encode(),
        NAME.sub("\\1: \0", USUAL).encode(),
    ],
)
def test_line_ends_folding_repetition_and_rubbish_make_no_difference(block: bytes) -> None:
    mail = read(block)

    assert [value for _, _, value in parties(mail)] == [
        "alice@example.org",
        "bob@example.net",
        "carol@example.net",
        "jane@example.com",
    ]
    assert (mail.title or "").lower() == "re: lunch"
    assert (mail.same_as or "").lower() == "mid:<2@example.org>"
    assert (mail.answers or "").lower() == "mid:<1@example.net>"
    assert mail.happened_at == datetime(2024, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "block", [b"", b"\r\n\r\n", b"\x00\xff\xfe" * 99, b"Just a letter\n\nwithout header", b"From: \n\n"]
)
def test_what_has_no_header_is_unreadable_and_says_where_it_lies(block: bytes) -> None:
    assert interaction(block, RECEIVED, named="INBOX/7") == Unreadable("INBOX/7", "no mail header was found")
    nameless = interaction(block, RECEIVED)
    assert nameless.native_id.startswith("sha256:")


@pytest.mark.parametrize(
    "line", ["From: a@b", "To: a@b", "Date: 6 May 2024 10:00 GMT", "Message-ID: <1@b>", "Subject: x"]
)
def test_one_field_is_enough_to_be_a_mail(line: str) -> None:
    assert read(line + "\n\n").signals.date_from == (None if line.startswith("Date") else "received")


# ------------------------------------------------------------------------------------------------------ parties


def test_an_address_is_named_once_for_each_role() -> None:
    mail = read("From: a@b\nTo: a@b, A <A@B>, c@d\nCc: c@d\nBcc: e@f\n\n")

    assert parties(mail) == [
        ("from", None, "a@b"),
        ("to", "A", "a@b"),
        ("to", None, "c@d"),
        ("cc", None, "c@d"),
        ("bcc", None, "e@f"),
    ]
    assert mail.signals.recipients == 4


def test_all_authors_are_from_and_sender_stands_in_where_there_is_none() -> None:
    assert parties(read("From: a@b, C <c@d>\nSender: e@f\n\n")) == [("from", None, "a@b"), ("from", "C", "c@d")]
    assert parties(read("Sender: E <e@f>\n\n")) == [("from", "E", "e@f")]
    assert parties(read("From: <>\nSender: E <e@f>\n\n")) == [("from", "E", "e@f")]


def test_recipients_are_counted_also_where_parties_are_cut() -> None:
    mail = read("From: a@b\nTo: " + ",".join([f"u{n}@x.org" for n in range(3000)]) + "\nCc: c@d\n\n")

    assert len(mail.parties) == 2000
    assert mail.signals.recipients == 3001


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Zoë".encode(), "Zoë"),
        ("Zoë".encode("latin-1"), "Zoë"),
        (b"=?iso-8859-1?q?Zo=EB?=", "Zoë"),
        (b"=?utf-8?q?Zo=C3?= =?utf-8?q?=AB?=", "Zoë"),
        ("テスト".encode("iso-2022-jp"), "テスト"),
    ],
)
def test_names_in_any_charset_come_out_as_text(name: bytes, expected: str) -> None:
    assert read(b"From: " + name + b" <z@x.org>\n\n").parties[0].name == expected


@pytest.mark.parametrize("other", [b"Content-Type: text/plain; charset=koi8-r\n", b"Subject: =?koi8-r?q?=FA?=\n"])
def test_raw_names_are_in_the_charset_that_another_field_names(other: bytes) -> None:
    assert read(b"From: " + "Зоя".encode("koi8-r") + b" <z@x.org>\n" + other + b"\n").parties[0].name == "Зоя"


def test_titles_are_one_line_without_control_characters_and_of_bounded_length() -> None:
    assert read("Subject: a\x1b[2J\x00b\x07  c\n d\n\n").title == "a [2J b c d"
    assert read("Subject: =?utf-8?q?a=0Ab=C2=9Bc?=\n\n").title == "a b c"
    assert len(read(b"Subject: " + b"x" * 5000 + b"\n\n").title or "") == 1000
    assert read("From: a@b\nSubject:  \n\n").title is None


# -------------------------------------------------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("date", "received", "expected", "date_from"),
    [
        ("Sun, 5 May 2024 07:00:00 +0000", RECEIVED, datetime(2024, 5, 5, 7, tzinfo=UTC), None),
        ("Wed, 8 May 2024 07:00:00 +0000", RECEIVED, datetime(2024, 5, 8, 7, tzinfo=UTC), None),
        ("Wed, 8 May 2024 07:09:00 +0000", RECEIVED, RECEIVED, "received"),
        ("Tue, 19 Jan 2038 03:14:08 +0000", RECEIVED, RECEIVED, "received"),
        ("Mon, 5 May 2014 07:00:00 +0000", RECEIVED, datetime(2014, 5, 5, 7, tzinfo=UTC), None),
        ("Thu, 1 Jan 1970 00:00:00 +0000", RECEIVED, RECEIVED, "received"),
        ("Mon, 6 May 2024 25:61:00 +0100", RECEIVED, RECEIVED, "received"),
        ("", RECEIVED, RECEIVED, "received"),
        ("", RECEIVED.astimezone(timezone(timedelta(hours=5))), RECEIVED, "received"),
        ("Mon, 5 May 2014 07:00:00 +0000", None, datetime(2014, 5, 5, 7, tzinfo=UTC), None),
        ("", None, datetime(1970, 1, 1, tzinfo=UTC), "none"),
        ("Thu, 1 Jan 1970 00:00:10 +0000", None, datetime(1970, 1, 1, tzinfo=UTC), "none"),
        ("Mon, 1 Jun 2026 10:00:00 +0000", datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 10, tzinfo=UTC), None),
        ("", datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), "none"),
    ],
)
def test_a_date_is_believed_unless_it_cannot_be(
    date: str, received: datetime | None, expected: datetime, date_from: str | None
) -> None:
    mail = read(f"From: a@b\nDate: {date}\n\n", received)

    assert mail.happened_at == expected
    assert mail.happened_at.tzinfo is UTC
    assert mail.signals.date_from == date_from


# ---------------------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<1@b>", "<1@b>"),
        ("\n <1@b>", "<1@b>"),
        ("<1 @\n b>", "<1@b>"),
        ("(comment) <1@b> (comment)", "<1@b>"),
        ("<1@b> <2@b>", "<1@b>"),
        ("<> <2@b>", "<2@b>"),
        ("<<1@b>>", "<1@b>"),
        ("<[aa@bb]>", "<[aa@bb]>"),
        ("<1@[127.0.0.1]>", "<1@[127.0.0.1]>"),
        ("1@b", "<1@b>"),
        ("<1@b", "<1@b>"),
        ("1@b>", "<1@b>"),
        ("no-at", "<no-at>"),
        ("<CaSe@B>", "<CaSe@B>"),
        ("<\x00\x1b1@b>", "<1@b>"),
    ],
)
def test_a_message_id_has_one_form(text: str, expected: str) -> None:
    mail = read(f"From: a@b\nMessage-ID: {text}\n\n")

    assert (mail.native_id, mail.same_as, mail.thread) == (expected, "mid:" + expected, expected)


@pytest.mark.parametrize("line", ["", "Message-ID:\n", "Message-ID: <>\n", "Message-ID: < >\n"])
def test_without_message_id_the_header_itself_is_the_identity(line: str) -> None:
    whole = "From: a@b\nTo: c@d,\n  e@f\nDate: 6 May 2024 07:00 GMT\nSubject: x\nX-Other: y\n" + line + "\nbody\n"
    fetched = "Subject: x\nDATE:  6 May  2024 07:00 GMT\nFrom: a@b\nTo: c@d,\n\te@f\n\n"
    mail, again = read(whole.encode()), read(fetched, None, labels=("INBOX",), thread="t")

    assert mail.native_id == again.native_id
    assert mail.native_id.startswith("sha256:")
    assert len(mail.native_id) == len("sha256:") + 32
    assert mail.same_as == again.same_as == "hdr:" + mail.native_id.removeprefix("sha256:")
    assert mail.thread == mail.native_id
    assert read(fetched.replace("Subject: x", "Subject: y")).native_id != mail.native_id
    assert read("From: a@b\nSubject: x\n\n").same_as is None


def test_a_long_message_id_is_a_digest_of_bounded_length() -> None:
    long = "<" + "a" * 2000 + "@b>"
    mail = read(f"From: a@b\nMessage-ID: {long}\nReferences: {long}\n\n")

    assert len(mail.native_id) < 100
    assert mail.thread == mail.native_id
    assert read(f"From: a@b\nMessage-ID: {long[:-1]}c>\n\n").native_id != mail.native_id


@pytest.mark.parametrize(
    ("fields", "thread", "answers"),
    [
        ("", "<9@b>", None),
        ("In-Reply-To: <1@b>\n", "<1@b>", "mid:<1@b>"),
        ("In-Reply-To: 1@b\n", "<1@b>", "mid:<1@b>"),
        ("In-Reply-To: <9@b>\n", "<9@b>", None),
        ("In-Reply-To: Message from Alice <alice@example.org> of Monday. <1@b>\n", "<1@b>", "mid:<1@b>"),
        ("In-Reply-To: your letter of Monday\n", "<9@b>", None),
        ("References: <1@b> <2@b>\n", "<1@b>", None),
        ("References: <1@b> <2@b>\nSubject: Re: x\n", "<1@b>", "mid:<2@b>"),
        ("References: <1@b> <2@b>\nSubject: AW: x\n", "<1@b>", "mid:<2@b>"),
        ("References: <1@b> <2@b>\nSubject: Re[2]: x\n", "<1@b>", "mid:<2@b>"),
        ("References: <1@b> <2@b>\nSubject: RE : x\n", "<1@b>", "mid:<2@b>"),
        ("References: <1@b> <2@b>\nIn-Reply-To: <3@b>\n", "<1@b>", "mid:<3@b>"),
        ("References: <1@b>\n <2@b>\nIn-Reply-To: <2@b> <1@b>\n", "<1@b>", "mid:<2@b>"),
    ],
)
def test_thread_and_answer_are_told_by_references(fields: str, thread: str, answers: str | None) -> None:
    mail = read("From: a@b\nMessage-ID: <9@b>\n" + fields + "\n")

    assert (mail.thread, mail.answers) == (thread, answers)
    assert read("From: a@b\nMessage-ID: <9@b>\n" + fields + "\n", thread="gmail:1").thread == "gmail:1"


# ------------------------------------------------------------------------------------------------------ signals


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("", Signals()),
        ("To: c@d\nCc: e@f\nBcc: g@h\n", Signals(recipients=3)),
        ("List-Id: The List <The.List.example.org>\n", Signals(list_id="the.list.example.org")),
        ("List-Id: the.list\n", Signals(list_id="the.list")),
        ("List-Post: <mailto:list@example.org>\n", Signals(list_post=True)),
        ("List-Post: NO (closed)\n", Signals()),
        ("List-Unsubscribe: <https://example.org/u>\n", Signals(unsubscribe=True)),
        ("Precedence: Bulk mail\n", Signals(precedence="bulk")),
        ("Auto-Submitted: Auto-Replied; owner=x (vacation)\n", Signals(auto_submitted="auto-replied")),
        ("Auto-Submitted: no\n", Signals()),
        ("X-Auto-Response-Suppress: All\n", Signals(suppress=True)),
        ("Return-Path: <>\n", Signals(null_return_path=True)),
        ("Return-Path: <a@b>\n", Signals()),
        ("Feedback-ID: 1:2:3\n", Signals(feedback_id=True)),
        ("Sender: S <S@t>\n", Signals(sender="s@t")),
        ("Sender: A@b\n", Signals()),
        ("Reply-To: a@b, R <r@s>, T <t@u>\n", Signals(reply_to=("r@s", "t@u"))),
        ("Resent-From: R <r@s>\n", Signals(resent_from="r@s")),
        ("Content-Type: text/calendar; charset=utf-8; method=REQUEST\n", Signals(calendar="invitation")),
        ('Content-Type: Text/Calendar; METHOD="reply"\n', Signals(calendar="answer")),
        ("Content-Type: text/calendar; method=CANCEL\n", Signals(calendar="cancellation")),
        ("Content-Type: text/calendar\n", Signals()),
        ("Content-Class: urn:content-classes:calendarmessage\n", Signals(calendar="invitation")),
        ("Content-Type: text/plain\n", Signals()),
    ],
)
def test_the_facts_beside_the_parties_are_kept(fields: str, expected: Signals) -> None:
    mail = read("From: a@b\nDate: 6 May 2024 07:00 GMT\n" + fields + "\n")

    assert mail.signals == expected


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Invitation: Lunch @ Mon", "invitation"),
        ("Updated invitation: Lunch", "invitation"),
        ("Einladung: Essen", "invitation"),
        ("Invitación: comida", "invitation"),
        ("Invitation : repas", "invitation"),
        ("Accepted: Lunch", "answer"),
        ("Tentatively Accepted: Lunch", "answer"),
        ("Zugesagt: Essen", "answer"),
        ("Mit Vorbehalt: Essen", "answer"),
        ("Accepté : repas", "answer"),
        ("=?utf-8?q?Refus=C3=A9_=3A_repas?=", "answer"),
        ("Rechazado: comida", "answer"),
        ("承諾: 昼食", "answer"),
        ("Canceled event: Lunch", "cancellation"),
        ("Cancelled: Lunch", "cancellation"),
        ("Abgesagt: Essen", "cancellation"),
        ("Re: Invitation: Lunch", None),
        ("Fwd: Accepted: Lunch", None),
        ("Invitation to lunch", None),
        ("An invitation: lunch", None),
    ],
)
def test_mail_that_a_calendar_wrote_is_told_by_its_subject(subject: str, expected: str | None) -> None:
    assert read(f"From: a@b\nSubject: {subject}\n\n").signals.calendar == expected


def test_equal_facts_are_one_object() -> None:
    assert read(USUAL).signals is read(USUAL.replace("Lunch", "Dinner")).signals


# -------------------------------------------------------------------------------------------------- any bytes


def texts(value: object) -> list[str]:
    """All texts in a value, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    return [text for inner in value for text in texts(inner)] if isinstance(value, (list, tuple)) else []


FIELD = st.sampled_from([*FIELDS, "Subject", "From", "X", ""]).map(str.encode)
PIECE = st.one_of(
    st.sampled_from(
        [b"=?utf-8?q?", b"=?gb2312?b?", b"=?utf-7?q?+2AA-?=", b"?=", b"=C2=9B", b"a@b", b"\x1b$B", b"6 May 2024"]
    ),
    st.sampled_from([bytes([c]) for c in b'<>@"()\\,;: \t\r\0\x9b\xff'] + [b"\n "]),
)
VALUE = st.one_of(st.binary(max_size=60), st.lists(PIECE, max_size=12).map(b"".join))
BLOCK = st.lists(st.tuples(FIELD, VALUE).map(b": ".join), max_size=12).flatmap(
    lambda lines: st.sampled_from([b"\r\n", b"\n", b"\r"]).map(lambda end: end.join(lines) + end + end)
)


@given(st.one_of(st.binary(), BLOCK), st.sampled_from([None, RECEIVED, datetime.max.replace(tzinfo=UTC)]))
def test_any_bytes_are_read_without_harm(block: bytes, received: datetime | None) -> None:
    read = interaction(block, received)

    if isinstance(read, Unreadable):
        assert read.reason == "no mail header was found"
        return
    assert read.native_id
    assert read.happened_at.utcoffset() == timedelta(0)
    for text in texts(json.loads(json.dumps(dataclasses.asdict(read), default=str))):
        text.encode("utf-8")
        assert not [c for c in text if ord(c) < 32 or 127 <= ord(c) < 160]
    assert read == interaction(block, received)
