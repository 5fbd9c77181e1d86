"""How often a source brings something, and whether it has fallen silent: a login that works proves little."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from store.duck import Connection

WEEKS = 8
"""Weeks that are looked back on."""

LEAST = 4
"""Weeks of them in which something must have come, or nothing is said: a source that is new has no rhythm."""

TIMES = 3
"""Silence that lasts so many times as long as is normal is strange."""

# The longest pause of a usual week, not the usual pause: nobody writes at night, and to an office nobody on Sundays.
_RHYTHM = """
WITH came AS (
  SELECT source, happened_at FROM interaction
  WHERE kind <> 'meeting' AND happened_at > $since AND happened_at <= $now),
paused AS (
  SELECT source, happened_at,
         epoch(happened_at - lag(happened_at) OVER (PARTITION BY source ORDER BY happened_at)) AS gap FROM came),
weeks AS (
  SELECT source, floor(epoch($now::TIMESTAMP - happened_at) / 604800) AS week, max(gap) AS longest, max(happened_at) AS latest
  FROM paused GROUP BY ALL)
SELECT source, max(latest), count(longest), median(longest) FROM weeks GROUP BY source ORDER BY source"""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a source brought something last, and the longest pause of a usual week in seconds."""

    source: str
    latest: datetime
    weeks: int
    pause: float

    def silent(self, now: datetime) -> bool:
        """Whether it is still for TIMES as long as it usually ever is."""
        return self.weeks >= LEAST and (now - self.latest).total_seconds() > TIMES * max(self.pause, 3600.0)


def rhythms(connection: Connection, now: datetime) -> list[Rhythm]:
    """The rhythm of each source that has brought anything in the last weeks."""
    moment = now.astimezone(UTC).replace(tzinfo=None)
    rows = connection.execute(_RHYTHM, {"now": moment, "since": moment - timedelta(weeks=WEEKS)}).fetchall()
    return [Rhythm(row[0], row[1].replace(tzinfo=UTC), row[2], row[3] or 0.0) for row in rows]
