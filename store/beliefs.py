"""What is derived from the facts and can be thrown away: who is somebody, what was answered, what counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from store import relate, tally
from store.duck import Connection
from store.facts import signals_from
from store.rows import NUMBERS, TEXTS, as_rows, given, insert, listed

WROTE = "wrote"
"""The origin of people whom the user has written to."""

MET = "met"
"""The origin of people whom the user has met, and not written to."""

CARD = "card"
"""The origin of people who are in an address book of the user's, and whom nothing else makes known."""

MAY_KNOW = "may know"
"""The origin of people who wrote to the user, or were written to beside them, and have had no word back."""

ORIGINS = (WROTE, MET, CARD, MAY_KNOW)
"""The strongest first."""

RANK: Mapping[str | None, int] = {None: 0, **{origin: n for n, origin in enumerate(reversed(ORIGINS), 1)}}


class Answer(NamedTuple):
    """The user has answered an interaction, which is known by its key, to a handle; ``to`` is its canonical form.

    Whoever wrote it is answered by any spelling of their address.
    """

    key: int
    handle: int
    to: str


def is_list(list_id: str | None, address: str, canonical: str) -> bool:
    """Whether the list with this List-Id has this address, by the custom that RFC 2919 (section 2) describes.

    In whatever spelling: ``canonical`` is the canonical handle.
    """
    return list_id in (address.replace("@", "."), canonical.partition(":")[2].replace("@", "."))


NOT_THE_LIST = """(NOT contains(i.signals, '"list_id":"') OR (i.signals ->> 'list_id') NOT IN
    (replace(h.value, '@', '.'), replace(substr(h.canonical, strpos(h.canonical, ':') + 1), '@', '.')))"""
"""By ``is_list``: the handle ``h`` is not the address of the list that the interaction ``i`` is from."""


def stronger(a: str | None, b: str | None) -> str | None:
    """The stronger of two origins."""
    return a if RANK[a] >= RANK[b] else b


def meet(connection: Connection, origins: Mapping[str, str], people: Mapping[str, int]) -> None:
    """These canonical handles are somebody, of these origins, stronger than before. ``people`` has the persons that are known.

    Each of the others is a person of its own, who holds every spelling of it. A person whom such a handle made once before is
    that person again, under the same id.
    """
    if not origins:
        return
    new = sorted(origins.keys() - people.keys())
    ids = {c: people[c] for c in origins if c in people}
    if new:
        known = f"SELECT canonical, id FROM person WHERE canonical IN {TEXTS}"
        ids.update(connection.execute(known, [listed(new)]).fetchall())
        top = connection.execute("SELECT coalesce(max(id), 0) FROM person").fetchone()
        first = (top[0] if top else 0) + 1
        rows = [(first + n, c, origins[c], False) for n, c in enumerate(c for c in new if c not in ids)]
        insert(connection, "person", "id BIGINT, canonical VARCHAR, origin VARCHAR, hidden BOOLEAN", rows)
        made = {row[1]: row[0] for row in rows}
    else:
        made = {}
    raised: dict[str, list[int]] = {}
    for canonical, number in ids.items():
        raised.setdefault(origins[canonical], []).append(number)
    ids |= made
    connection.execute(
        f"""UPDATE handle SET person_id = coalesce(handle.person_id, g.person_id), origin = g.origin
            FROM ({given("canonical VARCHAR, person_id BIGINT, origin VARCHAR")}) g
            WHERE handle.canonical = g.canonical AND NOT handle.own""",
        as_rows([(c, ids[c], origin) for c, origin in origins.items()]),
    )
    for origin, numbers in raised.items():
        weaker = [each for each in ORIGINS if RANK[each] < RANK[origin]]
        connection.execute(
            f"""UPDATE person SET origin = ?, part_of = NULL
                WHERE id IN {NUMBERS} AND (origin IS NULL OR origin IN {TEXTS})""",
            [origin, listed(numbers), listed(weaker)],
        )


def set_origins(connection: Connection, origins: Mapping[str, str | None]) -> None:
    """What is known of these canonical handles by interactions is this origin, or nothing. People are made of it elsewhere."""
    if origins:
        connection.execute(
            f"""UPDATE handle SET origin = g.origin FROM ({given("canonical VARCHAR, origin VARCHAR")}) g
                WHERE handle.canonical = g.canonical AND handle.origin IS DISTINCT FROM g.origin""",
            as_rows(list(origins.items())),
        )


def answered(connection: Connection, keys: Sequence[int]) -> set[Answer]:
    """What the user has answered of the interactions with these keys."""
    answer = "SELECT DISTINCT a.key, h.id, h.canonical FROM answer a JOIN handle h ON h.id = a.handle_id"
    rows = connection.execute(f"{answer} WHERE a.key IN {NUMBERS}", [listed(keys)]).fetchall()
    return {Answer(*row) for row in rows}


def add_answers(connection: Connection, answers: Sequence[Answer]) -> None:
    """The user has answered these, which the file does not say yet."""
    insert(connection, "answer", "key BIGINT, handle_id INTEGER", [each[:2] for each in answers])


def count_answered(connection: Connection, answers: Collection[Answer], known: Mapping[int, int | None]) -> None:
    """What the user answered is no noise, whatever it looks like, if the answer went to whoever wrote it, and not to the list.

    ``known`` has the ids of all of it that was in the file before, by their keys.
    """
    ids = {row_id for each in answers if (row_id := known[each.key]) is not None}
    if not ids:
        return
    noise = f"SELECT id, key FROM interaction WHERE id IN {NUMBERS} AND verdict = 'noise' AND kind <> 'meeting'"
    keys = dict(connection.execute(noise, [listed(ids)]).fetchall())
    if not keys:
        return
    rows = connection.execute(
        f"""SELECT p.interaction_id, h.canonical, h.own, h.value, i.signals
            FROM party p JOIN handle h ON h.id = p.handle_id JOIN interaction i ON i.id = p.interaction_id
            WHERE p.interaction_id IN {NUMBERS} AND p.role IN ('from', 'organizer')""",
        [listed(keys)],
    ).fetchall()
    mine = {row[0] for row in rows if row[2]}
    writers = [row for row in rows if not is_list(signals_from(row[4]).list_id, row[3], row[1])]
    told = {(each.key, each.to) for each in answers}
    numbers = sorted({row[0] for row in writers if row[0] not in mine and (keys[row[0]], row[1]) in told})
    if numbers:
        flip = f"UPDATE interaction SET verdict = 'counts', rule = 'answered' WHERE id IN {NUMBERS}"
        connection.execute(flip, [listed(numbers)])
        tally.contacted(connection, numbers)
        relate.look_again_in(connection, numbers)


def forget(connection: Connection) -> None:
    """Nothing is believed but verdicts: no answers, and no handle is known by any interaction.

    Whose the handles are stands until it is told anew, because people keep their ids by it.
    """
    connection.execute("DELETE FROM answer")
    connection.execute("UPDATE handle SET origin = NULL, person_id = CASE WHEN own THEN NULL ELSE person_id END")


def set_verdicts(connection: Connection, verdicts: Sequence[tuple[int, str, str]]) -> None:
    """(id of an interaction, verdict, rule): so it stands."""
    if verdicts:
        connection.execute(
            f"""UPDATE interaction SET verdict = v.verdict, rule = v.rule
                FROM ({given("id BIGINT, verdict VARCHAR, rule VARCHAR")}) v WHERE interaction.id = v.id""",
            as_rows(verdicts),
        )
