"""All beliefs made anew from the facts, without fetching a byte.

After a replay the file believes what it would believe had it been captured with the rules and the own handles of today.
People keep their ids: a person is found again by a canonical handle, or by whom their handles belonged to.
"""

from __future__ import annotations

from collections.abc import Iterator

from capture.link import relate_news
from capture.match import Me, canonical
from capture.poll import believe
from capture.settle import add, regroup_all
from store import beliefs, people, relate, tally
from store.decide import forget_stale, set_own
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
        people.hold(tx.connection, canonical, me.canonicals)
        origins: dict[str, str] = {}
        for kept in _chunks(tx):
            held = believe(_news(kept), me, tx.now)
            beliefs.add_answers(tx.connection, sorted(held.answers))
            add(origins, held.people)
        beliefs.set_origins(tx.connection, origins)
        changed = 0
        for kept in _chunks(tx):
            news = _news(kept)
            news.answered = tx.answered([k.key for k in kept])
            held = believe(news, me, tx.now)
            different = [
                (k.id, verdict, rule)
                for k, (verdict, rule) in zip(kept, held.verdicts, strict=True)
                if (k.verdict, k.rule) != (verdict, rule)
            ]
            beliefs.set_verdicts(tx.connection, different)
            changed += len(different)
        regroup_all(tx, me)
        relate.seen(tx.connection, 0)
        relate_news(tx, me)
        tally.recount(tx.connection, tx.now)
        forget_stale(tx)
    return changed


def remember_me(store: Store, me: Me) -> int:
    """The file holds ``me`` as the user's own handles; where it held others, or is stale, everything is replayed."""
    try:
        with store.read() as reader:
            before, stale = reader.own(), reader.stale()
            empty = reader.empty()
    except Missing:
        before, stale, empty = [], False, True
    if before == sorted(me.canonicals) and not stale:
        return 0
    if not empty:
        return replay(store, me)
    with store.write() as tx:
        set_own(tx, sorted(me.canonicals))
        forget_stale(tx)
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

