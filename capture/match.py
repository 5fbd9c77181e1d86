"""Which spellings are one mailbox, and whom the user knows by an interaction.

Spellings of one mailbox are one canonical handle, and one canonical handle is one person; which of them are one person beyond
that is told by cards and links (``group``). A stranger becomes a person when the user writes to them or has met them. Whoever
is not yet anybody's stays a handle: kept, searchable, not in the way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from capture.robots import is_robot
from connectors.base import Handle, HandleKind, Interaction, Party
from store.beliefs import MAY_KNOW, MET, WROTE

CROWD = 20
"""More recipients or attendees than this are a crowd: being among them is presence, not contact."""

AUTHOR = ("from", "organizer")
"""The roles of those whose doing an interaction is."""

ORGANISED, ACCEPTED = "organised by you", "accepted by you"
"""The rules by which a meeting counts that the user meant to be at; those who were there are people whom the user has met."""

_ANSWERS = ("accepted", "declined", "tentative", "delegated", "needs-action")
"""Of several answers of the user's, by several handles, the first of these is theirs."""

_GMAIL = frozenset({"gmail.com", "googlemail.com"})


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
            domain = domain.encode("idna").decode("ascii")
    # a local part that is nothing but a tag is no tagged address
    bare = local.split("+", 1)[0] or local
    if domain in _GMAIL:
        bare, domain = bare.replace(".", "") or bare, "gmail.com"
    return f"email:{bare}@{domain}"


class Me:
    """The user's own handles, by their canonical forms."""

    def __init__(self, handles: Iterable[Handle]) -> None:
        self.canonicals = frozenset(canonical(h) for h in handles)
        self._known: dict[str, bool] = {}

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
        return any(p.role in AUTHOR and self.is_me(p.handle) for p in interaction.parties)

    def answer(self, interaction: Interaction) -> str | None:
        """What the user answered to the invitation (a PARTSTAT in lower case); None if nothing is known of it."""
        said = interaction.signals
        mine = {answer for handle, answer in answers(interaction) if self.is_me(handle)}
        return next((answer for answer in _ANSWERS if answer in mine), min(mine, default=said.partstat))


def answers(interaction: Interaction) -> Iterator[tuple[Handle, str]]:
    """Who answered what to the invitation."""
    for entry in interaction.signals.partstats:
        key, _, answer = entry.rpartition(" ")
        kind, _, value = key.partition(":")
        if kind in _KINDS and value.strip():
            with contextlib.suppress(ValueError):
                yield Handle(_KINDS[kind], value), answer


def somebody(
    interaction: Interaction, verdict: str, rule: str, me: Me, now: datetime, by_me: bool | None = None
) -> dict[str, str]:
    """Canonical handle to origin, of those who are somebody by this one interaction, judged so, as of ``now``.

    ``by_me`` is ``me.wrote(interaction)``, from whoever has asked already.
    """
    if interaction.kind == "meeting":
        if verdict != "counts" or interaction.happened_at > now:
            return {}
        return met(interaction, me) if rule in (ORGANISED, ACCEPTED) else may_know(interaction, me)
    if me.wrote(interaction) if by_me is None else by_me:
        return appear(interaction, me)
    # what counts because the user answered it is known by the answer
    return may_know(interaction, me) if verdict == "counts" and rule != "answered" else {}


def met(interaction: Interaction, me: Me) -> dict[str, str]:
    """Canonical handle to origin, of those whom the user met there: all who did not decline."""
    absent = {canonical(handle) for handle, answer in answers(interaction) if answer == "declined"}
    return dict.fromkeys((name for name in _reachable(interaction.parties, me) if name not in absent), MET)


def appear(interaction: Interaction, me: Me) -> dict[str, str]:
    """Canonical handle to origin, of those whom the user knows by this interaction, which the user wrote.

    Robots are nobody, nor are the twenty-first and all others of a mass mail: writing to a crowd is no acquaintance.
    """
    said = interaction.signals
    if max(said.recipients, said.attendees) > CROWD or said.auto_submitted:
        return {}
    return dict.fromkeys(_reachable([p for p in interaction.parties if p.role not in AUTHOR], me), WROTE)


def may_know(interaction: Interaction, me: Me) -> dict[str, str]:
    """Canonical handle to origin, of those whom the user may know by this interaction, which counts and came to the user.

    It counts as contact with somebody, so there is somebody: who wrote it under a full name, and who is named in it beside
    the user. They are people, to be found, tagged and linked; lists leave them out until the user writes to them.
    """
    parties = [p for p in interaction.parties if p.role not in AUTHOR or (p.name and " " in p.name)]
    return dict.fromkeys(_reachable(parties, me), MAY_KNOW)


def _reachable(parties: Iterable[Party], me: Me) -> Iterator[str]:
    for party in parties:
        if not me.is_me(party.handle) and not is_robot(party.handle):
            name = canonical(party.handle)
            if party.handle.kind != "email" or "@" in name:
                yield name
