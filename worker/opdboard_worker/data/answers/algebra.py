"""Formulas that are no rational numbers: read by math-verify, compared by their values at many digits.

The library compares rounded floats; here two formulas are equal when their difference vanishes at 400 digits, at several
values of their variables. Only what has no value (functions without a name, logic) is left to the library's own comparison.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy
from math_verify import LatexExtractionConfig, parse, verify

from opdboard_worker.data.answers.exact import Rational, is_rounding_of, rational
from opdboard_worker.data.answers.plain import as_latex, bare

_BASED = re.compile(r"\d\s*_")
"""A numeral in a base: 1011_2. Which base is part of the answer, and the library reads past it."""
_CAPITAL = re.compile(r"(?<!mathbb\{)(?<![\\a-zA-Z])([A-Z])(?![a-z])(_\w|_\{\w+\})?")
_CAPITAL_INDEX = "907"
_USUAL = LatexExtractionConfig()
_READING = [
    # Without its removal of units, which makes 5 of 5m.
    replace(_USUAL, normalization_config=replace(_USUAL.normalization_config, units=False, nits=False))
]
_POINTS = 6
_DIGITS = 400


def expression(formula: str) -> Any:
    """The sympy object of a formula in plain text, None where the library cannot read it."""
    latex = _CAPITAL.sub(_kept_apart, as_latex(formula))
    found: Any = parse(f"\\boxed{{{latex}}}", _READING, parsing_timeout=None)  # pyright: ignore[reportArgumentType]
    read = [one for one in found if not isinstance(one, str)]
    return read[0] if read else None


def _kept_apart(capital: re.Match[str]) -> str:
    """R as r with an index of its own: the library makes no difference between R and r."""
    index = (capital[2] or "").strip("_{}")
    return f"{capital[1].lower()}_{{{_CAPITAL_INDEX}{index}}}"


def equal_formulas(expected: str, found: str) -> bool:
    """Whether two formulas in plain text have the same value wherever both have one."""
    ours, theirs = rational(expected), rational(found)
    if ours is not None and theirs is not None:
        return _equal_numbers(ours, theirs)
    if _BASED.search(expected) or _BASED.search(found):
        return bare(expected) == bare(found)
    first, second = _exact(expression(expected)), _exact(expression(found))
    if first is None or second is None:
        return False
    if not isinstance(first, sympy.Expr) or not isinstance(second, sympy.Expr):
        return _by_library(first, second)
    for number, other in ((ours, second), (theirs, first)):
        if number is not None and number.digits is not None and not other.free_symbols:
            value = sympy.N(other, 60)
            return bool(value.is_Float) and is_rounding_of(number.digits, number.value, Fraction(str(value)))
    agreed = _agree(first, second, lambda ours, theirs: _vanishes(ours - theirs))
    return _by_library(first, second) if agreed is None else agreed


def _equal_numbers(ours: Rational, theirs: Rational) -> bool:
    """Exactly; or one is a decimal of six digits or more for what no decimal can write, as 0.333333 for a third."""
    if ours.value == theirs.value:
        return True
    if (ours.digits is None) == (theirs.digits is None):
        return False
    decimal, other = (theirs, ours) if ours.digits is None else (ours, theirs)
    return not _ends(other.value) and is_rounding_of(decimal.digits or 0, decimal.value, other.value)


def equal_equations(expected: Sequence[str], found: Sequence[str], *, keep_sign: bool) -> bool:
    """Whether two relations (left, right) have differences of their sides that are multiples of one another.

    keep_sign: of a positive multiple, as inequalities must.
    """
    sides = [_exact(expression(side)) for side in (*expected, *found)]
    if any(not isinstance(side, sympy.Expr) for side in sides):
        return False
    first, second = sides[0] - sides[1], sides[2] - sides[3]
    ratios: list[Any] = []

    def proportional(ours: Any, theirs: Any) -> bool:
        if _vanishes(theirs):
            return _vanishes(ours)
        ratio = ours / theirs
        if _vanishes(ratio) or (keep_sign and not sympy.re(ratio) > 0):
            return False
        ratios.append(ratio)
        return _vanishes(ratio - ratios[0])

    return bool(_agree(first, second, proportional)) and bool(ratios)


def _agree(first: Any, second: Any, same: Callable[[Any, Any], bool]) -> bool | None:
    """Whether two expressions are the same at every point tried; None where they have no values."""
    names = sorted({symbol.name for one in (first, second) for symbol in one.free_symbols})
    generator = random.Random("points")
    agreed = 0
    for _ in range(_POINTS if names else 1):
        # Without zeros, ones and integers, at which different formulas meet.
        at = {
            name: sympy.Rational(generator.randrange(101, 3100, 2), 1024) * generator.choice((1, -1)) for name in names
        }
        values = [one.subs({symbol: at[symbol.name] for symbol in one.free_symbols}) for one in (first, second)]
        if any(value.has(sympy.nan, sympy.zoo) or value.free_symbols for value in values):
            continue
        if any(value.has(sympy.oo) for value in values):
            return bool(values[0] == values[1])
        if not all(sympy.N(value, 15).is_number and sympy.N(value, 15).as_real_imag()[0].is_Number for value in values):
            continue
        if not same(*values):
            return False
        agreed += 1
    return True if agreed >= (3 if names else 1) else None


def _vanishes(value: Any) -> bool:
    if value == 0:
        return True
    number = sympy.N(value, 30, maxn=_DIGITS)
    # What is zero but does not know it comes out with one digit of precision.
    return all(part == 0 or getattr(part, "_prec", 53) <= 1 for part in number.as_real_imag())


def _by_library(first: Any, second: Any) -> bool:
    return bool(verify(first, second, float_rounding=15, numeric_precision=30, timeout_seconds=None))


def _exact(read: Any) -> Any:
    """The same with decimals as the fractions they are, and i as the number."""
    if isinstance(read, sympy.Basic):
        known = {number: sympy.Rational(str(number)) for number in read.atoms(sympy.Float)}
        known |= {symbol: sympy.I for symbol in read.free_symbols if str(symbol) == "i"}
        return read.xreplace(known)
    return read


def _ends(value: Fraction) -> bool:
    """Whether its decimal expansion does."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
