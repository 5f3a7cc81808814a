"""Ratios of costs over seeds, with intervals that cover what they say for as few as two.

Costs of runs that differ by their seed are taken as log-normal: the interval is Student's of the difference of mean
logarithms, by pairs where both sides have the same seeds, else Welch's (of a single run against several: the spread of
these for both). The percentile bootstrap that is usual elsewhere covers 73% instead of 95% with three seeds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance

# Quantiles t(0.975) of Student's distribution for 1 to 49 degrees of freedom: groups have at most 50 runs.
T_975 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423, 2.0395, 2.0369, 2.0345, 2.0322, 2.0301, 2.0281, 2.0262, 2.0244, 2.0227, 2.0211, 2.0195, 2.0181,
    2.0167, 2.0154, 2.0141, 2.0129, 2.0117, 2.0106, 2.0096,
)  # fmt: skip


def t_975(degrees: float) -> float:
    """t with P(|T| <= t) = 95%, of the next smaller number of degrees that is tabled: a little wide, never narrow."""
    return T_975[min(max(int(degrees), 1), len(T_975)) - 1]


@dataclass(frozen=True)
class Ratio:
    """The reference's cost over this one's: above 1 is faster. low and high: 95% interval over seeds.

    Both None: one run on each side, or a member that never got there, of which no spread is known. paired: members of
    the same seed were compared.
    """

    value: float
    low: float | None = None
    high: float | None = None
    paired: bool = False


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
