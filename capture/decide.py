"""What the user decides about who is one person, and the undoing of any decision: the log, and all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from capture.evidence import SUGGEST
from capture.group import said
from capture.link import Scored, decide, relate_news, scored
from capture.match import Me
from capture.settle import regroup
from store import log
from store.decide import find_again, restore
from store.duck import Connection
from store.log import IDENTITY, Decision
from store.writer import Tx


class Impossible(Exception):
    """It cannot be decided so: ``what`` is in the way, ``hint``, what can be done instead."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint, self.exit_code = what, hint, 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two people who may be one, and the heaviest of what speaks for it."""

    a: int
    b: int
    scored: Scored


def merge(tx: Tx, me: Me, a: int, b: int, evidence: Mapping[str, Any]) -> int:
    """The two are one person, under the lower of their numbers; returns the number of the decision."""
    return _say(tx, me, "merge", a, b, evidence)


def not_same(tx: Tx, me: Me, a: int, b: int, evidence: Mapping[str, Any]) -> int:
    """The two are two people, and are not suggested again."""
    return _say(tx, me, "not same", a, b, evidence)


def _say(tx: Tx, me: Me, what: str, a: int, b: int, evidence: Mapping[str, Any]) -> int:
    # whoever is asked about may have become part of somebody by the answer before
    a, b = log.now(tx.connection, a), log.now(tx.connection, b)
    if a == b:
        raise Impossible("The two are one person already.", "kith people why NAME says by what")
    one, other = log.nodes(tx.connection, [a]), log.nodes(tx.connection, [b])
    number = log.append(tx.connection, what, evidence, person=min(a, b), other=[one, other])
    _follow(tx, me, [*one, *other])
    return number


def split(tx: Tx, me: Me, person: int, away: Sequence[str]) -> int:
    """These canonical handles are not this person's; whose else they are, other evidence says. The person keeps the number."""
    every = log.nodes(tx.connection, [person])
    one = sorted(set(away) & set(every))
    rest = [node for node in every if node not in one]
    if not one or not rest:
        what = "That handle is not theirs." if rest else "Nothing would be left of them."
        raise Impossible(what, "kith who NAME shows what is theirs")
    key = tx.execute("SELECT canonical FROM person WHERE id = ?", [person])[0][0]
    number = log.append(tx.connection, "split", {"key": key}, person=person, other=[one, rest])
    find_again(tx, person)
    _follow(tx, me, every)
    return number


def undo(tx: Tx, me: Me, number: int | None) -> Decision:
    """The decision, or the user's latest one that stands, holds no more, and nothing of it is left; returns it.

    Its ``undone_by`` is the number of what was decided against it, which can be undone as well. What the matcher took back is
    held up against it by a decision of the user's own.
    """
    found = log.read(tx.connection, number) if number is not None else log.latest_by_user(tx.connection)
    if found is None:
        what = "There is no such decision." if number is not None else "There is nothing to undo."
        raise Impossible(what, "kith log decisions lists them")
    if found.undone_by is not None:
        raise Impossible(f"Decision {found.id} is undone already, by {found.undone_by}.", f"kith undo {found.undone_by}")
    if found.what == "unlink":
        by = log.append(tx.connection, "merge", {"against": found.id}, other=[[found.other[0]], [found.other[1]]])
        _follow(tx, me, found.other)
        return replace(found, undone_by=by)
    by = log.append(tx.connection, "undo", {"decision": found.id}, person=found.person_id)
    about = _stand(tx, found, by)
    if about.what in IDENTITY:
        if about.what == "split" and about.person_id is not None:
            find_again(tx, about.person_id)
        _follow(tx, me, [n for side in about.other for n in ([side] if isinstance(side, str) else side)])
    else:
        restore(tx, about)
    return replace(found, undone_by=by)


def _stand(tx: Tx, found: Decision, undone_by: int | None) -> Decision:
    """The decision is undone by another, or holds; returns what it is about in the end, where it is itself an undoing."""
    log.mark_undone(tx.connection, found.id, undone_by)
    if found.what != "undo":
        return found
    target = log.read(tx.connection, int(found.evidence["decision"]))
    if target is None:
        raise Impossible(f"Decision {found.id} is about one that is not there.", "kith log decisions lists them")
    return _stand(tx, target, found.id if undone_by is None else None)


def suggestions(connection: Connection) -> list[Suggestion]:
    """Pairs of people who may be one, the strongest first; those of whom the user has said that they are two are left out."""
    owner = log.owners(connection)
    _, apart = said(log.words(connection))
    two = {frozenset(owner[node] for node in pair) for pair in apart if all(node in owner for node in pair)}
    found: dict[frozenset[int], Suggestion] = {}
    for each in scored(connection, SUGGEST):
        a, b = owner.get(each.a), owner.get(each.b)
        if a is None or b is None or a == b:
            continue
        pair = frozenset((a, b))
        if pair not in two:
            found.setdefault(pair, Suggestion(min(a, b), max(a, b), each))
    return list(found.values())


def _follow(tx: Tx, me: Me, nodes: Sequence[str]) -> None:
    """Everybody whom these nodes may touch is who they are now, by what was said and by what the matcher makes of it."""
    cards = {node for node in nodes if node.startswith("card:")}
    regroup(tx, set(nodes) - cards, cards, me)
    # whoever has become somebody by that, or nobody, is compared, or is not; and what was said bears on what stands
    relate_news(tx, me)
    decide(tx, me)
