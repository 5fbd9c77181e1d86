"""The contract on a real Dovecot, and what only a real server shows. ``conftest.py`` looks at all that was sent."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors import household
from connectors.base import Connector, Interaction, NeedsHuman, Observation, TryLater
from connectors.contract import ConnectorContract, World, said, through_json
from connectors.imap import Imap, ImapSettings
from connectors.maildir import Maildir, MaildirSettings
from tests.servers.dovecot import PASSWORD, Account, Dovecot
from tests.servers.wirelog import WireLog

_numbers = count(1)


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITH_TEST_RIGHT", PASSWORD)
    monkeypatch.setenv("KITH_TEST_WRONG", "letmein")


def imap(account: Account, port: int, **settings: Any) -> Imap:
    """A connector for the account; in the clear and with the right password if ``settings`` do not say otherwise."""
    given: dict[str, Any] = {"tls": "none", "password": {"env": "KITH_TEST_RIGHT"}, "timeout": 20}
    return Imap(
        ImapSettings.model_validate({"host": "127.0.0.1", "port": port, "user": account.user, **given, **settings})
    )


def letter(subject: str = "Hello") -> tuple[bytes, datetime]:
    number = next(_numbers)
    sent = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=number)
    text = (
        f"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\nSubject: {subject}\r\n"
        f"Date: {sent:%d %b %Y %H:%M:%S} +0000\r\nMessage-ID: <{number}@example.org>\r\n"
        f"Content-Type: text/plain\r\n\r\nThe secret body of {number}\r\n"
    )
    return text.encode(), sent


def deliver(account: Account, folder: str, count: int = 1) -> None:
    for _ in range(count):
        content, received = letter(f"in {folder}")
        account.deliver(folder, content, received)


def labels(observations: list[Observation]) -> set[str]:
    return {label for item in observations if isinstance(item, Interaction) for label in item.signals.labels}


def native_ids(observations: list[Observation]) -> Counter[str]:
    return Counter(observation.native_id for observation in observations)


class Mailbox(World):
    """An account on the server, with mail in three folders, read and unread."""

    def __init__(self, account: Account, wire: WireLog) -> None:
        self.account = account
        self.wire = wire
        self.broken: list[WireLog] = []

    def connector(self) -> Connector:
        return imap(self.account, self.wire.port)

    def add(self, count: int) -> None:
        for _ in range(count):
            content, received = letter()
            number = next(_numbers)
            folder = ("INBOX", "Sent", "Projekte/Küche")[number % 3]
            self.account.deliver(folder, content, received, flags=(None, "", "FS")[number // 3 % 3])

    def spoil(self) -> None:
        self.account.deliver("INBOX", b"\xff\xfe nothing of a message, and a NUL: \x00\r\nDate: x\r\n: y\r\n\r\n")

    def fingerprint(self) -> str:
        return self.account.fingerprint()

    def wrong_password(self) -> Connector:
        return imap(self.account, self.wire.port, password={"env": "KITH_TEST_WRONG"})

    def dropped(self) -> Connector:
        broken = WireLog(self.account.server.port)
        broken.cut_after = 80_000
        self.broken.append(broken)
        return imap(self.account, broken.port)


class TestImapContract(ConnectorContract):
    @pytest.fixture
    def world(self, account: Account, wire: WireLog) -> Iterator[Mailbox]:
        mailbox = Mailbox(account, wire)
        yield mailbox
        for broken in mailbox.broken:
            broken.stop()


class TestFolders:
    def test_spam_trash_drafts_and_excluded_folders_are_not_read(self, account: Account, wire: WireLog) -> None:
        """By their special use (RFC 6154), and by their names where the server knows of none."""
        for name in ("INBOX", "Sent", "Archive", "Junk", "Trash", "Drafts", "Entwürfe", "Gelöschte Elemente"):
            deliver(account, name)
        for name in ("Gesendete Elemente", "Lists", "Lists/Cats", "R&D", "日本語", "Trash/Old"):
            deliver(account, name)
        heard = said(imap(account, wire.port, folders={"exclude": ["Lists"]}).pull(None))
        assert labels(heard) == {"INBOX", "Sent", "Archive", "Gesendete Elemente", "R&D", "日本語"}
        assert not any("Junk" in command for command in wire.commands() if command.startswith("EXAMINE"))

    def test_sent_mail_is_said_first(self, account: Account, wire: WireLog) -> None:
        deliver(account, "INBOX", 3)
        deliver(account, "Gesendet", 3)
        first = said(imap(account, wire.port).pull(None))[0]
        assert labels([first]) == {"Gesendet"}

    def test_a_folder_that_is_renamed_says_the_same_messages(self, account: Account, wire: WireLog) -> None:
        deliver(account, "Projekte", 20)
        before = list(imap(account, wire.port).pull(None))
        account.rename("Projekte", "Werke")
        after = said(imap(account, wire.port).pull(through_json(before[-1].cursor)))
        assert native_ids(after) == native_ids(said(before))
        assert labels(after) == {"Werke"}


class TestUids:
    def test_after_a_change_of_uidvalidity_the_same_messages_are_said_and_nothing_else(
        self, account: Account, wire: WireLog
    ) -> None:
        deliver(account, "INBOX", 250)
        deliver(account, "Sent", 10)
        before = list(imap(account, wire.port).pull(None))
        old = account.uidvalidity("INBOX")
        account.renumber("INBOX")
        assert account.uidvalidity("INBOX") != old
        after = list(imap(account, wire.port).pull(through_json(before[-1].cursor)))
        in_inbox = [item for item in said(before) if labels([item]) == {"INBOX"}]
        assert Counter(said(after)) == Counter(in_inbox)
        assert said(imap(account, wire.port).pull(through_json(after[-1].cursor))) == []

    def test_a_change_of_uidvalidity_in_the_middle_of_the_backfill_loses_nothing(
        self, account: Account, wire: WireLog
    ) -> None:
        deliver(account, "INBOX", 450)
        first = next(imap(account, wire.port).pull(None))
        account.renumber("INBOX")
        rest = list(imap(account, wire.port).pull(through_json(first.cursor)))
        assert set(native_ids(said([first, *rest]))) == set(native_ids(said(imap(account, wire.port).pull(None))))
        assert len(native_ids(said(rest))) == 450

    def test_gaps_in_the_uids_are_no_harm(self, account: Account, wire: WireLog) -> None:
        """Most of the folder was expunged: what is left is said, and pages are not full of nothing."""
        deliver(account, "INBOX", 600)
        account.uidvalidity("INBOX")
        account.expunge("INBOX", "uid", "1:250,252:399,401:597")
        heard = list(imap(account, wire.port).pull(None))
        assert len(native_ids(said(heard))) == len(said(heard)) == 5
        assert len(heard) <= 3
        deliver(account, "INBOX", 2)
        after = list(imap(account, wire.port).pull(through_json(heard[-1].cursor)))
        assert len(said(after)) == 2

    def test_messages_that_are_expunged_stay_said_and_new_ones_are_met(self, account: Account, wire: WireLog) -> None:
        deliver(account, "INBOX", 10)
        before = list(imap(account, wire.port).pull(None))
        account.expunge("INBOX", "uid", "3:10")
        deliver(account, "INBOX", 4)
        after = said(imap(account, wire.port).pull(through_json(before[-1].cursor)))
        assert len(after) == 4
        assert not set(native_ids(after)) & set(native_ids(said(before)))


class TestEncryption:
    def test_implicit_tls_with_the_servers_own_authority(self, account: Account, dovecot: Dovecot) -> None:
        deliver(account, "INBOX", 3)
        source = imap(account, dovecot.tls_port, tls="implicit", ca=dovecot.ca)
        assert len(said(source.pull(None))) == 3

    def test_starttls_with_the_servers_own_authority(self, account: Account, dovecot: Dovecot, wire: WireLog) -> None:
        deliver(account, "INBOX", 3)
        assert len(said(imap(account, wire.port, tls="starttls", ca=dovecot.ca).pull(None))) == 3
        assert wire.commands()[-1] == "STARTTLS"
        assert PASSWORD.encode() not in b"".join(bytes(session.client) for session in wire.sessions)

    @pytest.mark.parametrize("tls", ["implicit", "starttls"])
    @pytest.mark.parametrize("known", [True, False])
    def test_a_certificate_of_somebody_else_is_refused_before_the_password(
        self, account: Account, dovecot: Dovecot, wire: WireLog, tls: str, known: bool
    ) -> None:
        """Signed by an authority that is not the one in ``ca``, and by none that the system knows."""
        port = dovecot.tls_port if tls == "implicit" else wire.port
        ca = {"ca": dovecot.wrong_ca} if known else {}
        with pytest.raises((NeedsHuman, TryLater), match="certificate") as refused:
            list(imap(account, port, tls=tls, **ca).pull(None))
        assert refused.value.hint
        assert not any(command.startswith(("LOGIN", "AUTHENTICATE")) for command in wire.commands())

    @pytest.mark.parametrize("host", ["imap.example.org", "192.0.2.1", "2001:db8::1", "localhost.example.org"])
    def test_a_password_in_the_clear_is_refused_but_to_this_machine(self, host: str) -> None:
        with pytest.raises(ValidationError, match="tls"):
            ImapSettings.model_validate({"host": host, "user": "a", "password": {"env": "X"}, "tls": "none"})

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
    def test_a_password_in_the_clear_to_this_machine_is_allowed(self, host: str) -> None:
        ImapSettings.model_validate({"host": host, "user": "a", "password": {"env": "X"}, "tls": "none"})


class TestWhatIsSaid:
    def test_imap_and_the_maildir_behind_it_say_the_same(self, account: Account, wire: WireLog, tmp_path: Path) -> None:
        """The sample household over IMAP, and from its files: the same interactions, folders, and times."""
        household.write(tmp_path / "mail", datetime(2026, 5, 17, tzinfo=UTC))
        for path in sorted((tmp_path / "mail").rglob("*,S=*")):
            box = path.parent.parent.relative_to(tmp_path / "mail").name.removeprefix(".")
            received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            account.deliver(box or "INBOX", path.read_bytes(), received, flags="S")
        over_imap = said(imap(account, wire.port).pull(None))
        from_files = said(Maildir(MaildirSettings(path=account.maildir)).pull(None))
        assert len(over_imap) > 400
        assert Counter(over_imap) == Counter(from_files)

    def test_a_message_without_a_date_has_the_time_of_its_receipt(self, account: Account, wire: WireLog) -> None:
        moment = datetime(2024, 2, 29, 12, 30, 5, tzinfo=UTC)
        account.deliver("INBOX", b"From: bob@example.org\r\nMessage-ID: <no-date@example.org>\r\n\r\n", moment)
        [item] = said(imap(account, wire.port).pull(None))
        assert isinstance(item, Interaction)
        assert item.happened_at == moment
        assert item.signals.date_from == "received"

    def test_no_body_and_no_password_is_in_what_is_said(self, account: Account, wire: WireLog) -> None:
        deliver(account, "INBOX", 5)
        pages = list(imap(account, wire.port).pull(None))
        assert "secret" not in repr(pages)
        assert b"The secret body" not in b"".join(bytes(session.server) for session in wire.sessions)


def test_the_fingerprint_of_these_tests_notices_a_change(account: Account) -> None:
    """The measure itself: reading a message on the server, in the way that kith never does, is seen."""
    deliver(account, "INBOX", 2)
    seen = {account.fingerprint()}
    account.server.doveadm("flags", "add", "-u", account.user, "\\Seen", "mailbox", "INBOX", "uid", "1")
    seen.add(account.fingerprint())
    account.expunge("INBOX", "uid", "2")
    seen.add(account.fingerprint())
    assert len(seen) == 3
    assert all(len(digest) == hashlib.sha256().digest_size * 2 for digest in seen)
