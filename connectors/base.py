"""The words of kith, and the contract between a connector and the engine.

    source       one configured account of one connector (``[[source]]`` in the config)
    handle       an address somebody is reached by: kind and value, normalised on construction
    interaction  something that happened between people at one moment: mail, meeting, call, message, note
    party        one handle's part in one interaction: its role there, and the name as it was written there
    card         what an address book says about one person
    page         what one commit covers: observations and the cursor after them
    cursor       where a source's reading stands: a JSON object, opaque outside its connector
    person       somebody the user knows or may know; its id never changes
    verdict      whether an interaction counts as contact with a person, and the rule that says so
    decision     something the user or the matcher decided; append-only, undoable

A connector has one method, ``pull(cursor)``. It yields pages: what it observed, and the cursor that makes the next
pull go on from there. Whoever pulls may stop after any page. Dataclasses and not pydantic models: this module is on the
way of every command, pydantic costs 70 ms to import, and a first sync makes a million of these objects.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar, dataclass_transform, runtime_checkable

if TYPE_CHECKING:
    from threading import Event

    from pydantic import BaseModel

HandleKind = Literal["email", "phone", "url", "name"]
Role = Literal["from", "to", "cc", "bcc", "organizer", "attendee"]
Kind = Literal["mail", "meeting", "call", "message", "note"]
Cursor = Mapping[str, Any]

MOST_PARTIES = 2000
"""No interaction has more parties than this; what is over is cut, and ``Signals.recipients`` still counts it."""


T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def _word(made: type[T]) -> type[T]:
    """A dataclass whose fields nobody sets: mypy sees to it, for Python takes four times as long to make one that is frozen."""
    return dataclass(slots=True, unsafe_hash=True)(made)


@_word
class Handle:
    """An address somebody is reached by.

    ``value`` is normalised: an e-mail address in lower case and NFC without blanks around it, a phone number without
    anything but digits and a leading plus, a URL or a name with its blanks collapsed. An empty value is a ValueError.
    """

    kind: HandleKind
    value: str
    key: str = field(init=False, repr=False, compare=False)
    """``kind:value``, made once, because a capture asks for it a million times."""

    def __post_init__(self) -> None:
        value = self.value.strip()
        if self.kind == "email":
            value = value.lower()
            if not value.isascii():
                value = unicodedata.normalize("NFC", value)
        elif self.kind == "phone":
            plus = "+" if value.startswith("+") else ""
            value = plus + "".join(c for c in value if c.isascii() and c.isdigit())
        else:
            value = " ".join(value.split())
        if not value or (self.kind == "phone" and value == "+"):
            raise ValueError(f"an empty {self.kind} handle")
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "key", f"{self.kind}:{value}")


@_word
class Party:
    """One handle's part in one interaction; ``name`` is what was written beside the address there."""

    handle: Handle
    role: Role
    name: str | None = None


@_word
class Signals:
    """The few facts beside the parties that a verdict needs, kept so that verdicts are replayed without fetching."""

    recipients: int = 0
    """Addresses in To, Cc and Bcc, also those over MOST_PARTIES."""
    list_id: str | None = None
    """RFC 2919: what stands between the angle brackets, in lower case."""
    list_post: bool = False
    unsubscribe: bool = False
    precedence: str | None = None
    auto_submitted: str | None = None
    """RFC 3834, lower case, without parameters; "no" is None."""
    suppress: bool = False
    """X-Auto-Response-Suppress is there."""
    null_return_path: bool = False
    feedback_id: bool = False
    calendar: str | None = None
    """"invitation", "answer" or "cancellation": mail that a calendar wrote."""
    sender: str | None = None
    """The address in Sender, where it is not that in From."""
    reply_to: tuple[str, ...] = ()
    resent_from: str | None = None
    labels: tuple[str, ...] = ()
    """The folders or labels it was seen in, sorted."""
    date_from: str | None = None
    """Where happened_at was taken from if not from the item's own date: "received", "none"."""
    partstat: str | None = None
    """The user's own answer to an invitation (RFC 5545 PARTSTAT, lower case), where the source knows who the user is."""
    partstats: tuple[str, ...] = ()
    """Everybody's answers, sorted: ``Handle.key``, a blank, and the PARTSTAT in lower case."""
    attendees: int = 0
    """People who take part, the organizer among them, also those over MOST_PARTIES; no rooms."""
    missed: bool = False


