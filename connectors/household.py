"""The sample household: three years of mail of a family that does not exist, to try kith on.

``write`` makes a Maildir++ with INBOX, Archive, Sent and Spam: letters of family, friends, school, doctor, landlord and
colleagues, with the newsletters, receipts and lists that lie between them in every mailbox. The same day gives the same
mailbox, byte for byte. All domains are reserved for examples (RFC 2606).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.header import Header
from email.utils import format_datetime, formataddr
from pathlib import Path
from random import Random

OWNER_NAME = "Robin Example"
OWNER_HANDLES = ("robin@example.org", "robin.example@example.com")
CADENCES = {
    "Jürgen Example": "2 weeks",
    "Marta Łuczak": "2 weeks",
    "Birgit Sørensen": "3 months",
    "Zoë Müller": "1 month",
    "山田 太郎": "3 months",
    "Sofía Núñez": "2 months",
    "Pádraig Ó Briain": "6 weeks",
    "Beate Schröder": "6 months",
}
"""How often the owner wants to be in touch with whom, for the demonstration: half of them are overdue."""

DAYS = 3 * 365


@dataclass(frozen=True)
class _Person:
    """Somebody who writes: conversations ``every`` to 2.5 times so many days apart, the last ``last`` days ago."""

    name: str
    addresses: tuple[str, ...]
    topics: tuple[str, ...]
    every: float
    last: int = 2
    first: int = DAYS
    zone: int = 1
    with_others: tuple[str, ...] = field(default=())
    """Who is in Cc of some of the conversations, by name."""


_FAMILY = (
    "Sunday lunch",
    "Photos from the garden",
    "Papa's birthday",
    "Christmas plans",
    "Who takes the dog?",
    "The old cupboard",
)
_FRIENDS = (
    "Coffee next week?",
    "That book you mentioned",
    "Weekend hike",
    "Long time!",
    "Concert on Friday",
    "Greetings from the sea",
)
_SCHOOL = ("Parents' evening", "Class trip to the museum", "Absence note", "Reading week", "Lunch money")
_WORK = (
    "Draft of the report",
    "Tuesday's meeting",
    "Numbers for the third quarter",
    "Quick question",
    "Hand-over",
    "Slides",
)

_PEOPLE = (
    _Person("Ines Example", ("ines@example.org",), ("Shopping list", "Keys", "Train at six", *_FAMILY), 24),
    _Person("Jürgen Example", ("juergen@example.net",), _FAMILY, 40, 26, with_others=("Marta Łuczak",)),
    _Person("Marta Łuczak", ("marta@luczak.example",), _FAMILY, 36, 5, with_others=("Jürgen Example", "Ines Example")),
    _Person("Birgit Sørensen", ("birgit@sorensen.example",), ("Sommerhus", "Kære Robin", *_FAMILY), 120, 131),
    _Person(
        "Téo Lefèvre", ("teo.lefevre@example.com",), ("Stage à Berlin", "Merci !", "Été prochain"), 150, 40, zone=2
    ),
    _Person("Zoë Müller", ("zoe@mueller.example", "zoe.mueller@example.com"), _FRIENDS, 45, 12),
    _Person("山田 太郎", ("taro@yamada.example",), ("お久しぶりです", "Visit in spring", "写真"), 100, 117, zone=9),
    _Person("李娜", ("li.na@example.net",), ("新年快乐", "Dumplings!", "Moving house"), 130, 60, zone=8),
    _Person("Oluwaseun Adeyemi", ("seun@adeyemi.example",), _FRIENDS, 80, 20),
    _Person("Pádraig Ó Briain", ("padraig@obriain.example",), _FRIENDS, 60, 55, zone=0),
    _Person("Sofía Núñez", ("sofia@nunez.example",), ("¿Qué tal?", "Tapas", *_FRIENDS), 35, 425, zone=1),
    _Person(
        "Emre Yılmaz", ("emre@yilmaz.example",), ("Football on Thursday", "Lift to the match"), 90, 15, 700, zone=3
    ),
    _Person("Anke Köhler", ("a.koehler@school.example",), _SCHOOL, 55, 9),
    _Person("Linden School Office", ("office@school.example",), _SCHOOL, 110, 33),
    _Person(
        "Dr. Priya Raman", ("practice@raman.example",), ("Your appointment", "Test results", "Vaccination"), 190, 75
    ),
    _Person(
        "Günter Weiß",
        ("weiss@hausverwaltung.example",),
        ("Heizung", "Nebenkosten", "Treppenhaus", "Rohrbruch"),
        120,
        44,
    ),
    _Person("Maya Cohen", ("maya.cohen@work.example",), _WORK, 28, 1, 900, with_others=("Tom Okafor", "김은혜")),
    _Person("Tom Okafor", ("tom.okafor@work.example",), _WORK, 40, 3, 900, with_others=("Maya Cohen",)),
    _Person("Катя Иванова", ("katya.ivanova@work.example",), ("Отчёт", *_WORK), 75, 18, 600, zone=3),
    _Person("Liam Byrne", ("l.byrne@work.example", "liam.byrne@example.net"), _WORK, 70, 30, 900, zone=0),
    _Person("김은혜", ("eunhye.kim@work.example",), _WORK, 90, 27, 500, zone=9),
    _Person("Beate Schröder", ("beate@schroeder.example",), ("Paket angenommen", "Blumen gießen", "Hoffest"), 140, 50),
    _Person("Diego Ramos", ("diego@ramos.example",), ("Training moved", "Tournament", "Boots"), 100, 8, 800),
    _Person("Hélène Dubois", ("helene@dubois.example",), ("Piano lesson", "Recital"), 110, 21),
    _Person("Nils Lindqvist", ("nils@lindqvist.example",), ("Tax return", "Missing receipt"), 200, 90),
    _Person("Chloé Martin", ("chloe.martin@example.com",), ("Babysitting on Saturday", "Running late"), 85, 160, 650),
)

_NEWS = ("Ten loaves for winter", "The secret of rye", "Sourdough, slowly", "Baking with children", "Our oven test")
_LIST = (
    "Water is off until April",
    "Spare tomato plants",
    "Who has the ladder?",
    "Minutes of the meeting",
    "Compost rota",
)
_SHOP = ("Your order has been sent", "Receipt for your order", "Rate your purchase", "Your parcel arrives today")
_SPAM = ("You have WON", "Cheap watches", "Re: your invoice", "Hot stocks", "Account locked!!!")


def write(folder: Path, now: datetime) -> None:
    """Fills ``folder`` with the mailbox as it stands at the beginning of the day (UTC) of ``now``, which is aware.

    Raises FileExistsError if there is anything in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for name in (".", ".Archive", ".Sent", ".Spam"):
        for part in ("cur", "new", "tmp"):
            (folder / name / part).mkdir(parents=True, exist_ok=True)
    letters = sorted(
        _letters(Random(f"household {today.date()}"), today), key=lambda letter: (letter.sent, letter.number)
    )
    for letter in letters:
        received = min(letter.sent + timedelta(seconds=7), today)
        age = today - letter.sent
        box = folder / letter.folder
        if letter.folder == "." and age > timedelta(days=365):
            box = folder / ".Archive"
        unread = letter.folder == "." and age < timedelta(days=2)
        content = _message(letter, received)
        name = f"{int(received.timestamp())}.M{letter.number:06}P1.household,S={len(content)}"
        path = box / "new" / name if unread else box / "cur" / f"{name}:2,S"
        path.write_bytes(content)
        os.utime(path, (received.timestamp(), received.timestamp()))


