"""Mail in mbox files: the contract, where messages begin, and files that grow or are written anew."""

from __future__ import annotations

import io
import mailbox
import os
import tracemalloc
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors import mbox, mbox_reading
from connectors.base import Connector, Cursor, Interaction, NeedsHuman, Page, TryLater, Unreadable
from connectors.contract import ConnectorContract, World, said, through_json
from connectors.mbox import Mbox, MboxSettings, gmail_labels, label_of
from connectors.mbox_reading import Splitter
from tests.connectors.rights import as_somebody
from tests.servers.dovecot import fingerprint

NOW = 1_770_000_000
BEGIN = "From alice@example.org Mon Jan  5 10:00:00 2026"
_numbers = count(1)


def letter(subject: str = "Hello", *fields: str, begin: str = BEGIN, body: str = "Hi", date: bool = True) -> str:
    dated = ["Date: Mon, 05 Jan 2026 10:00:00 +0000"] if date else []
    lines = [begin, *fields, "From: Alice <alice@example.org>", "To: bob@example.org", f"Subject: {subject}", *dated]
    return "\n".join([*lines, f"Message-ID: <{next(_numbers)}@example.org>", "", body, "", ""])


def put(path: Path, *letters: str, at: float = NOW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(letters).encode("utf-8", "surrogateescape"))
    os.utime(path, (at, at))
    return path


def append(path: Path, *letters: str, at: float = NOW + 10) -> None:
    with path.open("ab") as file:
        file.write("".join(letters).encode())
    os.utime(path, (at, at))


