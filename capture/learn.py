"""What the user does tells what counts: whom they always answer, and whom never in hundreds of mails.

It is learned per sender, after each capture from those of whom there is news, and by a replay from all, with one outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from capture.judge import ALWAYS_ANSWERED, NEVER_ANSWERED, judge, writers
from capture.match import Me, canonical
from capture.rules import Verdict
from capture.settle import known_by, regroup
from store import learn as stored
from store import tally
from store.beliefs import set_origins, set_verdicts
from store.duck import Connection
from store.load import interactions_by_id
from store.writer import Tx

LESSONS = (ALWAYS_ANSWERED, NEVER_ANSWERED)
LEARNED = (*LESSONS, "answered")
"""Rules by which mail is judged because of what was learned; the last where an answer came before what was learned held."""

OFTEN = 5
"""Answers at least, before it is said that the user always answers somebody."""

MOSTLY = 0.8
"""The share of somebody's mails that the user answers, if they always do."""

NEVER = 200
"""Mails without one answer, from a sender who is not known otherwise, after which no more are waited for."""


def lessons(behaviour: Iterable[stored.Behaviour]) -> dict[str, tuple[Verdict, int, int]]:
    """Canonical handle to the verdict that its mail gets, and the numbers: received, answered."""
    found: dict[str, tuple[Verdict, int, int]] = {}
    for each in behaviour:
        if each.answered >= OFTEN and each.answered >= MOSTLY * each.received:
            found[each.canonical] = ("counts", each.received, each.answered)
        elif each.received >= NEVER and not each.answered and not each.known:
            found[each.canonical] = ("noise", each.received, 0)
    return found


def learn_all(connection: Connection, me: Me) -> None:
    """What is learned of everybody is noted, and ``me`` knows it; nothing is judged by it here."""
    found = lessons(stored.behaviour(connection, None, OFTEN))
    stored.put(connection, None, found)
    me.learned = {name: verdict for name, (verdict, _, _) in found.items()}


def learn(tx: Tx, me: Me, touched: Collection[str]) -> set[str]:
    """What is learned of these is noted, and mail of theirs judged by it; returns all whom another verdict touches."""
    connection = tx.connection
    standing = stored.learned(connection)
    before = {name: said for name, said in standing.items() if name in touched}
    found = lessons(stored.behaviour(connection, touched, OFTEN))
    if found != before:
        stored.put(connection, touched, found)
    concerned = sorted(found.keys() | before.keys())
    if not concerned:
        return set()
    # mail may have several senders, and the others' lessons hold, too
    others = {name: verdict for name, (verdict, _, _) in standing.items() if name not in before}
    me.learned = others | {name: verdict for name, (verdict, _, _) in found.items()}
    try:
        now = {name: me.learned.get(name) for name in concerned}
        steady = [name for name, verdict in now.items() if name in before and before[name][0] == verdict]
        numbers = stored.mail_from(connection, now, LEARNED, steady, LESSONS)
        kept = interactions_by_id(connection, numbers) if numbers else {}
        answered = {(each.key, each.to) for each in tx.answered([each.key for each in kept.values()])}
        changed = []
        for each in kept.values():
            by = {canonical(p.handle) for p in writers(each.interaction)}
            verdict = judge(each.interaction, me, any((each.key, who) in answered for who in by))
            if verdict != (each.verdict, each.rule):
                changed.append((each.id, *verdict))
    finally:
        me.learned = {}
    if not changed:
        return set()
    set_verdicts(connection, changed)
    parties = stored.parties_of(connection, [number for number, _, _ in changed])
    tally.recount(connection, tx.now, [handle for handle, _ in parties])
    names = {name for _, name in parties}
    set_origins(connection, known_by(tx, names, me))
    regroup(tx, names, (), me)
    return names
