"""What is coming: birthdays and other days out of the address books, and whom you meet today and tomorrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cli.context import OK, USAGE, Problem, config, say, store
from cli.options import Json, JsonLines, Option
from cli.render import BOLD, DIM, Column, put

if TYPE_CHECKING:
    from store.reader import Row

MEETINGS = 2
"""Days whose meetings are shown: today and tomorrow."""

LONGEST = 366

TODAY = (
    Column("when", lambda r: _when(r), lambda r: r["date"], lambda r: None if r["in_days"] else BOLD),
    Column("time", lambda r: r["happened_at"].astimezone().strftime("%H:%M") if r["happened_at"] else ""),
    Column("what", lambda r: r["what"]),
    Column("person", lambda r: r["person"]),
    Column("title", lambda r: _title(r), None, lambda _: DIM),
)


def today(
    days: Annotated[int, Option(("--days",), "Days of so many days to come.", "COUNT")] = 14,
    json: Json = False,
    jsonl: JsonLines = False,
) -> int:
    """Birthdays that are coming, and whom you meet today and tomorrow."""
    if not 0 <= days <= LONGEST:
        raise Problem(f"There is no looking {days} days ahead.", f"write a number of days, {LONGEST} at the most", USAGE)
    settings = config()
    now = datetime.now(UTC).astimezone().date()
    with store(settings).read() as reader:
        cards, meetings = reader.days(_midnight(now), _midnight(now + timedelta(days=MEETINGS)))
    rows = [*occasions(cards, now, days), *_meetings(meetings, now)]
    rows.sort(key=lambda r: (r["date"], r["happened_at"] or datetime.min.replace(tzinfo=UTC), r["what"], r["person"]))
    put(rows, TODAY, json, jsonl)
    if not rows and not (json or jsonl):
        say(f"No birthday in {days} days, and nobody to meet today or tomorrow.")
    return OK


def occasions(cards: Iterable[Row], now: date, days: int) -> Iterator[Row]:
    """Each birthday and other day on the cards that comes round within ``days`` days of ``now``, once a person."""
    told: dict[tuple[int, str, str], tuple[str, str]] = {}
    for card in cards:
        marked = [("birthday", None, card["birthday"])] if card["birthday"] else []
        for what, title, said in [*marked, *(("anniversary", label, said) for label, said in card["dates"])]:
            # two cards of somebody may have a day once with its year and once without
            place = (card["person_id"], title or what, said[-5:])
            if place not in told or told[place][1].startswith("-"):
                told[place] = (card["person"], said)
    for (person_id, title, _), (person, said) in told.items():
        what = "birthday" if title == "birthday" else "anniversary"
        found = comes_round(said, now)
        if found is None or (found[0] - now).days > days:
            continue
        yield {
            "person": person,
            "person_id": person_id,
            "what": what,
            "date": found[0].isoformat(),
            "in_days": (found[0] - now).days,
            "title": None if what == "birthday" else title,
            "age": found[1],
            "happened_at": None,
        }


def comes_round(said: str, now: date) -> tuple[date, int | None] | None:
    """When ``YYYY-MM-DD`` or ``--MM-DD`` comes round next, today or later, and how many years it is then, if that is known.

    What is on the 29th of February is on the 28th in other years. None for a day that there is not, and one still to come.
    """
    try:
        year = None if said.startswith("--") else int(said[:-6])
        month, day = int(said[-5:-3]), int(said[-2:])
        date(2000, month, day)
    except ValueError:
        return None
    for this in (now.year, now.year + 1):
        try:
            found = date(this, month, day)
        except ValueError:
            found = date(this, 2, 28)
        if found >= now:
            years = None if year is None else this - year
            return None if years is not None and years < 0 else (found, years)
    return None


def _meetings(rows: Iterable[Row], now: date) -> Iterator[Row]:
    for row in rows:
        day = row["happened_at"].astimezone().date()
        yield {
            "person": row["person"],
            "person_id": row["person_id"],
            "what": "meeting",
            "date": day.isoformat(),
            "in_days": (day - now).days,
            "title": row["title"],
            "age": None,
            "happened_at": row["happened_at"],
        }


def _midnight(day: date) -> datetime:
    """When the day begins where the user lives."""
    return datetime.combine(day, time()).astimezone()


def _when(row: Row | Any) -> str:
    days = row["in_days"]
    return "today" if days == 0 else "tomorrow" if days == 1 else f"{row['date']}, in {days} d"


def _title(row: Row | Any) -> str:
    if row["age"]:
        years = f"{row['age']} years" if row["age"] != 1 else "1 year"
        return f"turns {row['age']}" if row["what"] == "birthday" else f"{row['title']}, {years}"
    return row["title"] or ""
