"""Recurrence rules (RFC 5545 section 3.3.10, SKIP of RFC 7529): when a clock shows that it is time again.

A rule is gone through period by period, and each step is counted: a rule that never comes true, or comes true for ever, costs
no more than one that does what rules do. One without COUNT is gone through backwards from the end of what is asked for, so
that a rule which began in 1601 costs nothing for the centuries before. Rules that come more often than hourly are not gone
through at all. Times are those of one clock, without zones. Nothing here raises.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

MOST_STEPS = 60_000
"""Periods and candidates that one rule may take; a day in each of 160 years."""
_MOST_TIMES = 288
"""Times of one day; a rule with more is finer than rules are that people meet by."""
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY")
_WEEKDAYS = {"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LAST_YEAR = 9990


@dataclass(slots=True)
class Budget:
    """What may still be done for a resource: ``steps`` of rules, and ``instances`` to be said."""

    steps: int
    instances: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; ``until`` is the last time at which it can come true."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: str = ""
    months: frozenset[int] = frozenset()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    days: tuple[tuple[int, int], ...] = ()
    """Which of its weekday in the month or year (0: each), and the weekday (Monday is 0)."""
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    skip: str = "OMIT"


def rule(value: str) -> Rule | None:
    """A rule as it is written; None if it cannot be followed: finer than hourly, of another calendar, or no rule."""
    parts: dict[str, str] = {}
    for part in value[:4000].upper().split(";"):
        name, _, text = part.partition("=")
        parts.setdefault(name.strip(), "".join(text.split()))
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES or parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        return None
    interval, count = _number(parts.get("INTERVAL", "1")), _number(parts.get("COUNT", ""))
    found = Rule(
        frequency,
        max(1, interval or 1),
        count,
        parts.get("UNTIL", ""),
        frozenset(_numbers(parts, "BYMONTH", 1, 12)),
        _numbers(parts, "BYWEEKNO", -53, 53),
        _numbers(parts, "BYYEARDAY", -366, 366),
        _numbers(parts, "BYMONTHDAY", -31, 31),
        tuple(dict.fromkeys((int(n or 0), _WEEKDAYS[day]) for n, day in _BYDAY.findall(parts.get("BYDAY", "")))),
        _numbers(parts, "BYHOUR", 0, 23, zero=True),
        _numbers(parts, "BYMINUTE", 0, 59, zero=True),
        _numbers(parts, "BYSECOND", 0, 59, zero=True),
        _numbers(parts, "BYSETPOS", -_MOST_TIMES * 366, _MOST_TIMES * 366),
        _WEEKDAYS.get(parts.get("WKST", "MO"), 0),
        parts.get("SKIP", "OMIT"),
    )
    times = len(found.minutes or "1") * len(found.seconds or "1")
    return found if times * (1 if frequency == "HOURLY" else len(found.hours or "1")) <= _MOST_TIMES else None


def _number(text: str) -> int | None:
    return int(text[:12]) if text[:12].isascii() and text[:12].isdigit() else None


def _numbers(parts: dict[str, str], name: str, least: int, most: int, zero: bool = False) -> tuple[int, ...]:
    found = set()
    for text in parts.get(name, "").split(","):
        number = _number(text.lstrip("+-"))
        if number is not None and (number or zero):
            number = -number if text.startswith("-") else number
            if least <= number <= most:
                found.add(number)
    return tuple(sorted(found))


def times(
    rule: Rule, start: datetime, first: datetime, last: datetime, until: datetime | None, most: int, budget: Budget
) -> tuple[list[datetime], bool]:
    """When the rule comes true from ``first`` on and before ``last``, in order, and whether it does afterwards.

    Of more than ``most`` they are the last. ``until`` is the rule's UNTIL on the same clock. ``start`` itself is always one,
    and the first that COUNT counts.
    """
    expansion = _Expansion(rule, start, min(MOST_STEPS, budget.steps))
    allowed = expansion.steps
    end = last if until is None else min(last, until + timedelta(seconds=1))
    more = until is None or until >= last
    if rule.count is None:
        found = _backwards(expansion, first, end, most)
    else:
        found, all_counted = _forwards(expansion, first, end, most, rule.count)
        more = more and not all_counted
    budget.steps -= allowed - max(0, expansion.steps)
    return sorted(found), more


def _backwards(expansion: _Expansion, first: datetime, end: datetime, most: int) -> list[datetime]:
    if expansion.each_year:
        return expansion.years(first, end, most)
    found: list[datetime] = []
    index, index_first = expansion.index(end) + 1, max(0, expansion.index(first) - 1)
    while index >= index_first and len(found) < most and expansion.steps > 0:
        found += (one for one in reversed(expansion.period(index)) if first <= one < end and one > expansion.start)
        index -= 1
    if first <= expansion.start < end:
        found.append(expansion.start)
    return found[:most]


def _forwards(expansion: _Expansion, first: datetime, end: datetime, most: int, count: int) -> tuple[list[datetime], bool]:
    """With these, whether as many as are to be counted came before the end."""
    found: deque[datetime] = deque(maxlen=most)
    counted = min(1, count)
    if counted and first <= expansion.start < end:
        found.append(expansion.start)
    index, index_last = 0, expansion.index(end) + 1
    while counted < count and index <= index_last and expansion.steps > 0:
        for one in expansion.period(index):
            if one > expansion.start and counted < count:
                counted += 1
                if one >= end:
                    return list(found), False
                if one >= first:
                    found.append(one)
        index += 1
    return list(found), counted >= count


class _Expansion:
    """A rule from its start on, as periods of its frequency, which are counted from 0.

    ``steps`` says how many periods and candidates may still be looked at.
    """

    def __init__(self, rule: Rule, start: datetime, steps: int) -> None:
        self.steps = steps
        self.rule = rule
        self.start = start
        self.clock = start.replace(minute=0, second=0, microsecond=0)
        self.week = start.toordinal() - (start.weekday() - rule.week_start) % 7
        hourly = rule.frequency == "HOURLY"
        hours = (0,) if hourly else rule.hours or (start.hour,)
        minutes, seconds = rule.minutes or (start.minute,), rule.seconds or (start.second,)
        self.times = [time(h, m, s) for h in hours for m in minutes for s in seconds]
        self.weekdays = frozenset(day for _, day in rule.days)
        self.numbered = any(n for n, _ in rule.days)
        self.hours = frozenset(rule.hours)
        # as most anniversaries are, and what a description of a zone says: each year on the day of its start
        self.each_year = (
            rule.frequency == "YEARLY"
            and not (rule.days or rule.month_days or rule.year_days or rule.weeks or rule.positions)
            and set(rule.months) <= {start.month}
            and self.times == [start.time()]
            and start.day <= 28
        )

    def index(self, wall: datetime) -> int:
        """The number of the period that a time is in; it may be below 0."""
        start, interval = self.start, self.rule.interval
        frequency = self.rule.frequency
        if frequency == "YEARLY":
            return (wall.year - start.year) // interval
        if frequency == "MONTHLY":
            return ((wall.year - start.year) * 12 + wall.month - start.month) // interval
        if frequency == "WEEKLY":
            return (wall.toordinal() - self.week) // (7 * interval)
        if frequency == "DAILY":
            return (wall.toordinal() - start.toordinal()) // interval
        return int((wall - self.clock) // timedelta(hours=1)) // interval

    def years(self, first: datetime, end: datetime, most: int) -> list[datetime]:
        """The last times from ``first`` on and before ``end``, ``most`` at most, the last one first, of a rule that has one
        time a year and always the same."""
        start, interval = self.start, self.rule.interval
        latest = min(end.year, _LAST_YEAR)
        index, index_first = (latest - start.year) // interval, max(1, self.index(first))
        found: list[datetime] = []
        while index >= index_first and len(found) < most and self.steps > 0:
            one = start.replace(year=start.year + index * interval)
            if first <= one < end:
                found.append(one)
            self.steps -= 2
            index -= 1
        if first <= start < end:
            found.append(start)
        return found[:most]

    def period(self, index: int) -> list[datetime]:
        """The times in a period, in order; those before the start are among them."""
        self.steps -= 1
        try:
            return self._period(index)
        except (ValueError, OverflowError):  # before or after all years that there are
            return []

    def _period(self, index: int) -> list[datetime]:
        away = index * self.rule.interval
        frequency = self.rule.frequency
        if frequency == "HOURLY":
            clock = self.clock + timedelta(hours=away)
            if self.hours and clock.hour not in self.hours:
                return []
            if not self._fits(clock.toordinal(), clock.date()):
                return []
            found = [clock.replace(minute=one.minute, second=one.second) for one in self.times]
        else:
            if frequency == "DAILY":
                ordinal = self.start.toordinal() + away
                days = [ordinal] if self._fits(ordinal, date.fromordinal(ordinal)) else []
            elif frequency == "WEEKLY":
                days = self._week(self.week + 7 * away)
            elif frequency == "MONTHLY":
                years, month = divmod(self.start.month - 1 + away, 12)
                days = self._month(self.start.year + years, month + 1)
            else:
                days = self._year(self.start.year + away)
            found = [datetime.combine(date.fromordinal(day), one) for day in days for one in self.times]
        self.steps -= len(found)
        if self.rule.positions:
            count = len(found)
            places = {n - 1 if n > 0 else count + n for n in self.rule.positions}
            return [found[place] for place in sorted(places) if 0 <= place < count]
        return found

    def _fits(self, ordinal: int, day: date) -> bool:
        """Whether a day is one that the rule allows, by all parts that limit days."""
        rule = self.rule
        if rule.months and day.month not in rule.months:
            return False
        if rule.days and (ordinal - 1) % 7 not in self.weekdays:
            return False
        if rule.month_days:
            length = _length(day.year, day.month)
            if day.day not in rule.month_days and day.day - length - 1 not in rule.month_days:
                return False
        if rule.year_days:
            begin = date(day.year, 1, 1).toordinal()
            place, length = ordinal - begin + 1, 366 if _is_leap(day.year) else 365
            if place not in rule.year_days and place - length - 1 not in rule.year_days:
                return False
        return True

    def _week(self, begin: int) -> list[int]:
        weekdays = self.weekdays or {self.start.weekday()}
        days = sorted(begin + (day - self.rule.week_start) % 7 for day in weekdays)
        if self.rule.months or self.rule.month_days or self.rule.year_days:
            return [day for day in days if self._fits(day, date.fromordinal(day))]
        return days

    def _month(self, year: int, month: int) -> list[int]:
        rule = self.rule
        if not 1 <= year <= _LAST_YEAR or (rule.months and month not in rule.months):
            return []
        begin, length = date(year, month, 1).toordinal(), _length(year, month)
        if rule.days and not rule.month_days:
            days = self._weekdays(begin, length)
        else:
            days = self._month_days(begin, length, rule.month_days or (self.start.day,))
            if rule.days:
                allowed = set(self._weekdays(begin, length))
                days = [day for day in days if day in allowed]
        if rule.year_days:
            days = [day for day in days if self._fits(day, date.fromordinal(day))]
        return sorted(set(days))

    def _month_days(self, begin: int, length: int, numbers: tuple[int, ...]) -> list[int]:
        found = []
        for number in numbers:
            if number < 0:
                number += length + 1
            if 1 <= number <= length:
                found.append(begin + number - 1)
            elif number > length and self.rule.skip == "BACKWARD":
                found.append(begin + length - 1)
            elif number > length and self.rule.skip == "FORWARD":
                found.append(begin + length)
        return found

    def _weekdays(self, begin: int, length: int) -> list[int]:
        """The weekdays of BYDAY in a month or a year."""
        found: list[int] = []
        for number, weekday in self.rule.days:
            every = range(begin + (weekday - begin + 1) % 7, begin + length, 7)
            if number == 0:
                found += every
            elif -len(every) <= number <= len(every):
                found.append(every[number - 1 if number > 0 else number])
        return sorted(set(found))

    def _year(self, year: int) -> list[int]:
        rule = self.rule
        if not 1 <= year <= _LAST_YEAR:
            return []
        begin, length = date(year, 1, 1).toordinal(), 366 if _is_leap(year) else 365
        months = sorted(rule.months)
        if rule.year_days:
            places = (place if place > 0 else length + 1 + place for place in rule.year_days)
            days = [begin + place - 1 for place in places if 1 <= place <= length]
            if rule.weeks:
                allowed = {day for each in (year - 1, year, year + 1) for day in self._weeks(each)}
                days = [day for day in days if day in allowed]
        elif rule.weeks:
            days = self._weeks(year)
            if not rule.days and not rule.month_days:
                days = [day for day in days if (day - 1) % 7 == self.start.weekday()]
        elif rule.month_days or not rule.days:
            if not rule.month_days:
                months = months or [self.start.month]
            days = []
            for month in months or range(1, 13):
                first = date(year, month, 1).toordinal()
                days += self._month_days(first, _length(year, month), rule.month_days or (self.start.day,))
        elif months:
            return [day for month in months for day in self._month(year, month)]
        else:
            return self._weekdays(begin, length)
        if rule.days and self.numbered and not rule.weeks:
            allowed = set(self._numbered_days(year, months))
            days = [day for day in days if day in allowed]
        if rule.weeks:
            # The first days of a year may be in the last week of the one before, and count as days of that.
            return sorted({day for day in days if self._fits(day, date.fromordinal(day))})
        if rule.year_days or (rule.days and not self.numbered):
            days = [day for day in days if self._fits(day, date.fromordinal(day))]
        return sorted(set(days))

    def _numbered_days(self, year: int, months: list[int]) -> Iterator[int]:
        """The weekdays that BYDAY names by number, in each of the months or in the year."""
        if not months:
            yield from self._weekdays(date(year, 1, 1).toordinal(), 366 if _is_leap(year) else 365)
        for month in months:
            yield from self._weekdays(date(year, month, 1).toordinal(), _length(year, month))

    def _weeks(self, year: int) -> list[int]:
        """The days of the weeks of BYWEEKNO."""
        begin, end = self._first_week(year), self._first_week(year + 1)
        count = (end - begin) // 7
        numbers = {number if number > 0 else count + 1 + number for number in self.rule.weeks}
        return [begin + 7 * (n - 1) + day for n in sorted(numbers) if 1 <= n <= count for day in range(7)]

    def _first_week(self, year: int) -> int:
        """The first day of the week with the fourth of January in it (section 3.3.10)."""
        fourth = date(year, 1, 4).toordinal()
        return fourth - ((fourth - 1) % 7 - self.rule.week_start) % 7


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _length(year: int, month: int) -> int:
    return 29 if month == 2 and _is_leap(year) else _LENGTHS[month - 1]
