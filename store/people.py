"""Which handles and cards are one person, and under which id: read around what has changed, and written again.

Who belongs together is told by cards and by links in the log of decisions, and is worked out anew for everybody whom a change
may touch (``around``); nobody else is looked at. A person is found again by ``person.canonical``, one of their handles, or, for
a card without any, the card. Whoever has no id of their own gets that of the person whom they were, if nobody else is that
person now; so ids never change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from connectors.base import Handle
from store import log, relate
from store.beliefs import stronger
from store.cards import REACHES
from store.duck import Connection
from store.log import Word
from store.rows import CARD_KEY, NUMBERS, TEXTS, as_rows, given, insert, listed
from store.told import tell

_INDIVIDUAL = "(kind IS NULL OR kind = 'individual')"


_PERSON = "id BIGINT, canonical VARCHAR, origin VARCHAR, card_name VARCHAR, part_of BIGINT, told BOOLEAN"


@dataclass(slots=True)
class Carded:
    """A card of somebody, as far as it tells who is who; ``handles`` are canonical, of mail and telephone."""

    key: str
    source: str
    native_id: str
    name: str | None
    nicknames: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


@dataclass(slots=True)
class Circle:
    """Everybody whom a change may touch, as the file has them."""

    cards: list[Carded] = field(default_factory=list)
    ties: list[tuple[str, str]] = field(default_factory=list)
    """Links of the matcher's that stand: two canonical handles each."""
    words: list[Word] = field(default_factory=list)
    """All that the user said about who is one person, the oldest first."""
    origins: dict[str, str | None] = field(default_factory=dict)
    """Canonical handle to what makes them known beside cards, of all handles that there are."""
    were: dict[str, int] = field(default_factory=dict)
    """Canonical handle, or key of a card, to the person that it belongs to so far."""
    people: dict[int, str] = field(default_factory=dict)
    """Person to the canonical handle by which they are found again."""


@dataclass(slots=True)
class Somebody:
    """One person to be: nodes are canonical handles and keys of cards."""

    nodes: frozenset[str]
    origin: str
    name: str | None = None
    """What their cards call them."""
    called: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()


def around(connection: Connection, canonicals: Iterable[str] = (), keys: Iterable[str] = ()) -> Circle:
    """All that is tied to these canonical handles and cards, by cards, by links, or by having been one person."""
    names, cards = set(canonicals), set(keys)
    ties, said = sorted(log.links(connection)), log.words(connection)
    while True:
        size = len(names), len(cards)
        for a, b in ties:
            if a in names or b in names:
                names |= {a, b}
        for word in said:
            nodes = {*word.one, *word.other}
            if word.together and not (nodes.isdisjoint(names) and nodes.isdisjoint(cards)):
                cards |= {node for node in nodes if node.startswith("card:")}
                names |= nodes - cards
        rows = connection.execute(
            f"""WITH mine AS (
                  SELECT DISTINCT person_id FROM handle WHERE canonical IN {TEXTS} AND person_id IS NOT NULL
                  UNION SELECT person_id FROM card WHERE {CARD_KEY} IN {TEXTS} AND person_id IS NOT NULL
                  UNION SELECT id FROM person WHERE canonical IN {TEXTS}),
                whole AS (SELECT person_id FROM mine UNION SELECT p.id FROM person p JOIN mine ON mine.person_id = p.part_of)
                SELECT DISTINCT canonical, false FROM handle WHERE person_id IN (SELECT person_id FROM whole)
                UNION SELECT {CARD_KEY}, true FROM card WHERE person_id IN (SELECT person_id FROM whole)
                UNION SELECT canonical, starts_with(canonical, 'card:') FROM person WHERE id IN (SELECT person_id FROM whole)
                UNION SELECT {CARD_KEY}, true FROM card_handle WHERE canonical IN {TEXTS}
                UNION SELECT canonical, false FROM card_handle WHERE {CARD_KEY} IN {TEXTS} AND kind IN ('email', 'phone')""",
            [listed(names), listed(cards), listed(names | cards), listed(names), listed(cards)],
        ).fetchall()
        for name, is_card in rows:
            (cards if is_card else names).add(name)
        if (len(names), len(cards)) == size:
            break
    circle = _read(connection, names, cards)
    circle.ties, circle.words = [tie for tie in ties if tie[0] in names], said
    return circle


def everybody(connection: Connection) -> Circle:
    """All handles, cards and people."""
    circle = _read(connection, None, None)
    circle.ties, circle.words = sorted(log.links(connection)), log.words(connection)
    return circle


