"""Recurrence rules: the examples of RFC 5545 section 3.8.5.3, and what is easily got wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ical_rules import MOST_STEPS, Budget, Rule, rule, times

START = datetime(1997, 9, 2, 9)
"""A Tuesday."""


def dates(value: str, start: datetime = START, most: int = 10_000) -> list[datetime]:
    found = rule(value)
    assert found is not None
    return times(found, start, datetime.min, datetime(2010, 1, 1), None, most, Budget(MOST_STEPS, most))[0]


def days(value: str, start: datetime, most: int) -> str:
    """The first dates, those of a month together: "97-9: 2 3 4; 97-10: 2"."""
    months: dict[str, list[str]] = {}
    for one in dates(value, start)[:most]:
        months.setdefault(f"{one.year % 100:02}-{one.month}", []).append(str(one.day))
    return "; ".join(f"{month}: {' '.join(those)}" for month, those in months.items())


EXAMPLES: list[tuple[str, datetime, int, str]] = [
    # rule, its start, how many dates are looked at, and these
    ("FREQ=DAILY;COUNT=10", START, 99, "97-9: 2 3 4 5 6 7 8 9 10 11"),
    ("FREQ=DAILY;INTERVAL=2", START, 6, "97-9: 2 4 6 8 10 12"),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", START, 99, "97-9: 2 12 22; 97-10: 2 12"),
    ("FREQ=WEEKLY;COUNT=10", START, 99, "97-9: 2 9 16 23 30; 97-10: 7 14 21 28; 97-11: 4"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", START, 6, "97-9: 2 16 30; 97-10: 14 28; 97-11: 11"),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", START, 99, "97-9: 2 4 9 11 16 18 23 25 30; 97-10: 2"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", START, 99, "97-9: 2 4 16 18 30; 97-10: 2 14 16"),
    ("FREQ=MONTHLY;COUNT=4;BYDAY=1FR", datetime(1997, 9, 5, 9), 99, "97-9: 5; 97-10: 3; 97-11: 7; 97-12: 5"),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=6;BYDAY=1SU,-1SU", datetime(1997, 9, 7, 9), 99, "97-9: 7 28; 97-11: 2 30; 98-1: 4 25"),
    ("FREQ=MONTHLY;COUNT=4;BYDAY=-2MO", datetime(1997, 9, 22, 9), 99, "97-9: 22; 97-10: 20; 97-11: 17; 97-12: 22"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", datetime(1997, 9, 28, 9), 4, "97-9: 28; 97-10: 29; 97-11: 28; 97-12: 29"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", datetime(1997, 9, 30, 9), 4, "97-9: 30; 97-10: 1 31; 97-11: 1"),
    ("FREQ=MONTHLY;INTERVAL=18;COUNT=6;BYMONTHDAY=10,11,12", datetime(1997, 9, 10, 9), 99, "97-9: 10 11 12; 99-3: 10 11 12"),
    ("FREQ=YEARLY;COUNT=4;BYMONTH=6,7", datetime(1997, 6, 10, 9), 99, "97-6: 10; 97-7: 10; 98-6: 10; 98-7: 10"),
    ("FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", datetime(1997, 1, 1, 9), 99, "97-1: 1; 97-4: 10; 97-7: 19; 00-1: 1"),
    ("FREQ=YEARLY;BYDAY=20MO", datetime(1997, 5, 19, 9), 3, "97-5: 19; 98-5: 18; 99-5: 17"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", datetime(1997, 5, 12, 9), 3, "97-5: 12; 98-5: 11; 99-5: 17"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", datetime(1997, 3, 13, 9), 7, "97-3: 13 20 27; 98-3: 5 12 19 26"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", datetime(1998, 2, 13, 9), 4, "98-2: 13; 98-3: 13; 98-11: 13; 99-8: 13"),
    ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", datetime(1997, 9, 13, 9), 3, "97-9: 13; 97-10: 11; 97-11: 8"),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        datetime(1996, 11, 5, 9),
        3,
        "96-11: 5; 00-11: 7; 04-11: 2",
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", datetime(1997, 9, 4, 9), 99, "97-9: 4; 97-10: 7; 97-11: 6"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", datetime(1997, 9, 29, 9), 4, "97-9: 29; 97-10: 30; 97-11: 27; 97-12: 30"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", datetime(1997, 8, 5, 9), 99, "97-8: 5 10 19 24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", datetime(1997, 8, 5, 9), 99, "97-8: 5 17 19 31"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", datetime(2007, 1, 15, 9), 99, "07-1: 15 30; 07-2: 15; 07-3: 15 30"),
    # and others
    ("FREQ=MONTHLY;COUNT=4", datetime(1997, 10, 31, 9), 99, "97-10: 31; 97-12: 31; 98-1: 31; 98-3: 31"),
    ("FREQ=YEARLY;COUNT=3", datetime(1996, 2, 29, 9), 99, "96-2: 29; 00-2: 29; 04-2: 29"),
    ("FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=FORWARD;COUNT=3", datetime(1996, 2, 29, 9), 99, "96-2: 29; 97-3: 1; 98-3: 1"),
    ("FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=BACKWARD;COUNT=3", datetime(1996, 2, 29, 9), 99, "96-2: 29; 97-2: 28; 98-2: 28"),
    ("FREQ=YEARLY;BYYEARDAY=-1;COUNT=3", datetime(1996, 12, 31, 9), 99, "96-12: 31; 97-12: 31; 98-12: 31"),
    ("FREQ=YEARLY;BYDAY=-1SU;COUNT=2", datetime(1997, 12, 28, 9), 99, "97-12: 28; 98-12: 27"),
    ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH;COUNT=2", datetime(1998, 12, 31, 9), 99, "98-12: 31; 04-12: 30"),
    ("FREQ=YEARLY;BYWEEKNO=1;COUNT=3", datetime(1997, 12, 30, 9), 99, "97-12: 30; 99-1: 5; 00-1: 4"),
    ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU;COUNT=3", datetime(1997, 12, 28, 9), 99, "97-12: 28; 99-1: 3; 00-1: 2"),
    ("FREQ=DAILY;BYMONTH=1;COUNT=3", datetime(1998, 1, 30, 9), 99, "98-1: 30 31; 99-1: 1"),
    ("FREQ=DAILY;BYDAY=MO,FR;COUNT=4", datetime(1997, 9, 5, 9), 99, "97-9: 5 8 12 15"),
    ("FREQ=DAILY;BYMONTHDAY=-1;COUNT=3", datetime(1997, 9, 30, 9), 99, "97-9: 30; 97-10: 31; 97-11: 30"),
    ("FREQ=WEEKLY;BYMONTH=10;COUNT=3", datetime(1997, 10, 28, 9), 99, "97-10: 28; 98-10: 6 13"),
    ("FREQ=MONTHLY;BYDAY=5FR;COUNT=3", datetime(1997, 10, 31, 9), 99, "97-10: 31; 98-1: 30; 98-5: 29"),
    ("FREQ=MONTHLY;BYDAY=2TU,MO;BYMONTH=9;COUNT=7", datetime(1997, 9, 1, 9), 99, "97-9: 1 8 9 15 22 29; 98-9: 7"),
    ("FREQ=DAILY;COUNT=0", START, 99, ""),
    ("FREQ=DAILY;COUNT=1", START, 99, "97-9: 2"),
    ("FREQ=DAILY;INTERVAL=0;COUNT=2", START, 99, "97-9: 2 3"),
    ("FREQ=MONTHLY;BYMONTHDAY=32,0,x;COUNT=2", START, 99, "97-9: 2; 97-10: 2"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "start", "most", "expected"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_a_rule_comes_true(value: str, start: datetime, most: int, expected: str) -> None:
    assert days(value, start, most) == expected


@pytest.mark.parametrize(
    ("value", "hours"),
    [
        ("FREQ=HOURLY;INTERVAL=3;COUNT=4", ["2 09:00", "2 12:00", "2 15:00", "2 18:00"]),
        ("FREQ=HOURLY;INTERVAL=9;COUNT=3", ["2 09:00", "2 18:00", "3 03:00"]),
        ("FREQ=HOURLY;BYHOUR=9,17;COUNT=3", ["2 09:00", "2 17:00", "3 09:00"]),
        ("FREQ=HOURLY;BYMINUTE=0,30;COUNT=3", ["2 09:00", "2 09:30", "2 10:00"]),
        ("FREQ=HOURLY;BYDAY=WE;COUNT=3", ["2 09:00", "3 00:00", "3 01:00"]),
        ("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40;COUNT=7", [
            "2 09:00", "2 09:20", "2 09:40", "2 10:00", "2 10:20", "2 10:40", "3 09:00",
        ]),
        ("FREQ=DAILY;BYHOUR=9,12,18;BYSETPOS=-1,1;COUNT=3", ["2 09:00", "2 18:00", "3 09:00"]),
        ("FREQ=WEEKLY;BYHOUR=18,9;COUNT=3", ["2 09:00", "2 18:00", "9 09:00"]),
    ],
)  # fmt: skip
def test_a_rule_comes_true_at_hours(value: str, hours: list[str]) -> None:
    assert [f"{one.day} {one:%H:%M}" for one in dates(value)] == hours


@pytest.mark.parametrize(
    "value",
    ["", "FREQ=", "FREQ=SECONDLY", "FREQ=MINUTELY;COUNT=2", "COUNT=3", "FREQ=OFTEN", "RSCALE=HEBREW;FREQ=YEARLY", "W1 MO #0"],
)  # fmt: skip
def test_a_rule_that_is_not_followed(value: str) -> None:
    assert rule(value) is None


def test_what_costs_too_much_ends() -> None:
    for value in ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "FREQ=HOURLY;BYYEARDAY=366;BYMONTH=1", "FREQ=HOURLY;COUNT=1000000"):
        followed = rule(value)
        assert followed is not None
        budget = Budget(1000, 1000)
        found, more = times(followed, datetime(2, 1, 1), datetime.min, datetime(2026, 1, 1), None, 10_000, budget)
        assert len(found) <= 1001
        assert more
        assert budget.steps == 0
        assert times(followed, datetime(2, 1, 1), datetime.min, datetime(2026, 1, 1), None, 9, budget)[0] == [found[0]]


RULES = st.builds(
    lambda *parts: ";".join(filter(None, parts)),
    st.sampled_from(["FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY", "FREQ=DAILY"]),
    st.sampled_from(["", "INTERVAL=2", "INTERVAL=5"]),
    st.sampled_from(["", "BYMONTH=2,11", "BYMONTHDAY=-1,15", "BYDAY=MO,-1FR,2SU", "BYYEARDAY=1,-1,100", "BYWEEKNO=1,20,53"]),
    st.sampled_from(["", "BYDAY=MO,TU,WE", "BYMONTHDAY=1,2,3,4,5,6,7", "BYSETPOS=1,-1", "BYHOUR=8,20"]),
    st.sampled_from(["", "WKST=SU", "COUNT=17"]),
)


@given(RULES, st.dates(date(1995, 1, 1), date(2001, 1, 1)), st.integers(0, 3000), st.integers(0, 3000))
@settings(deadline=None, max_examples=100)
def test_a_part_of_a_rule_is_that_part_of_the_whole(value: str, day: date, after: int, long: int) -> None:
    start = datetime(day.year, day.month, day.day, 9)
    followed = rule(value)
    assert followed is not None
    end = datetime(2006, 1, 1)
    whole, _ = times(followed, start, datetime.min, end, None, 100_000, Budget(10**6, 10**6))
    assert whole == sorted(set(whole))
    assert whole[0] == start
    first = start + timedelta(days=after, hours=1)
    last = min(end, first + timedelta(days=long))
    part, more = times(followed, start, first, last, None, 100_000, Budget(10**6, 10**6))
    assert part == [one for one in whole if first <= one < last]
    assert more or whole[-1] < last
    until = last - timedelta(hours=1)
    cut, on = times(followed, start, datetime.min, end, until, 100_000, Budget(10**6, 10**6))
    assert cut == [one for one in whole if one <= until]
    assert not on
    few, _ = times(followed, start, datetime.min, end, None, 5, Budget(10**6, 10**6))
    assert few == whole[-5:]


def test_a_rule_of_one_day_each_year_says_what_its_long_form_says() -> None:
    """What is each year on the day of its start is counted by years, and not day by day."""
    random = Random(7)
    for _ in range(500):
        start = datetime(random.randint(1900, 2030), random.randint(1, 12), random.randint(1, 28), random.randint(0, 23), 30)
        first = datetime(random.randint(1890, 2040), random.randint(1, 12), random.randint(1, 28))
        last = first + timedelta(days=random.choice((1, 400, 4000, 40_000)))
        until = random.choice((None, last - timedelta(days=200)))
        text, most = f"FREQ=YEARLY;INTERVAL={random.choice((1, 1, 2, 7))}", random.choice((3, 1000))
        long = f"{text};BYMONTH={start.month};BYMONTHDAY={start.day}"
        short, whole = (times(_rule(each), start, first, last, until, most, Budget(100_000, 100_000)) for each in (text, long))
        assert short == whole, (text, start, first, last, until, most)


def _rule(text: str) -> Rule:
    found = rule(text)
    assert found is not None
    return found
