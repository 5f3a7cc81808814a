"""Rational numbers as they are written, without rounding: 1/2^98, 1e-7, 12 1/2, 1.5 x 10^3, 10,000.

A small grammar of its own, because a float is what makes 1/2^98 equal to 1/2^99 and an unbounded power is what keeps a
computer algebra system busy for ever.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

LARGEST_BITS = 200_000
_LARGEST_FACTORIAL = 2000
_LARGEST_ROOT_BITS = 4000

_GROUPED = re.compile(r"\d{1,3}(?:(?:,\d{3})+|(?: \d{3})+|(?:'\d{3})+)(?:\.\d+)?(?![\d,])")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_MIXED = re.compile(r"\s*(?:\\frac\s*(?:\{\s*(\d+)\s*\}|(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))|(?<=\s)(\d+)\s*/\s*(\d+))")
_SIGNS = {"\\cdot": "*", "\\times": "*", "\\div": "/", "*": "*", "/": "/"}


class TooLarge(Exception):
    """A number beyond what is computed exactly here."""


class NotRational(Exception):
    """The text is something else than a rational number."""


@dataclass(frozen=True)
class Rational:
    """A value; digits: significant digits where it is written as a decimal number, which may be a rounded one."""

    value: Fraction
    digits: int | None = None


def rational(text: str) -> Rational | None:
    """The number that plain text writes, None for anything else. Raises TooLarge."""
    text = text.strip()
    try:
        reader = _Reader(text)
        value = reader.sum()
        if reader.at != len(text):
            return None
        return Rational(value, _digits(text))
    except (NotRational, ZeroDivisionError, RecursionError):
        return None


def is_rounding_of(digits: int, rounded: Fraction, value: Fraction) -> bool:
    """Whether a decimal number of `digits` significant digits is `value` rounded to them; never so with fewer than six."""
    if digits < 6 or not rounded or not value:
        return False
    exponent = math.floor(math.log10(abs(rounded.numerator)) - math.log10(rounded.denominator))
    unit = Fraction(10) ** (exponent - digits + 1)
    return abs(rounded - value) <= unit / 2


def _digits(text: str) -> int | None:
    found = re.fullmatch(r"[-+]?\s*0*\.?0*((?:\d|\.)*?)(?:[eE][-+]?\d+)?", text.replace(",", ""))
    return len(found[1].replace(".", "")) if found and "." in text else None


class _Reader:
    """Recursive descent over sums, products, signed powers and atoms."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def sum(self) -> Fraction:
        value = self.product()
        while (sign := self.next_of("+", "-")) is not None:
            other = self.product()
            value = _bounded(value + other if sign == "+" else value - other)
        return value

    def product(self) -> Fraction:
        value = self.signed()
        while True:
            sign = self.next_of(*_SIGNS)
            if sign is not None:
                other = self.signed()
                value = _bounded(value * other if _SIGNS[sign] == "*" else value / other)
            elif self.sees("(", "{", "\\frac", "\\sqrt", "\\binom"):
                value = _bounded(value * self.power())
            else:
                return value

    def signed(self) -> Fraction:
        sign = self.next_of("+", "-")
        if sign is None:
            return self.power()
        return -self.signed() if sign == "-" else self.signed()

    def power(self) -> Fraction:
        value = self.atom()
        while self.next_of("!") is not None:
            value = _factorial(value)
        if self.next_of("^", "**") is None:
            return value
        return _power(value, self.exponent())

    def exponent(self) -> Fraction:
        """'^' binds one digit or letter without braces, the programmer's '**' and signs more."""
        self.spaces()
        if self.sees("{", "("):
            return self.power()
        if self.sees("+", "-"):
            return self.signed()
        found = re.match(r"\d+", self.text[self.at : self.at + 40])
        if found is None:
            raise NotRational
        self.at += len(found[0])
        value = Fraction(int(found[0]))
        return _power(value, self.exponent()) if self.next_of("^", "**") is not None else value

    def atom(self) -> Fraction:
        self.spaces()
        if (opened := self.next_of("(", "{")) is not None:
            value = self.sum()
            if self.next_of({"(": ")", "{": "}"}[opened]) is None:
                raise NotRational
            return value
        if self.next_of("\\frac") is not None:
            above = self.argument()
            return above / self.argument()
        if self.next_of("\\binom") is not None:
            return _binomial(self.argument(), self.argument())
        if self.next_of("\\sqrt") is not None:
            degree = 2
            if found := re.match(r"\[(\d)\]", self.text[self.at :]):
                degree = int(found[1])
                self.at += found.end()
            return _root(self.argument(), degree)
        return self.number()

    def argument(self) -> Fraction:
        """What a command takes: braces, or one digit."""
        self.spaces()
        if self.sees("{"):
            return self.atom()
        if self.at < len(self.text) and "0" <= self.text[self.at] <= "9":
            self.at += 1
            return Fraction(int(self.text[self.at - 1]))
        raise NotRational

    def number(self) -> Fraction:
        found = _GROUPED.match(self.text, self.at) or _NUMBER.match(self.text, self.at)
        if found is None:
            raise NotRational
        self.at = found.end()
        value = _literal(re.sub(r"[, ']", "", found[0]))
        mixed = _MIXED.match(self.text, self.at)
        if mixed and value.denominator == 1 and "." not in found[0]:
            above, below = (int(part) for part in mixed.groups() if part)
            if 0 < above < below:
                self.at = mixed.end()
                return value + Fraction(above, below)
            raise NotRational  # a product, or a slip: not for us to say
        return value

    def next_of(self, *signs: str) -> str | None:
        self.spaces()
        for sign in sorted(signs, key=len, reverse=True):
            if self.text.startswith(sign, self.at) and not (
                sign[0] == "\\" and self.text[self.at + len(sign) : self.at + len(sign) + 1].isalpha()
            ):
                self.at += len(sign)
                return sign
        return None

    def sees(self, *signs: str) -> bool:
        self.spaces()
        return self.text.startswith(signs, self.at)

    def spaces(self) -> None:
        while self.text.startswith(" ", self.at):
            self.at += 1