def _read(connection: Connection, names: set[str] | None, keys: set[str] | None) -> Circle:
    some = names is not None
    of_names, of_keys = (f"canonical IN {TEXTS}", f"{CARD_KEY} IN {TEXTS}") if some else ("true", "true")
    told_names, told_keys = ([listed(names or ())], [listed(keys or ())]) if some else ([], [])
    circle = Circle()
    for canonical, person, origin in connection.execute(
        f"""SELECT canonical, min(person_id), list(DISTINCT origin) FILTER (origin IS NOT NULL) FROM handle
            WHERE NOT own AND {of_names} GROUP BY canonical""",
        told_names,
    ).fetchall():
        known: str | None = None
        for each in origin or ():
            known = stronger(known, each)
        circle.origins[canonical] = known
        if person is not None:
            circle.were[canonical] = person
    held: dict[str, list[str]] = {}
    for key, canonical in connection.execute(
        f"""SELECT DISTINCT {CARD_KEY}, canonical FROM card_handle
            WHERE canonical IS NOT NULL AND kind IN ('email', 'phone') AND {of_keys} ORDER BY ALL""",
        told_keys,
    ).fetchall():
        held.setdefault(key, []).append(canonical)
    for key, source, native, name, more, person in connection.execute(
        f"""SELECT {CARD_KEY}, source, native_id, name, more, person_id FROM card
            WHERE {_INDIVIDUAL} AND {of_keys} ORDER BY ALL""",
        told_keys,
    ).fetchall():
        said = json.loads(more or "{}")
        nicknames, tags = tuple(said.get("nicknames", ())), tuple(said.get("tags", ()))
        circle.cards.append(Carded(key, source, native, name, nicknames, tags, tuple(held.get(key, ()))))
        if person is not None:
            circle.were[key] = person
    which, nodes = "true", []
    if some:
        which = f"canonical IN {TEXTS} OR id IN {NUMBERS}"
        nodes = [listed([*(names or ()), *(keys or ())]), listed(set(circle.were.values()))]
    circle.people = dict(connection.execute(f"SELECT id, canonical FROM person WHERE {which}", nodes).fetchall())
    return circle


def settle(connection: Connection, circle: Circle, people: Sequence[Somebody]) -> None:
    """These, and nobody else of the circle, are people: handles and cards are theirs, under ids that stay what they were."""
    mine, absorbed, keyed, new = _ids(connection, circle, people)
    owner = {node: number for number, each in mine.items() for node in each.nodes}
    told = [(name, owner.get(name)) for name in circle.origins if owner.get(name) != circle.were.get(name)]
    if told:
        connection.execute(
            f"""UPDATE handle SET person_id = g.person_id FROM ({given("canonical VARCHAR, person_id BIGINT")}) g
                WHERE handle.canonical = g.canonical AND NOT handle.own""",
            as_rows(told),
        )
        # of whoever is nobody, nothing is compared
        relate.look_again(connection, [name for name, number in told if (number is None) != (name not in circle.were)])
    cards = [(card.key, owner.get(card.key)) for card in circle.cards if owner.get(card.key) != circle.were.get(card.key)]
    if cards:
        connection.execute(
            f"""UPDATE card SET person_id = g.person_id FROM ({given("key VARCHAR, person_id BIGINT")}) g
                WHERE {CARD_KEY} = g.key""",
            as_rows(cards),
        )
    insert(
        connection,
        "person",
        "id BIGINT, canonical VARCHAR, hidden BOOLEAN",
        [(number, keyed[number], False) for number in sorted(new)],
    )
    rows = [
        (number, keyed.get(number) or circle.people[number], each.origin if each else None, each.name if each else None,
         absorbed.get(number), each is not None or number in absorbed)
        for number in sorted({*circle.people, *mine})
        for each in [mine.get(number)]
    ]  # fmt: skip
    if rows:
        connection.execute(
            f"""UPDATE person SET canonical = g.canonical, origin = g.origin, card_name = g.card_name,
                  part_of = CASE WHEN g.told THEN g.part_of ELSE person.part_of END
                FROM ({given(_PERSON)}) g
                WHERE person.id = g.id AND (person.canonical <> g.canonical OR person.origin IS DISTINCT FROM g.origin
                  OR person.card_name IS DISTINCT FROM g.card_name
                  OR (g.told AND person.part_of IS DISTINCT FROM g.part_of))""",
            as_rows(rows),
        )
    if absorbed:
        # whoever was part of those is part of whom those are part of now
        connection.execute(
            f"""UPDATE person SET part_of = g.part_of FROM ({given("id BIGINT, part_of BIGINT")}) g
                WHERE person.part_of = g.id""",
            as_rows(sorted(absorbed.items())),
        )
    concerned = {*circle.people, *mine}
    tell(connection, concerned)
    touched = listed(sorted(concerned))
    for table, column, words in (
        ("called", "name", [(n, name) for n, each in sorted(mine.items()) for name in sorted(each.called)]),
        ("card_tag", "tag", [(n, tag) for n, each in sorted(mine.items()) for tag in sorted(each.tags)]),
    ):
        connection.execute(f"DELETE FROM {table} WHERE person_id IN {NUMBERS}", [touched])
        insert(connection, table, f"person_id BIGINT, {column} VARCHAR", words)


