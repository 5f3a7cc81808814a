"""Sets of real numbers, however they are written: [2, 5), 2 ≤ x < 5, x < 1 or x > 2, a union."""

from collections.abc import Sequence

from opdboard_worker.data.answers.forms import (
    Bracketed,
    Form,
    Quantity,
    Relation,
    Several,
    Union,
    Words,
    is_name,
    read_plain,
)
from opdboard_worker.data.answers.plain import bare

TURNED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
Interval = tuple[str, bool, str, bool]
"""Low end and whether it belongs to it, high end and whether it belongs to it."""


def intervals(form: Form) -> tuple[str, list[Interval]] | None:
    """(variable or '', intervals) of what is a set of real numbers."""
    match form:
        case Bracketed(left=left, items=items, right=right) if len(items) == 2 and left in "([" and right in ")]":
            ends = [_text(item) for item in items]
            return None if None in ends else ("", [(ends[0] or "", left == "[", ends[1] or "", right == "]")])
        case Union(parts=parts) | Several(items=parts):
            return _joined([intervals(part) for part in parts])
        case Relation(signs=("∈",)):
            behind = intervals(read_plain(form.sides[1]))
            return None if behind is None or not is_name(form.sides[0]) else (bare(form.sides[0]), behind[1])
        case Relation():
            return _bounds(forward(form))
        case _:
            return None


def _joined(parts: Sequence[tuple[str, list[Interval]] | None]) -> tuple[str, list[Interval]] | None:
    found = [part for part in parts if part is not None]
    names = {part[0] for part in found}
    if len(found) < len(parts) or len(names) > 1:
        return None
    return names.pop(), [interval for part in found for interval in part[1]]


def _bounds(relation: Relation) -> tuple[str, list[Interval]] | None:
    """Of a < x ≤ b, x < b, a ≤ x, signs turned forward."""
    sides, signs = relation.sides, relation.signs
    if not set(signs) <= {"<", "≤"}:
        return None
    at = next((place for place, side in enumerate(sides) if is_name(side)), None)
    if at is None or len(sides) > 3 or (len(sides) == 3 and at != 1):
        return None
    low, low_belongs = (sides[at - 1], signs[at - 1] == "≤") if at else ("-\\infty", False)
    high, high_belongs = (sides[at + 1], signs[at] == "≤") if at + 1 < len(sides) else ("\\infty", False)
    return bare(sides[at]), [(low, low_belongs, high, high_belongs)]


def _text(form: Form) -> str | None:
    if isinstance(form, Words) and len(form.text) == 1:
        return form.text
    return form.formula if isinstance(form, Quantity) and form.unit is None else None


def forward(relation: Relation) -> Relation:
    """With '<' rather than '>'."""
    if relation.signs[0] in ">≥":
        return Relation(relation.sides[::-1], tuple(TURNED.get(sign, sign) for sign in relation.signs[::-1]))
    return relation
