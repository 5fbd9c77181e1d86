"""Maildir trees and .eml files: the contract, and what is special about files."""

from __future__ import annotations

import gzip
import json
import os
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from connectors import maildir, paging
from connectors.base import Connector, Cursor, Interaction, NeedsHuman, Page, Unreadable
from connectors.contract import ConnectorContract, World, said, through_json
from connectors.headers import MOST_HEADER
from connectors.maildir import Eml, EmlSettings, Maildir, MaildirSettings
from tests.connectors.rights import as_somebody
from tests.servers.dovecot import Dovecot, fingerprint

NOW = 1_770_000_000
_numbers = count(1)


def letter(number: int | None = None, subject: str = "Hello") -> bytes:
    number = next(_numbers) if number is None else number
    return (
        f"From: Alice <alice@example.org>\r\nTo: bob@example.org\r\nSubject: {subject}\r\n"
        f"Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <{number}@example.org>\r\n\r\nThe body of {number}\r\n"
    ).encode()


def put(folder: Path, content: bytes, name: str | None = None, at: float = NOW) -> Path:
    """Writes a message into ``cur`` or ``new`` (or any folder), with the file time ``at``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or f"{next(_numbers)}.M1P1.host")
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def box(folder: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return folder


def pull(root: Path, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    connector = Maildir(MaildirSettings(path=root, **settings))
    return list(connector.pull(None if cursor is None else through_json(cursor)))


def titles(heard: list[Page]) -> list[str | None]:
    return [item.title for item in said(heard) if isinstance(item, Interaction)]


def labels(heard: list[Page]) -> list[str]:
    return [label for item in said(heard) if isinstance(item, Interaction) for label in item.signals.labels]


class Tree(World):
    """A Maildir++ tree with mail in several folders, some of it read and some not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places = [
            (box(folder / name) / part, ":2,S" if part == "cur" else "")
            for name in (".", ".Sent", ".Archive.2020")
            for part in ("cur", "new")
        ]

    def connector(self) -> Connector:
        return Maildir(MaildirSettings(path=self.folder))

    def add(self, count: int) -> None:
        for _ in range(count):
            number = next(_numbers)
            folder, flags = self._places[number % len(self._places)]
            put(folder, letter(number), f"{number}.M1P1.host{flags}", NOW - number * 60)

    def spoil(self) -> None:
        put(self.folder / "cur", b"\x00\xff\xfe nothing of a message \x00", "bad:2,")

    def fingerprint(self) -> str:
        return fingerprint(self.folder)


class TestMaildirContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Tree:
        return Tree(tmp_path / "mail")


