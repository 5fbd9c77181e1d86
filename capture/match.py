"""Which spellings are one mailbox, and whom the user knows by an interaction.

Spellings of one mailbox are one canonical handle, and one canonical handle is one person; which of them are one person beyond
that is told by cards and links (``group``). A stranger becomes a person when the user writes to them or has met them, and one
whom the user may know, whom lists leave out, by what counts and came from or beside them. Whoever is nobody by anything stays a
handle: kept, searchable, not in the way.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from capture.letters import skeleton
from capture.likeness import made_from
from capture.names import relayed
from capture.nicknames import nickname_groups
from capture.robots import is_relay, is_robot, is_role
from capture.rules import OWN_RULE
from connectors.base import Handle, HandleKind, Interaction, Party
from store.beliefs import MAY_KNOW, MET, WROTE

if TYPE_CHECKING:
    from capture.config import Config
    from capture.rules import Rule
    from store.reader import Reader

CROWD = 20
"""More recipients or attendees than this are a crowd: being among them is presence, not contact."""

AUTHOR = ("from", "organizer")
"""The roles of those whose doing an interaction is."""

ORGANISED, ACCEPTED = "organised by you", "accepted by you"
"""The rules by which a meeting counts that the user meant to be at; those who were there are people whom the user has met."""

_ANSWERS = ("accepted", "declined", "tentative", "delegated", "needs-action")
"""Of several answers of the user's, by several handles, the first of these is theirs."""

_IN_NAMES = frozenset(" .,'\"()-\u2019\u2010\u30fb")
"""What may stand in a name beside letters."""

_GMAIL = frozenset({"gmail.com", "googlemail.com"})

_DEVIATIONS = frozenset("ß\u03c2\u200c\u200d")
"""What is a letter of a domain since IDNA2008, and was another one, or none, before."""


_KINDS: dict[str, HandleKind] = {"email": "email", "phone": "phone", "url": "url", "name": "name"}

_canonicals: dict[str, str] = {}


def canonical(handle: Handle) -> str:
    """One mailbox, one key: without a +tag, an IDN domain in its ASCII form, Gmail without dots and under one name."""
    known = _canonicals.get(handle.key)
    if known is None:
        if len(_canonicals) >= 20_000:
            _canonicals.clear()
        known = _canonicals[handle.key] = _canonical(handle)
    return known


def _canonical(handle: Handle) -> str:
    if handle.kind != "email":
        return handle.key
    local, at, domain = handle.value.rpartition("@")
    if not at:
        return handle.key
    if not domain.isascii():
        with contextlib.suppress(UnicodeError):
            domain = _ascii(domain)
    # a local part that is nothing but a tag is no tagged address
    bare = local.split("+", 1)[0] or local
    if domain in _GMAIL:
        bare, domain = bare.replace(".", "") or bare, "gmail.com"
    return f"email:{bare}@{domain}"


def _ascii(domain: str) -> str:
    """A domain as the name servers know it. Raises UnicodeError.

    Python's codec follows IDNA2003, in which straße is strasse. Since IDNA2008 they are two domains, which two people may have:
    what was mapped away until then is encoded as it stands. All else is the same in both.
    """
    if _DEVIATIONS.isdisjoint(domain):
        return domain.encode("idna").decode("ascii")
    return ".".join(
        _ascii(each) if _DEVIATIONS.isdisjoint(each) else f"xn--{each.encode('punycode').decode('ascii')}"
        for each in domain.split(".")
    )


class Me:
    """The user: their own handles, by their canonical forms, and their own rules."""

    def __init__(self, handles: Iterable[Handle], rules: Sequence[Rule] = ()) -> None:
        self.canonicals = frozenset(canonical(h) for h in handles)
        self.rules = tuple(rules)
        self.learned: Mapping[str, str] = {}
        """Canonical handle to the verdict that its mail gets by how the user behaves, while that is judged by."""
        self._known: dict[str, bool] = {}

    @classmethod
    def of(cls, settings: Config) -> Me:
        """The user as the configuration names them."""
        return cls(settings.me.handles, settings.rules)

    @property
    def rules_text(self) -> str:
        """The rules as a text: another one, if they are others."""
        return "\n".join(f"{rule.name}: {rule}" for rule in self.rules)

    def believed(self, reader: Reader) -> bool:
        """Whether what the file believes was derived for this user, by their own rules, and in its present form."""
        return reader.own() == sorted(self.canonicals) and reader.rules() == self.rules_text and not reader.stale()

    def is_me(self, handle: Handle) -> bool:
        """Whether this is a spelling of one of the user's own handles."""
        known = self._known.get(handle.key)
        if known is None:
            if len(self._known) >= 20_000:
                self._known.clear()
            known = self._known[handle.key] = canonical(handle) in self.canonicals
        return known

    def wrote(self, interaction: Interaction) -> bool:
        """Whether one of the user's own handles sent or organised it."""
        for party in interaction.parties:  # noqa: SIM110 (asked of every mail, and any() takes twice as long)
            if party.role in AUTHOR and self.is_me(party.handle):
                return True
        return False

    def answer(self, interaction: Interaction) -> str | None:
        """What the user answered to the invitation (a PARTSTAT in lower case); None if nothing is known of it."""
        said = interaction.signals
        mine = {answer for handle, answer in answers(interaction) if self.is_me(handle)}
        return next((answer for answer in _ANSWERS if answer in mine), min(mine, default=said.partstat))


