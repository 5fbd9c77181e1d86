"""How people are called and whether lists leave them out, as far as the user has decided it: by the newest decision.

One person who was several once is told by what was decided about any of them, and whoever of them is on their own again by what
was decided about them. So ``person.name`` and ``person.hidden`` follow from the log, and are told anew where either changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from store.duck import Connection
from store.rows import NUMBERS, as_rows, given, listed


def tell(connection: Connection, people: Iterable[int]) -> None:
    """These people, and those whose part they are, are called and hidden as the decisions in the log that stand say."""
    made = connection.execute(
        """SELECT person_id, what, (evidence ->> 'name'), undone_by IS NULL FROM decision
           WHERE what IN ('rename', 'hide', 'show') AND made_by = 'user' ORDER BY id"""
    ).fetchall()
    if not made:
        return
    some = listed(sorted(set(people)))
    rows = connection.execute(
        f"""WITH whole AS (SELECT id FROM person WHERE id IN {NUMBERS} UNION SELECT part_of FROM person WHERE id IN {NUMBERS})
            SELECT w.id, p.id FROM whole w JOIN person p ON p.id = w.id OR p.part_of = w.id""",
        [some, some],
    ).fetchall()
    of: dict[int, set[int]] = {}
    for whole, part in rows:
        of.setdefault(part, set()).add(whole)
    names: dict[int, str | None] = dict.fromkeys(whole for whole, _ in rows)
    hidden: dict[int, bool] = dict.fromkeys(names, False)
    for person, what, name, stands in made:
        for whole in of.get(person, ()) if stands else ():
            if what == "rename":
                names[whole] = name
            else:
                hidden[whole] = what == "hide"
    connection.execute(
        f"""UPDATE person SET name = g.name, hidden = g.hidden
            FROM ({given("id BIGINT, name VARCHAR, hidden BOOLEAN")}) g WHERE person.id = g.id
              AND (person.name IS DISTINCT FROM g.name OR person.hidden IS DISTINCT FROM g.hidden)""",
        as_rows([(number, names[number], hidden[number]) for number in sorted(names)]),
    )
