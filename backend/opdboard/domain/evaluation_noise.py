"""How exact one evaluation is: of a share from the number of answers, of anything else from how its curve jitters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from opdboard.domain.contenders import Contender
from opdboard.domain.reaching import Curve, Goal

FEWEST_DIFFERENCES = 4
_SPREAD = 0.6745 * math.sqrt(20)
"""Median size of a third difference (1, -3, 3, -1) of independent normal errors of standard deviation 1."""


@dataclass(frozen=True)
class Noise:
    """Standard error of one evaluation. answers: how many it was told from; None where it is told from the curve's jitter."""

    standard_error: float
    answers: int | None = None


def noise_of(reference: Contender, goal: Goal) -> Noise | None:
    """Of a share of answers the binomial one, the larger of those at start and target; None where too little tells it."""
    if reference.answers is not None:
        variance = max(share * (1 - share) for share in (goal.start, goal.value))
        return Noise(math.sqrt(max(0.0, variance) / reference.answers), reference.answers)
    error = jitter(reference.curves)
    return None if error is None else Noise(error)


def jitter(curves: Sequence[Curve]) -> float | None:
    """From the median size of third differences, which a smooth course hardly has; None with fewer than four of them.

    Of four evaluations in a row that are equally far apart and finite.
    """
    found: list[float] = []
    for curve in curves:
        for at in range(len(curve.steps) - 3):
            steps, (a, b, c, d) = curve.steps[at : at + 4], curve.values[at : at + 4]
            even = steps[1] - steps[0] == steps[2] - steps[1] == steps[3] - steps[2]
            if even and math.isfinite(a + b + c + d):
                found.append(abs(a - 3 * b + 3 * c - d))
    return median(found) / _SPREAD if len(found) >= FEWEST_DIFFERENCES else None