def _literal(text: str) -> Fraction:
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) * 4 > LARGEST_BITS or len(exponent) > 7 or abs(int(exponent or 0)) * 4 > LARGEST_BITS:
        raise TooLarge
    whole, _, decimals = mantissa.partition(".")
    return Fraction(int(whole + decimals or 0)) * Fraction(10) ** (int(exponent or 0) - len(decimals))


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def _bounded(value: Fraction) -> Fraction:
    if _bits(value) > LARGEST_BITS:
        raise TooLarge
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 2 and base >= 0:
        base, exponent = _root(base), Fraction(exponent.numerator)
    if exponent.denominator != 1:
        raise NotRational
    if abs(base) not in (0, 1) and _bits(base) * abs(exponent.numerator) > LARGEST_BITS:
        raise TooLarge
    return base ** int(exponent % 2 if abs(base) == 1 else exponent)


def _root(value: Fraction, degree: int = 2) -> Fraction:
    if value < 0 or degree < 2 or _bits(value) > _LARGEST_ROOT_BITS:
        raise NotRational
    above, below = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    if above**degree != value.numerator or below**degree != value.denominator:
        raise NotRational
    return Fraction(above, below)


def _whole_root(value: int, degree: int) -> int:
    """The largest whole number whose power is at most `value`."""
    if degree == 2:
        return math.isqrt(value)
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle - 1)
    return low


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise NotRational
    if value > _LARGEST_FACTORIAL:
        raise TooLarge
    return Fraction(math.factorial(int(value)))


def _binomial(n: Fraction, k: Fraction) -> Fraction:
    if n.denominator != 1 or k.denominator != 1 or n < 0 or k < 0:
        raise NotRational
    if n > _LARGEST_FACTORIAL:
        raise TooLarge
    return Fraction(math.comb(int(n), int(k)))