def pull(path: Path, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    connector = Mbox(MboxSettings(path=path, **settings))
    return list(connector.pull(None if cursor is None else through_json(cursor)))


def mails(heard: list[Page]) -> list[Interaction]:
    return [item for item in said(heard) if isinstance(item, Interaction)]


def titles(heard: list[Page]) -> list[str | None]:
    return [item.title for item in mails(heard)]


class Folder(World):
    """A folder of mbox files as Thunderbird lays it out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Inbox", "Sent", "Archives.sbd/2020"):
            put(folder / name)
            put(folder / f"{name}.msf", "// <!-- <mdb:mork:z v='1.4'/> -->")

    def connector(self) -> Connector:
        return Mbox(MboxSettings(path=self.folder))

    def add(self, count: int) -> None:
        for name, share in (("Inbox", count - 2 * (count // 3)), ("Sent", count // 3), ("Archives.sbd/2020", count // 3)):
            append(self.folder / name, *(letter() for _ in range(share)), at=NOW + next(_numbers))

    def spoil(self) -> None:
        append(self.folder / "Inbox", f"{BEGIN}\n\0\udcff\udcfe nothing of a message\n\n\n".encode("utf-8", "replace").decode())

    def fingerprint(self) -> str:
        return fingerprint(self.folder)


class TestMboxContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Folder:
        return Folder(tmp_path / "mail")


class OneFile(Folder):
    """An export: all mail in one file, in many segments."""

    def connector(self) -> Connector:
        return Mbox(MboxSettings(path=self.folder / "Inbox"))

    def add(self, count: int) -> None:
        append(self.folder / "Inbox", *(letter() for _ in range(count)), at=NOW + next(_numbers))


class TestOneFileContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneFile:
        monkeypatch.setattr(mbox, "SEGMENT", 10_000)
        return OneFile(tmp_path / "mail")


# ------------------------------------------------------------------------------------------------ where they begin


def begins(data: bytes) -> list[bytes]:
    """The header of each message."""
    return [message.header for message in Splitter(io.BytesIO(data), 0).messages()]


@pytest.mark.parametrize(
    "line",
    [
        "From alice@example.org Mon Jan  5 10:00:00 2026",
        "From alice@example.org Mon Jan 05 10:00:00 +0000 2026",
        "From 1234567890@xxx Mon Jan 05 10:00:00 +0000 2026",
        "From - Mon Jan 05 10:00:00 2026",
        "From alice@example.org  Mon Jan  5 10:00 2026",
        "From alice@example.org Mon Jan  5 10:00:00 CET 2026",
        "From alice@example.org Mon, 5 Jan 2026 10:00:00 +0100",
        "From ???@??? Mon Jan 05 10:00:00 2026",
        "From alice at example.org  Mon Jan  5 10:00:00 2026",
        "From MAILER-DAEMON Mon Jan  5 10:00:00 2026 remote from host",
        "From Mon Jan  5 10:00:00 2026",
        "From alice@example.org 2026-01-05 10:00:00",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_message_begins_after_an_empty_line_with_from_and_a_date(line: str, end: str) -> None:
    data = (letter() + letter("second", begin=line)).replace("\n", end).encode()
    headers = begins(data)
    assert len(headers) == 2
    assert b"Subject: second" in headers[1]


@pytest.mark.parametrize("field", ["X-Mozilla-Status: 0001", "Return-Path: <alice@example.org>", "X-GM-THRID: 1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_stored_message_begins_without_an_empty_line_too(field: str, end: str) -> None:
    """As old Thunderbirds left it after a message that did not end with one."""
    data = (letter().rstrip("\n") + "\n" + letter("second", field)).replace("\n", end).encode()
    assert len(begins(data)) == 2


@pytest.mark.parametrize(
    "body",
    [
        "From now on we meet at 10:00, said the letter of 2026.",
        "Dear Bob,\nFrom alice@example.org Mon Jan  5 10:00:00 2026\nSubject: no empty line before",
        "Dear Bob,\nFrom now on, since Mon Jan  5 10:00:00 2026\nReceived: nothing",
        "x\n\nFrom our office in January 2026\n\nRegards",
        "x\n\nFrom Jan 5 to Mar 7 2026 at 10:00 we are closed.\nAnd so on",
        "x\n\n>From alice@example.org Mon Jan  5 10:00:00 2026\nSubject: quoted",
        "x\n\n From alice@example.org Mon Jan  5 10:00:00 2026\nSubject: indented",
        "x\n\nfrom alice@example.org Mon Jan  5 10:00:00 2026\nSubject: small",
    ],
)
def test_a_body_that_speaks_of_from_is_one_body(body: str) -> None:
    assert len(begins((letter(body=body) + letter("second")).encode())) == 2


def test_a_content_length_is_not_believed() -> None:
    data = letter("one", "Content-Length: 100000") + letter("two", "Content-Length: 0") + letter("three")
    assert len(begins(data.encode())) == 3


@pytest.mark.parametrize("piece", [1, 7, 64, 1000])
def test_it_is_read_in_pieces_as_the_standard_library_reads_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(mbox_reading, "PIECE", piece)
    letters = [letter(str(n), body="word\n" * n * 7 + "\n>From here\n") for n in range(12)]
    letters[3] = f"{BEGIN}\n\nno header\n\n"
    letters[5] = f"{BEGIN}\nSubject: no body\n\n"
    data = "".join(letters).encode()
    path = tmp_path / "mbox"
    path.write_bytes(data)
    expected = [str(message["Subject"]) for message in mailbox.mbox(path, create=False)]
    found = [header.partition(b"Subject: ")[2].partition(b"\n")[0].decode() or "None" for header in begins(data)]
    assert found == expected
    for start in range(0, len(data), 97):
        at = [message.at for message in Splitter(io.BytesIO(data), start).messages()]
        assert at == [message.at for message in Splitter(io.BytesIO(data), 0).messages() if message.at >= start]


# ------------------------------------------------------------------------------------------------ files that change


class TestGrowth:
    def test_only_what_was_appended_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = put(tmp_path / "Inbox", *(letter(str(n), body="x" * 5000) for n in range(300)))
        first = pull(path)
        append(path, letter("new"))
        seen: list[int] = []

        class Watched(Splitter):
            def __init__(self, stream: Any, start: int) -> None:
                seen.append(start)
                super().__init__(stream, start)

        monkeypatch.setattr(mbox, "Splitter", Watched)
        before = path.stat().st_size
        second = pull(path, first[-1].cursor)
        assert titles(second) == ["new"]
        assert min(seen) > before - 500
        assert pull(path, second[-1].cursor) == []

    def test_a_message_that_is_being_written_is_said_when_its_header_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Byte by byte: whatever part of it is there, it is said once, and as a whole."""
        monkeypatch.setattr(mbox, "now", lambda: NOW + 10.0)
        path = put(tmp_path / "Inbox", letter("first"))
        whole = letter("second", body="some words") + letter("third")
        cursor = pull(path)[-1].cursor
        heard: list[Page] = []
        for place in range(0, len(whole), 3):
            append(path, whole[place : place + 3])
            heard += pull(path, cursor)
            cursor = heard[-1].cursor if heard else cursor
        assert titles(heard) == ["second", "third"]
        assert len({item.native_id for item in mails(heard)}) == 2

    def test_a_compacted_file_is_read_again_with_the_same_ids(self, tmp_path: Path) -> None:
        letters = [letter(str(n)) for n in range(5)]
        path = put(tmp_path / "Inbox", *letters)
        first = pull(path)
        put(path, *letters[1:], at=NOW + 10)
        second = pull(path, first[-1].cursor)
        assert {item.native_id for item in mails(second)} == {item.native_id for item in mails(first) if item.title != "0"}
        put(path, *letters[1:], letter("new"), at=NOW + 20)
        assert titles(pull(path, second[-1].cursor)) == ["new"]

    def test_a_flag_that_is_set_in_the_file_is_no_news(self, tmp_path: Path) -> None:
        """Thunderbird writes flags in their place; other programs pad them."""
        text = letter("one", "X-Mozilla-Status: 0000", "X-Mozilla-Keys:             ")
        path = put(tmp_path / "Inbox", text)
        first = pull(path)
        put(path, text.replace("Status: 0000", "Status: 0001").replace("Keys:      ", "Keys: $label"[:11]), at=NOW + 10)
        second = pull(path, first[-1].cursor)
        assert said(second) == []
        append(path, letter("two"), at=NOW + 20)
        assert titles(pull(path, second[-1].cursor)) == ["two"]

    def test_the_newest_segment_comes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mbox, "SEGMENT", 50_000)
        put(tmp_path / "Inbox", *(letter(str(n)) for n in range(2000)))
        put(tmp_path / "Sent", *(letter(f"s{n}") for n in range(2000)))
        heard = pull(tmp_path)
        assert sorted(map(str, titles(heard))) == sorted([str(n) for n in range(2000)] + [f"s{n}" for n in range(2000)])
        page = [str(title) for title in titles(heard[:1])]
        assert set(page) <= {f"s{n}" for n in range(1700, 2000)}
        assert heard[0].left is not None
        assert 3000 < heard[0].left < 5000
        for stop in range(1, len(heard)):
            rest = pull(tmp_path, heard[stop - 1].cursor)
            assert sorted(map(str, titles([*heard[:stop], *rest]))) == sorted(map(str, titles(heard)))

    def test_memory_stays_small_however_large_the_file_is(self, tmp_path: Path) -> None:
        path = tmp_path / "all.mbox"
        with path.open("wb") as file:
            for number in range(40):
                file.write(letter(str(number)).encode())
                file.write(b"A line of words that goes on for a while, in a letter of four megabytes\n" * 55_000 + b"\n")
        assert path.stat().st_size > 150_000_000
        tracemalloc.start()
        try:
            assert len(mails(pull(path))) == 40
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()
            path.unlink()


