"""Who is one person: by what the user said, by the cards that hold their handles, and by the matcher's links. Pure.

What the user said comes first, and of two words that contradict each other the later one. All addresses and numbers of a card
are its person's. Two cards are one person's where they share an address, or a number in E.164, and nothing speaks against it:
an office's address belongs to whoever sits there, and where two cards share one and are named otherwise it is a family's, or
was handed on. Such a handle links nobody, and is nobody's of them; mail with it goes on its own. A card of the user's own is
nobody. A link of the matcher's gives way to cards that are named otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from capture.letters import skeleton
from capture.likeness import likeness
from capture.names import agree, words
from capture.robots import is_robot, is_role
from connectors.base import Handle
from store.beliefs import CARD, stronger
from store.log import Word
from store.people import Carded, Circle, Somebody

MOST = 8
"""A handle that is on more cards than this is no one person's."""


def people(circle: Circle, own: frozenset[str]) -> list[Somebody]:
    """Everybody in the circle who is somebody; ``own`` are the user's own canonical handles. Each node is of one at most."""
    cards = [card for card in circle.cards if own.isdisjoint(card.handles)]
    by_key = {card.key: card for card in cards}
    held = defaultdict(list)
    for card in cards:
        for handle in card.handles:
            held[handle].append(card)
    merged, apart = said(circle.words)
    groups = Groups([*by_key, *circle.origins], apart)
    there = by_key.keys() | held.keys() | circle.origins.keys() - own
    for together in merged:
        groups.gather(together & there)
    _join_cards(groups, cards, held)
    for handle, holders in held.items():
        if len({groups.of(card.key) for card in holders}) == 1:
            groups.join(handle, holders[0].key)
    _join_ties(groups, cards, [tie for tie in circle.ties if own.isdisjoint(tie)])
    found = []
    for nodes in groups.all():
        origin: str | None = None
        carded = [by_key[node] for node in nodes if node in by_key]
        for node in nodes:
            origin = stronger(origin, CARD if node in by_key else circle.origins.get(node))
        # a card that names nobody, and on which nothing is anybody's, is nobody
        if origin is not None and (len(nodes) > len(carded) or any(card.name for card in carded)):
            found.append(_somebody(frozenset(nodes), origin, carded))
    return found


def said(words_: Iterable[Word]) -> tuple[list[set[str]], set[frozenset[str]]]:
    """What the user's words come to: sets of nodes that are one person each, and pairs that are two."""
    merged: list[set[str]] = []
    apart: set[frozenset[str]] = set()
    for word in words_:
        one, other = set(word.one), set(word.other)
        if word.together:
            apart -= {frozenset(pair) for pair in combinations(sorted(one | other), 2)}
            merged.append(one | other)
            continue
        apart |= {frozenset((a, b)) for a in one for b in other if a != b}
        # whom it was said of belongs on neither side by chance: the rest stays where it was
        merged = [part for nodes in merged for part in ((nodes & one, nodes - one) if nodes & other else (nodes,))]
    return [nodes for nodes in merged if len(nodes) > 1], apart


class Groups:
    """Nodes that belong together, but for pairs that are ``apart``: no group holds both of one."""

    def __init__(self, nodes: Iterable[str], apart: Iterable[frozenset[str]] = ()) -> None:
        self._above = {node: node for node in nodes}
        self._members: dict[str, list[str]] = {}
        self._not: dict[str, set[str]] = defaultdict(set)
        for pair in apart:
            a, b = sorted(pair)
            self._not[a].add(b)
            self._not[b].add(a)

    def of(self, node: str) -> str:
        """The node that stands for the group."""
        self._above.setdefault(node, node)
        while (above := self._above[node]) != node:
            self._above[node] = self._above[above]
            node = above
        return node

    def members(self, node: str) -> Sequence[str]:
        """All nodes of its group."""
        root = self.of(node)
        return self._members.get(root) or (root,)

    def apart(self, a: str, b: str) -> bool:
        """Whether the groups of the two cannot be one."""
        few, many = sorted((self.members(a), self.members(b)), key=len)
        return any(not self._not[node].isdisjoint(many) for node in few if node in self._not)

    def join(self, a: str, b: str) -> bool:
        """The groups of the two are one, if that can be; whether they are."""
        one, two = self.of(a), self.of(b)
        if one == two:
            return True
        if self.apart(one, two):
            return False
        self._members[two] = [*self.members(two), *self.members(one)]
        self._members.pop(one, None)
        self._above[one] = two
        return True

    def gather(self, nodes: Iterable[str]) -> None:
        """All of these are one group, as far as that can be."""
        ordered = sorted(nodes)
        for node in ordered[1:]:
            self.join(ordered[0], node)

    def all(self) -> list[list[str]]:
        """Every group, and its nodes in their order."""
        found = defaultdict(list)
        for node in sorted(self._above):
            found[self.of(node)].append(node)
        return list(found.values())


