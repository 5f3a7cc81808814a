"""The numbers of a picture as a table: all of them, however far the picture is thinned."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from opdboard.domain.modules import Module

ROWS_AT_ONCE = 5_000
"""The whole of a long run's would not fit beside its arrays."""
Cell = str | int | float | None
Row = Sequence[Cell]


@dataclass(frozen=True)
class Column:
    """What its cells are: numbers, those that are not finite among them, or texts; None where there is nothing."""

    title: str
    unit: str = ""
    numeric: bool = True

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


STEP = Column("step")
RUN = Column("run", numeric=False)
MODULE = (Column("module", numeric=False), Column("parameter", numeric=False))


@dataclass(frozen=True)
class Table:
    """Columns, and count rows of as many cells, which may be made when they are read: there can be millions."""

    columns: Sequence[Column]
    count: int
    make: Callable[[], Iterable[Row]]

    def rows(self) -> Iterator[Row]:
        """Every row, in order."""
        return iter(self.make())


def of_rows(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """A table of rows that are there."""
    return Table(_told_apart(columns), len(rows), lambda: rows)


@dataclass(frozen=True)
class Points:
    """One column of a table over x: its cells and their places, finite float64; one may come more than once."""

    column: Column
    x: np.ndarray
    cells: Sequence[Cell] | np.ndarray


def over(x: Column, parts: Sequence[Points]) -> Table:
    """A row per place that any of the columns has; a place that a column has twice has two rows."""
    keys = _keys([part.x for part in parts])
    places = np.unique(np.concatenate([*keys, np.empty(0)]))
    orders = [np.argsort(key, kind="stable") for key in keys]
    at = [np.searchsorted(places, key[order]) for key, order in zip(keys, orders, strict=True)]
    filled = [_array(part.cells)[order] for part, order in zip(parts, orders, strict=True)]
    xs = _whole(places.real)

    def rows() -> Iterator[Row]:
        for start in range(0, len(xs), ROWS_AT_ONCE):
            end = min(start + ROWS_AT_ONCE, len(xs))
            block = [_spread(start, end, *column) for column in zip(at, filled, strict=True)]
            yield from zip(xs[start:end].tolist(), *block, strict=True)

    return Table(_told_apart([x, *(part.column for part in parts)]), len(xs), rows)


def _spread(start: int, end: int, at: np.ndarray, cells: np.ndarray) -> list[Cell]:
    """The rows from start to end of a column that has cells at some rows, in order."""
    first, last = np.searchsorted(at, [start, end])
    spread: list[Cell] = [None] * (end - start)
    for row, cell in zip((at[first:last] - start).tolist(), cells[first:last].tolist(), strict=True):
        spread[row] = cell
    return spread


def _keys(places: Sequence[np.ndarray]) -> list[np.ndarray]:
    """x, or where some part has a place more than once x + i n for the nth time, which numpy sorts by x first."""
    times = [_times(x) for x in places]
    if any(again.any() for again in times):
        return [x + 1j * again for x, again in zip(places, times, strict=True)]
    return list(places)


def _times(x: np.ndarray) -> np.ndarray:
    """How often the same x came before."""
    order = np.argsort(x, kind="stable")
    rising = x[order]
    times = np.empty(len(x))
    times[order] = np.arange(len(x)) - np.searchsorted(rising, rising)
    return times


def _told_apart(columns: Sequence[Column]) -> list[Column]:
    """Columns of one title, such as runs of one name, are numbered from the second on."""
    titles = [column.title for column in columns]
    earlier = [titles[:index].count(title) for index, title in enumerate(titles)]
    return [
        replace(column, title=f"{column.title} ({times + 1})") if times else column
        for column, times in zip(columns, earlier, strict=True)
    ]


def _array(cells: Sequence[Cell] | np.ndarray) -> np.ndarray:
    return cells if isinstance(cells, np.ndarray) else np.array(cells, object)


def _whole(x: np.ndarray) -> np.ndarray:
    """Steps as whole numbers, which other places are not."""
    return x.astype(np.int64) if (x == np.floor(x)).all() and (np.abs(x) < 2**53).all() else x


def of_modules(
    runs: Sequence[tuple[str, Sequence[Module], Sequence[Sequence[Cell] | np.ndarray]]], columns: Sequence[Column]
) -> Table:
    """A row per module of each run: (name, modules, cells per column); the run's name is told where there are several."""
    several = len(runs) > 1
    rows = [
        (*((name,) if several else ()), module.label, module.name, *cells)
        for name, modules, values in runs
        for module, *cells in zip(modules, *map(_cells, values), strict=True)
    ]
    return of_rows([*((RUN,) if several else ()), *MODULE, *columns], rows)


def _cells(values: Sequence[Cell] | np.ndarray) -> Sequence[Cell]:
    return values.tolist() if isinstance(values, np.ndarray) else values