@_word
class Interaction:
    """Something that happened between people at one moment.

    ``native_id`` is unique and stable within its source, and survives a reset of the server. ``same_as`` names the
    event across sources. ``answers`` is the ``same_as`` of the interaction that this one answers. ``thread`` is equal
    for interactions of one conversation.
    """

    native_id: str
    kind: Kind
    happened_at: datetime
    parties: tuple[Party, ...]
    same_as: str | None = None
    title: str | None = None
    thread: str | None = None
    answers: str | None = None
    signals: Signals = field(default=Signals())

    def __post_init__(self) -> None:
        if self.happened_at.tzinfo is None:
            raise ValueError("happened_at must be aware")


@_word
class CardHandle:
    """A handle as a card lists it; ``label`` is the card's own word for it ("work", "cell")."""

    handle: Handle
    label: str | None = None


@_word
class Card:
    """What an address book says about one person.

    ``birthday`` is ``YYYY-MM-DD`` or ``--MM-DD``; ``dates`` and ``relations`` are pairs (label, value).
    """

    native_id: str
    name: str | None
    handles: tuple[CardHandle, ...] = ()
    nicknames: tuple[str, ...] = ()
    organisation: str | None = None
    title: str | None = None
    birthday: str | None = None
    dates: tuple[tuple[str, str], ...] = ()
    relations: tuple[tuple[str, str], ...] = ()
    note: str | None = None
    tags: tuple[str, ...] = ()
    kind: Literal["individual", "group", "organisation"] = "individual"
    """Of whom the card is; a card of a group or an organisation makes nobody a person."""


@_word
class Gone:
    """The source withdrew this item; with a "/" at the end all items whose native ids begin so.

    What the same page says after it is there (again), so a resource that changed is said as Gone and then anew.
    """

    native_id: str


@_word
class Unreadable:
    """This one item could not be understood. It is recorded and shown, and the cursor passes it."""

    native_id: str
    reason: str


Observation = Interaction | Card | Gone | Unreadable


@_word
class Page:
    """What one commit covers. ``left`` is how many items the source believes are still to come, if it knows."""

    observations: tuple[Observation, ...]
    cursor: Cursor
    left: int | None = None


class SourceError(Exception):
    """Something is wrong with a source, said for people: ``what`` happened, and ``hint``, what mends it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class TryLater(SourceError):
    """The source will be well again by itself: back off, then pull again, not before ``retry_after`` seconds."""

    def __init__(self, what: str, hint: str = "kith tries again by itself", retry_after: float | None = None) -> None:
        super().__init__(what, hint)
        self.retry_after = retry_after


class NeedsHuman(SourceError):
    """The source stays as it is until somebody changes something; ``hint`` names the command to run."""


@runtime_checkable
class Connector(Protocol):
    """One account of one kind of source.

    ``pull`` yields pages from ``cursor`` (None: from the start) until there is nothing new for now. It raises TryLater
    or NeedsHuman; it never raises because of one bad item, which it yields as Unreadable. It may be abandoned at any
    page. Nothing on the server is changed by it.

    It may say in a class attribute ``fetches``, for people, what it takes from the source, and count in an attribute ``came``
    the bytes that have come from there since it was made, for whoever has a budget for them. A class attribute
    ``connections`` says how many connections at a time a first pull makes good use of, if that is more than one; before a
    pull, the same attribute of the connector is set to how many it may have. A class attribute ``history`` says that it can
    tell what is new from what was there before: a pull with it set to False says nothing that has waited until then.
    A connector that can be told of news also has ``watch(stop: Event) -> None``, which returns when a pull is worthwhile
    or ``stop`` is set.
    """

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, settings: Any) -> None: ...

    def pull(self, cursor: Cursor | None) -> Iterator[Page]: ...


@runtime_checkable
class Watcher(Protocol):
    """A connector that can wait for news."""

    def watch(self, stop: Event) -> None: ...