@dataclass
class _Letter:
    number: int
    folder: str
    sent: datetime
    sender: tuple[str, str]
    to: list[tuple[str, str]]
    subject: str
    text: str
    cc: list[tuple[str, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """The Message-IDs of the thread before it, the oldest first."""
    headers: dict[str, str] = field(default_factory=dict)
    calendar: str | None = None

    @property
    def message_id(self) -> str:
        return f"<{self.sent:%Y%m%d%H%M%S}.{self.number}@{self.sender[1].rpartition('@')[2]}>"


def _letters(random: Random, today: datetime) -> Iterator[_Letter]:
    """All letters, numbered in the order in which they are made up."""
    number = 0
    for make in (_conversations, _newsletter, _allotment, _shop, _invitations, _spam):
        for letter in make(random, today):
            number += 1
            letter.number = number
            yield letter


def _owner(sent: datetime, today: datetime) -> tuple[str, str]:
    """The owner's name and address; they changed the address two years ago."""
    return OWNER_NAME, OWNER_HANDLES[0 if today - sent < timedelta(days=730) else 1]


def _conversations(random: Random, today: datetime) -> Iterator[_Letter]:
    people = {person.name: person for person in _PEOPLE}
    for person in _PEOPLE:
        days_ago = float(person.first - random.randrange(20))
        while True:
            days_ago = max(days_ago, float(person.last))
            cc = [people[name] for name in person.with_others if random.random() < 0.4]
            yield from _conversation(random, today, person, cc, days_ago)
            if days_ago <= person.last:
                break
            days_ago -= person.every * random.uniform(1.1, 2.5)


def _conversation(
    random: Random, today: datetime, person: _Person, cc: list[_Person], days_ago: float
) -> Iterator[_Letter]:
    """One to three letters, to and fro. The one of ``person.last`` days ago is a single letter on that very day."""
    last_one = days_ago <= person.last
    sent = (today - timedelta(days=int(days_ago))).replace(hour=random.randrange(6, 21), minute=random.randrange(60))
    mine = random.random() < 0.4
    topic = random.choice(person.topics)
    thread: list[str] = []
    for _ in range(1 if last_one else random.choice((1, 1, 2, 2, 3))):
        if sent >= today - timedelta(days=person.last - 1):
            break
        # Who has two addresses took the second one a year ago.
        address = person.addresses[-1 if today - sent < timedelta(days=365) else 0]
        them, me = (person.name, address), _owner(sent, today)
        letter = _Letter(
            number=len(thread),
            folder=".Sent" if mine else ".",
            sent=sent.astimezone(timezone(timedelta(hours=1 if mine else person.zone))),
            sender=me if mine else them,
            to=[them if mine else me],
            cc=[(other.name, other.addresses[-1]) for other in cc],
            subject=f"Re: {topic}" if thread else topic,
            text=random.choice(_TEXTS),
            answers=list(thread),
        )
        yield letter
        thread.append(letter.message_id)
        mine = not mine
        sent += timedelta(minutes=random.randrange(12, 2000))


_TEXTS = (
    "Thank you for your letter! All is well here. More on the phone.",
    "Could you tell me by Thursday? Then I can plan for it.",
    "I had to think of you yesterday. Shall we meet soon?",
    "Here is what I promised. Tell me if something is missing.",
    "That suits me. See you there!",
)


def _newsletter(random: Random, today: datetime) -> Iterator[_Letter]:
    headers = {
        "List-Id": "The Weekly Loaf <weekly.loaf.example>",
        "List-Unsubscribe": "<https://loaf.example/unsubscribe>",
        "Precedence": "bulk",
    }
    for days_ago in range(DAYS - 4, 3, -21):
        sent = today - timedelta(days=days_ago) + timedelta(hours=5)
        sender = ("The Weekly Loaf", "news@loaf.example")
        yield _Letter(
            0, ".", sent, sender, [_owner(sent, today)], random.choice(_NEWS), "Bake well!", headers=dict(headers)
        )


def _allotment(random: Random, today: datetime) -> Iterator[_Letter]:
    members = (
        ("Beate Schröder", "beate@schroeder.example"),
        ("Hans Grün", "hans@gruen.example"),
        ("Rosa Nemec", "rosa@nemec.example"),
    )
    headers = {
        "List-Id": "Allotment Lindenhof <lindenhof.lists.example>",
        "List-Post": "<mailto:lindenhof@lists.example>",
        "List-Unsubscribe": "<mailto:lindenhof-leave@lists.example>",
        "Precedence": "list",
    }
    to = [("Lindenhof", "lindenhof@lists.example")]
    for days_ago in range(DAYS - 11, 60, -21):
        sent = today - timedelta(days=days_ago) + timedelta(hours=17, minutes=random.randrange(60))
        subject = f"[Lindenhof] {random.choice(_LIST)}"
        yield _Letter(0, ".", sent, random.choice(members), to, subject, "Dear neighbours!", headers=dict(headers))


def _shop(random: Random, today: datetime) -> Iterator[_Letter]:
    days_ago = DAYS - 15
    while days_ago > 1:
        sent = today - timedelta(days=days_ago) + timedelta(hours=11, minutes=random.randrange(60))
        sender = random.choice(
            (("Shop Example", "no-reply@shop.example"), ("Parcel Service", "noreply@parcels.example"))
        )
        headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Return-Path": "<>"}
        yield _Letter(
            0,
            ".",
            sent,
            sender,
            [_owner(sent, today)],
            random.choice(_SHOP),
            "Do not answer this mail.",
            headers=headers,
        )
        days_ago -= random.randrange(10, 30)


def _invitations(random: Random, today: datetime) -> Iterator[_Letter]:
    maya = ("Maya Cohen", "maya.cohen@work.example")
    for number, days_ago in enumerate((400, 210, 90, 6)):
        sent = today - timedelta(days=days_ago) + timedelta(hours=9, minutes=random.randrange(60))
        me = _owner(sent, today)
        calendar = _invitation(number, sent.replace(minute=0) + timedelta(days=3), maya[1], me[1])
        yield _Letter(0, ".", sent, maya, [me], "Invitation: Planning day", "", calendar=calendar)


def _spam(random: Random, today: datetime) -> Iterator[_Letter]:
    for days_ago in range(170, 2, -12):
        sent = today - timedelta(days=days_ago) + timedelta(hours=3, minutes=random.randrange(60))
        sender = ("Winner Office", f"winner{random.randrange(100, 1000)}@lottery.example")
        yield _Letter(0, ".Spam", sent, sender, [_owner(sent, today)], random.choice(_SPAM), "Click here.")


def _message(letter: _Letter, received: datetime) -> bytes:
    """The letter as a mail program writes it (RFC 5322, RFC 2047)."""
    fields: list[tuple[str, str]] = []
    if letter.folder != ".Sent":
        host = letter.sender[1].rpartition("@")[2]
        fields += [
            ("Return-Path", letter.headers.get("Return-Path", f"<{letter.sender[1]}>")),
            ("Delivered-To", letter.to[0][1]),
            ("Received", f"from mail.{host} by mail.example.org with ESMTPS;\n\t{format_datetime(received)}"),
        ]
    fields += [
        ("Date", format_datetime(letter.sent)),
        ("From", formataddr(letter.sender)),
        ("To", ", ".join(formataddr(each) for each in letter.to)),
        ("Cc", ",\n ".join(formataddr(each) for each in letter.cc)),
        ("Subject", letter.subject if letter.subject.isascii() else Header(letter.subject, "utf-8").encode()),
        ("Message-ID", letter.message_id),
        ("In-Reply-To", letter.answers[-1] if letter.answers else ""),
        ("References", "\n ".join(letter.answers)),
        *((name, value) for name, value in letter.headers.items() if name != "Return-Path"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'text/{"calendar; method=REQUEST" if letter.calendar else "plain"}; charset="utf-8"'),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    header = "".join(f"{name}: {value}\n" for name, value in fields if value)
    return f"{header}\n{letter.calendar or letter.text}\n".encode()


def _invitation(number: int, start: datetime, organizer: str, attendee: str) -> str:
    """An invitation as calendars mail it (RFC 5546 section 3.2.2)."""
    moment = f"{start:%Y%m%dT%H%M%SZ}"
    return "\n".join(
        (
            *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//household//EN", "METHOD:REQUEST", "BEGIN:VEVENT"),
            *(f"UID:planning-{number}@work.example", f"DTSTAMP:{moment}", f"DTSTART:{moment}", "SUMMARY:Planning day"),
            *(f"ORGANIZER:mailto:{organizer}", f"ATTENDEE:mailto:{attendee}", "END:VEVENT", "END:VCALENDAR"),
        )
    )
