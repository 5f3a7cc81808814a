"""When a curve reached a target and held it, and what had been spent by then.

Values are taken as running medians of three evaluations, so that one lucky or one bad evaluation decides nothing; one
that is not finite counts as the worst there is. A target is reached where such a curve crosses it, between two
evaluations in proportion, if from then on it never falls back by more than SLACK of the way to the target.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median_high
from typing import Literal

Better = Literal["lower", "higher"]
SLACK = 0.1
"""A target that was reached is held while no more than this share of the way from the start to it is lost again."""
COSTS = ("steps", "tokens", "seconds", "gpu_seconds", "search_tokens", "search_seconds")


@dataclass(frozen=True)
class Goal:
    """A value to be reached, and the one that the way to it is measured from."""

    start: float
    value: float
    better: Better


@dataclass(frozen=True)
class Curve:
    """Evaluations of a metric in step order, with what had been spent at each; NaN where a cost is not known.

    tokens: all that were generated, for training and by the search; seconds: training, monitoring and search;
    search_tokens, search_seconds: the search's part of them; gpu_seconds: seconds times GPUs.
    """

    steps: Sequence[float]
    values: Sequence[float]
    tokens: Sequence[float]
    seconds: Sequence[float]
    search_tokens: Sequence[float]
    search_seconds: Sequence[float]
    gpu_seconds: Sequence[float]

    @property
    def spacing(self) -> float:
        """The usual number of steps between two evaluations (upper median: a run's last may come early); 0 with fewer."""
        gaps = [after - before for before, after in zip(self.steps, self.steps[1:], strict=False)]
        return float(median_high(gaps)) if gaps else 0.0

    @property
    def tells(self) -> bool:
        """Whether it has the two evaluations that a way, a cadence, and reaching anything take, and one of them is finite."""
        return len(self.steps) > 1 and self.finite

    @property
    def finite(self) -> bool:
        """Whether any evaluation is a number."""
        return any(math.isfinite(value) for value in self.values)

    def every(self, spacing: float) -> "Curve":
        """Without the evaluations that are nearer than `spacing` steps to the one kept before; the last always stays.

        Who looks more often sees more chances: curves are compared as if all had been evaluated as rarely as the rarest.
        """
        if self.spacing >= spacing:
            return self
        kept: list[int] = []
        for index, step in enumerate(self.steps):
            if not kept or step - self.steps[kept[-1]] >= spacing:
                kept.append(index)
        if kept and kept[-1] != len(self.steps) - 1:
            kept.append(len(self.steps) - 1)
        return replace(self, **{name: [column[index] for index in kept] for name, column in vars(self).items()})


def smoothed(values: Sequence[float], better: Better) -> list[float]:
    """Running medians of three, smaller being better whatever `better` says (values of 'higher' are negated).

    The first value stays. The last is the median of itself, the one before, and where the two before it point (Tukey's
    rule), which leaves the end of a steady curve alone. What is not finite is infinite.
    """
    sign = 1.0 if better == "lower" else -1.0
    raw = [sign * value if math.isfinite(value) else math.inf for value in values]
    if len(raw) < 3:
        return raw
    inner = [sorted(raw[index - 1 : index + 2])[1] for index in range(1, len(raw) - 1)]
    before, last = ([raw[0], *inner])[-2:]
    ahead = last + 2 * (last - before) if math.isfinite(before) and math.isfinite(last) else last
    return [raw[0], *inner, sorted([raw[-1], last, ahead])[1]]


def start_and_end(curve: Curve, better: Better) -> tuple[float, float] | None:
    """The first finite value and the smoothed last one, as they were stored; None without a finite end."""
    smooth = smoothed(curve.values, better)
    first = next((value for value in curve.values if math.isfinite(value)), None)
    if first is None or not math.isfinite(smooth[-1]):
        return None
    return first, smooth[-1] if better == "lower" else -smooth[-1]


def spent_until_held(curve: Curve, goal: Goal | None) -> dict[str, float]:
    """Cost -> what had been spent when the goal was reached and held.

    Infinite when it was not reached, or lost again, or when there is no goal or one evaluation; NaN when not known.
    """
    place = _held_from(curve, goal)
    return {name: math.inf if place is None else _spent(getattr(curve, name), *place) for name in COSTS}


def bracket_until_held(curve: Curve, goal: Goal | None) -> dict[str, tuple[float, float]]:
    """Cost -> what had been spent at the last evaluation before the goal was reached, and at the one that had reached it.

    The target was reached somewhere between the two; nothing had been spent where the first evaluation is there already.
    Infinite and NaN as of spent_until_held.
    """
    place = _held_from(curve, goal)
    if place is None:
        return dict.fromkeys(COSTS, (math.inf, math.inf))
    at, _ = place
    columns = {name: getattr(curve, name) for name in COSTS}
    return {name: (float(costs[at - 1]) if at > 0 else 0.0, float(costs[at])) for name, costs in columns.items()}


def _held_from(curve: Curve, goal: Goal | None) -> tuple[int, float] | None:
    """The evaluation that has reached the goal, and how far from the one before to it the curve crosses: 1 is at it."""
    if goal is None or not curve.tells:
        return None
    smooth = smoothed(curve.values, goal.better)
    line = goal.value if goal.better == "lower" else -goal.value
    lost = line + SLACK * abs(goal.value - goal.start)
    since = next((index + 1 for index in range(len(smooth) - 1, -1, -1) if smooth[index] > lost), 0)
    at = next((index for index in range(since, len(smooth)) if smooth[index] <= line), None)
    if at is None:
        return None
    if at == 0 or not math.isfinite(smooth[at - 1]):
        return at, 1.0
    return at, (smooth[at - 1] - line) / (smooth[at - 1] - smooth[at])


def _spent(costs: Sequence[float], at: int, share: float) -> float:
    """A cost at a place before an evaluation, in proportion."""
    return float(costs[at]) if share == 1 else (1 - share) * costs[at - 1] + share * costs[at]
