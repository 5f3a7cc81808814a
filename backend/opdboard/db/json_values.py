"""Values inside JSON columns, on SQLite and PostgreSQL alike; what is missing or of another type is NULL, never an error."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE = rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}"
LONGEST_NUMBER = 300  # characters; what is longer may not fit a double

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def is_sqlite(session: Session) -> bool:
    """Whether the session speaks SQLite's dialect; otherwise it is PostgreSQL's."""
    return session.get_bind().dialect.name == "sqlite"


class JsonValues:
    """Expressions for one engine. A value that an older version stored and the engine cannot read counts as an empty one."""

    def __init__(self, session: Session) -> None:
        """session: tells the engine."""
        self._sqlite = is_sqlite(session)

    def _readable(self, column: Column, empty: str = "{}") -> Any:
        """The column, or what is empty where the engine would refuse the whole query: NaN, half of a surrogate pair."""
        if self._sqlite:
            return case((func.json_valid(column) == 1, type_coerce(column, Text())), else_=empty)
        text = cast(column, Text())
        lone = and_(func.strpos(text, "\\ud") > 0, text.op("~")(_LONE_SURROGATE))
        broken = or_(lone, func.strpos(text, "\\u0000") > 0)
        return case((broken, literal_column(f"'{empty}'::json")), else_=column)

    def scalar(self, column: Column, key: str) -> ColumnElement[float]:
        """The number under a key of a flat object that opdboard itself writes, of numbers and nulls only."""
        if self._sqlite:
            return func.json_extract(column, _sqlite_path([key]), type_=Double())
        return cast(func.json_extract_path_text(column, key), Double())

    def number(self, column: Column, path: Sequence[str]) -> ColumnElement[float]:
        """The number at a path; NULL where something else is."""
        if self._sqlite:
            place = _sqlite_path(path)
            is_number = func.json_type(column, place).in_(["integer", "real"])
            value = case((is_number, func.json_extract(column, place, type_=Double())))
            return case((func.json_valid(column) == 1, value))
        text = func.json_extract_path_text(self._readable(column), *path)
        is_number = func.json_typeof(func.json_extract_path(self._readable(column), *path)) == "number"
        return case((and_(is_number, func.length(text) < LONGEST_NUMBER), cast(text, Double())))

    def text(self, column: Column, path: Sequence[str]) -> ColumnElement[str]:
        """The value at a path as text; true and false by their names, NULL where nothing is."""
        if not self._sqlite:
            return func.json_extract_path_text(self._readable(column), *path, type_=Text())
        place = _sqlite_path(path)
        kind = func.json_type(column, place)
        as_written = type_coerce(column, Text()).op("->")(place)  # json_extract would round a number
        value = cast(func.json_extract(column, place), Text())
        value = case((kind.in_(["true", "false"]), kind), (kind.in_(["integer", "real"]), as_written), else_=value)
        return case((func.json_valid(column) == 1, value))

    def any_element(self, column: Column, condition: Any) -> ColumnElement[bool]:
        """Whether some element of an array of texts fulfils condition(element)."""
        elements = self.elements(column)
        return select(literal(1)).select_from(elements).where(condition(elements.c.value)).exists()

    def any_contains(self, column: Column, text: str) -> ColumnElement[bool]:
        """Whether some element of an array of texts contains the text, whatever its case."""
        found = self.any_element(column, lambda element: element.icontains(text, autoescape=True))
        # SQLite folds ASCII only, which JSON holds as it is but for a few signs: most rows need not be taken apart.
        if self._sqlite and text.isascii() and json.dumps(text) == f'"{text}"':
            return and_(type_coerce(column, Text()).icontains(text, autoescape=True), found)
        return found

    def elements(self, column: Column) -> Any:
        """The texts of an array as a table with the column value."""
        if self._sqlite:
            return func.json_each(self._readable(column, "[]")).table_valued("value", name="elements")
        return (
            func.json_array_elements_text(self._readable(column, "[]"))
            .table_valued("value", name="elements")
            .render_derived()
        )

    def length(self, column: Column) -> ColumnElement[int]:
        """How many elements an array has."""
        return func.json_array_length(self._readable(column, "[]"))

    def keys(self, column: Column) -> Any:
        """The keys of an object as a table with the column key."""
        if self._sqlite:
            return func.json_each(self._readable(column)).table_valued("key", name="keys")
        return func.json_object_keys(self._readable(column)).table_valued("key", name="keys").render_derived()


def _sqlite_path(path: Sequence[str]) -> str:
    return "$" + "".join(f'."{part}"' for part in path)
