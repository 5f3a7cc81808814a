"""Values of rows as others wrote them: found by a path, and turned into text without losing a digit."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from opdboard.domain.errors import DataProblem

_MOST_ZEROS = 400
_ABSENT = object()


def has(values: Mapping[str, Any], path: str) -> bool:
    """Whether the row has this column or dotted path, be it null, or null on the way."""
    return _at(values, path) is not _ABSENT


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """The value at a column or dotted path, as in reward_model.ground_truth or messages.0.content; None where there is none."""
    found = _at(values, path)
    return None if found is _ABSENT else found


def text_of(value: Any, name: str, where: str, *, numbers: bool = False) -> str:
    """A value as text, not blank. numbers: a number is written out, else refused. DataProblem names the column."""
    if numbers and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = _written_out(value, name, where)
    if not isinstance(value, str):
        raise DataProblem(f"{name} is {kind_of(value)}; it must be text", where=where)
    if not value.strip():
        raise DataProblem(f"{name} is empty", where=where)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DataProblem(
            f"{name} has half of a surrogate pair at character {error.start}, which is no text", where=where
        ) from error
    return value


def columns_of(values: Mapping[str, Any]) -> str:
    """The names of a row's first columns, for a sentence."""
    names = ", ".join(str(key)[:80] for key in list(values)[:8])
    return (f"{names}, ..." if len(values) > 8 else names) or "nothing"


def kind_of(value: Any) -> str:
    """What a value is, in words."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        Decimal: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null" if value is None else f"a {type(value).__name__}")


def _at(values: Any, path: str) -> Any:
    if values is None:
        return None
    if isinstance(values, Mapping) and path in values:
        return values[path]
    head, dot, rest = path.partition(".")
    inner = _ABSENT
    if isinstance(values, Mapping):
        inner = values.get(head, _ABSENT)
    elif isinstance(values, list) and re.fullmatch(r"-?\d{1,9}", head) and -len(values) <= int(head) < len(values):
        inner = values[int(head)]
    return inner if inner is _ABSENT or not dot else _at(inner, rest)


def _written_out(number: float | Decimal, name: str, where: str) -> str:
    """The number's value in digits, without an exponent unless there were hundreds of zeros."""
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not value.is_finite():
        raise DataProblem(f"{name} is {value}, which is no value that a response can give", where=where)
    if not value:
        return "0"
    if abs(value.adjusted()) > _MOST_ZEROS:
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