# --------------------------------------------------------------------------------------------- folders and messages


class TestFolders:
    def test_folders_are_called_as_the_programs_show_them(self, tmp_path: Path) -> None:
        names = (
            "Inbox",
            "Archives.sbd/2020",
            "Work.mbox/mbox",
            "Lists.sbd/Cats.sbd/Tails",
            "plain.mbox",
            "Trash.sbd/old",
            "Junk",
        )
        for name in (*names, "Drafts", ".hidden"):
            put(tmp_path / name, letter(name))
        put(tmp_path / "Inbox.msf", "// <!-- mork -->")
        put(tmp_path / "Work.mbox/table_of_contents", "\0\0From ")
        found = {label for item in mails(pull(tmp_path)) for label in item.signals.labels}
        assert found == {"Inbox", "Archives/2020", "Work", "Lists/Cats/Tails", "plain"}
        assert {label for item in mails(pull(tmp_path, exclude=["lists"])) for label in item.signals.labels} == found - {
            "Lists/Cats/Tails"
        }
        assert label_of("Entw&APw-rfe.sbd/a") == "Entwürfe/a"

    def test_messages_that_are_marked_as_deleted_or_drafts_are_passed_over(self, tmp_path: Path) -> None:
        flags = ("X-Mozilla-Status: 0009", "X-Mozilla-Status: 0008", "X-Status: D", "X-Status: T")
        kept = ("X-Mozilla-Status: 0001", "X-Mozilla-Status: 1013", "X-Status: AF", "Status: RO")
        put(tmp_path / "a", *(letter(flag, flag) for flag in (*flags, *kept)))
        assert titles(pull(tmp_path)) == [*kept]

    def test_gmail_takeout_has_labels_and_conversations(self, tmp_path: Path) -> None:
        def mail(subject: str, *labels: str) -> str:
            return letter(subject, "X-GM-THRID: 1834567890123456789", *(f"X-Gmail-Labels: {label}" for label in labels))

        path = put(
            tmp_path / "All mail Including Spam and Trash.mbox",
            mail("kept", 'Inbox,Important,Opened,"Work, at home"'),
            mail("coded", "=?UTF-8?Q?Gesendet,F=C3=BCr_sp=C3=A4ter?="),
            mail("spam", "Spam,Unread"),
            mail("trash", "Papierkorb,Opened"),
            mail("draft", "Drafts"),
            mail("nested", "Work/Drafts,Inbox"),
            letter("none"),
        )
        heard = {item.title: item for item in mails(pull(path))}
        assert list(heard) == ["kept", "coded", "nested", "none"]
        assert heard["kept"].signals.labels == ("Important", "Inbox", "Work, at home")
        assert heard["coded"].signals.labels == ("Für später", "Gesendet")
        assert heard["none"].signals.labels == ("All mail Including Spam and Trash",)
        assert heard["kept"].thread == "gm:1834567890123456789"
        assert heard["none"].thread == heard["none"].native_id
        assert titles(pull(path, exclude=["Work*"])) == ["coded", "none"]
        assert gmail_labels(b'"' * 10_000) is not None

    def test_a_date_that_is_missing_or_lies_is_that_of_the_first_line(self, tmp_path: Path) -> None:
        late = letter("lies").replace("Mon, 05 Jan 2026 10:00:00", "Mon, 05 Jan 2099 10:00:00")
        odd = letter("odd", begin="From - Thu Jan  1 00:00:00 1970", date=False)
        path = put(
            tmp_path / "a", letter("missing", date=False), late, odd, letter("good", begin="From - Sat Jan  1 00:00:00 2000")
        )
        heard = {item.title: item for item in mails(pull(path))}
        assert [str(heard[title].happened_at) for title in ("missing", "lies", "good")] == ["2026-01-05 10:00:00+00:00"] * 3
        assert heard["odd"].happened_at.timestamp() == NOW

    def test_what_is_no_message_is_unreadable_and_the_rest_arrives(self, tmp_path: Path) -> None:
        path = put(tmp_path / "a", letter("one"), f"{BEGIN}\nX-Nothing: \0\n\n\n", letter("two"))
        heard = pull(path)
        assert titles(heard) == ["one", "two"]
        assert len([item for item in said(heard) if isinstance(item, Unreadable)]) == 1


