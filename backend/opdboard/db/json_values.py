"""Values inside JSON columns, on SQLite and PostgreSQL alike; what is missing or of another type is NULL, never an error."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Double, Text, and_, case, cast, func, literal, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

LONGEST_NUMBER = 300  # characters; what is longer may not fit a double

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def is_sqlite(session: Session) -> bool:
    """Whether the session speaks SQLite's dialect; otherwise it is PostgreSQL's."""
    return session.get_bind().dialect.name == "sqlite"


class JsonValues:
    """Expressions for one engine."""

    def __init__(self, session: Session) -> None:
        """session: tells the engine."""
        self._sqlite = is_sqlite(session)

    def scalar(self, column: Column, key: str) -> ColumnElement[float]:
        """The number under a key of a flat object that holds numbers and nulls only."""
        if self._sqlite:
            return func.json_extract(column, _sqlite_path([key]), type_=Double())
        return cast(func.json_extract_path_text(column, key), Double())

    def number(self, column: Column, path: Sequence[str]) -> ColumnElement[float]:
        """The number at a path; NULL where something else is."""
        if self._sqlite:
            place = _sqlite_path(path)
            is_number = func.json_type(column, place).in_(["integer", "real"])
            return case((is_number, func.json_extract(column, place, type_=Double())))
        text = func.json_extract_path_text(column, *path)
        is_number = func.json_typeof(func.json_extract_path(column, *path)) == "number"
        return case((and_(is_number, func.length(text) < LONGEST_NUMBER), cast(text, Double())))

    def text(self, column: Column, path: Sequence[str]) -> ColumnElement[str]:
        """The value at a path as text; true and false by their names, NULL where nothing is."""
        if not self._sqlite:
            return func.json_extract_path_text(column, *path, type_=Text())
        place = _sqlite_path(path)
        kind = func.json_type(column, place)
        as_written = type_coerce(column, Text()).op("->")(place)  # json_extract would round a number
        value = cast(func.json_extract(column, place), Text())
        return case((kind.in_(["true", "false"]), kind), (kind.in_(["integer", "real"]), as_written), else_=value)

    def any_element(self, column: Column, condition: Any) -> ColumnElement[bool]:
        """Whether some element of an array of texts fulfils condition(element)."""
        elements = self.elements(column)
        return select(literal(1)).select_from(elements).where(condition(elements.c.value)).exists()

    def elements(self, column: Column) -> Any:
        """The texts of an array as a table with the column value."""
        if self._sqlite:
            return func.json_each(column).table_valued("value", name="elements")
        return func.json_array_elements_text(column).table_valued("value", name="elements").render_derived()

    def length(self, column: Column) -> ColumnElement[int]:
        """How many elements an array has."""
        return func.json_array_length(column)

    def keys(self, column: Column) -> Any:
        """The keys of an object as a table with the column key."""
        if self._sqlite:
            return func.json_each(column).table_valued("key", name="keys")
        return func.json_object_keys(column).table_valued("key", name="keys").render_derived()


def _sqlite_path(path: Sequence[str]) -> str:
    return "$" + "".join(f'."{part}"' for part in path)
