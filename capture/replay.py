"""All beliefs made anew from the facts, without fetching a byte.

After a replay the file believes what it would believe had it been captured with the rules and the own handles of today.
People keep their ids: a person is found again by a canonical handle, or by whom their handles belonged to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from capture.judge import NOT_JUDGED, judge
from capture.learn import learn_all
from capture.link import relate_all
from capture.match import Me, canonical, known_as, met, origin_by
from capture.robots import is_robot
from capture.settle import add, regroup_all
from connectors.base import Handle, Party
from store import alike, beliefs, people, tally
from store.beliefs import MAY_KNOW, MET, WROTE
from store.decide import forget_stale, set_own, set_rules
from store.duck import Connection, many_threads
from store.errors import Missing
from store.file import Store
from store.writer import Tx


def replay(store: Store, me: Me) -> int:
    """Verdicts, answers, people and last contacts follow from the facts and from ``me``; returns how many verdicts changed.

    One transaction: nobody sees the file half believed.
    """
    with store.write() as tx, many_threads(tx.connection):
        set_own(tx, sorted(me.canonicals))
        set_rules(tx, me.rules_text)
        beliefs.forget(tx.connection)
        people.hold(tx.connection, canonical, me.canonicals)
        changed = _judge_all(tx, me)
        regroup_all(tx, me)
        relate_all(tx, me)
        tally.recount(tx.connection, tx.now)
        forget_stale(tx)
    return changed


def _judge_all(tx: Tx, me: Me) -> int:
    """Answers, verdicts and origins are what the facts say; returns how many verdicts changed.

    What is learned hangs on whom the user wrote to and met, which no lesson changes; whom the user may know hangs on it.
    """
    connection = tx.connection
    handles = alike.handles(connection)
    try:
        titles = _class_of_title(me) if any(rule.subject for rule in me.rules) else None
        alike.sort_out(connection, _classes(handles, me), titles, NOT_JUDGED)
        alike.answer(connection)
        there = _judge(connection, me, marked=False)
        origins: dict[str, str] = {}
        _add_known(tx, handles, WROTE, origins, me)
        for shape in alike.held(connection, tx.now):
            add(origins, there[shape])
        beliefs.set_origins(connection, origins)
        learn_all(connection, me)
        alike.teach(connection)
        _judge(connection, me, marked=True)
        changed = alike.judge_all(connection)
        _add_known(tx, handles, MAY_KNOW, origins, me)
        beliefs.set_origins(connection, origins)
    finally:
        me.learned = {}
    # not in the finally: what is temporary goes with a transaction that failed, and a DROP in one hides what it failed of
    alike.forget(connection)
    return changed


def _judge(connection: Connection, me: Me, marked: bool) -> dict[int, dict[str, str]]:
    """One of each shape is judged, for all that are like it; returns who is met there, by shapes of meetings."""
    there = {}
    for some in alike.examples(connection, marked):
        judged = []
        for shape, marks, kept in some:
            by_me = me.wrote(kept.interaction)
            verdict, rule = judge(kept.interaction, me, bool(marks & alike.ANSWERED), by_me)
            origin = origin_by(kept.interaction, verdict, rule, by_me)
            judged.append((shape, marks, verdict, rule, origin))
            if origin == MET:
                there[shape] = met(kept.interaction, me)
        alike.put(connection, judged)
    return there


def _classes(handles: Mapping[int, Handle], me: Me) -> dict[int, int]:
    """Handles of one class are the same to every rule, but for what is learned of them; and but for those of meetings."""
    numbers: dict[object, int] = {}
    found = {}
    for number, handle in handles.items():
        fits = tuple((rule.by_address(handle), rule.by_domain(handle)) for rule in me.rules)
        found[number] = numbers.setdefault((me.is_me(handle), is_robot(handle), fits), len(numbers))
    return found


def _class_of_title(me: Me) -> Callable[[str | None], int]:
    """Titles of one class are the same to every rule of the user's; 0 is one that none names."""
    numbers: dict[tuple[int, ...], int] = {(): 0}
    rules = [rule for rule in me.rules if rule.subject]

    def class_of(title: str | None) -> int:
        fits = tuple(place for place, rule in enumerate(rules) if rule.by_subject(title))
        return numbers.setdefault(fits, len(numbers))

    return class_of


def _add_known(tx: Tx, handles: Mapping[int, Handle], origin: str, origins: dict[str, str], me: Me) -> None:
    """Those who are somebody of this origin are in ``origins``, but for those of a stronger one."""
    for part in alike.parts(tx.connection, origin, tx.now):
        name = known_as(Party(handles[part.handle_id], "from" if part.author else "to", part.name), origin, me)
        if name is not None:
            add(origins, {name: origin})


def remember_me(store: Store, me: Me) -> int:
    """The file holds the user's own handles and rules; where it held others, or is stale, everything is replayed."""
    try:
        with store.read() as reader:
            believed, empty = me.believed(reader), reader.empty()
    except Missing:
        # what a user without handles and rules would find believed of them
        believed, empty = not me.canonicals and not me.rules_text, True
    if believed:
        return 0
    if not empty:
        return replay(store, me)
    with store.write() as tx:
        set_own(tx, sorted(me.canonicals))
        set_rules(tx, me.rules_text)
        forget_stale(tx)
    return 0