class TestPaths:
    def test_a_path_that_is_not_there_or_no_mbox_needs_a_human(self, tmp_path: Path) -> None:
        with pytest.raises(NeedsHuman, match="is not there"):
            pull(tmp_path / "none")
        with pytest.raises(NeedsHuman, match="is no mbox file"):
            pull(put(tmp_path / "a.txt", "Dear Bob"))

    def test_a_file_that_went_away_is_waited_for(self, tmp_path: Path) -> None:
        path = put(tmp_path / "mbox", letter())
        cursor = pull(path)[-1].cursor
        path.rename(tmp_path / "away")
        with pytest.raises(TryLater):
            pull(path, cursor)
        (tmp_path / "away").rename(path)
        assert pull(path, cursor) == []

    def test_a_file_that_may_not_be_read_is_told_once_and_the_rest_arrives(self, private: Path) -> None:
        locked = put(private / "locked", letter("locked"))
        put(private / "open", letter("open"))
        locked.chmod(0)
        with as_somebody(private):
            first = pull(private)
            assert said(pull(private, first[-1].cursor)) == []
        assert titles(first) == ["open"]
        assert [item for item in said(first) if isinstance(item, Unreadable)] == [
            Unreadable("file:locked", "the file cannot be read: Permission denied")
        ]
        locked.chmod(0o600)
        with as_somebody(private):
            assert titles(pull(private, first[-1].cursor)) == ["locked"]
