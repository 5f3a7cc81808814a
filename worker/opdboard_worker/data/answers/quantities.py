"""Words, numbers with units and times of day: what has no parts."""

import re

from opdboard_worker.data.answers.algebra import equal_formulas
from opdboard_worker.data.answers.exact import rational
from opdboard_worker.data.answers.forms import Clock, Quantity, Words
from opdboard_worker.data.answers.plain import bare
from opdboard_worker.data.answers.units import Unit


def same_words(expected: Words, found: Words) -> bool:
    """Letter by letter; capitals matter only for a single letter that may be a variable."""
    first, second = (_without_article(words.text) for words in (expected, found))
    if len(first) > 1 or expected.marked or found.marked:
        return first.casefold() == second.casefold()
    return first == second


def _without_article(text: str) -> str:
    return re.sub(r"^(?:the|a|an)\s+(?=\w)", "", text, flags=re.IGNORECASE)


def same_quantity(expected: Quantity, found: Quantity) -> bool:
    """Equal values in units that agree; one that names no unit agrees with any. Raises TooLarge."""
    ours, theirs = expected.unit, found.unit
    if ours and theirs and not ours.agrees(theirs):
        return False
    if ours and theirs and ours.factor != theirs.factor:
        first, second = rational(expected.formula), rational(found.formula)
        return bool(first and second and first.value * ours.factor == second.value * theirs.factor)
    if bare(expected.formula) == bare(found.formula) or equal_formulas(expected.formula, found.formula):
        return not _is_share(expected, found)
    return _same_hundredths(expected, found) or _same_angle(expected, found)


def _is(unit: Unit | None, kind: str) -> bool:
    return unit is not None and unit.kind == kind


def _is_share(expected: Quantity, found: Quantity) -> bool:
    """0.5 and 0.5% are two numbers; 50 and 50% are one where the question asks for percent."""
    if _is(expected.unit, "percent") == _is(found.unit, "percent"):
        return False
    number = rational(expected.formula)
    return number is not None and 0 < abs(number.value) < 1


def _same_hundredths(expected: Quantity, found: Quantity) -> bool:
    for percent, plain_number in ((expected, found), (found, expected)):
        if _is(percent.unit, "percent") and plain_number.unit is None:
            number = rational(percent.formula)
            share = rational(plain_number.formula)
            # Of 5000% and 50 one has lost a percent sign or the other has one too many.
            if number is not None and share is not None and abs(share.value) <= 10:
                return number.value == 100 * share.value
            return number is None and equal_formulas(f"\\frac{{{percent.formula}}}{{100}}", plain_number.formula)
    return False


def _same_angle(expected: Quantity, found: Quantity) -> bool:
    for degrees, radians in ((expected, found), (found, expected)):
        if _is(degrees.unit, "degrees") and radians.unit is None and "\\pi" in radians.formula:
            return equal_formulas(f"\\frac{{({degrees.formula})\\pi}}{{180}}", radians.formula)
    return False


def same_time(expected: Clock, found: Clock) -> bool:
    """The same hour, minute and second; where only one says am or pm, of either half of the day."""
    if expected.half and found.half and expected.half != found.half:
        return _of_day(expected) == _of_day(found)
    hours = expected.hour == found.hour or (
        bool(expected.half or found.half) and _of_day(expected)[0] == _of_day(found)[0]
    )
    return hours and (expected.minute, expected.second) == (found.minute, found.second)


def _of_day(clock: Clock) -> tuple[int, int, int]:
    hour = clock.hour % 12 + (12 if clock.half == "pm" else 0) if clock.half else clock.hour
    return hour, clock.minute, clock.second
