"""Comparisons of several runs: their configurations, and what they cost on the way to the same goal."""

from collections.abc import Mapping

import numpy as np

from opdboard.api.compare.schemas import (
    CompareQuery,
    ConfigDifference,
    DifferingKey,
    SameKey,
    SpeedupOut,
    SpeedupQuery,
    SpeedupRowOut,
)
from opdboard.api.context import Context
from opdboard.api.parameters import split_runs
from opdboard.api.runs.paths import flattened
from opdboard.db import runs, series
from opdboard.domain.errors import BadInput
from opdboard.domain.measures import SCALARS
from opdboard.domain.speedup import Curve, speedup, target

MOST_RUNS = 50
_COSTS = ("tokens", "seconds", "search_seconds")


def configs(context: Context, query: CompareQuery) -> ConfigDifference:
    """Every configuration key of any run, by whether all runs agree on it."""
    run_ids = split_runs(query.runs, at_most=MOST_RUNS)
    with context.database.snapshot() as session:
        flat = {run.id: dict(flattened(run.config)) for run in runs.get_many(session, run_ids)}
    differing: list[DifferingKey] = []
    same: list[SameKey] = []
    for path in dict.fromkeys(path for config in flat.values() for path in config):
        values = {run_id: config[path] for run_id, config in flat.items() if path in config}
        first = next(iter(values.values()))
        if len(values) == len(flat) and all(value == first for value in values.values()):
            same.append(SameKey(path=path, value=first))
        else:
            differing.append(DifferingKey(path=path, values=values))
    return ConfigDifference(differing=differing, same=same)


def speedups(context: Context, query: SpeedupQuery) -> SpeedupOut:
    """A row per run; BadInput when the metric has no better direction or the reference is not among the runs."""
    run_ids = split_runs(query.runs, at_most=MOST_RUNS)
    reference = query.reference or run_ids[0]
    measure = SCALARS.get(query.metric)
    if measure is None or measure.better is None:
        usable = ", ".join(name for name, known in SCALARS.items() if known.better)
        raise BadInput(
            f"{query.metric!r} has no better direction to measure by; choose one of {usable}", where="metric"
        )
    with context.database.snapshot() as session:
        runs.get_many(session, run_ids)
        curves = {
            run_id: _curve(series.read_scalars(session, run_id, [query.metric, *_COSTS]), query.metric)
            for run_id in run_ids
        }
    rows = speedup(curves, reference, query.share, measure.better)
    return SpeedupOut(
        metric=query.metric,
        target=target(curves[reference], query.share, measure.better),
        smoothing="none",
        rows=[SpeedupRowOut.model_validate(row, from_attributes=True) for row in rows],
    )


def _curve(stored: Mapping[str, series.ScalarSeries], metric: str) -> Curve:
    """The metric's evaluations with the costs stored at the same steps."""
    if metric not in stored:
        return Curve([], [], [], [], [])
    steps = stored[metric].steps
    tokens, seconds, search_seconds = (_at(stored.get(cost), steps) for cost in _COSTS)
    return Curve(steps.tolist(), stored[metric].values.tolist(), tokens, seconds, search_seconds)


def _at(cost: series.ScalarSeries | None, steps: np.ndarray) -> list[float]:
    if cost is None or not len(cost.steps):
        return [float("nan")] * len(steps)
    nearest = np.minimum(np.searchsorted(cost.steps, steps), len(cost.steps) - 1)
    return np.where(cost.steps[nearest] == steps, cost.values[nearest], np.nan).tolist()
