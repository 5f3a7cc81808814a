"""The speed-up meter: what runs or groups spent until a metric reached a share of the reference's way, and held it.

Reaching and holding are told in domain.reaching, intervals in domain.seed_ratios. Costs of a group are medians over its
members; a member that never reaches the target counts as infinitely dear, so that it is never dropped: a group has
reached the target once more than half of its members have. Each contender is compared with the reference as if both had
been evaluated as rarely as the rarer of the two.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_high, median_low
from typing import Literal

from opdboard.domain.contenders import Contender, differences, same, untold
from opdboard.domain.errors import BadInput
from opdboard.domain.evaluation_noise import Noise, noise_of
from opdboard.domain.reaching import (
    COSTS,
    SLACK,
    Better,
    Curve,
    Goal,
    bracket_until_held,
    smoothed,
    spent_until_held,
    start_and_end,
)
from opdboard.domain.seed_ratios import Ratio, middle, ratio

_COMPARED = ("steps", "tokens", "seconds", "gpu_seconds")

Standing = Literal[
    "never_recorded", "never_finite", "too_few", "no_target", "reached", "lost", "not_reached", "not_by_most"
]
"""How a contender stands to the target: no evaluation at all; none that is a number; fewer than two; there is no target;
reached by most; all that came there lost it again; not reached by any; by some, but not by most."""


@dataclass(frozen=True)
class SpeedupRow:
    """Median costs of reaching the target and holding it; None: not reached by most, or not known.

    brackets: costs at the last evaluation before the target and at the one that had reached it, likewise medians.
    evaluated: members with the two evaluations that it takes; touched: those that came to the target and lost it again.
    spacing: steps between the evaluations that were used. against_best: ratios to the reference's method at its best
    learning rate among the contenders. same_rate: None where a side does not tell its rates.
    differs: what makes this comparison one of unequal things: 'cadence', 'batch', 'held_out', 'temperature', 'going',
    'failed'; 'not_evaluated' (yet) or 'never_evaluated' alone where nothing is compared. untold: of 'batch', 'held_out' and
    'temperature' those that a side does not tell, so that whether they differ is not known.
    """

    key: str
    members: int
    evaluated: int
    reached: int
    touched: int
    standing: Standing
    spacing: float
    same_rate: bool | None
    costs: Mapping[str, float | None]
    brackets: Mapping[str, tuple[float, float] | None]
    ratios: Mapping[str, Ratio | None]
    against_best: Mapping[str, Ratio | None]
    differs: Sequence[str] = ()
    untold: Sequence[str] = ()


@dataclass(frozen=True)
class Speedup:
    """The meter. best: the contender of the reference's method whose rate takes the fewest steps; None with one rate only,
    where none gets there, or without a target. start: what the way to the target is measured from. noise: None where nothing tells it.

    fell_back: the reference had been farther than where it ended, by more than SLACK of its way, so the target is an
    easier one than what it had reached.
    """

    start: float | None
    target: float | None
    noise: Noise | None
    fell_back: bool
    best: str | None
    rows: Sequence[SpeedupRow]

    @property
    def within_noise(self) -> bool | None:
        """Whether the target is less than two standard errors of an evaluation from the start; None where that is not known."""
        if self.start is None or self.target is None or self.noise is None:
            return None
        return abs(self.target - self.start) < 2 * self.noise.standard_error


def speedup(contenders: Sequence[Contender], reference: str, share: float, better: Better) -> Speedup:
    """A row per contender, in their order. BadInput when the reference is not among them.

    The target is held fixed: intervals are over the seeds' costs of reaching it.
    """
    by_key = {contender.key: contender for contender in contenders}
    if reference not in by_key:
        raise BadInput(
            f"the reference {reference!r} must be one of {', '.join(by_key) or 'the runs'}", where="reference"
        )
    against = by_key[reference]
    goal = goal_of(against.curves, share, better)
    best = _best(contenders, against, goal)
    rows = []
    for contender in by_key.values():
        spacing = max(contender.spacing, against.spacing)
        costs, brackets = _costs(contender, goal, spacing), _brackets(contender, goal, spacing)
        reached = sum(math.isfinite(step) for step in costs["steps"])
        touched = sum(_touched(one.every(spacing), goal) for one in contender.curves) - reached
        rows.append(
            SpeedupRow(
                key=contender.key,
                members=len(contender.curves),
                evaluated=contender.evaluated,
                reached=reached,
                touched=touched,
                standing=_standing(contender, goal, reached, touched, most=math.isfinite(middle(costs["steps"]))),
                spacing=spacing,
                same_rate=same(contender.learning_rates, against.learning_rates),
                costs={name: _known(middle(each)) for name, each in costs.items()},
                brackets={
                    name: (low, high) if math.isfinite(low + high) else None for name, (low, high) in brackets.items()
                },
                ratios=_ratios(against, contender, goal),
                against_best=_ratios(by_key[best], contender, goal) if best else {},
                differs=differences(against, contender),
                untold=untold(against, contender),
            )
        )
    return Speedup(
        start=goal and goal.start,
        target=goal and goal.value,
        noise=goal and noise_of(against, goal),
        fell_back=_fell_back(against, goal),
        best=best,
        rows=rows,
    )


def goal_of(reference: Sequence[Curve], share: float, better: Better) -> Goal | None:
    """start + share (end - start), both of the median member (of two the worse); None when it did not get better.

    The end is the smoothed one, which one bad or lucky last evaluation does not move. At least half of the members reach
    the goal, and a run on its own always does.
    """
    ways = [way for way in (start_and_end(one, better) for one in reference if one.tells) if way is not None]
    if not ways or 2 * len(ways) < len(reference):
        return None
    worse_median = median_high if better == "lower" else median_low
    start, end = worse_median(way[0] for way in ways), worse_median(way[1] for way in ways)
    target = (1 - share) * start + share * end
    if (target >= start) if better == "lower" else (target <= start):
        return None
    return Goal(start, target, better)


def _fell_back(reference: Contender, goal: Goal | None) -> bool:
    """Whether most members ended worse than their own best by more than the slack of the way."""
    if goal is None:
        return False
    losses = []
    for one in reference.curves:
        smooth = smoothed(one.values, goal.better)
        losses.append(smooth[-1] - min(smooth) > SLACK * abs(goal.value - goal.start) if smooth else False)
    return 2 * sum(losses) > len(losses)


def _touched(curve: Curve, goal: Goal | None) -> bool:
    """Whether any single evaluation came to the target."""
    if goal is None or not curve.tells:
        return False
    finite = [value for value in curve.values if math.isfinite(value)]
    return any(value <= goal.value if goal.better == "lower" else value >= goal.value for value in finite)


def _costs(contender: Contender, goal: Goal | None, spacing: float) -> dict[str, list[float]]:
    """Cost -> what each member spent until it reached and held the goal: infinite when it did not, NaN when not known."""
    members = [spent_until_held(one.every(spacing), goal) for one in contender.curves]
    return {name: [member[name] for member in members] for name in COSTS}


def _brackets(contender: Contender, goal: Goal | None, spacing: float) -> dict[str, tuple[float, float]]:
    """Cost -> medians over members of what had been spent at the evaluations around reaching the goal, as of _costs."""
    members = [bracket_until_held(one.every(spacing), goal) for one in contender.curves]
    ends = {name: zip(*(member[name] for member in members), strict=True) for name in COSTS} if members else {}
    return {name: tuple(map(middle, both)) for name, both in ends.items()}  # pyright: ignore[reportReturnType]


def _standing(contender: Contender, goal: Goal | None, reached: int, touched: int, *, most: bool) -> Standing:
    if not any(one.values for one in contender.curves):
        return "never_recorded"
    if not any(one.finite for one in contender.curves):
        return "never_finite"
    if not contender.evaluated:
        return "too_few"
    if goal is None:
        return "no_target"
    if most:
        return "reached"
    if reached:
        return "not_by_most"
    return "lost" if touched else "not_reached"


def _best(contenders: Sequence[Contender], reference: Contender, goal: Goal | None) -> str | None:
    """Of the contenders of the reference's method, the one with the fewest steps, when they have more than one rate.

    None where none of them gets there, evaluated as rarely as the rarest.
    """
    if goal is None:
        return None
    rivals = [one for one in contenders if one.method == reference.method and len(set(one.learning_rates)) == 1]
    if len({one.learning_rates[0] for one in rivals}) < 2:
        return None
    spacing = max(one.spacing for one in rivals)
    steps = {one.key: middle(_costs(one, goal, spacing)["steps"]) for one in rivals}
    best = min(steps, key=lambda key: steps[key])
    return best if math.isfinite(steps[best]) else None


def _ratios(reference: Contender, contender: Contender, goal: Goal | None) -> dict[str, Ratio | None]:
    spacing = max(reference.spacing, contender.spacing)
    of_reference = _costs(reference, goal, spacing)
    if reference.key == contender.key:
        same = {name: _known(middle(of_reference[name])) for name in _COMPARED}
        return {name: Ratio(1.0) if value is not None and value > 0 else None for name, value in same.items()}
    own = _costs(contender, goal, spacing)
    left, right = _brackets(reference, goal, spacing), _brackets(contender, goal, spacing)
    found = {name: ratio(of_reference[name], own[name], reference.seeds, contender.seeds) for name in _COMPARED}
    return {name: one and _bracketed(one, left[name], right[name]) for name, one in found.items()}


def _bracketed(found: Ratio, reference: tuple[float, float], own: tuple[float, float]) -> Ratio:
    """With the least and the most that it can be: each side reached the target somewhere within its bracket."""
    if not all(map(math.isfinite, (*reference, *own))):
        return found
    at_most = reference[1] / own[0] if own[0] > 0 else None
    return replace(found, at_least=reference[0] / own[1], at_most=at_most)


def _known(cost: float) -> float | None:
    return cost if math.isfinite(cost) else None