def _ids(
    connection: Connection, circle: Circle, people: Sequence[Somebody]
) -> tuple[dict[int, Somebody], dict[int, int], dict[int, str], set[int]]:
    """People by their ids, persons that are part of one of them, whom they are found by if not as before, ids that are new."""
    by_name: dict[str, list[int]] = {}
    for number, canonical in circle.people.items():
        by_name.setdefault(canonical, []).append(number)
    mine: dict[int, Somebody] = {}
    absorbed: dict[int, int] = {}
    keyed: dict[int, str] = {}
    without: list[Somebody] = []
    for each in people:
        numbers = sorted(number for node in each.nodes for number in by_name.get(node, ()))
        if not numbers:
            without.append(each)
            continue
        mine[numbers[0]] = each
        absorbed.update(dict.fromkeys(numbers[1:], numbers[0]))
    new: set[int] = set()
    free = 0
    for each in sorted(without, key=lambda each: min(each.nodes)):
        were = sorted({circle.were[node] for node in each.nodes if node in circle.were} - mine.keys() - absorbed.keys())
        if were:
            number = were[0]
        else:
            if not free:
                top = connection.execute("SELECT coalesce(max(id), 0) FROM person").fetchone()
                free = (top[0] if top else 0) + 1
            number, free = free, free + 1
            new.add(number)
        mine[number] = each
        keyed[number] = min(each.nodes, key=findable)
    return mine, absorbed, keyed, new


def findable(node: str) -> tuple[int, str]:
    """The best name to find a person by comes first: an address, a number, and last a card that has neither."""
    return {"email": 0, "phone": 1, "card": 3}.get(node.partition(":")[0], 2), node


def hold(connection: Connection, canonical: Callable[[Handle], str], own: Collection[str]) -> None:
    """Every handle on a card has its canonical form, and those that reach somebody are among the handles."""
    bare = connection.execute("SELECT DISTINCT kind, value FROM card_handle WHERE canonical IS NULL").fetchall()
    if not bare:
        return
    rows = [(kind, value, canonical(Handle(kind, value))) for kind, value in bare]
    connection.execute(
        f"""UPDATE card_handle SET canonical = g.canonical FROM ({given("kind VARCHAR, value VARCHAR, canonical VARCHAR")}) g
            WHERE card_handle.kind = g.kind AND card_handle.value = g.value""",
        as_rows(rows),
    )
    top = connection.execute("SELECT coalesce(max(id), 0) FROM handle").fetchone()
    first = (top[0] if top else 0) + 1
    insert(
        connection,
        "handle",
        "id INTEGER, kind VARCHAR, value VARCHAR, canonical VARCHAR, own BOOLEAN, interactions INTEGER",
        [(first + n, *row, row[2] in own, 0) for n, row in enumerate(sorted(r for r in rows if r[0] in REACHES))],
        unless=("kind", "value"),
    )


def drop_unheld(connection: Connection, canonicals: Collection[str]) -> None:
    """Of these, handles that have no part in anything and stand on no card are gone."""
    if not canonicals:
        return
    some = listed(sorted(canonicals))
    connection.execute(
        f"""DELETE FROM handle WHERE id IN (
              WITH maybe AS MATERIALIZED (SELECT id, canonical FROM handle WHERE canonical IN {TEXTS} AND NOT own)
              SELECT id FROM maybe
              WHERE canonical NOT IN (SELECT canonical FROM card_handle WHERE canonical IN {TEXTS})
                AND id NOT IN (SELECT handle_id FROM party WHERE handle_id IN (SELECT id FROM maybe))
                AND id NOT IN (SELECT handle_id FROM answer WHERE handle_id IN (SELECT id FROM maybe)))""",
        [some, some],
    )
