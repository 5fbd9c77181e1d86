"""A Maildir++ that looks like a mailbox of some years, of people who do not exist. The same numbers give the same mail.

``python -m tests.bench.mailbox FOLDER MESSAGES`` writes it. There are talks between the owner and a few hundred people, who
are as unequal as in life; mailing lists, newsletters and robots; names and subjects in encoded words; headers of 1.5 to
3 KB. A file's time is when the mail was received, and the files of a folder are named in the order of their times.
"""

from __future__ import annotations

import base64
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from random import Random

OWNER, OWNER_NAME = "robin@example.org", "Robin Example"
FOLDERS = {
    "INBOX": "",
    "Sent": ".Sent",
    "Archive": ".Archive",
    "Lists/builders": ".Lists.builders",
    "Lists/garden": ".Lists.garden",
    "Projekte/Küche": ".Projekte.K&APw-che",
}
"""Folder names as people see them, and where they lie."""

END = int(datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp())
YEARS = 6
_DAY = 86400


def _cut(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GIVEN = _cut("""Alice Bob Carol David Erin Frank Grace Heidi Ivan Judy Björn Zoë José Małgorzata François Käthe 花子 Ольга
    Åsa Nuño Olivia Peter Quentin Ruth Sören Trudy Ursula Victor Wendy Xavier Yusuf Łukasz""")
_FAMILY = _cut("""Adams Baker Castaño Dubois Evans Fischer García Hughes Ivanova Jäger Kowalski Lindström Müller Núñez
    Ødegård Peña Quinn Rossi Schäfer Taylor Ueda Vogel Wójcik Young Zimmermann""")
_WORDS = _cut("""plan visit garden invoice question about the new kitchen offer for next week photos from our trip notes
    draft contract birthday dinner train tickets report second half review Grüße aus Köln Übergabe Schlüssel""")
_HOSTS = ("example.org", "example.com", "example.net", "mail.example", "works.example", "studio.example")
_LISTS = {"Lists/builders": "builders.lists.example", "Lists/garden": "garden.lists.example"}
_SENDERS = ("shop.example", "news.example", "bank.example", "rail.example", "forge.example")
_BODY = "Hello,\r\n\r\n" + "This is what mail says that nobody wrote, and its length is that of a short letter.\r\n" * 9


@dataclass
class Made:
    """A mailbox that was written: how many messages each folder has, and somebody who wrote lately."""

    folder: Path
    messages: Counter[str] = field(default_factory=Counter)
    current: str = ""
    """The address of a correspondent whose mail is among the newest in INBOX."""
    newest: str = ""
    """The subject of their newest mail."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address."""

    name: str
    address: str


class _Writer:
    """Writes messages, each with the headers that the servers on its way have added."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.made = Made(folder)
        self.random = Random(seed)
        for place in FOLDERS.values():
            for name in ("cur", "new", "tmp"):
                (folder / place / name).mkdir(parents=True)
            if place:
                (folder / place / "maildirfolder").touch()

    @property
    def count(self) -> int:
        return sum(self.made.messages.values())

    def put(self, folder: str, when: int, head: list[str]) -> None:
        """One message in ``folder``, received at ``when``."""
        number = self.count
        head += ["MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: 8bit"]
        text = "\r\n".join(head) + "\r\n\r\n" + _BODY
        place = self.made.folder / FOLDERS[folder] / "cur" / f"{when}.{number:07}.bench,S={len(text.encode())}:2,S"
        place.write_bytes(text.encode())
        os.utime(place, (when, when))
        self.made.messages[folder] += 1

    def way(self, sender: str, to: str, when: int) -> list[str]:
        """The headers that mail has got on its way: who passed it on, and that it is signed."""
        host = sender.rpartition("@")[2]
        date = format_datetime(datetime.fromtimestamp(when, UTC))
        signature = base64.b64encode(self.random.randbytes(256)).decode()
        folded = "\r\n\t ".join(signature[n : n + 64] for n in range(0, len(signature), 64))
        digest = base64.b64encode(self.random.randbytes(32)).decode()
        lines = [f"Return-Path: <{sender}>", f"Delivered-To: {to}"]
        for hop in range(self.random.choice((2, 3, 3, 4))):
            ident = self.random.randbytes(8).hex()
            lines.append(
                f"Received: from relay{hop}.{host} (relay{hop}.{host} [192.0.2.{self.random.randrange(256)}])\r\n"
                f"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"
                f"\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\r\n"
                f"\tby mx{hop}.example.org (Postfix) with ESMTPS id {ident}\r\n\tfor <{to}>; {date}"
            )
        lines.append(
            f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={host}; s=s1;\r\n\tt={when}; bh={digest};\r\n"
            f"\th=From:To:Subject:Date:Message-ID:MIME-Version:Content-Type;\r\n\tb={folded}"
        )
        lines.append(
            f"Authentication-Results: mx.example.org;\r\n\tdkim=pass header.d={host} header.s=s1;\r\n"
            f"\tspf=pass smtp.mailfrom={sender};\r\n\tdmarc=pass (policy=reject) header.from={host}"
        )
        return lines

    def mail(
        self, folder: str, when: int, sender: Person, to: list[Person], title: str, ids: list[str], more: list[str]
    ) -> None:
        """A message of a talk: ``ids`` are the Message-IDs before it, to which its own is added."""
        own = f"<{self.random.randbytes(12).hex()}.{self.count}@{sender.address.rpartition('@')[2]}>"
        head = [] if folder == "Sent" else self.way(sender.address, OWNER, when)
        zone = self.random.choice((0, 60, 120, -300, -480))
        sent = datetime.fromtimestamp(when - self.random.randrange(1, 90), UTC)
        head += [f"Date: {_at(sent, zone)}", f"From: {_mailbox(sender)}"]
        # the recipients beyond the first three get a copy
        head.append("To: " + ",\r\n ".join(map(_mailbox, to[:3])))
        if to[3:]:
            head.append("Cc: " + ",\r\n ".join(map(_mailbox, to[3:])))
        head += [f"Subject: {_encoded('Re: ' * bool(ids) + title)}", f"Message-ID: {own}"]
        if ids:
            head += [f"In-Reply-To: {ids[-1]}", "References: " + "\r\n ".join(ids[-20:])]
        head += [*more, "User-Agent: Letters 4.2 (example)"]
        self.put(folder, when, head)
        ids.append(own)


def make(folder: Path, messages: int, seed: int = 1) -> Made:
    """``messages`` messages in a new Maildir++ at ``folder``."""
    writer = _Writer(folder, seed)
    random, owner = writer.random, Person(OWNER_NAME, OWNER)
    people = _people(random, max(messages // 40, 30))
    shares = [1 / (n + 3) for n in range(len(people))]
    last: dict[Person, tuple[int, str]] = {}
    number = 0
    while writer.count < messages - 1:
        number += 1
        title = f"{' '.join(random.choices(_WORDS, k=random.randrange(2, 8)))} {number}"
        when = END - _DAY - random.randrange(YEARS * 365 * _DAY)
        others = list(dict.fromkeys(random.choices(people, shares, k=random.choice((1, 1, 1, 1, 2, 2, 3, 6)))))
        ids: list[str] = []
        what = random.random()
        for _ in range(min(int(random.expovariate(0.4)) + 1, messages - 1 - writer.count)):
            when = min(when + int(random.expovariate(1 / 40_000)) + 60, END - 60)
            if what < 0.55:
                writer_now = random.choice((owner, *others))
                others_now = [person for person in (*others, owner) if person != writer_now]
                kept = "INBOX" if END - when < 2 * 365 * _DAY else "Archive"
                kept = "Projekte/Küche" if number % 25 == 0 else kept
                writer.mail("Sent" if writer_now is owner else kept, when, writer_now, others_now, title, ids, [])
                if writer_now is not owner and when > last.get(writer_now, (0, ""))[0]:
                    last[writer_now] = (when, title)
            elif what < 0.75:
                name = random.choice(tuple(_LISTS))
                list_person = Person(name, f"{name.rpartition('/')[2]}@lists.example")
                writer.mail(name, when, random.choice(people), [list_person], title, ids, _list_headers(_LISTS[name]))
            else:
                _bulk(writer, when, title)
                break
    current = max(people[:10], key=lambda person: last.get(person, (0, ""))[0])
    writer.made.current, writer.made.newest = current.address, "What I wanted to tell you"
    writer.mail("INBOX", END, current, [owner], writer.made.newest, [], [])
    return writer.made


def _bulk(writer: _Writer, when: int, title: str) -> None:
    """A newsletter, or the note of a robot."""
    host = writer.random.choice(_SENDERS)
    if writer.random.random() < 0.6:
        link = f"https://{host}/unsubscribe?u={writer.random.randbytes(20).hex()}"
        more = [f"List-ID: News of {host} <news.{host}>", f"List-Unsubscribe: <{link}>,\r\n <mailto:leave@{host}>"]
        more += ["List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Precedence: bulk", f"Feedback-ID: 7:news:{host}"]
        sender = Person(f"News of {host}", f"news@{host}")
    else:
        more, sender = ["Auto-Submitted: auto-generated"], Person(host, f"no-reply@{host}")
    writer.mail("INBOX", when, sender, [Person(OWNER_NAME, OWNER)], title, [], more)


def _people(random: Random, number: int) -> list[Person]:
    """People with names that are written in many ways, and addresses that differ."""
    people = []
    for n in range(number):
        given, family = random.choice(_GIVEN), random.choice(_FAMILY)
        plain = given.lower() if given.isascii() else "someone"
        people.append(Person(f"{given} {family}", f"{plain}.{n}@{_HOSTS[n % len(_HOSTS)]}"))
    return people


def _list_headers(name: str) -> list[str]:
    local, _, host = name.partition(".")
    return [
        "Precedence: list",
        f"List-Id: Those who talk there <{name}>",
        f"List-Post: <mailto:{local}@{host}>",
        f"List-Unsubscribe: <https://{host}/{local}/options>,\r\n <mailto:{local}-request@{host}?subject=unsubscribe>",
        f"List-Archive: <https://{host}/{local}/archive/>",
        f"Sender: {local}-bounces@{host}",
    ]


def _mailbox(person: Person) -> str:
    name = person.name
    return f"{_encoded(name)} <{person.address}>" if not name.isascii() else f'"{name}" <{person.address}>'


def _encoded(text: str) -> str:
    """The text, in encoded words of at most 75 letters where it is not ASCII (RFC 2047)."""
    if text.isascii():
        return text
    words, part = [], ""
    for letter in text:
        if len((part + letter).encode()) > 42:
            words.append(part)
            part = ""
        part += letter
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word.encode()).decode()}?=" for word in (*words, part))


def _at(moment: datetime, minutes: int) -> str:
    """The moment as a Date header says it in a zone."""
    return format_datetime(moment.astimezone(timezone(timedelta(minutes=minutes))))


if __name__ == "__main__":
    began = time.perf_counter()
    made = make(Path(sys.argv[1]), int(sys.argv[2]))
    print(f"{made.folder}: {dict(made.messages)} in {time.perf_counter() - began:.0f} s; {made.current} wrote last")
