"""A query's conditions as SQL. Every atom is true or false, never NULL, so that 'not' means the opposite."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import ColumnElement, Double, Text, and_, cast, false, func, not_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from opdboard.db.json_values import JsonValues
from opdboard.db.tables import Run
from opdboard.domain.query_values import Value
from opdboard.domain.run_fields import Field
from opdboard.domain.run_query import Both, Comparison, Condition, Either, Empty, Not, OneOf, Words

_SEARCHED = (Run.id, Run.group, Run.notes, Run.student, Run.teacher)
# One text, so that a search folds and scans once per run; a line break keeps a match within one of its parts.
_DESCRIPTION = reduce(lambda text, column: text + "\n" + column, _SEARCHED, Run.name)
_NO_TAGS = "[]"
_ORDERED: Mapping[str, Callable[[Any, Any], Any]] = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq}


def _column(field: Field) -> InstrumentedAttribute[Any]:
    return getattr(Run, field.key)


class Conditions:
    """Translates for one session's engine."""

    def __init__(self, session: Session) -> None:
        """session: tells the engine."""
        self._json = JsonValues(session)

    def condition(self, wanted: Condition) -> ColumnElement[bool]:
        """The condition on a row of runs."""
        match wanted:
            case Both(parts):
                return and_(*map(self.condition, parts))
            case Either(parts):
                return or_(*map(self.condition, parts))
            case Not(part):
                return not_(self.condition(part))
            case Words(text):
                return or_(_DESCRIPTION.icontains(text, autoescape=True), self._tagged_like(text))
            case Empty(field):
                return self._empty(field)
            case OneOf(field, values):
                return or_(*(self._compared(field, "=", value) for value in values))
            case Comparison(field, "!=", value):
                return not_(self._compared(field, "=", value))
            case Comparison(field, operator, value):
                return self._compared(field, operator, value)

    def sort_keys(self, field: Field) -> list[ColumnElement[Any]]:
        """What to order by; a configuration's numbers come before its texts."""
        if field.type == "any":
            return [self.number(field), self.text(field)]
        if field.type == "number":
            return [self.number(field)]
        if field.type in ("tags", "error"):
            return [self.text(field)]
        if field.type == "time":
            return [self.moment(field)]
        return [func.lower(func.nullif(_column(field), ""))]

    def number(self, field: Field) -> ColumnElement[float]:
        """The field's number; NULL where it has none."""
        match field.source:
            case "measure":
                return self._json.scalar(Run.latest, field.key)
            case "config":
                return self._json.number(Run.config, field.key.split("."))
        if field.key == "progress":
            return cast(Run.step, Double()) / func.nullif(Run.total_steps, 0)
        return cast(_column(field), Double())

    def moment(self, field: Field) -> ColumnElement[float]:
        """The field's time, s since the epoch; NULL where it has not come."""
        return cast(_column(field), Double())

    def text(self, field: Field) -> ColumnElement[str]:
        """The field as text; NULL where it has none."""
        if field.source == "config":
            return self._json.text(Run.config, field.key.split("."))
        if field.type == "error":
            return self._json.text(Run.error, ["error"])
        if field.type == "tags":
            return func.nullif(cast(Run.tags, Text()), _NO_TAGS)
        return func.nullif(_column(field), "")

    def _empty(self, field: Field) -> ColumnElement[bool]:
        match field.type:
            case "number":
                return self.number(field).is_(None)
            case "time":
                return _column(field).is_(None)
            case "tags":
                return self._json.length(Run.tags) == 0
            case _:
                return self.text(field).is_(None)

    def _compared(self, field: Field, operator: str, value: Value) -> ColumnElement[bool]:
        return func.coalesce(self._atom(field, operator, value), false())

    def _atom(self, field: Field, operator: str, value: Value) -> ColumnElement[bool]:
        if operator == "~":
            return self._contains(field, value.text)
        if value.span is not None:
            return _within(_column(field), operator, value.span)
        match field.type:
            case "number":
                return _ORDERED[operator](self.number(field), value.number)
            case "any" if operator != "=":
                return _ORDERED[operator](self.number(field), value.number)
            case "any" if value.number is not None:
                return or_(func.coalesce(self.number(field) == value.number, false()), self.text(field) == value.text)
            case "word":
                return _column(field).in_(value.words)
            case "tags":
                return self._json.any_element(Run.tags, lambda tag: tag == value.text)
            case _:
                return self.text(field) == value.text

    def _tagged_like(self, text: str) -> ColumnElement[bool]:
        return and_(cast(Run.tags, Text()) != _NO_TAGS, self._json.any_contains(Run.tags, text))

    def _contains(self, field: Field, text: str) -> ColumnElement[bool]:
        if field.type == "tags":
            return self._tagged_like(text)
        found = self.text(field).icontains(text, autoescape=True)
        if field.type == "error":
            return or_(found, self._json.text(Run.error, ["detail"]).icontains(text, autoescape=True))
        return found


def _within(column: Any, operator: str, span: tuple[float, float]) -> ColumnElement[bool]:
    """A moment against a day or a minute: after it, in or after it, ..."""
    start, end = span
    match operator:
        case ">":
            return column >= end if end > start else column > end
        case ">=":
            return column >= start
        case "<":
            return column < start
        case "<=":
            return column < end if end > start else column <= end
        case _:
            return and_(column >= start, column < end)
