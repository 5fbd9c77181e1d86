"""Whether the file is what it should be: every block of every table is read, and what must hold of the rows is counted.

DuckDB verifies the checksum of a block when it reads it, so a table whose every column is hashed has no block that has rotted.
Then come the invariants: each is a query that counts the rows that break it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from store.duck import EngineError, connect, drop, explained
from store.errors import Missing
from store.gate import inside
from store.schema import TABLES, VERSION, version_of

FACTS = "facts"
BELIEFS = "beliefs"

_TALLIED = """
    SELECT p.handle_id, count(DISTINCT p.interaction_id) AS n, max(i.happened_at) FILTER (i.verdict = 'counts') AS latest
    FROM party p JOIN interaction i ON i.id = p.interaction_id GROUP BY p.handle_id"""

_SUMMED = """
    SELECT h.id, h.interactions + coalesce(c.n, 0) AS n, greatest(h.last_contact, c.latest) AS latest
    FROM handle h LEFT JOIN (SELECT handle_id, count(DISTINCT interaction_id) AS n, max(happened_at) FILTER (counts) AS latest
                             FROM coming GROUP BY handle_id) c ON c.handle_id = h.id WHERE NOT h.own"""

INVARIANTS: tuple[tuple[str, str, str], ...] = (
    (FACTS, "an event is there twice", "SELECT count(*) - count(DISTINCT key) FROM interaction"),
    (FACTS, "an interaction has the number of another", "SELECT count(*) - count(DISTINCT id) FROM interaction"),
    (
        FACTS,
        "an item of a source is there twice",
        """SELECT count(*) - count(DISTINCT (source, native_id)) FROM
             (SELECT source, native_id FROM interaction WHERE kind = 'mail'
              UNION ALL SELECT DISTINCT a.source, a.native_id FROM also_seen a JOIN interaction i ON i.id = a.interaction_id
              WHERE i.kind = 'mail')""",
    ),
    (FACTS, "a card is there twice", "SELECT count(*) - count(DISTINCT (source, native_id)) FROM card"),
    (FACTS, "a handle is there twice", "SELECT count(*) - count(DISTINCT (kind, value)) FROM handle"),
    (FACTS, "a handle has the number of another", "SELECT count(*) - count(DISTINCT id) FROM handle"),
    (
        FACTS,
        "a part is of no interaction, or of nobody",
        """SELECT count(*) FROM party WHERE interaction_id NOT IN (SELECT id FROM interaction)
             OR handle_id NOT IN (SELECT id FROM handle)""",
    ),
    (
        FACTS,
        "a copy or a word of a source is of no interaction",
        """SELECT count(*) FROM (SELECT interaction_id FROM also_seen UNION ALL SELECT interaction_id FROM word)
           WHERE interaction_id NOT IN (SELECT id FROM interaction)""",
    ),
    (
        FACTS,
        "a handle is on a card that is not there",
        """SELECT count(*) FROM card_handle h WHERE NOT EXISTS
             (SELECT 1 FROM card c WHERE c.source = h.source AND c.native_id = h.native_id)""",
    ),
    (
        FACTS,
        "a source has rows and no cursor that covers them",
        """SELECT count(*) FROM
             (SELECT source FROM interaction UNION SELECT source FROM card UNION SELECT source FROM unreadable)
           WHERE source NOT IN (SELECT name FROM source WHERE cursor IS NOT NULL AND json_valid(cursor))""",
    ),
    (FACTS, "a source is there twice", "SELECT count(*) - count(DISTINCT name) FROM source"),
    (
        BELIEFS,
        "an interaction has no verdict",
        "SELECT count(*) FROM interaction WHERE verdict IS NULL OR verdict NOT IN ('counts', 'presence', 'noise')",
    ),
    (
        BELIEFS,
        "something belongs to a person who is not there",
        """SELECT count(*) FROM (
             SELECT person_id FROM handle UNION ALL SELECT person_id FROM card UNION ALL SELECT person_id FROM called
             UNION ALL SELECT person_id FROM card_tag UNION ALL SELECT person_id FROM tag
             UNION ALL SELECT person_id FROM cadence UNION ALL SELECT part_of FROM person)
           WHERE person_id IS NOT NULL AND person_id NOT IN (SELECT id FROM person)""",
    ),
    (BELIEFS, "a person has the number of another", "SELECT count(*) - count(DISTINCT id) FROM person"),
    (
        BELIEFS,
        "somebody's interactions are not counted rightly",
        f"""SELECT count(*) FROM ({_SUMMED}) s LEFT JOIN ({_TALLIED}) t ON t.handle_id = s.id
            WHERE s.n <> coalesce(t.n, 0)""",
    ),
    (
        BELIEFS,
        "somebody's last contact is not their latest one",
        f"""SELECT count(*) FROM ({_SUMMED}) s LEFT JOIN ({_TALLIED}) t ON t.handle_id = s.id
            WHERE s.latest IS DISTINCT FROM t.latest""",
    ),
)
"""Of what kind of rows, what is wrong, and how many rows it is wrong of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold of ``count`` rows; ``kind`` says whether it is the facts' or the beliefs'."""

    kind: str
    what: str
    count: int


@dataclass(slots=True)
class Checked:
    """What was looked at: rows by table, how many invariants, and what was found to be wrong."""

    file: Path
    rows: dict[str, int] = field(default_factory=dict)
    invariants: int = 0
    findings: list[Finding] = field(default_factory=list)


def check(path: Path, patience: float) -> Checked:
    """Every table of the file at ``path`` was read, and the invariants were counted; nobody writes meanwhile.

    A file of an older form has its tables read and no invariants. Raises Missing, Busy, or Broken for a block that rotted.
    """
    if not path.exists():
        raise Missing(f"There is no database at {path}.", "kith sync makes it")
    with inside(path, alone=False, patience=patience):
        connection = connect(path, write=False, patience=patience)
        try:
            done = Checked(path)
            tables = connection.execute(
                """SELECT table_name, list(column_name) FROM duckdb_columns() WHERE database_name = current_database()
                   AND table_name IN (SELECT table_name FROM duckdb_tables()) AND NOT internal GROUP BY 1 ORDER BY 1"""
            ).fetchall()
            for table, columns in tables:
                names = ", ".join(f'"{name}"' for name in columns)
                row = connection.execute(f'SELECT count(*), bit_xor(hash({names})) FROM "{table}"').fetchone()
                done.rows[table] = int(row[0]) if row else 0
            if version_of(connection) == VERSION and set(TABLES) <= set(done.rows):
                for kind, what, sql in INVARIANTS:
                    row = connection.execute(sql).fetchone()
                    done.invariants += 1
                    if row and row[0]:
                        done.findings.append(Finding(kind, what, int(row[0])))
            return done
        except EngineError as error:
            raise explained(error, path) from error
        finally:
            drop(connection)
