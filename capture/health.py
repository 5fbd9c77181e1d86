"""How each source is, seen over days: in what state, since when, and whether it has fallen silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from capture.pace import MOST
from connectors.remote import UNPROVEN
from store.rhythm import Rhythm

LONG = timedelta(days=1)
"""A source that has failed for so long is told of, though it may yet mend itself."""

NOT_LONG = timedelta(hours=1)
"""The same where it is a certificate that is not right: as a rule that is somebody's to mend."""

Row = Mapping[str, Any]


def state_of(row: Row, rhythm: Rhythm | None, now: datetime) -> tuple[str, str | None, str | None]:
    """In what state the source is of which the file says ``row``, what is wrong with it, and what mends that."""
    if not row.get("polled_at"):
        return "never read", None, None
    if row.get("failures"):
        return ("try later" if row.get("next_at") else "needs you"), row.get("error"), row.get("fix")
    if row.get("error"):
        return "history waits", row.get("error"), row.get("fix")
    if rhythm is not None and rhythm.silent(now):
        still = _length((now - rhythm.latest).total_seconds())
        what = f"nothing has come for {still}; the longest pause of a usual week is {_length(rhythm.pause)}"
        return "silent", what, "see whether mail still comes there: a filter, a full mailbox, an address that has moved"
    return "ok", None, None


def concerns(rows: Iterable[Row], rhythms: Mapping[str, Rhythm], now: datetime) -> dict[str, tuple[str, str]]:
    """What the user should be told of: each cause, with what is wrong and what mends it."""
    found = {}
    for row in rows:
        name = row["name"]
        state, what, fix = state_of(row, rhythms.get(name), now)
        long = NOT_LONG if (what or "").startswith(UNPROVEN) else LONG
        if state == "history waits" or (state == "try later" and _failing(row, now) < long):
            continue
        if what is not None and state != "ok":
            found[f"{name}: {state}"] = (f"{name}: {what}", fix or "kith status shows how it stands")
    return found


def _failing(row: Row, now: datetime) -> timedelta:
    """For how long the source has failed; one that never worked, which has no moment to count from, by how often it has."""
    ok: datetime | None = row.get("ok_at")
    return now - ok if ok else timedelta(seconds=MOST * (row.get("failures") or 0))


def _length(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("hours", 3600.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 60.0) / 60:.0f} minutes"
