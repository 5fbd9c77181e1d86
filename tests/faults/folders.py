"""An account with mail in several folders, each mail told by its number."""

from __future__ import annotations

from tests.servers.dovecot import Account

FOLDERS = ("Sent", "INBOX", "Archive")


def letter(n: int) -> bytes:
    """Mail number ``n``, from Bob."""
    head = f"From: bob@example.org\r\nTo: me@example.org\r\nSubject: Letter {n}\r\nMessage-ID: <{n}@folders.example>\r\n"
    return f"{head}Date: Sat, 16 May 2026 10:{n % 60:02d}:00 +0000\r\n\r\n".encode()


def fill(account: Account, each: int) -> Account:
    """The account has so many mails in each of FOLDERS: number 0 and on in the first, 100 (or ``each``) and on in the next."""
    for place, folder in enumerate(FOLDERS):
        for n in range(each):
            account.deliver(folder, letter(max(100, each) * place + n))
    return account