def _join_cards(groups: Groups, cards: Sequence[Carded], held: dict[str, list[Carded]]) -> None:
    """Cards that share a handle are together, as long as no two in a group are named otherwise."""
    tied = Groups([card.key for card in cards])
    pairs = []
    for handle, holders in held.items():
        if 1 < len(holders) <= MOST and _tells(handle) and all(_one(a, b, handle) for a, b in combinations(holders, 2)):
            pairs += [(holders[0].key, other.key) for other in holders[1:]]
    for a, b in pairs:
        tied.join(a, b)
    together = defaultdict(list)
    for card in cards:
        together[tied.of(card.key)].append(card)
    against = {
        root for root, some in together.items() if len(some) > MOST or any(_against(a, b) for a, b in combinations(some, 2))
    }
    for a, b in pairs:
        if tied.of(a) not in against:
            groups.join(a, b)


def _tells(handle: str) -> bool:
    """Whether this canonical handle, on two cards, tells that they are of one person."""
    kind, _, value = handle.partition(":")
    if kind == "phone":
        return value.startswith("+")
    return not is_role(handle) and not is_robot(Handle("email", value))


def _one(a: Carded, b: Carded, handle: str) -> bool:
    """Whether two cards that share this handle may be one person's."""
    if agree(a.name, b.name, a.nicknames, b.nicknames):
        return True
    return handle.startswith("email:") and _otherwise_called(a, b)


def _against(a: Carded, b: Carded) -> bool:
    return not agree(a.name, b.name, a.nicknames, b.nicknames) and not _otherwise_called(a, b)


def _otherwise_called(a: Carded, b: Carded) -> bool:
    """Whether two address books may have one person under two given names, as Bob and Robert.

    One address book knows two people. So do two, where the names are two people's: couples share addresses, too.
    """
    return (
        a.source != b.source
        and skeleton(_family(a)) == skeleton(_family(b))
        and likeness(a.name or "", b.name or "") not in ("different", "feminine")
    )


def _family(card: Carded) -> str:
    return words(card.name or "")[-1]


def _join_ties(groups: Groups, cards: Iterable[Carded], ties: Iterable[tuple[str, str]]) -> None:
    """What the matcher linked is together, where no cards speak against it."""
    held = defaultdict(list)
    for card in cards:
        held[groups.of(card.key)].append(card)
    for a, b in ties:
        one, two = groups.of(a), groups.of(b)
        if one != two and not any(_against(x, y) for x in held[one] for y in held[two]) and groups.join(one, two):
            held[two] += held.pop(one, [])


def _somebody(nodes: frozenset[str], origin: str, cards: Sequence[Carded]) -> Somebody:
    """A person with what their cards say of them; a full name goes before one word, and an address is no name."""
    named = [card for card in cards if words(card.name or "")]
    name = min(named, key=lambda card: (len(words(card.name or "")) < 2, card.key)).name if named else None
    if name is None and len(cards) == len(nodes):
        name = min(card.name for card in cards if card.name)
    called = {card.name for card in named if card.name}.union(*(card.nicknames for card in cards))
    tags = {" ".join(tag.split()).lower() for card in cards for tag in card.tags}
    return Somebody(nodes, origin, name, frozenset(called - {""}), frozenset(tags - {""}))
