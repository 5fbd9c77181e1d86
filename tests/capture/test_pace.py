"""How long a daemon waits before it asks a source again."""

from __future__ import annotations

from capture.pace import ASKED, CRASHES, FIRST, JITTER, LATER, LONGEST, MOST, RETRY, Steady

LESS, MORE = 1 - JITTER, 1 + JITTER


def test_a_source_that_is_well_is_asked_every_so_often_and_not_in_step_with_others() -> None:
    waits = {Steady(120).well() for _ in range(50)}
    assert len(waits) > 40
    assert 120 * LESS <= min(waits) < max(waits) <= 120 * MORE


def test_a_source_that_fails_is_asked_more_and_more_rarely_up_to_a_quarter_of_an_hour() -> None:
    pace = Steady(120)
    waits = [pace.later(None) for _ in range(12)]
    for n, wait in enumerate(waits):
        assert min(MOST, FIRST * 2**n) * LESS <= wait <= min(MOST, FIRST * 2**n) * MORE
    pace.well()
    assert pace.later(None) <= FIRST * MORE


def test_failures_that_never_end_are_less_than_sixty_attempts_an_hour() -> None:
    pace, clock, attempts = Steady(1), 0.0, 0
    while clock < 3600:
        pace.moved()  # even where each attempt gets a page further
        clock += pace.later(None)
        attempts += 1
    assert attempts < 60
    pace, clock, attempts = Steady(1), 0.0, 0
    while clock < 3600:
        clock += pace.later(None)
        attempts += 1
    assert attempts <= 9  # at 0, 35, 105, 245, 525, 1,085 and 1,985 s, and then each quarter of an hour


def test_what_a_source_asks_for_is_kept_but_not_for_ever() -> None:
    assert all(3600 <= Steady(120).later(3600) <= 3600 * MORE for _ in range(50))
    assert all(LONGEST <= Steady(120).later(1e9) <= LONGEST + LATER for _ in range(50))
    # less than we would wait anyway is no reason to hurry
    assert Steady(120).later(1) >= FIRST * LESS


def test_a_connector_that_crashes_again_and_again_is_left_alone() -> None:
    pace = Steady(120)
    waits = [pace.crashed() for _ in range(CRASHES)]
    assert None not in waits[:-1]
    assert waits[-1] is None
    pace.human()
    assert pace.crashed() is not None


def test_who_asks_only_when_told_to_plans_nothing() -> None:
    assert ASKED.well() is None
    assert (ASKED.later(None), ASKED.later(7), ASKED.crashed()) == (RETRY, 7, RETRY)
