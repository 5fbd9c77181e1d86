"""Another mail program in the same account: it appends, expunges, copies, moves, flags and renames all the time."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from time import sleep
from typing import Any

import imapclient

from tests.servers.dovecot import Account
from tests.small_world import ME

FIXED = ("INBOX", "Sent", "Archive", "Trash")
NAMES = ("Work", "Lists/Dev", "Projekte & Größe", "Friends", "Lists/Old", "Work 2")
"""What the other folders are called, now one, now another."""

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)

WEIGHTS = {"append": 30, "expunge": 13, "copy": 8, "move": 20, "flag": 20, "rename": 4}


def when(n: int) -> datetime:
    """The time of the mail ``n``, which no other has."""
    return BEGIN + timedelta(minutes=n)


def letter(n: int) -> bytes:
    """The mail ``n``, whose every header says so; every fourth has no Date, so that its time is when it was received."""
    other = f"Person {n} <p{n}@example.org>"
    sender, to = (ME, other) if n % 3 == 0 else (other, ME)
    head = [f"From: {sender}", f"To: {to}", f"Subject: Letter {n}", f"Message-ID: <{n}@beside.example>"]
    if n % 4:
        head.append(f"Date: {format_datetime(when(n))}")
    # replies of any length, so that they are cut anywhere on their way
    head.append("List-Post: <mailto:" + "x" * (n * 37 % 400) + "@beside.example>")
    return "\r\n".join([*head, "", f"The text of {n}.", ""]).encode()


class CoClient(threading.Thread):
    """``actions`` of a ``Random`` in ``account``, some ``pause`` seconds apart; ``done`` counts them by kind.

    ``ever`` has for each mail the folders that it was in at any time. A failure is in ``error``.
    """

    def __init__(self, account: Account, random: Random, actions: int, pause: float, first: int) -> None:
        """There are ``first`` mails by now, which ``fill`` has put there."""
        super().__init__(name="co-client", daemon=True)
        self._account, self._random, self._actions, self._pause = account, random, actions, pause
        self.ever: dict[int, set[str]] = {}
        self.done = dict.fromkeys(WEIGHTS, 0)
        self.error: BaseException | None = None
        self._movable = [*NAMES[:3]]
        for folder in (*FIXED, *self._movable):
            account.create(folder)
        for n in range(first):
            folder = random.choice([*FIXED[:3], *self._movable])
            account.deliver(folder, letter(n), received=when(n), flags="S")
            self.ever[n] = {folder}

    def run(self) -> None:
        """All of the actions, one after the other."""
        try:
            with imapclient.IMAPClient(self._account.server.host, self._account.server.port, ssl=False, timeout=60) as client:
                client.login(self._account.user, self._account.password)
                for _ in range(self._actions):
                    (what,) = self._random.choices([*WEIGHTS], [*WEIGHTS.values()])
                    getattr(self, f"_{what}")(client)
                    self.done[what] += 1
                    sleep(self._random.uniform(0, 2 * self._pause))
        except BaseException as error:
            self.error = error

    @property
    def _folders(self) -> Sequence[str]:
        """Half of what is done is done in INBOX."""
        return (*FIXED, *self._movable, *("INBOX" for _ in range(5)))

    def _append(self, client: Any) -> None:
        for _ in range(self._random.randint(1, 3)):
            n, folder = len(self.ever), self._random.choice(self._folders)
            self.ever[n] = {folder}
            client.append(folder, letter(n), (), when(n))

    def _some(self, client: Any) -> list[int]:
        """A folder is open, and some of what is in it is meant."""
        self._folder = self._random.choice(self._folders)
        client.select_folder(self._folder)
        uids = client.search()
        return sorted(self._random.sample(uids, min(len(uids), self._random.randint(1, 5))))

    def _expunge(self, client: Any) -> None:
        if uids := self._some(client):
            client.delete_messages(uids, silent=True)
            client.expunge()

    def _flag(self, client: Any) -> None:
        if uids := self._some(client):
            change = self._random.choice([client.add_flags, client.remove_flags])
            change(uids, [self._random.choice(["\\Seen", "\\Flagged", "\\Answered", "$Later"])])

    def _copy(self, client: Any) -> None:
        if uids := self._some(client):
            client.copy(uids, self._to(client, uids))

    def _move(self, client: Any) -> None:
        if uids := self._some(client):
            client.move(uids, self._to(client, uids))

    def _to(self, client: Any, uids: list[int]) -> str:
        target = self._random.choice(self._folders)
        for told in client.fetch(uids, ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"]).values():
            self.ever[numbered(told[b"BODY[HEADER.FIELDS (MESSAGE-ID)]"])].add(target)
        return target

    def _rename(self, client: Any) -> None:
        client.select_folder("INBOX")
        n = self._random.randrange(len(self._movable))
        old, new = self._movable[n], self._random.choice([name for name in NAMES if name not in self._movable])
        for folders in self.ever.values():
            if old in folders:
                folders.add(new)
        self._movable[n] = new
        client.rename_folder(old, new)


def numbered(head: bytes) -> int:
    """The number of the mail whose header this is."""
    found = re.search(rb"(?i)^Message-ID: <(\d+)@", head, re.MULTILINE)
    assert found is not None, head
    return int(found[1])


def there(account: Account) -> dict[int, set[str]]:
    """What is in the account, by the files that the server keeps: each mail, and the folders that it is in, without Trash."""
    found: dict[int, set[str]] = {}
    for folder in (*FIXED[:3], *NAMES):
        for place in ("cur", "new"):
            for file in (account.path(folder) / place).glob("*"):
                found.setdefault(numbered(file.read_bytes()), set()).add(folder)
    return found
