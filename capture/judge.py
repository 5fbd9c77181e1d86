"""What counts as contact: one pure function, whose every answer names the rule that gave it.

``counts`` is contact: personal mail either way, a meeting held, a call answered. ``presence`` is shown and resets nothing: the
user among many, or in copy of what is addressed to others, a meeting that the user did not accept, or mail that a calendar
wrote about one. ``noise`` is what machines and lists send, and what the user declined.
Nothing is dropped: noise is a row with its rule, and a changed rule is replayed over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from capture.match import ACCEPTED, AUTHOR, CROWD, ORGANISED, Me, answers, canonical
from capture.robots import is_robot
from capture.rules import Verdict, first, said_as
from connectors.base import Interaction, Party
from store.beliefs import is_list

NEVER_ANSWERED, ALWAYS_ANSWERED = "never answered", "always answered"
"""The rules that are learned from how the user behaves towards a sender; ``capture.learn`` has the numbers."""

NOT_JUDGED = ("sender", "reply_to", "resent_from", "date_from", "suppress")
"""Signals that no verdict hangs on; some of them are others in each mail of a machine's."""

Judgement = tuple[Verdict, str]

_MACHINES = frozenset({"automatic", "bounce", "list", "newsletter", "bulk", "robot"})
_BULK = frozenset({"bulk", "junk", "list"})


def judge(interaction: Interaction, me: Me, answered: bool, by_me: bool | None = None) -> Judgement:
    """The verdict on one interaction, and the name of the rule that decided.

    ``answered`` says that the user answered it, to one of its ``writers``: then it is no noise, whatever it looks like.
    ``by_me`` is ``me.wrote(interaction)``, from whoever has asked already. Whether a meeting is over is not asked here: one
    that counts is contact from its time on.
    """
    by_me = me.wrote(interaction) if by_me is None else by_me
    own = first(me.rules, interaction, me) if me.rules else None
    if own is not None:
        verdict, rule = own.verdict, said_as(own)
    elif interaction.kind == "meeting":
        verdict, rule = _meeting(interaction, me, by_me)
    elif by_me:
        verdict, rule = _sent(interaction, [p for p in interaction.parties if not me.is_me(p.handle)])
    else:
        verdict, rule = _received(interaction, me)
    if by_me or interaction.kind == "meeting":
        return verdict, rule
    if answered and verdict == "noise":
        return "counts", "answered"
    return _learned(interaction, me, verdict, rule) if me.learned and own is None else (verdict, rule)


def writers(interaction: Interaction) -> list[Party]:
    """Whoever it is from, but for a list that gives its own address for theirs: who answers that writes to the list."""
    named = interaction.signals.list_id
    wrote = [p for p in interaction.parties if p.role in AUTHOR]
    return wrote if named is None else [p for p in wrote if not is_list(named, p.handle.value, canonical(p.handle))]


def _learned(interaction: Interaction, me: Me, verdict: Verdict, rule: str) -> Judgement:
    """What the user's behaviour towards its sender makes of a mail that was judged by its own marks."""
    if interaction.kind != "mail":
        return verdict, rule
    told = {me.learned.get(canonical(p.handle)) for p in writers(interaction) if p.role == "from"}
    if "noise" in told and verdict != "noise":
        return "noise", NEVER_ANSWERED
    if "counts" in told and rule in _MACHINES:
        return "counts", ALWAYS_ANSWERED
    return verdict, rule


def _sent(interaction: Interaction, others: list[Party]) -> Judgement:
    said = interaction.signals
    if not others:
        return "noise", "to oneself"
    if said.auto_submitted:
        return "noise", "automatic"
    if said.calendar:
        return "presence", "calendar mail"
    if said.list_id or said.list_post:
        return "noise", "list"
    if all(is_robot(p.handle) for p in others):
        return "noise", "robot"
    if max(said.recipients, said.attendees) > CROWD:
        return "presence", "crowd"
    return "counts", "written by you"


def _received(interaction: Interaction, me: Me) -> Judgement:
    said = interaction.signals
    if said.missed:
        return "noise", "missed"
    if said.partstat == "declined":
        return "noise", "declined"
    machine = _machine(interaction)
    if machine:
        return "noise", machine
    senders = [p for p in interaction.parties if p.role in AUTHOR]
    if not senders:
        return "noise", "nobody wrote it"
    if all(is_robot(p.handle) for p in senders):
        return "noise", "robot"
    if said.calendar:
        return "presence", "calendar mail"
    if max(said.recipients, said.attendees) > CROWD:
        return "presence", "crowd"
    if interaction.kind == "mail" and _only_in_copy(interaction.parties, me):
        return "presence", "cc only"
    return "counts", "personal"


def _meeting(interaction: Interaction, me: Me, by_me: bool) -> Judgement:
    said = interaction.signals
    others = {canonical(p.handle) for p in interaction.parties if not me.is_me(p.handle)}
    if not others:
        return "noise", "to oneself"
    answer = me.answer(interaction)
    if answer == "declined":
        return "noise", "declined"
    if all(is_robot(p.handle) for p in interaction.parties if not me.is_me(p.handle)):
        return "noise", "robot"
    if max(said.recipients, said.attendees) > CROWD:
        return "presence", "crowd"
    if others <= {canonical(handle) for handle, theirs in answers(interaction) if theirs == "declined"}:
        return "presence", "declined by them"
    if by_me:
        return "counts", ORGANISED
    if answer == "accepted":
        return "counts", ACCEPTED
    # where nobody is asked, as in a calendar of one's own, what stands in it is held
    return ("presence", "not accepted") if said.partstats or said.partstat else ("counts", "no answers")


def _machine(interaction: Interaction) -> str | None:
    """The rule by which the signals say that a machine or a list sent it; None if they do not."""
    said = interaction.signals
    if said.auto_submitted:
        return "automatic"
    if said.null_return_path:
        return "bounce"
    if said.list_id or said.list_post:
        return "list"
    if said.unsubscribe or said.feedback_id:
        return "newsletter"
    if said.precedence in _BULK:
        return "bulk"
    return None


def _only_in_copy(parties: Iterable[Party], me: Me) -> bool:
    """Whether it is addressed to others, and the user has a copy.

    Where nobody stands in To, whom it is addressed to stand in Cc, the user among them.
    """
    found = addressed = False
    for party in parties:
        if me.is_me(party.handle):
            if party.role != "cc":
                return False
            found = True
        elif party.role == "to":
            addressed = True
    return found and addressed
