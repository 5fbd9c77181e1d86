"""The matcher: whom it compares, and which handles it links by itself, because the evidence is strong and nothing is against.

Every link is a decision in the log, with its evidence; when the evidence does not hold any more, the link is taken back. What
is linked follows from the facts and from what the user said, and not from the order in which they came: only those of whom
there is news are looked at, and what comes out is what looking at everybody would bring.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from capture.evidence import APART, LINK, NEVER, SHOWN, Rarity, features, score
from capture.group import Groups, said
from capture.learn import learn
from capture.likeness import likeness, named
from capture.match import Me, canonical
from capture.names import words
from capture.profile import MOST_NAMES, Profile, blocks, telling_words
from capture.robots import is_relay, is_robot
from capture.settle import regroup
from connectors.base import Handle
from store import log, relate
from store.beliefs import WROTE
from store.duck import Connection
from store.log import Link
from store.relate import Together
from store.writer import Tx


@dataclass(frozen=True, slots=True)
class Scored:
    """Two handles, what is known of them, and what that weighs, in bits."""

    a: str
    b: str
    features: tuple[str, ...]
    rarity: float
    score: float

    @property
    def evidence(self) -> dict[str, object]:
        """As it stands in the log."""
        return {"score": self.score, "features": list(self.features), "rare name": self.rarity}


def relate_news(tx: Tx, me: Me, learning: bool = True) -> int:
    """Everybody of whom there is news has been looked at; returns how many links were made or taken back.

    With ``learning``, how the user behaves towards them has been looked at, too.
    """
    touched = relate.touched(tx.connection)
    if not touched:
        return 0
    if learning:
        touched |= learn(tx, me, touched) | relate.touched(tx.connection)
    look_at(tx.connection, touched)
    return decide(tx, me)


def relate_all(tx: Tx, me: Me) -> int:
    """The same for everybody, of whom a replay has learned before."""
    relate.forget(tx.connection)
    return relate_news(tx, me, learning=False)


def look_at(connection: Connection, touched: Collection[str]) -> None:
    """What the facts show of these handles, and of each of them beside everybody who may be the same person, is noted."""
    mine = _read(relate.names(connection, touched))
    relate.put_profiles(connection, touched, {name: _text(profile) for name, profile in mine.items()})
    keys = {(name, key) for name, profile in mine.items() for key in _keys(profile)}
    looked_at = {*touched, *relate.put_blocks(connection, touched, keys)}
    maybe = relate.candidates(connection, looked_at)
    concerned = {name for pair in maybe for name in pair}
    known = {**profiles(connection, concerned - mine.keys()), **mine}
    maybe = [(a, b) for a, b in maybe if features(known[a], known[b], Together())]
    found = {}
    if maybe:
        seen = relate.seen_together(connection, maybe, _is_nobody)
        elsewhere = {
            (name, canonical(Handle("email", written)))
            for name, addresses in relate.answers_to(connection, {name for pair in maybe for name in pair})
            for written in addresses
            if "@" in written
        }
        for a, b in maybe:
            # anybody may forge a name and lead the answer to themselves
            trusted = known[a].origin == known[b].origin == WROTE
            answers = trusted and ((a, b) in elsewhere or (b, a) in elsewhere)
            found[a, b] = features(known[a], known[b], seen.get((a, b), Together())._replace(answers=answers))
    relate.put_pairs(connection, looked_at, found)


def profiles(connection: Connection, canonicals: Iterable[str]) -> dict[str, Profile]:
    """What was noted of these handles."""
    return {name: _profile(name, text) for name, text in relate.profiles(connection, canonicals).items()}


def scored(connection: Connection, least: float = -inf) -> list[Scored]:
    """All candidates, or those that weigh at least so much, the heaviest first."""
    pairs = relate.pairs(connection)
    plain = [(a, b, tuple(found), score(found)) for a, b, found in pairs]
    # a rare name may bring some bits more, and nothing else may
    maybe = [each for each in plain if each[3] + Rarity.MOST >= least]
    known = profiles(connection, {name for a, b, _, _ in maybe for name in (a, b)})
    rarity = Rarity(*relate.word_counts(connection))
    made = []
    for a, b, found, weight in maybe:
        rare = rarity.bits(known[a], known[b])
        if weight + rare >= least:
            made.append(Scored(a, b, found, rare, round(weight + rare, 2)))
    return sorted(made, key=lambda each: (-each.score, each.a, each.b))


def decide(tx: Tx, me: Me) -> int:
    """The links that stand in the log are those that the evidence is strong enough for; returns how many changed."""
    connection = tx.connection
    heavy = scored(connection, LINK)
    strong = [each for each in heavy if NEVER.isdisjoint(each.features) and not SHOWN.isdisjoint(each.features)]
    wanted = {(each.a, each.b): each for each in accepted(connection, strong)}
    stand = log.links(connection)
    new = [wanted[pair] for pair in sorted(wanted.keys() - stand.keys())]
    old = {pair: number for pair, number in stand.items() if pair not in wanted}
    log.link(connection, [Link(each.a, each.b, each.evidence) for each in new])
    log.unlink(connection, old, "its evidence does not hold any more")
    changed = [name for each in new for name in (each.a, each.b)] + [name for pair in old for name in pair]
    if changed:
        regroup(tx, changed, (), me)
    return len(new) + len(old)


def accepted(connection: Connection, strong: Sequence[Scored]) -> list[Scored]:
    """Of links that are strong enough, the heaviest first, those that bring together nobody who is two people."""
    merged, apart = said(log.words(connection))
    known = profiles(connection, {name for each in strong for name in (each.a, each.b)})
    apart |= {frozenset((a, b)) for a, b, found in relate.pairs(connection) if not APART.isdisjoint(found)}
    groups = Groups(known, apart)
    for nodes in merged:
        groups.gather(nodes)
    found = []
    for each in _unambiguous(strong, known, apart):
        one, two = groups.members(each.a), groups.members(each.b)
        if (groups.of(each.a) == groups.of(each.b) or not _contradict(known, one, two)) and groups.join(each.a, each.b):
            found.append(each)
    return found


def _unambiguous(
    strong: Sequence[Scored], known: dict[str, Profile], apart: Collection[frozenset[str]]
) -> Iterator[Scored]:
    """Who could be linked to two who are two people is linked to neither."""
    beside: dict[str, list[str]] = defaultdict(list)
    for each in strong:
        beside[each.a].append(each.b)
        beside[each.b].append(each.a)
    for each in strong:
        others = [(each.a, c) for c in beside[each.b] if c != each.a] + [(each.b, c) for c in beside[each.a] if c != each.b]
        if not any(frozenset(pair) in apart or _contradict(known, pair[:1], pair[1:]) for pair in others):
            yield each


def _contradict(known: dict[str, Profile], one: Iterable[str], two: Iterable[str]) -> bool:
    """Whether somebody on one side goes by another full name than somebody on the other, or by a woman's beside a man's."""
    names_ = [[n for node in side if node in known for n in known[node].names] for side in (one, two)]
    return any(likeness(a, b) in ("different", "feminine") for a, b in product(*names_))


def _is_nobody(name: str) -> bool:
    kind, _, value = name.partition(":")
    return kind == "email" and (is_robot(Handle("email", value)) or is_relay(Handle("email", value)))


def _keys(profile: Profile) -> Iterable[str]:
    yield from blocks(profile)
    yield from (f"w {word}" for word in telling_words(profile))


def _read(rows: Iterable[relate.Names]) -> dict[str, Profile]:
    own: dict[str, dict[str, int]] = {}
    others: dict[str, dict[str, int]] = {}
    origins: dict[str, str] = {}
    for row in rows:
        origins[row.canonical] = row.origin
        if row.name is not None:
            said_by = own if row.own else others
            said_by.setdefault(row.canonical, {})[row.name] = row.times
    found = {}
    for name, origin in origins.items():
        whole = Profile(name, origin, own.get(name, {}), others.get(name, {}))
        # what is looked at of the names is kept, so that nothing has to be counted again
        found[name] = Profile(name, origin, _most(whole, own.get(name, {})), _most(whole, others.get(name, {})))
    return found


def _most(profile: Profile, names_: dict[str, int]) -> dict[str, int]:
    full = [n for n in profile.names if n in names_]
    rest = sorted((n for n in names_ if not named(n) and words(n)), key=lambda n: (-names_[n], n))
    return {n: names_[n] for n in full + rest[:MOST_NAMES]}


def _text(profile: Profile) -> str:
    said_ = [profile.origin, dict(profile.own_names), dict(profile.others_names)]
    return json.dumps(said_, ensure_ascii=False, separators=(",", ":"))


_profiles: dict[str, tuple[str, Profile]] = {}


def _profile(name: str, text: str) -> Profile:
    """The profile that ``text`` says. Of each name the last is kept: every mail makes another, and the old ones are no use."""
    known = _profiles.get(name)
    if known is None or known[0] != text:
        if len(_profiles) >= 65_536:
            _profiles.clear()
        origin, own, others = json.loads(text)
        known = _profiles[name] = (text, Profile(name, origin, own, others))
    return known[1]
