"""Measures of a run over what was spent or reached, and their mean over the members of a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np

from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.series import Points, RunSeries

Over = Literal["steps", "tokens", "seconds", "gpu_seconds", "teacher_kl"]
TEACHER_KL = "eval/reverse_kl"
SEARCH_TOKENS = "search_tokens"
WHOLE_UPDATE = "update_norm"
_GRID = 400


@dataclass(frozen=True)
class Curve:
    """Points in order of training: steps int64, x (finite) and y float64."""

    steps: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class MeanCurve(Curve):
    """The mean over seeds, and the ends of its 95% interval, NaN where one member alone has no interval."""

    low: np.ndarray
    high: np.ndarray


def scalars_for(keys: Sequence[str], over: Over) -> tuple[str, ...]:
    """The stored scalars that curves are made of."""
    costs = {"steps": (), "teacher_kl": (TEACHER_KL,), "tokens": ("tokens", SEARCH_TOKENS)}.get(over, (over,))
    return tuple(dict.fromkeys((*keys, *costs)))


def curve(run: RunSeries, key: str, over: Over) -> Curve:
    """A measure over steps, over a cost known at the same step, or at matched teacher KL (see matched)."""
    points = measured(run, key)
    if over == "teacher_kl":
        return matched(run.scalars.get(TEACHER_KL), points)
    x, usable = abscissa(run, points.steps, over)
    return Curve(points.steps[usable], x[usable], points.values[usable])


def measured(run: RunSeries, key: str) -> Points:
    """The stored scalar; where there is none, the norm of the whole update is put together from its modules'."""
    points = run.scalars.get(key)
    if points is not None and len(points.steps):
        return points
    rows = run.vectors.get(key)
    if key == WHOLE_UPDATE and rows is not None:
        return Points(rows.steps, np.sqrt(np.square(rows.values.astype(np.float64)).sum(axis=1)), rows.seqs)
    none = np.empty(0, np.int64)
    return Points(none, np.empty(0), none)


def abscissa(run: RunSeries, steps: np.ndarray, over: Over) -> tuple[np.ndarray, np.ndarray]:
    """x at each step, and where it is known; a point is drawn once both it and its cost are stored."""
    if over == "steps":
        return steps.astype(np.float64), np.ones(len(steps), bool)
    cost = run.scalars.get(over)
    if cost is None or not len(cost.steps):
        return np.full(len(steps), np.nan), np.zeros(len(steps), bool)
    nearest = np.minimum(np.searchsorted(cost.steps, steps), len(cost.steps) - 1)
    x = cost.values[nearest] + (_searched(run.scalars.get(SEARCH_TOKENS), steps) if over == "tokens" else 0.0)
    return x, (cost.steps[nearest] == steps) & np.isfinite(x)


def _searched(points: Points | None, steps: np.ndarray) -> np.ndarray:
    """Tokens that the search had taken at each step; 0 for a trainer that reports none."""
    if points is None or not len(points.steps):
        return np.zeros(len(steps))
    before = np.searchsorted(points.steps, steps, side="right") - 1
    return np.where(before < 0, 0.0, points.values[np.maximum(before, 0)])


def matched(distance: Points | None, points: Points) -> Curve:
    """The measure at every evaluation that came nearer to the teacher (held-out reverse KL) than all before it.

    So x falls strictly, and two runs are read off where they were equally near, whatever it had cost them.
    """
    if distance is None:
        distance = Points(points.steps[:0], points.values[:0], points.seqs[:0])
    kl = np.where(np.isfinite(distance.values), distance.values, np.inf)
    before = np.concatenate([[np.inf], np.minimum.accumulate(kl)])[: len(kl)]
    nearer = kl < before
    steps, at, among = np.intersect1d(points.steps, distance.steps[nearer], return_indices=True)
    return Curve(steps, kl[nearer][among], points.values[at])


def mean_curve(curves: Sequence[Curve], over: Over) -> MeanCurve:
    """The mean of the members that have points.

    On steps at the steps that all of them have; else linearly interpolated to a common grid, inside the range that all cover.
    """
    usable = [one for one in curves if len(one.x)]
    if not usable:
        none = np.empty(0)
        return MeanCurve(none.astype(np.int64), none, none, none, none)
    if over == "steps":
        steps = _shared([one.steps for one in usable])
        x = steps.astype(np.float64)
        values = np.array([one.y[np.searchsorted(one.steps, steps)] for one in usable])
    else:
        x = _grid([_ascending(one) for one in usable])
        values = np.array([np.interp(x, *_ascending(one)) for one in usable])
        x, values = (x[::-1], values[:, ::-1]) if over == "teacher_kl" else (x, values)
        steps = np.arange(len(x))
    means, half = mean_and_half_width(values)
    return MeanCurve(steps, x, means, means - half, means + half)


def _shared(steps: Sequence[np.ndarray]) -> np.ndarray:
    """The steps that all have; most often all have the same."""
    if all(np.array_equal(one, steps[0]) for one in steps[1:]):
        return steps[0]
    return reduce(np.intersect1d, steps)


def _ascending(one: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Finite points by rising x, of several at the same x the last."""
    finite = np.isfinite(one.y)
    x, y = one.x[finite], one.y[finite]
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    last = np.concatenate([x[1:] != x[:-1], np.ones(min(1, len(x)), bool)])
    return x[last], y[last]


def _grid(curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Every x of any member inside the range that all cover; evenly spaced ones where they are too many."""
    if any(not len(x) for x, _ in curves):
        return np.empty(0)
    first, last = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    every = np.unique(np.concatenate([x for x, _ in curves]))
    inside = every[(every >= first) & (every <= last)]
    return inside if len(inside) <= _GRID else np.linspace(first, last, _GRID)
