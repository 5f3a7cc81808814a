"""Ratios of costs over seeds, with intervals that cover what they say for as few as two.

Costs of runs that differ by their seed are taken as log-normal: the interval is Student's of the difference of mean
logarithms, by pairs where both sides have the same seeds, else Welch's (of a single run against several: the spread of
these for both). The percentile bootstrap that is usual elsewhere covers 73% instead of 95% with three seeds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance


def t_975(degrees: float) -> float:
    """t with P(|T| <= t) = 95%, T of Student's distribution; Welch's degrees of freedom need not be whole."""
    from scipy.special import stdtrit  # late: no start of anything waits for it

    return float(stdtrit(degrees, 0.975))


@dataclass(frozen=True)
class Ratio:
    """The reference's cost over this one's: above 1 is faster. low and high: 95% interval over seeds.

    Both None: one run on each side, or a member that never got there, of which no spread is known. paired: members of
    the same seed were compared. at_least and at_most: what the grids of evaluations leave open, each side having reached
    the target between two of them; at_most None with an at_least: without bound, both None: not known.
    """

    value: float
    low: float | None = None
    high: float | None = None
    paired: bool = False
    at_least: float | None = None
    at_most: float | None = None


def ratio(
    reference: Sequence[float],
    own: Sequence[float],
    reference_seeds: Sequence[int | None],
    seeds: Sequence[int | None],
) -> Ratio | None:
    """Of medians over members; infinite costs are those of members that never got there.

    None when a side is not known or not reached by most, or costs nothing.
    """
    above, below = middle(reference), middle(own)
    if not math.isfinite(above) or not math.isfinite(below) or below <= 0:
        return None
    value, paired = above / below, _same(reference_seeds, seeds)
    if not all(math.isfinite(cost) and cost > 0 for cost in (*reference, *own)):
        return Ratio(value, paired=paired)
    logs, own_logs = [math.log(cost) for cost in reference], [math.log(cost) for cost in own]
    if paired:
        half = _half_of_pairs(
            [log - own_logs[seeds.index(seed)] for log, seed in zip(logs, reference_seeds, strict=True)]
        )
    else:
        half = _half_of_two(logs, own_logs)
    if half is None:
        return Ratio(value, paired=paired)
    centre = fmean(logs) - fmean(own_logs)
    return Ratio(value, min(value, math.exp(centre - half)), max(value, math.exp(centre + half)), paired)


def middle(costs: Sequence[float]) -> float:
    """Median; NaN where one is not known."""
    return math.nan if any(math.isnan(one) for one in costs) else median(costs)


def _same(reference: Sequence[int | None], other: Sequence[int | None]) -> bool:
    """Both have the same seeds, each once, and more than one."""
    return len(set(reference)) == len(reference) > 1 and len(set(other)) == len(other) and set(reference) == set(other)


def _half_of_pairs(differences: Sequence[float]) -> float:
    return t_975(len(differences) - 1) * math.sqrt(variance(differences) / len(differences))


def _half_of_two(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Half of Welch's interval; with one run on a side its spread is taken to be the other's; None for two single runs."""
    if len(left) == len(right) == 1:
        return None
    if 1 in (len(left), len(right)):
        several = left if len(left) > 1 else right
        return t_975(len(several) - 1) * math.sqrt(variance(several) * (1 + 1 / len(several)))
    a, b = variance(left) / len(left), variance(right) / len(right)
    if a + b == 0:
        return 0.0
    degrees = (a + b) ** 2 / (a**2 / (len(left) - 1) + b**2 / (len(right) - 1))
    return t_975(degrees) * math.sqrt(a + b)
