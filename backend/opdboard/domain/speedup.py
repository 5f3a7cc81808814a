"""The speed-up meter: what runs or groups spent until a metric first reached a share of the reference's way.

Costs of a group are medians over its members; a member that never reaches the target counts as infinitely dear, so that it
is never dropped: a group has reached the target once more than half of its members have. Ratios of medians come with a
percentile bootstrap interval over seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median, median_high, median_low
from typing import Literal

from opdboard.domain.errors import BadInput

Better = Literal["lower", "higher"]
COSTS = ("steps", "tokens", "seconds", "gpu_seconds")
RESAMPLES = 1000
_LEVEL = 0.95
_SEED = 20260607  # the same question has the same interval


@dataclass(frozen=True)
class Curve:
    """Evaluations of a metric in step order, with what had been spent at each; NaN where a cost is not known.

    tokens: tokens trained on; seconds: training, monitoring and search; search_seconds: the search's part of them;
    gpu_seconds: seconds times GPUs.
    """

    steps: Sequence[int]
    values: Sequence[float]
    tokens: Sequence[float]
    seconds: Sequence[float]
    search_seconds: Sequence[float]
    gpu_seconds: Sequence[float]


@dataclass(frozen=True)
class Contender:
    """A run, or the members of a group with their seeds; learning_rates: those of its members."""

    key: str
    curves: Sequence[Curve]
    seeds: Sequence[int | None] = (None,)
    method: str = ""
    learning_rates: Sequence[float] = ()


@dataclass(frozen=True)
class Ratio:
    """The reference's cost over this one's: above 1 is faster. low and high: 95% interval over seeds; high None is open.

    Both None: one run on each side. paired: members of the same seed were drawn together.
    """

    value: float
    low: float | None = None
    high: float | None = None
    paired: bool = False


@dataclass(frozen=True)
class SpeedupRow:
    """Median costs of the first evaluation at or beyond the target; None: not reached by most, or not known.

    against_best: ratios to the reference's method at its best learning rate among the contenders.
    """

    key: str
    members: int
    reached: int
    same_rate: bool
    costs: Mapping[str, float | None]
    ratios: Mapping[str, Ratio | None]
    against_best: Mapping[str, Ratio | None]


@dataclass(frozen=True)
class Speedup:
    """The meter. best: the contender of the reference's method whose rate takes the fewest steps; None with one rate only."""

    target: float | None
    best: str | None
    rows: Sequence[SpeedupRow]


def speedup(contenders: Sequence[Contender], reference: str, share: float, better: Better) -> Speedup:
    """A row per contender, in their order. BadInput when the reference is not among them.

    Values are single evaluations, nothing is smoothed; what is not finite is passed over. The target is held fixed while
    seeds are drawn anew.
    """
    by_key = {contender.key: contender for contender in contenders}
    if reference not in by_key:
        raise BadInput(
            f"the reference {reference!r} must be one of {', '.join(by_key) or 'the runs'}", where="reference"
        )
    goal = target(by_key[reference].curves, share, better)
    costs = {key: _costs(contender, goal, better) for key, contender in by_key.items()}
    best = _best(contenders, by_key[reference], costs)
    rows = []
    for key, contender in by_key.items():
        ratios = _ratios(by_key[reference], contender, costs)
        rows.append(
            SpeedupRow(
                key=key,
                members=len(contender.curves),
                reached=sum(math.isfinite(step) for step in costs[key]["steps"]),
                same_rate=set(contender.learning_rates) == set(by_key[reference].learning_rates),
                costs={name: _known(_middle(spent)) for name, spent in costs[key].items()},
                ratios=ratios,
                against_best=_ratios(by_key[best], contender, costs) if best else {},
            )
        )
    return Speedup(goal, best, rows)


def target(reference: Sequence[Curve], share: float, better: Better) -> float | None:
    """start + share (final - start), both of the median member (of two the worse); None when it did not get better.

    So at least half of the reference's members reach the target, and a run on its own always does.
    """
    finite = [values for values in ([v for v in one.values if math.isfinite(v)] for one in reference) if values]
    if not finite:
        return None
    worse_median = median_high if better == "lower" else median_low
    start, final = worse_median(values[0] for values in finite), worse_median(values[-1] for values in finite)
    if (final >= start) if better == "lower" else (final <= start):
        return None
    return (1 - share) * start + share * final


