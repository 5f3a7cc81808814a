"""Rational numbers keep their value to the last digit, and what is too large is not computed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opdboard_worker.data.answers.exact import TooLarge, rational


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\\frac{1}{2^{98}}", Fraction(1, 2**98)),
        ("1e-7", Fraction(1, 10**7)),
        ("12 1/2", Fraction(25, 2)),
        ("-3\\frac12", Fraction(-7, 2)),
        ("1,234,567.5", Fraction("1234567.5")),
        ("2^3^2", Fraction(512)),
        ("-2^2", Fraction(-4)),
        ("\\frac{2^{2005}+1}{3\\cdot 2^{2006}}", Fraction(2**2005 + 1, 3 * 2**2006)),
        ("\\sqrt{\\frac{9}{4}}", Fraction(3, 2)),
        ("\\sqrt[3]{8}", Fraction(2)),
        ("\\binom{5}{2}", Fraction(10)),
        ("2(3+4)", Fraction(14)),
    ],
)
def test_value(text, value):
    found = rational(text)
    assert found is not None and found.value == value


@pytest.mark.parametrize("text", ["", "x", "1/0", "2 3", "\\sqrt{2}", "1:2", "5x", "2\\frac{3}{2}", "(1", "1,23"])
def test_other_texts_are_no_rational_numbers(text):
    assert rational(text) is None


@pytest.mark.parametrize(
    "text", ["9^{9^{9^{9}}}", "9^9^9", "1e999999999", "10^{1000000}", "999999!", "\\binom{99999}{3}"]
)
def test_what_is_too_large_is_said_to_be(text):
    with pytest.raises(TooLarge):
        rational(text)


@given(st.fractions(max_denominator=10**30))
def test_every_fraction_is_read_as_written(value):
    for text in (f"{value}", f"\\frac{{{value.numerator}}}{{{value.denominator}}}"):
        found = rational(text)
        assert found is not None and found.value == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_every_decimal_is_read_as_written(value):
    found = rational(f"{value:f}")
    assert found is not None and found.value == Fraction(value)
