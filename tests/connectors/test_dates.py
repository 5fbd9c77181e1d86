"""Dates as the standard has them, and as programs have written them in forty years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.dates import moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 1 Jul 2014 09:07:47 +0100", "2014-07-01 08:07:47"),
        ("Tue,  1 Jul 2014 09:07:47 +0100 (CET)", "2014-07-01 08:07:47"),
        ("1 Jul 2014 09:07:47 -0730", "2014-07-01 16:37:47"),
        ("Tue, 1 Jul 2014 09:07 +0100", "2014-07-01 08:07:00"),
        ("Tue, 1 Jul 2014 09:07:47", "2014-07-01 09:07:47"),
        ("Tue, 1 Jul 2014 09:07:47 -0000 (UTC) extra", "2014-07-01 09:07:47"),
        ("Tue, 1 Jul 2014 23:59:60 +0000", "2014-07-01 23:59:59"),
        ("Tue, 1 Jul 2014 24:00:00 +0000", "2014-07-02 00:00:00"),
        ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21 15:55:06"),
        # RFC 5322, section 4.3
        ("21 Nov 97 09:55:06 GMT", "1997-11-21 09:55:06"),
        ("1 Jul 14 09:07 EST", "2014-07-01 14:07:00"),
        ("1 Jul 14 09:07 PDT", "2014-07-01 16:07:00"),
        ("Thu, 1 Jan 102 10:00:00 +0100", "2002-01-01 09:00:00"),
        ("Thu, 1 Jan 0102 10:00:00 +0100", "2002-01-01 09:00:00"),
        ("Tue, 1 Jul 2014 09:07:47 A", "2014-07-01 09:07:47"),
        ("Tue, 1 Jul 2014 09:07:47 (PDT)", "2014-07-01 16:07:47"),
        # zones
        ("1 Jul 2014 09:07:47 GMT+01:00", "2014-07-01 08:07:47"),
        ("1 Jul 2014 09:07:47 UTC-5", "2014-07-01 14:07:47"),
        ("1 Jul 2014 09:07:47 +100", "2014-07-01 08:07:47"),
        ("1 Jul 2014 09:07:47 0100", "2014-07-01 08:07:47"),
        ("1 Jul 2014 09:07:47 +05:30", "2014-07-01 03:37:47"),
        ("1 Jul 2014 09:07:47 +9900", "2014-07-01 09:07:47"),
        ("1 Jul 2014 09:07:47 MESZ", "2014-07-01 07:07:47"),
        ("Tue, 1 Jul 2014 09:07:47 Eastern Daylight Time", "2014-07-01 13:07:47"),
        ("Tue, 1 Jul 2014 09:07:47 W. Europe Standard Time", "2014-07-01 08:07:47"),
        ("Tue, 1 Jul 2014 09:07:47 nowhere", "2014-07-01 09:07:47"),
        # other orders
        ("Tue Jul  1 09:07:47 2014", "2014-07-01 09:07:47"),
        ("Tue Jul  1 09:07:47 2014 -0700", "2014-07-01 16:07:47"),
        ("Tue Jul  1 09:07:47 EST 2014", "2014-07-01 14:07:47"),
        ("09:07:47 1 Jul 2014", "2014-07-01 09:07:47"),
        ("Tuesday, 01-Jul-14 09:07:47 GMT", "2014-07-01 09:07:47"),
        ("Jul 1, 2014 9:07 PM", "2014-07-01 21:07:00"),
        ("7/1/2014 3:04:05 PM", "2014-07-01 15:04:05"),
        ("25/12/2014 12:04:05 AM", "2014-12-25 00:04:05"),
        ("01.07.2014 15:04", "2014-07-01 15:04:00"),
        ("Tue, 1 Jul 2014 10.30.00 +0200", "2014-07-01 08:30:00"),
        ("2014-07-01T09:07:47Z", "2014-07-01 09:07:47"),
        ("2014-07-01 09:07:47.123+02:00", "2014-07-01 07:07:47"),
        ("20140701T090747Z", "2014-07-01 09:07:47"),
        ("2014年7月1日 15:04", "2014-07-01 15:04:00"),
        ("1404205667", "2014-07-01 09:07:47"),
        ("Tue, 1 Jul 2014", "2014-07-01 00:00:00"),
        # other languages
        ("Mo, 3 Mär 2014 10:00:00", "2014-03-03 10:00:00"),
        ("Di, 1. Juli 2014 10:00:00 +0200", "2014-07-01 08:00:00"),
        ("mar. 15 août 2006 10:00:00 +0200", "2006-08-15 08:00:00"),
        ("mar, 12 abr 2011 10:00:00 +0200", "2011-04-12 08:00:00"),
        ("12 de julio de 2014 10:00", "2014-07-12 10:00:00"),
        ("gio, 3 lug 2014 10:00:00 +0200", "2014-07-03 08:00:00"),
        ("Вт, 1 июл 2014 10:00:00 +0400", "2014-07-01 06:00:00"),
        # nothing to be had
        ("", None),
        ("yesterday", None),
        ("Mon, 1 Jul 2014 25:61:00 +0100", None),
        ("31 Feb 2014 10:00:00 +0000", None),
        ("31 Dec 9999 23:59:59 -2300", None),
    ],
)
def test_a_date_is_read_as_meant(text: str, expected: str | None) -> None:
    assert moment(text) == (datetime.fromisoformat(expected + "+00:00") if expected else None)


@given(st.text())
def test_any_text_gives_a_moment_in_utc_or_none(text: str) -> None:
    read = moment(text)

    assert read is None or read.tzinfo is UTC


@given(
    st.datetimes(min_value=datetime(1970, 1, 3), max_value=datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%c %z"]),
)
def test_what_programs_write_is_read_back(when: datetime, minutes: int, form: str) -> None:
    when = when.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))

    assert moment(when.strftime(form)) == when
