"""A column of doubles in which NaN is kept."""

import math
from typing import Any

from sqlalchemy import Float, TypeDecorator
from typing_extensions import override


class AnyFloat(TypeDecorator[float]):
    """A double that may be NaN: SQLite would turn NaN into NULL, so there it is kept as text."""

    impl = Float(53)
    cache_ok = True

    @override
    def bind_processor(self, dialect: Any) -> Any:
        """NaN becomes text on SQLite only; after all other processing, which would make it a number again."""
        if dialect.name != "sqlite":
            return super().bind_processor(dialect)
        return lambda value: "nan" if value is not None and math.isnan(value) else value

    @override
    def process_result_value(self, value: Any, dialect: Any) -> float | None:
        """Text becomes NaN again."""
        return None if value is None else float(value)
