"""Who is who after something has changed: the beliefs of those whom it may touch are made anew, and of nobody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from capture.group import people
from capture.match import Me, somebody
from store import log, relate, tally
from store.beliefs import RANK, WROTE, set_origins, stronger
from store.load import interactions_by_id, parts_of
from store.people import around, drop_unheld, everybody
from store.people import settle as settle_people
from store.writer import Beliefs, News, Tx

FEW = 20
"""Of those whom the user wrote to, so many of their mails are looked at first: nearly always they tell."""

CHUNK = 20_000
"""Interactions that are looked at together."""


def settle(tx: Tx, news: News, beliefs: Beliefs, me: Me) -> None:
    """Those who were somebody by what has changed or gone, and who are on cards that did, are what all that remains says.

    So are those who have come, or come back, and of whom the user has said before that they are somebody.
    """
    doubtful, changed = beliefs.doubtful, news.cards
    if doubtful:
        set_origins(tx.connection, known_by(tx, doubtful, me))
    told = _told_of(tx, {name for _, name in news.new_handles.values()} | (beliefs.people.keys() - news.people.keys()))
    if doubtful or changed.keys or told:
        regroup(tx, doubtful | changed.canonicals | told, changed.keys, me)
    again = doubtful | changed.canonicals | beliefs.left
    if again:
        relate.look_again(tx.connection, again)
    if changed.removed or beliefs.left:
        drop_unheld(tx.connection, changed.canonicals | beliefs.left)


def _told_of(tx: Tx, fresh: set[str]) -> set[str]:
    """Of these canonical handles, those that the user has said to be one person with others."""
    if not fresh:
        return fresh
    return fresh & {node for word in log.words(tx.connection) if word.together for node in (*word.one, *word.other)}


def regroup(tx: Tx, canonicals: Iterable[str], keys: Iterable[str], me: Me) -> None:
    """Everybody who is tied to these canonical handles and cards is one person where they are one."""
    circle = around(tx.connection, canonicals, keys)
    settle_people(tx.connection, circle, people(circle, me.canonicals))


def regroup_all(tx: Tx, me: Me) -> None:
    """The same for everybody."""
    circle = everybody(tx.connection)
    settle_people(tx.connection, circle, people(circle, me.canonicals))


def known_by(tx: Tx, canonicals: Collection[str], me: Me) -> dict[str, str | None]:
    """What all interactions make of each of these canonical handles."""
    parts = parts_of(tx.connection, canonicals)
    origins: dict[str, str | None] = dict.fromkeys(canonicals)
    _look_at(tx, (n for own in parts.values() for n in [n for n, by_me in own if by_me][-FEW:]), origins, me)
    # who was written to cannot become more by what else there is
    _look_at(tx, (n for name, own in parts.items() if origins[name] != WROTE for n, _ in own), origins, me)
    return {name: origins[name] for name in canonicals}


def time_has_come(tx: Tx, me: Me) -> None:
    """Meetings that were to come when they were captured, and have been held by now, are contact, and make people known."""
    numbers = tally.passed(tx.connection, tx.now)
    if numbers:
        found: dict[str, str | None] = {}
        _look_at(tx, numbers, found, me)
        tx.meet({name: origin for name, origin in found.items() if origin is not None})
        relate.look_again(tx.connection, found)


def add(origins: dict[str, str], more: Mapping[str, str]) -> None:
    """Each of ``more`` is in ``origins``, where a stronger one stays."""
    for name, origin in more.items():
        if RANK[origin] > RANK[origins.get(name)]:
            origins[name] = origin


def _look_at(tx: Tx, numbers: Iterable[int], origins: dict[str, str | None], me: Me) -> None:
    """What these interactions make of anybody is in ``origins``, if it is stronger than what is there."""
    whole = sorted(set(numbers))
    for first in range(0, len(whole), CHUNK):
        for kept in interactions_by_id(tx.connection, whole[first : first + CHUNK]).values():
            for name, origin in somebody(kept.interaction, kept.verdict, kept.rule, me, tx.now).items():
                origins[name] = stronger(origin, origins.get(name))
