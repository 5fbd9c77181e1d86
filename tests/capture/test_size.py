"""Sizes as people write them."""

from __future__ import annotations

import math

import pytest

from capture.size import said, size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("500 MB", 5e8),
        ("2GB", 2e9),
        ("1.5 gb", 1.5e9),
        (" 10 kB ", 1e4),
        ("1 MiB", 1 << 20),
        ("7 b", 7),
        ("none", math.inf),
        ("None", math.inf),
    ],
)
def test_a_size_is_read_as_it_is_written(text: str, count: float) -> None:
    assert size(text) == count


@pytest.mark.parametrize(
    "text", ["", "500", "MB", "five MB", "-1 MB", "1..5 MB", "1 m", "0 MB", "0.1 b", "inf", "¹ MB", "1 MB a day"]
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=": write "):
        size(text)


def test_thousands_of_digits_are_a_size_too() -> None:
    assert size("9" * 5000 + " GB") == 10**24


@pytest.mark.parametrize(
    ("count", "text"),
    [(5e8, "500 MB"), (2e9, "2 GB"), (1.5e9, "1.5 GB"), (8000, "8 kB"), (999, "999 bytes"), (999.7e6, "1 GB")],
)
def test_a_size_is_said_as_it_is_read(count: float, text: str) -> None:
    assert said(count) == text


@pytest.mark.parametrize("count", [1, 250, 999.4, 999.6, 999_499, 999_600, 1e6, 12_345_678, 999.96e6, 2e9, 9.996e11, 5e15])
def test_what_is_said_is_a_size_again(count: float) -> None:
    assert size(said(count)) == pytest.approx(count, rel=0.006)


def test_no_limit_is_said_as_it_is_read() -> None:
    assert size(said(math.inf)) == math.inf
