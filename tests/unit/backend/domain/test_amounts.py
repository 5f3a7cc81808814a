"""Amounts in words."""

import math

import pytest

from opdboard.domain.amounts import count, duration, number


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"), (0.0, "0"), (1e-5, "1e-5"), (3e-4, "3e-4"), (-0.25, "−0.25"), (0.123456, "0.1235"), (9.99996, "10"),
        (12345.6, "12346"), (123456.0, "1.23e5"), (-2e-5, "−2e-5"), (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "−∞"),
        (100.0, "100"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float | None, told: str):
    assert number(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"), (0.0, "0"), (13.333, "13.3"), (999.4, "999.4"), (999.6, "1k"), (1234.0, "1.23k"), (12_345_678.0, "12.3M"),
        (999_999.0, "1M"), (-4e9, "−4B"),
    ],
)  # fmt: skip
def test_counts_are_compact(value: float | None, told: str):
    assert count(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"), (math.inf, "–"), (0.0, "0.0 s"), (9.96, "10 s"), (65.0, "1 min 05 s"), (59.7, "1 min 00 s"),
        (7620.0, "2 h 07 min"), (273_600.0, "3 d 4 h"), (-4.2, "−4.2 s"),
    ],
)  # fmt: skip
def test_durations_have_two_units_at_most(value: float | None, told: str):
    assert duration(value) == told
