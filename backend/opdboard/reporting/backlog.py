"""What was logged and has not reached the server: packed columns per key and vectors, taken out as requests of a bounded size."""

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MOST_POINTS, MOST_KEYS = 20_000, 1_000  # of one request; the server takes more, whatever stands before it may not
MOST_VECTORS, MOST_VALUES = 1_000, 200_000
ROOM_POINTS, ROOM_VALUES = 2_000_000, 4_000_000  # what waits at most: 48 MB and 32 MB


class Columns:
    """Points of one key: steps, values and times (s since the epoch)."""

    def __init__(self, steps: "array[int]", values: "array[float]", times: "array[float]") -> None:
        self.steps, self.values, self.times = steps, values, times

    @classmethod
    def empty(cls) -> "Columns":
        """No points yet."""
        return cls(array("q"), array("d"), array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, value: float, at: float) -> None:
        """One point behind the others."""
        self.steps.append(step)
        self.values.append(value)
        self.times.append(at)

    def cut(self, count: int) -> tuple["Columns", "Columns"]:
        """The first `count` points, and the others."""
        first, others = slice(count), slice(count, None)
        return (
            Columns(self.steps[first], self.values[first], self.times[first]),
            Columns(self.steps[others], self.values[others], self.times[others]),
        )

    def as_json(self) -> Json:
        """As the server takes it."""
        return {
            "steps": self.steps.tolist(),
            "values": [_spelt(value) for value in self.values],
            "times": self.times.tolist(),
        }


@dataclass(frozen=True)
class Vector:
    """One statistic of all modules at one step."""

    statistic: str
    step: int
    values: "array[float]"
    reference_step: int | None = None

    def as_json(self) -> Json:
        """As the server takes it."""
        reference = {} if self.reference_step is None else {"reference_step": self.reference_step}
        values = [_spelt(value) for value in self.values]
        return {"statistic": self.statistic, "step": self.step, "values": values} | reference


@dataclass(frozen=True)
class Batch:
    """What travels in one request; with nothing in it, it is a sign of life."""

    series: Mapping[str, Columns] = field(default_factory=dict)
    vectors: Sequence[Vector] = ()

    def __len__(self) -> int:
        return sum(map(len, self.series.values())) + len(self.vectors)

    def as_json(self) -> Json:
        """The body of the request, but for the attempt."""
        series = {key: columns.as_json() for key, columns in self.series.items()}
        return {"series": series, "vectors": [vector.as_json() for vector in self.vectors]}

    def halves(self) -> tuple["Batch", "Batch"]:
        """Two batches, of at least one point each, to be sent in this order."""
        if self.series and self.vectors:
            return Batch(self.series), Batch(vectors=self.vectors)
        if self.vectors:
            middle = len(self.vectors) // 2
            return Batch(vectors=self.vectors[:middle]), Batch(vectors=self.vectors[middle:])
        keys = list(self.series)
        if len(keys) > 1:
            first = keys[: len(keys) // 2]
            others = {key: columns for key, columns in self.series.items() if key not in first}
            return Batch({key: self.series[key] for key in first}), Batch(others)
        first, others = self.series[keys[0]].cut(len(self) // 2)
        return Batch({keys[0]: first}), Batch({keys[0]: others})

    def names(self) -> str:
        """What is in it, for a message."""
        points = (f"{key!r} at step {columns.steps[0]}" for key, columns in self.series.items())
        vectors = (f"{vector.statistic!r} at step {vector.step}" for vector in self.vectors)
        return next(points, "") or next(vectors, "nothing")


class Backlog:
    """Points and vectors in the order of their logging; not safe between threads by itself."""

    def __init__(self) -> None:
        self._series: dict[str, Columns] = {}
        self._vectors: list[Vector] = []
        self._points = 0
        self._values = 0

    def __len__(self) -> int:
        return self._points + len(self._vectors)

    def add(self, step: int, at: float, points: Mapping[str, float]) -> bool:
        """Keep a value per key; False, and nothing is kept, when there is no room."""
        if self._points + len(points) > ROOM_POINTS:
            return False
        for key, value in points.items():
            self._series.setdefault(key, Columns.empty()).add(step, value, at)
        self._points += len(points)
        return True

    def add_vector(self, vector: Vector) -> bool:
        """Keep a vector; False when there is no room."""
        if self._values + len(vector.values) > ROOM_VALUES:
            return False
        self._vectors.append(vector)
        self._values += len(vector.values)
        return True

    def take(self) -> Batch:
        """The next request; empty when nothing waits."""
        series: dict[str, Columns] = {}
        room = MOST_POINTS
        for key in list(self._series)[:MOST_KEYS]:
            taken, left = self._series.pop(key).cut(room)
            series[key] = taken
            room -= len(taken)
            if len(left):
                self._series[key] = left
            if not room:
                break
        self._points -= MOST_POINTS - room
        count, values = 0, 0
        while count < min(MOST_VECTORS, len(self._vectors)) and (not count or values < MOST_VALUES):
            values += len(self._vectors[count].values)
            count += 1
        vectors, self._vectors = self._vectors[:count], self._vectors[count:]
        self._values -= values
        return Batch(series, vectors)

    def drain(self) -> Iterator[Batch]:
        """Everything, request by request."""
        while len(self):
            yield self.take()


def _spelt(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    return value if math.isfinite(value) else str(value)