def answers(interaction: Interaction) -> Iterator[tuple[Handle, str]]:
    """Who answered what to the invitation."""
    for entry in interaction.signals.partstats:
        found = _answer(entry)
        if found is not None:
            yield found


@lru_cache(maxsize=10_000)
def _answer(entry: str) -> tuple[Handle, str] | None:
    key, _, answer = entry.rpartition(" ")
    kind, _, value = key.partition(":")
    if kind in _KINDS and value.strip():
        with contextlib.suppress(ValueError):
            return Handle(_KINDS[kind], value), answer
    return None


def somebody(
    interaction: Interaction, verdict: str, rule: str, me: Me, now: datetime, by_me: bool | None = None
) -> dict[str, str]:
    """Canonical handle to origin, of those who are somebody by this one interaction, judged so, as of ``now``.

    ``by_me`` is ``me.wrote(interaction)``, from whoever has asked already.
    """
    origin = origin_by(interaction, verdict, rule, me.wrote(interaction) if by_me is None else by_me)
    if origin is None or (interaction.kind == "meeting" and interaction.happened_at > now):
        return {}
    if origin == MET:
        return met(interaction, me)
    names = (known_as(party, origin, me) for party in interaction.parties)
    return dict.fromkeys((name for name in names if name is not None), origin)


def met(meeting: Interaction, me: Me) -> dict[str, str]:
    """Canonical handle to origin, of those whom the user met there: all who did not decline."""
    absent = {canonical(handle) for handle, answer in answers(meeting) if answer == "declined"}
    names = (known_as(party, MET, me) for party in meeting.parties)
    return dict.fromkeys((name for name in names if name is not None and name not in absent), MET)


def origin_by(interaction: Interaction, verdict: str, rule: str, by_me: bool) -> str | None:
    """What those are who are somebody by this interaction, judged so, if there are any; by a meeting from its time on.

    Writing to a crowd is no acquaintance, nor is an answer by itself. Nor is it to be asked to a meeting by a calendar's mail:
    who comes to it, and who does not, the calendar says. What counts and came to the user is contact with somebody, so there is
    somebody, whom the user may know.
    """
    if verdict != "counts" and rule.startswith(OWN_RULE):
        return None
    if interaction.kind == "meeting":
        return None if verdict != "counts" else MET if rule in (ORGANISED, ACCEPTED) else MAY_KNOW
    if by_me:
        said = interaction.signals
        crowd = max(said.recipients, said.attendees) > CROWD
        return None if crowd or said.auto_submitted or said.calendar else WROTE
    # what counts because the user answered it is known by the answer
    return MAY_KNOW if verdict == "counts" and rule != "answered" else None


def known_as(party: Party, origin: str, me: Me) -> str | None:
    """The canonical handle by which this party to an interaction is somebody, if those in it are of this origin.

    Robots and relays are nobody. Whom the user may know are those who wrote, under a name that somebody may have or under none,
    and who are named beside the user. They are people, to be found, tagged and linked; lists leave them out until the user
    writes to them; of a shared mailbox nobody knows who it is until then.
    """
    handle = party.handle
    if party.role in AUTHOR and (origin == WROTE or (origin == MAY_KNOW and not _goes_by_a_name(party))):
        return None
    if me.is_me(handle) or is_robot(handle) or is_relay(handle):
        return None
    name = canonical(handle)
    # a name alone is nobody: it may be anybody's
    if handle.kind == "name" or (handle.kind == "email" and "@" not in name) or (origin == MAY_KNOW and is_role(name)):
        return None
    return name


def _goes_by_a_name(party: Party) -> bool:
    """Whether what is written beside the address may be a person's name; where nothing is, the address may be one."""
    name = party.name if party.name and "@" not in party.name else ""
    if relayed(name) or not all(c.isalpha() or c in _IN_NAMES or unicodedata.combining(c) for c in name):
        return False
    if " " in name or not name.isascii() or not name:
        return True
    # a single word is anything, but for one that people are called by, or that the address agrees with
    return bool(nickname_groups(skeleton(name))) or made_from(party.handle.value.rpartition("@")[0], name) != "no"