class Drawer(World):
    """A folder of .eml files, in two levels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def connector(self) -> Connector:
        return Eml(EmlSettings(path=self.folder))

    def add(self, count: int) -> None:
        for _ in range(count):
            number = next(_numbers)
            put(self.folder / ("2020" if number % 2 else "."), letter(number), f"{number}.eml", NOW - number * 60)

    def spoil(self) -> None:
        put(self.folder, b"\x00\xff\xfe nothing of a message \x00", "bad.EML")

    def fingerprint(self) -> str:
        return fingerprint(self.folder)


class TestEmlContract(ConnectorContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Drawer:
        return Drawer(tmp_path / "letters")


class TestFolders:
    def test_a_maildir_plus_plus_tree_has_the_folder_names_that_dovecot_lists(self, dovecot: Dovecot) -> None:
        account = dovecot.account()
        names = ["INBOX", "Sent", "Archive/2020", "Projekte/Küche", "R&D", "日本語"]
        for name in names:
            account.deliver(name, letter())
        listed = dovecot.doveadm("mailbox", "list", "-u", account.user).split("\n")
        heard = labels(pull(account.maildir))
        assert sorted(heard) == sorted(names)
        assert set(heard) <= set(listed)

    def test_a_plain_tree_of_maildirs_is_read(self, tmp_path: Path) -> None:
        """As mbsync writes it (INBOX beside the others, or folders inside with a dot), and offlineimap."""
        for name in ("INBOX", "Sent", "Work/2020", "INBOX/.Lists", "v1.0 notes"):
            put(box(tmp_path / name) / "cur", letter(), "1:2,S")
        assert sorted(labels(pull(tmp_path))) == ["INBOX", "INBOX/Lists", "Sent", "Work/2020", "v1.0 notes"]

    def test_sent_comes_first_and_the_newest_message_of_a_folder_comes_first(self, tmp_path: Path) -> None:
        for name, at in (("", 5), ("", 9), (".Gesendet", 1), (".Gesendet", 4), (".Zoo", 99), (".Archive", 50)):
            put(box(tmp_path / name) / "cur", letter(subject=f"{name}{at}"), at=NOW + at)
        assert titles(pull(tmp_path)) == [".Gesendet4", ".Gesendet1", "9", "5", ".Archive50", ".Zoo99"]

    def test_spam_trash_drafts_and_excluded_folders_are_never_read(self, tmp_path: Path) -> None:
        names = ("", ".Spam", ".Papierkorb", ".Trash.Old", ".Entw&APw-rfe", ".Lists", ".Lists.Cats", ".Keep")
        for name in names:
            put(box(tmp_path / name) / "cur", letter())
        assert labels(pull(tmp_path, exclude=["lists"])) == ["INBOX", "Keep"]

    def test_what_notmuch_mu_and_mbsync_put_beside_the_mail_is_no_folder(self, tmp_path: Path) -> None:
        put(box(tmp_path / "INBOX") / "cur", letter(), "1.M1P1.host,U=1:2,S")
        for name in (".notmuch/xapian/iamglass", ".mu/xapian/iamglass", "INBOX/.mbsyncstate", "INBOX/.uidvalidity"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"\0")
        assert labels(pull(tmp_path)) == ["INBOX"]

    def test_a_link_in_a_circle_is_no_harm(self, tmp_path: Path) -> None:
        put(box(tmp_path / "INBOX") / "cur", letter())
        (tmp_path / "INBOX" / "again").symlink_to(tmp_path)
        assert labels(pull(tmp_path)) == ["INBOX"]

    def test_a_folder_name_that_is_no_text_is_read(self, tmp_path: Path) -> None:
        put(box(Path(os.fsdecode(os.fsencode(tmp_path) + b"/.K\xfcche"))) / "cur", letter())
        assert labels(pull(tmp_path)) == ["K\N{REPLACEMENT CHARACTER}che"]


class TestMessages:
    def test_the_file_time_is_the_time_of_receipt(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", b"From: alice@example.org\n\nno date", at=NOW + 0.75)
        [item] = said(pull(tmp_path))
        assert isinstance(item, Interaction)
        assert item.happened_at == datetime.fromtimestamp(NOW, UTC)

    def test_trashed_messages_and_drafts_are_passed_over_until_they_are_no_more(self, tmp_path: Path) -> None:
        cur = box(tmp_path) / "cur"
        put(cur, letter(subject="kept"), "1:2,FRS")
        trashed = put(cur, letter(subject="trashed"), "2:2,ST")
        draft = put(cur, letter(subject="draft"), "3:2,D")
        first = pull(tmp_path)
        assert titles(first) == ["kept"]
        trashed.rename(cur / "2:2,S")
        draft.rename(cur / "3:2,")
        assert sorted(map(str, titles(pull(tmp_path, first[-1].cursor)))) == ["draft", "trashed"]

    def test_reading_flagging_and_moving_to_cur_is_no_news(self, tmp_path: Path) -> None:
        new = put(box(tmp_path) / "new", letter(), "1.host,S=20")
        put(tmp_path / "cur", letter(), "2.host:2,")
        cursor = pull(tmp_path)[-1].cursor
        new.rename(tmp_path / "cur" / "1.host,S=20:2,S")
        (tmp_path / "cur/2.host:2,").rename(tmp_path / "cur/2.host:2,FS")
        assert said(pull(tmp_path, cursor)) == []

    def test_a_message_that_arrives_with_an_old_time_is_seen(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", letter(), at=NOW)
        cursor = pull(tmp_path)[-1].cursor
        put(tmp_path / "cur", letter(subject="old"), at=NOW - 10**8)
        assert titles(pull(tmp_path, cursor)) == ["old"]

    def test_a_message_that_arrives_in_the_same_tick_as_a_pull_is_seen(self, tmp_path: Path) -> None:
        """The directory's time may be the same before and after it came: set here by hand, as a coarse clock does."""
        put(box(tmp_path) / "cur", letter())
        tick = int(time.time())
        os.utime(tmp_path / "cur", (tick, tick))
        cursor = pull(tmp_path)[-1].cursor
        put(tmp_path / "cur", letter(subject="in the same tick"))
        os.utime(tmp_path / "cur", (tick, tick))
        assert titles(pull(tmp_path, cursor)) == ["in the same tick"]

    def test_a_message_that_is_renamed_while_it_is_being_read_is_not_lost(self, tmp_path: Path) -> None:
        for number in range(paging.FIRST_PAGE):
            put(box(tmp_path) / "cur", letter(), f"{number}.first:2,", NOW + 9)
        late = put(tmp_path / "new", letter(subject="late"), "late")
        gone = put(tmp_path / "new", letter(subject="gone"), "gone")
        pulling = Maildir(MaildirSettings(path=tmp_path)).pull(None)
        heard = [next(pulling)]
        late.rename(tmp_path / "cur/late:2,S")
        gone.unlink()
        heard += pulling
        assert "late" not in titles(heard)
        heard += pull(tmp_path, heard[-1].cursor)
        assert titles(heard).count("late") == 1
        assert "gone" not in titles(heard)
        assert said(pull(tmp_path, heard[-1].cursor)) == []

    def test_only_the_header_is_read_and_no_more_of_it_than_the_most(self, tmp_path: Path) -> None:
        """The two files are of 100 GB: nobody reads them to the end within a test, nor has the memory for it."""
        for at, start in ((NOW, letter(subject="body")), (NOW - 1, b"Subject: header\nX: ")):
            endless = put(box(tmp_path) / "cur", start)
            os.truncate(endless, 10**11)
            os.utime(endless, (at, at))
        late = b"Subject: late\n" + b"X: 1\n" * (MOST_HEADER // 5) + b"From: late@example.org\n\n"
        put(tmp_path / "cur", late, at=NOW - 2)
        heard = said(pull(tmp_path))
        assert len(heard) == 3
        assert isinstance(heard[0], Interaction)
        assert heard[0].title == "body"
        assert "late@example.org" not in repr(heard[2])

    def test_a_message_that_dovecot_compressed_is_read(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", gzip.compress(letter(subject="zipped") + b"x" * 10**6))
        put(tmp_path / "cur", gzip.compress(b"Subject: bomb\r\nX: " + b"\0" * 10**8), at=NOW - 1)
        put(tmp_path / "cur", gzip.compress(letter())[:20], at=NOW - 2)
        heard = said(pull(tmp_path))
        assert len(heard) == 3
        assert isinstance(heard[0], Interaction)
        assert heard[0].title == "zipped"

    def test_what_is_no_message_is_unreadable_and_the_rest_arrives(self, tmp_path: Path) -> None:
        cur = box(tmp_path) / "cur"
        (cur / "folder:2,S").mkdir()
        os.mkfifo(cur / "pipe:2,S")
        (cur / "circle:2,S").symlink_to(cur / "circle:2,S")
        put(cur, letter(subject="good"))
        heard = pull(tmp_path)
        bad = [item for item in said(heard) if isinstance(item, Unreadable)]
        assert sorted(item.native_id for item in bad) == [f"file:INBOX/{name}" for name in ("circle", "folder", "pipe")]
        assert titles(heard) == ["good"]

    def test_other_files_in_a_maildir_are_left_alone(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", b"index", ".nfs0001")
        put(tmp_path / "tmp", letter())
        put(tmp_path, b"3 V1 N1", "dovecot-uidlist")
        assert said(pull(tmp_path)) == []


class TestCursor:
    def test_it_grows_by_less_than_twenty_bytes_a_message(self, tmp_path: Path) -> None:
        for number in range(1000):
            put(box(tmp_path) / "cur", letter(number), f"{NOW + number}.M{number}P1.mail.example.org,S=100:2,S")
        cursor = pull(tmp_path)[-1].cursor
        assert len(json.dumps(cursor)) < 200 + 9 * 1000

    def test_it_forgets_messages_that_were_deleted(self, tmp_path: Path) -> None:
        paths = [put(box(tmp_path) / "cur", letter()) for _ in range(1200)]
        before = pull(tmp_path)[-1].cursor
        for path in paths[:-10]:
            path.unlink()
        after = pull(tmp_path, before)[-1]
        assert after.observations == ()
        assert len(json.dumps(after.cursor)) < 300
        assert said(pull(tmp_path, after.cursor)) == []

    def test_pages_grow_and_tell_how_much_is_left(self, tmp_path: Path) -> None:
        for number in range(1700):
            put(box(tmp_path / ("" if number % 2 else ".Sent")) / "cur", letter())
        heard = pull(tmp_path)
        assert [len(page.observations) for page in heard] == [200, 400, 800, 300]
        assert [page.left for page in heard] == [1500, 1100, 300, 0]

    def test_a_cursor_of_another_version_reads_all_anew(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", letter(subject="again"))
        pull(tmp_path)
        assert titles(pull(tmp_path, {"version": 0})) == ["again"]

    def test_a_folder_that_has_not_changed_is_listed_once_a_day_only(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Told by a message that comes without a change of the directory's time, as on some network file systems."""
        for name in ("", ".Sent"):
            put(box(tmp_path / name) / "cur", letter())
        settle(tmp_path)
        cursor = pull(tmp_path)[-1].cursor
        for name in ("", ".Sent"):
            put(tmp_path / name / "cur", letter(subject=f"new in{name}"))
        settled = (tmp_path / "new").stat().st_mtime_ns
        os.utime(tmp_path / "cur", ns=(settled, settled))
        second = pull(tmp_path, cursor)
        assert titles(second) == ["new in.Sent"]
        monkeypatch.setattr(maildir, "LIST_AGAIN", 0.0)
        assert titles(pull(tmp_path, second[-1].cursor)) == ["new in"]

    def test_a_pull_with_nothing_new_has_no_page(self, tmp_path: Path) -> None:
        put(box(tmp_path) / "cur", letter())
        cursor = pull(tmp_path)[-1].cursor
        assert pull(tmp_path, cursor) == []


class TestPaths:
    @pytest.mark.parametrize("connector", [Maildir, Eml])
    def test_a_path_that_is_not_there_needs_a_human(self, tmp_path: Path, connector: type[Maildir] | type[Eml]) -> None:
        with pytest.raises(NeedsHuman) as refused:
            list(connector(connector.Settings(path=tmp_path / "none")).pull(None))  # type: ignore[arg-type]
        assert str(tmp_path / "none") in refused.value.what
        assert refused.value.hint

    def test_a_folder_without_a_maildir_needs_a_human(self, tmp_path: Path) -> None:
        (tmp_path / "letters").mkdir()
        with pytest.raises(NeedsHuman, match="no Maildir"):
            pull(tmp_path)

    def test_the_home_folder_may_be_written_short(self) -> None:
        assert MaildirSettings(path=Path("~/Maildir")).path == Path.home() / "Maildir"
        assert EmlSettings(path=Path("~/letters")).path == Path.home() / "letters"

    def test_a_message_or_a_folder_that_may_not_be_read_is_told_and_the_rest_arrives(self, private: Path) -> None:
        put(box(private) / "cur", letter(subject="good"))
        put(private / "cur", letter(), "locked:2,S").chmod(0)
        put(box(private / ".Closed") / "cur", letter())
        (private / ".Closed").chmod(0)
        heard: list[Page] = []
        with as_somebody(private), pytest.raises(NeedsHuman) as refused:
            heard.extend(Maildir(MaildirSettings(path=private)).pull(None))
        assert ".Closed" in refused.value.what
        assert "chmod" in refused.value.hint
        assert titles(heard) == ["good"]
        assert [item for item in said(heard) if isinstance(item, Unreadable)] == [
            Unreadable("file:INBOX/locked", "the file cannot be read: Permission denied")
        ]
        (private / ".Closed").chmod(0o700)
        with as_somebody(private):
            assert labels(pull(private, heard[-1].cursor)) == ["Closed"]


class TestEml:
    def test_one_file_is_a_source(self, tmp_path: Path) -> None:
        path = put(tmp_path, letter(subject="first"), "one.eml")
        connector = Eml(EmlSettings(path=path))
        first = list(connector.pull(None))
        assert (titles(first), labels(first)) == (["first"], [])
        assert list(connector.pull(first[-1].cursor)) == []
        put(tmp_path, letter(subject="another"), "one.eml", NOW + 1)
        assert titles(list(connector.pull(first[-1].cursor))) == ["another"]

    def test_only_eml_files_are_read(self, tmp_path: Path) -> None:
        put(tmp_path, letter(subject="yes"), "a.EML")
        put(tmp_path, letter(subject="no"), "a.txt")
        put(tmp_path, letter(subject="no"), ".a.eml")
        assert titles(list(Eml(EmlSettings(path=tmp_path)).pull(None))) == ["yes"]


    def test_a_file_that_was_written_anew_in_its_place_is_said_anew(self, tmp_path: Path) -> None:
        path = put(tmp_path, letter(subject="first"), "one.eml")
        put(tmp_path, letter(subject="other"), "two.eml")
        settle(tmp_path)
        connector = Eml(EmlSettings(path=tmp_path))
        first = list(connector.pull(None))
        assert list(connector.pull(first[-1].cursor)) == []
        path.write_bytes(letter(subject="second"))
        second = list(connector.pull(first[-1].cursor))
        assert titles(second) == ["second"]
        assert list(connector.pull(second[-1].cursor)) == []


def settle(folder: Path) -> None:
    """Makes all directories look as if they had last changed an hour ago."""
    then = time.time() - 3600
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            os.utime(path, (then, then))


def test_the_same_message_in_a_maildir_and_as_eml_is_one_event(tmp_path: Path) -> None:
    put(box(tmp_path / "mail") / "cur", letter(7))
    put(tmp_path / "letters", letter(7), "7.eml")
    in_maildir = said(pull(tmp_path / "mail"))
    as_file = said(Eml(EmlSettings(path=tmp_path / "letters")).pull(None))
    assert [getattr(item, "same_as", None) for item in in_maildir] == [getattr(item, "same_as", "") for item in as_file]
