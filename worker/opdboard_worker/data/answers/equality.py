"""Whether a found answer equals the expected one, form by form."""

import re
from collections.abc import Sequence
from fractions import Fraction

from opdboard_worker.data.answers.algebra import equal_equations, equal_formulas
from opdboard_worker.data.answers.exact import Rational, rational
from opdboard_worker.data.answers.forms import (
    Bracketed,
    Clock,
    Form,
    Matrix,
    Quantity,
    Ratio,
    Relation,
    Several,
    Union,
    Words,
    is_name,
    items_of,
    read_plain,
)
from opdboard_worker.data.answers.intervals import Interval, forward, intervals
from opdboard_worker.data.answers.plain import bare
from opdboard_worker.data.answers.quantities import same_quantity, same_time, same_words


def same(expected: Form, found: Form) -> bool:
    """Whether two forms are the same answer. Raises TooLarge."""
    match expected, found:
        case Words(), Words():
            return same_words(expected, found)
        case (Words(), _) | (_, Words()):
            return _same_letter(expected, found)
        case Quantity(), Quantity():
            return same_quantity(expected, found)
        case Clock(), Clock():
            return same_time(expected, found)
        case Matrix(), Matrix():
            return _same_rows(expected.rows, found.rows)
        case Relation(), Relation():
            return _same_relation(expected, found)
        case Ratio(), Ratio():
            return _same_ratio(expected, found)
        case (Relation(), _) | (_, Relation()):
            return _same_named(expected, found) or _same_set(expected, found)
        case (Clock(), Ratio()) | (Ratio(), Clock()):
            return _same_ratio(_ratio_of(expected), _ratio_of(found))
        case (Ratio(), Quantity()) | (Quantity(), Ratio()):
            return same_quantity(_quotient(expected), _quotient(found))
        case (Matrix(), Bracketed()) | (Bracketed(), Matrix()):
            return _same_ordered(_column(expected), _column(found))
        case (Several() | Bracketed() | Union(), _) | (_, Several() | Bracketed() | Union()):
            return _same_collection(expected, found) or _same_set(expected, found)
        case _:
            return False


def _same_letter(expected: Form, found: Form) -> bool:
    """A single letter may be a variable, or the number e; capitals and words are no formulas but themselves."""
    words, other = (expected, found) if isinstance(expected, Words) else (found, expected)
    assert isinstance(words, Words)
    if isinstance(other, Relation):
        return _same_named(expected, found)
    if isinstance(other, Bracketed | Several) and len(other.items) == 1:
        return same(words, other.items[0])
    if words.marked or not re.fullmatch(r"[a-zA-Z]", words.text) or not isinstance(other, Quantity) or other.unit:
        return False
    if words.text.isupper() and rational(other.formula) is not None:
        return False
    return equal_formulas(words.text, other.formula)


def _ratio_of(form: Form) -> Ratio:
    if isinstance(form, Clock):
        parts = (form.hour, form.minute, *([form.second] if form.second else []))
        return Ratio(tuple(Quantity(str(part)) for part in parts))
    assert isinstance(form, Ratio)
    return form


def _same_ratio(expected: Ratio, found: Ratio) -> bool:
    values = [[_value(part) for part in ratio.parts] for ratio in (expected, found)]
    if len(values[0]) != len(values[1]):
        return False
    first, second = ([value for value in row if value is not None] for row in values)
    if len(first) < len(values[0]) or len(second) < len(values[1]):
        return _same_ordered(expected.parts, found.parts)
    return (
        any(first)
        and all(
            first[left] * second[right] == first[right] * second[left]
            for left in range(len(first))
            for right in range(left)
        )
        and [bool(value) for value in first] == [bool(value) for value in second]
    )


def _value(form: Form) -> Fraction | None:
    number: Rational | None = rational(form.formula) if isinstance(form, Quantity) else None
    return None if number is None else number.value


def _quotient(form: Form) -> Quantity:
    if isinstance(form, Quantity):
        return form
    assert isinstance(form, Ratio)
    parts = [part.formula if isinstance(part, Quantity) else "" for part in form.parts]
    return Quantity(f"\\frac{{{parts[0]}}}{{{parts[1]}}}" if len(parts) == 2 else ":".join(parts))


# --- collections ---------------------------------------------------------------------------------


def _same_ordered(expected: Sequence[Form] | None, found: Sequence[Form] | None) -> bool:
    return (
        expected is not None
        and found is not None
        and len(expected) == len(found)
        and all(same(ours, theirs) for ours, theirs in zip(expected, found, strict=True))
    )


def _same_unordered(expected: Sequence[Form], found: Sequence[Form]) -> bool:
    """Each item has its own partner; up to a few dozen items."""
    left = list(found)
    if len(expected) != len(found) or len(left) > 50:
        return False
    for item in expected:
        partner = next((place for place, other in enumerate(left) if same(item, other)), None)
        if partner is None:
            return False
        left.pop(partner)
    return True