def _costs(contender: Contender, goal: float | None, better: Better) -> dict[str, list[float]]:
    """Cost -> what each member spent until it reached the goal: infinite when it did not, NaN when not known."""
    reached = [(one, _first_reaching(one, goal, better)) for one in contender.curves]
    return {
        name: [math.inf if index is None else float(getattr(one, name)[index]) for one, index in reached]
        for name in (*COSTS, "search_seconds")
    }


def _first_reaching(curve: Curve, goal: float | None, better: Better) -> int | None:
    """Index of the first finite value that is as good as the goal."""
    if goal is None:
        return None
    for index, value in enumerate(curve.values):
        if math.isfinite(value) and (value <= goal if better == "lower" else value >= goal):
            return index
    return None


def _best(
    contenders: Sequence[Contender], reference: Contender, costs: Mapping[str, Mapping[str, list[float]]]
) -> str | None:
    """Of the contenders of the reference's method, the one with the fewest steps, when they have more than one rate."""
    rivals = [one for one in contenders if one.method == reference.method and len(set(one.learning_rates)) == 1]
    if len({one.learning_rates[0] for one in rivals}) < 2:
        return None
    return min(rivals, key=lambda one: _middle(costs[one.key]["steps"])).key


def _ratios(
    reference: Contender, contender: Contender, costs: Mapping[str, Mapping[str, list[float]]]
) -> dict[str, Ratio | None]:
    if reference.key == contender.key:
        same = {name: _known(_middle(costs[reference.key][name])) for name in COSTS}
        return {name: Ratio(1.0) if value is not None and value > 0 else None for name, value in same.items()}
    draws = _draws(reference.seeds, contender.seeds)
    return {name: _ratio(costs[reference.key][name], costs[contender.key][name], draws) for name in COSTS}


@dataclass(frozen=True)
class _Draws:
    """Members drawn with replacement: (of the reference, of the other) per resample; none when both are single runs."""

    paired: bool
    members: Sequence[tuple[Sequence[int], Sequence[int]]]


def _draws(reference: Sequence[int | None], other: Sequence[int | None]) -> _Draws:
    """Paired when both have the same seeds, each once; else each side is drawn on its own."""
    random = Random(_SEED)
    left, right = range(len(reference)), range(len(other))
    if max(len(left), len(right)) < 2:
        return _Draws(paired=False, members=())
    paired = (
        len(set(reference)) == len(reference) > 1 and len(set(other)) == len(other) and set(reference) == set(other)
    )
    if not paired:
        each = [(random.choices(left, k=len(left)), random.choices(right, k=len(right))) for _ in range(RESAMPLES)]
        return _Draws(paired=False, members=each)
    partner = [other.index(seed) for seed in reference]
    drawn = [random.choices(left, k=len(left)) for _ in range(RESAMPLES)]
    return _Draws(paired=True, members=[(one, [partner[index] for index in one]) for one in drawn])


def _ratio(reference: Sequence[float], own: Sequence[float], draws: _Draws) -> Ratio | None:
    """None when a side is not known or not reached by most, or costs nothing."""
    above, below = _middle(reference), _middle(own)
    if not math.isfinite(above) or not math.isfinite(below) or below <= 0:
        return None
    if not draws.members:
        return Ratio(above / below)
    lows, highs = [], []
    for of_reference, of_own in draws.members:
        low, high = _bounds(_middle([reference[i] for i in of_reference]), _middle([own[i] for i in of_own]))
        lows.append(low)
        highs.append(high)
    cut = int((1 - _LEVEL) / 2 * RESAMPLES)
    high = sorted(highs)[-1 - cut]
    return Ratio(above / below, sorted(lows)[cut], high if math.isfinite(high) else None, draws.paired)


def _bounds(above: float, below: float) -> tuple[float, float]:
    """The ratio twice; where neither side was reached it can be anything."""
    if (math.isinf(above) and math.isinf(below)) or (above == 0 and below == 0):
        return 0.0, math.inf
    ratio = above / below if below > 0 else math.inf
    return ratio, ratio


def _middle(spent: Sequence[float]) -> float:
    return math.nan if any(math.isnan(one) for one in spent) else median(spent)


def _known(cost: float) -> float | None:
    return cost if math.isfinite(cost) else None
