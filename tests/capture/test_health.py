"""What the user is told of a source, seen over days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from capture.health import concerns, state_of
from connectors.remote import UNPROVEN
from tests.small_world import NOW


@pytest.mark.parametrize(
    ("ok", "failures", "told"),
    [
        (timedelta(hours=2), 8, False),
        (timedelta(hours=25), 100, True),
        # it never worked, and was asked each time just now
        (None, 3, False),
        (None, 200, True),
    ],
)
def test_a_source_that_fails_for_more_than_a_day_is_told_of_also_if_it_never_worked(
    ok: timedelta | None, failures: int, told: bool
) -> None:
    row: dict[str, Any] = {
        "name": "mail",
        "polled_at": NOW,
        "ok_at": None if ok is None else NOW - ok,
        "next_at": NOW + timedelta(minutes=15),
        "failures": failures,
        "error": "the server is away",
        "fix": "",
    }
    found = concerns([row], {}, NOW)
    assert bool(found) is told
    if told:
        assert found["mail: try later"][0] == "mail: the server is away"


@pytest.mark.parametrize(("hours", "told"), [(0.5, False), (1.5, True)])
def test_a_certificate_that_stays_wrong_is_told_of_after_an_hour(hours: float, told: bool) -> None:
    row = {
        "name": "mail",
        "polled_at": NOW,
        "ok_at": NOW - timedelta(hours=hours),
        "next_at": NOW + timedelta(minutes=15),
        "failures": 4,
        "error": f"{UNPROVEN}mail.example.org is not right: it has expired",
        "fix": "",
    }
    assert bool(concerns([row], {}, NOW)) is told


def test_history_that_waits_for_tomorrow_is_no_concern_of_anybodys() -> None:
    row = {"name": "mail", "polled_at": NOW, "ok_at": NOW, "next_at": NOW, "failures": 0, "error": "it waits", "fix": "more"}
    assert state_of(row, None, NOW) == ("history waits", "it waits", "more")
    assert concerns([row], {}, NOW) == {}
