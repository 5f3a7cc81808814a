"""The right-hand sides of a query: numbers, shares, moments and words."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from opdboard.domain.errors import BadInput
from opdboard.domain.run_fields import Field
from opdboard.domain.run_state import ACTIVE, ENDED, RunState

UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_RELATIVE = re.compile(r"-(\d{1,6}(?:\.\d{1,3})?)([mhdw])", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MINUTE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?")
_STATES = {"active": ACTIVE, "ended": ENDED}


@dataclass(frozen=True)
class Value:
    """What a field is compared with; number and span (s since the epoch, end excluded) where the text is one.

    words: the lower-case words that a 'word' field may equal.
    """

    text: str
    number: float | None = None
    span: tuple[float, float] | None = None
    words: tuple[str, ...] = ()


def read_value(field: Field, text: str, operator: str, now: float) -> Value:
    """The text as a value of the field; BadInput says what the field can be compared with."""
    ordered = operator in (">", ">=", "<", "<=")
    if operator == "~":
        if field.type in ("number", "time"):
            raise BadInput(f"{field.name} is a {field.type}: compare it with = != > >= < <=")
        return Value(text)
    match field.type:
        case "number":
            return Value(text, number=_number(field, text))
        case "time":
            return Value(text, span=_span(field, text, now))
        case "any" if ordered:
            return Value(text, number=_number(field, text))
        case "any":
            return Value(text, number=_as_number(text))
        case _ if ordered:
            raise BadInput(f"{field.name} is text: compare it with = != ~ or in ( )")
        case "word":
            return Value(text, words=_words(field, text.lower()))
        case _:
            return Value(text)


def _as_number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.rstrip("%")) / (100.0 if text.endswith("%") else 1.0)
    return value if math.isfinite(value) else None


def _number(field: Field, text: str) -> float:
    value = _as_number(text)
    if value is None:
        raise BadInput(f"{field.name} is compared with a number here, such as 0.5, 1e-5 or 50%, not with {text!r}")
    return value


def _words(field: Field, text: str) -> tuple[str, ...]:
    if field.key == "state":
        if text in _STATES:
            return tuple(sorted(_STATES[text]))
        if text not in list(RunState):
            raise BadInput(f"there is no state {text!r}; states are {', '.join(field.choices)}")
    return (text,)


def _span(field: Field, text: str, now: float) -> tuple[float, float]:
    """A day, a minute, or a moment; dates are read in UTC."""
    if relative := _RELATIVE.fullmatch(text):
        moment = now - float(relative[1]) * UNITS[relative[2].lower()]
        return moment, moment
    try:
        if _DAY.fullmatch(text):
            day = datetime.fromisoformat(text).replace(tzinfo=UTC)
            return day.timestamp(), (day + timedelta(days=1)).timestamp()
        if minute := _MINUTE.fullmatch(text):
            start = datetime.fromisoformat(text)
            start = start if start.tzinfo else start.replace(tzinfo=UTC)
            return start.timestamp(), start.timestamp() + (1.0 if minute[1] else 60.0)
    except (ValueError, OverflowError):
        pass
    raise BadInput(
        f"{field.name} is a time: a date (2026-05-31), a minute (2026-05-31T14:30) or how long ago (-2d, -3h)"
    )
