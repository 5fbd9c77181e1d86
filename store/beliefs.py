"""What is derived from the facts and can be thrown away: who is somebody, what was answered, what counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from store import tally
from store.duck import Connection
from store.rows import NUMBERS, TEXTS, as_rows, given, insert, listed

WROTE = "wrote"
"""The origin of people whom the user has written to."""

MAY_KNOW = "may know"
"""The origin of people who wrote to the user, or were written to beside them, and have had no word back."""


def meet(connection: Connection, people: Mapping[str, str]) -> None:
    """These canonical handles (to their origin) belong to somebody: a person each, who holds every spelling of it.

    A person whom such a handle made once before is that person again, under the same id; who was one that the user may know
    is one that the user knows as soon as the user writes to them.
    """
    if not people:
        return
    names = [listed(sorted(people))]
    rows = connection.execute(f"SELECT canonical FROM person WHERE canonical IN {TEXTS}", names).fetchall()
    known = {row[0] for row in rows}
    top = connection.execute("SELECT coalesce(max(id), 0) FROM person").fetchone()
    first = (top[0] if top else 0) + 1
    insert(
        connection,
        "person",
        "id BIGINT, canonical VARCHAR, origin VARCHAR, hidden BOOLEAN",
        [(first + n, c, people[c], False) for n, c in enumerate(sorted(people.keys() - known))],
    )
    connection.execute(
        f"""UPDATE handle SET person_id = p.id FROM person p
            WHERE handle.canonical = p.canonical AND handle.person_id IS NULL AND p.canonical IN {TEXTS}""",
        names,
    )
    again = [c for c in known if people[c] == WROTE]
    if again:
        connection.execute(
            f"UPDATE person SET origin = '{WROTE}' WHERE origin = '{MAY_KNOW}' AND canonical IN {TEXTS}",
            [listed(sorted(again))],
        )


def written_to(connection: Connection, people: Collection[int]) -> None:
    """The user knows these people, who have been written to, if they only might have known them before."""
    ids = [listed(sorted(people))]
    if people and connection.execute(
        f"SELECT 1 FROM person WHERE origin = '{MAY_KNOW}' AND id IN {NUMBERS} LIMIT 1", ids
    ).fetchone():
        connection.execute(f"UPDATE person SET origin = '{WROTE}' WHERE origin = '{MAY_KNOW}' AND id IN {NUMBERS}", ids)


def settle(connection: Connection, canonical: str, origin: str | None) -> None:
    """This canonical handle is somebody of this origin, or nobody; one that is linked stays with whom it is linked to."""
    linked = connection.execute(
        """SELECT 1 FROM decision WHERE what = 'link' AND undone_by IS NULL
           AND list_contains(from_json(other, '["VARCHAR"]'), ?)""",
        [canonical],
    ).fetchone()
    if linked:
        return
    if origin is None:
        connection.execute("UPDATE handle SET person_id = NULL WHERE canonical = ?", [canonical])
    else:
        connection.execute(
            f"UPDATE person SET origin = ? WHERE canonical = ? AND origin IN ('{WROTE}', '{MAY_KNOW}')", [origin, canonical]
        )


def add_answers(connection: Connection, answers: Sequence[tuple[int, int]]) -> None:
    """The user has answered these: (key of an interaction, handle that the answer went to)."""
    insert(connection, "answer", "key BIGINT, handle_id INTEGER", answers, unless=("key", "handle_id"))


def count_answered(connection: Connection, answers: Sequence[tuple[int, int]]) -> None:
    """What the user answered is no noise, whatever it looks like, if the answer went to whoever wrote it."""
    # nearly always there is none, and then the join below is not worth its plan
    noise = connection.execute(
        f"SELECT 1 FROM interaction WHERE verdict = 'noise' AND key IN {NUMBERS} LIMIT 1", [listed({a[0] for a in answers})]
    ).fetchone()
    if not noise:
        return
    flipped = connection.execute(
        f"""UPDATE interaction SET verdict = 'counts', rule = 'answered' FROM
              (SELECT DISTINCT i.id FROM interaction i JOIN ({given('key BIGINT, handle_id INTEGER')}) a ON a.key = i.key
               JOIN party p ON p.interaction_id = i.id AND p.handle_id = a.handle_id AND p.role IN ('from', 'organizer')
               WHERE i.verdict = 'noise' AND NOT EXISTS
                 (SELECT 1 FROM party q JOIN handle h ON h.id = q.handle_id AND h.own
                  WHERE q.interaction_id = i.id AND q.role IN ('from', 'organizer'))) f
            WHERE interaction.id = f.id RETURNING interaction.id""",
        as_rows(answers),
    ).fetchall()
    if flipped:
        tally.contacted(connection, [row[0] for row in flipped])


def forget(connection: Connection) -> None:
    """Nothing is believed: no answers, no handle is anybody's. People stay, so that they keep their ids."""
    connection.execute("DELETE FROM answer")
    connection.execute("UPDATE handle SET person_id = NULL")
    connection.execute(f"UPDATE person SET origin = '{MAY_KNOW}' WHERE origin = '{WROTE}'")


def set_verdicts(connection: Connection, verdicts: Sequence[tuple[int, str, str]]) -> None:
    """(id of an interaction, verdict, rule): so it stands."""
    if verdicts:
        connection.execute(
            f"""UPDATE interaction SET verdict = v.verdict, rule = v.rule
                FROM ({given("id BIGINT, verdict VARCHAR, rule VARCHAR")}) v WHERE interaction.id = v.id""",
            as_rows(verdicts),
        )
