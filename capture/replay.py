"""All beliefs made anew from the facts, without fetching a byte.

After a replay the file believes what it would believe had it been captured with the rules and the own handles of today.
People keep their ids: a person is found again by the canonical handle that first made them one.
"""

from __future__ import annotations

from collections.abc import Iterator

from capture.link import relate_news
from capture.match import Me
from capture.poll import believe
from store import beliefs, relate, tally
from store.decide import set_own
from store.errors import Missing
from store.file import Store
from store.load import Kept, interactions_after
from store.writer import Item, News, Tx

CHUNK = 20_000
"""Ids that are judged at a time."""


def replay(store: Store, me: Me) -> int:
    """Verdicts, answers, people and last contacts follow from the facts and from ``me``; returns how many verdicts changed.

    One transaction: nobody sees the file half believed.
    """
    with store.write() as tx:
        set_own(tx, sorted(me.canonicals))
        beliefs.forget(tx.connection)
        for kept in _chunks(tx):
            news = _news(kept)
            held = believe(news, me)
            beliefs.add_answers(tx.connection, sorted(held.answers))
            beliefs.meet(tx.connection, held.people)
        changed = 0
        for kept in _chunks(tx):
            news = _news(kept)
            news.answered = tx.answered([k.key for k in kept])
            held = believe(news, me)
            different = [
                (k.id, verdict, rule)
                for k, (verdict, rule) in zip(kept, held.verdicts, strict=True)
                if (k.verdict, k.rule) != (verdict, rule)
            ]
            beliefs.set_verdicts(tx.connection, different)
            changed += len(different)
        relate.links_stand(tx.connection)
        relate.seen(tx.connection, 0)
        relate_news(tx.connection)
        tally.recount(tx.connection)
    return changed


def remember_me(store: Store, me: Me) -> int:
    """The file holds ``me`` as the user's own handles; where it held others, everything is replayed."""
    try:
        with store.read() as reader:
            before = reader.own()
            empty = not reader.counts()["interactions"]
    except Missing:
        before, empty = [], True
    if before == sorted(me.canonicals):
        return 0
    if not empty:
        return replay(store, me)
    with store.write() as tx:
        set_own(tx, sorted(me.canonicals))
    return 0


def _chunks(tx: Tx) -> Iterator[list[Kept]]:
    after = 0
    while kept := interactions_after(tx.connection, after, CHUNK):
        yield kept
        after = kept[-1].id


def _news(kept: list[Kept]) -> News:
    news = News()
    for k in kept:
        news.items.append(Item(k.id, k.key, k.interaction, k))
        for party, handle_id in zip(k.interaction.parties, k.handles, strict=True):
            news.handles[party.handle.key] = handle_id
    return news

