"""The speed-up meter: what each run spent until a metric first reached a share of the reference run's way."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from opdboard.domain.errors import BadInput


@dataclass(frozen=True)
class Curve:
    """Evaluations of a metric in step order, with what had been spent at each; NaN where a cost is not known.

    tokens: tokens trained on; seconds: training, monitoring and search; search_seconds: the search's part of them.
    """

    steps: Sequence[int]
    values: Sequence[float]
    tokens: Sequence[float]
    seconds: Sequence[float]
    search_seconds: Sequence[float]


@dataclass(frozen=True)
class SpeedupRow:
    """Cost of the first evaluation at or beyond the target. Ratios are the reference's cost over this run's: above 1 is faster.

    None: not reached, a cost not known, or a cost of zero to divide by.
    """

    run: str
    reached: bool
    step: int | None
    tokens: float | None
    seconds: float | None
    search_seconds: float | None
    ratio_steps: float | None
    ratio_tokens: float | None
    ratio_seconds: float | None


def speedup(
    curves: Mapping[str, Curve], reference: str, share: float, better: Literal["lower", "higher"]
) -> list[SpeedupRow]:
    """A row per run, in the order of the mapping; the reference's own cost is that of its first reaching the target.

    Values are single evaluations, nothing is smoothed; what is not finite is passed over. BadInput when the reference is
    not among the runs.
    """
    if reference not in curves:
        raise BadInput(
            f"the reference {reference!r} must be one of {', '.join(curves) or 'the runs'}", where="reference"
        )
    goal = target(curves[reference], share, better)
    own = _first_reaching(curves[reference], goal, better)
    return [
        _row(run, curve, _first_reaching(curve, goal, better), curves[reference], own) for run, curve in curves.items()
    ]


def target(reference: Curve, share: float, better: Literal["lower", "higher"]) -> float | None:
    """start + share (final - start) of the reference's finite values; None when it did not get better on its way."""
    finite = [value for value in reference.values if math.isfinite(value)]
    if not finite or (finite[-1] >= finite[0] if better == "lower" else finite[-1] <= finite[0]):
        return None
    return (1 - share) * finite[0] + share * finite[-1]


def _first_reaching(curve: Curve, goal: float | None, better: Literal["lower", "higher"]) -> int | None:
    """Index of the first finite value that is as good as the goal."""
    if goal is None:
        return None
    for index, value in enumerate(curve.values):
        if math.isfinite(value) and (value <= goal if better == "lower" else value >= goal):
            return index
    return None


def _row(run: str, curve: Curve, index: int | None, reference: Curve, own: int | None) -> SpeedupRow:
    if index is None or own is None:
        return SpeedupRow(run, False, None, None, None, None, None, None, None)
    return SpeedupRow(
        run=run,
        reached=True,
        step=curve.steps[index],
        tokens=_known(curve.tokens[index]),
        seconds=_known(curve.seconds[index]),
        search_seconds=_known(curve.search_seconds[index]),
        ratio_steps=_ratio(reference.steps[own], curve.steps[index]),
        ratio_tokens=_ratio(reference.tokens[own], curve.tokens[index]),
        ratio_seconds=_ratio(reference.seconds[own], curve.seconds[index]),
    )


def _known(cost: float) -> float | None:
    return cost if math.isfinite(cost) else None


def _ratio(reference: float, cost: float) -> float | None:
    return reference / cost if math.isfinite(reference) and math.isfinite(cost) and cost > 0 else None