def _same_collection(expected: Form, found: Form) -> bool:
    if isinstance(expected, Union) and isinstance(found, Union):
        return _same_unordered(expected.parts, found.parts)
    if isinstance(expected, Union) or isinstance(found, Union):
        return False
    ours, theirs = _brackets(expected), _brackets(found)
    first, second = _items(expected), _items(found)
    if "{}" in (ours, theirs) and {ours, theirs} <= {"{}", ""}:
        return _same_unordered(_distinct(first), _distinct(second))
    if ours == theirs == "":
        names = [_name_of(item) for item in (*first, *second)]
        if all(names) and len(set(names)) > 1:
            return _same_unordered(first, second)
        some_named = len({name for name in names if name}) > 1
        return _same_ordered(first, second) if some_named else _same_unordered(first, second)
    if ours == theirs:
        return _same_ordered(first, second)
    if "" in (ours, theirs) and len(first) > 1:
        brackets = ours or theirs
        return (brackets in ("()", "⟨⟩") or (brackets == "[]" and len(first) > 2)) and _same_ordered(first, second)
    tuples = {"()", "⟨⟩"}
    if {ours, theirs} <= tuples or ({ours, theirs} <= tuples | {"[]"} and len(first) > 2):
        return _same_ordered(first, second)
    return False


def _brackets(form: Form) -> str:
    return form.left + form.right if isinstance(form, Bracketed) else ""


def _items(form: Form) -> tuple[Form, ...]:
    return form.items if isinstance(form, Bracketed) else items_of(form)


def _distinct(items: Sequence[Form]) -> list[Form]:
    kept: list[Form] = []
    for item in items[:50]:
        if not any(same(item, other) for other in kept):
            kept.append(item)
    return kept


def _name_of(form: Form) -> str:
    return bare(form.sides[0]) if isinstance(form, Relation) and form.signs == ("=",) and is_name(form.sides[0]) else ""


def _same_rows(expected: Sequence[Sequence[Form]], found: Sequence[Sequence[Form]]) -> bool:
    return len(expected) == len(found) and all(_same_ordered(*rows) for rows in zip(expected, found, strict=True))


def _column(form: Form) -> tuple[Form, ...] | None:
    """The entries of a column vector or of a point; None for other matrices and brackets."""
    if isinstance(form, Matrix):
        return (
            tuple(row[0] for row in form.rows)
            if len(form.rows) > 1 and all(len(row) == 1 for row in form.rows)
            else None
        )
    return _items(form) if _brackets(form) in ("()", "⟨⟩") else None


# --- relations -----------------------------------------------------------------------------------


def _same_relation(expected: Relation, found: Relation) -> bool:
    if {expected.signs[0], found.signs[0]} & {"∈"} or (len(expected.sides), len(found.sides)) != (2, 2):
        return _same_named(expected, found) or _same_chain(expected, found) or _same_set(expected, found)
    ours, theirs = (forward(relation) for relation in (expected, found))
    if ours.signs != theirs.signs:
        return False
    if _same_sides(ours.sides, theirs.sides):
        return True
    equation = ours.signs[0] in "=≠"
    if equation and _same_sides(ours.sides[::-1], theirs.sides):
        return True
    return equal_equations(ours.sides, theirs.sides, keep_sign=not equation)


def _same_sides(expected: Sequence[str], found: Sequence[str]) -> bool:
    return len(expected) == len(found) and all(
        bare(ours) == bare(theirs)
        or (not (is_name(ours) or is_name(theirs)) and same(read_plain(ours), read_plain(theirs)))
        for ours, theirs in zip(expected, found, strict=True)
    )


def _same_chain(expected: Relation, found: Relation) -> bool:
    ours, theirs = forward(expected), forward(found)
    return ours.signs == theirs.signs and _same_sides(ours.sides, theirs.sides)


def _same_named(expected: Form, found: Form) -> bool:
    """x = 5, x = 2 + 3 = 5 and x ∈ [2, 5) against what stands behind the last sign; two names must be one."""
    names = [_naming(form) for form in (expected, found)]
    if names == [None, None]:
        return False
    given = [form for form in (expected, found) if isinstance(form, Relation)]
    if len(given) == 2 and None in names:
        return False
    if len(given) == 2 and names[0] and names[1] and bare(names[0]) != bare(names[1]):
        return False
    ours, theirs = (_behind(form, name) for form, name in zip((expected, found), names, strict=True))
    return not isinstance(ours, Relation) and not isinstance(theirs, Relation) and same(ours, theirs)


def _naming(form: Form) -> str | None:
    """What a relation gives a value to: a name, '' where it reckons with numbers alone; None if it does neither."""
    if not isinstance(form, Relation) or not (set(form.signs) <= {"=", "\\approx", "∈"}):
        return None
    if is_name(form.sides[0]):
        return form.sides[0]
    return "" if set(form.signs) == {"="} and all(_reckoned(side) for side in form.sides) else None


def _reckoned(side: str) -> bool:
    form = read_plain(side)
    return isinstance(form, Quantity) and rational(form.formula) is not None


def _behind(form: Form, name: str | None) -> Form:
    return read_plain(form.sides[-1]) if isinstance(form, Relation) and name is not None else form


# --- intervals -----------------------------------------------------------------------------------


def _same_set(expected: Form, found: Form) -> bool:
    """x < 3 or x ≥ 5 is (-∞, 3) ∪ [5, ∞)."""
    ours, theirs = intervals(expected), intervals(found)
    if not ours or not theirs or len(ours[1]) != len(theirs[1]) or len({ours[0], theirs[0]} - {""}) > 1:
        return False
    left = list(theirs[1])
    for interval in ours[1]:
        partner = next((other for other in left if _same_interval(interval, other)), None)
        if partner is None:
            return False
        left.remove(partner)
    return True


def _same_interval(ours: Interval, theirs: Interval) -> bool:
    return (
        ours[1::2] == theirs[1::2]
        and same(read_plain(ours[0]), read_plain(theirs[0]))
        and same(read_plain(ours[2]), read_plain(theirs[2]))
    )
