"""Intervals over seeds hold the true ratio as often as they say."""

import math
from random import Random

import pytest

from opdboard.domain.seed_ratios import ratio, t_975


def test_quantiles_are_students():
    tabled = {1: 12.7062, 2: 4.3027, 49: 2.0096, 98: 1.9845}
    assert {degrees: round(t_975(degrees), 4) for degrees in tabled} == tabled
    assert t_975(3) < t_975(2.9) < t_975(2)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("design", ["paired", "unpaired", "unequal", "against_one"])
def test_the_95_percent_interval_holds_the_ratio_of_medians_95_percent_of_the_time(seeds: int, design: str):
    """Log-normal costs. Welch's interval with two runs a side is wide rather than narrow."""
    random = Random(f"{seeds} {design}")
    trials, held = 2000, 0
    spread = (0.2, 0.6) if design == "unequal" else (0.4, 0.4)
    for _ in range(trials):
        common = [random.gauss(0, 0.5) if design == "paired" else 0.0 for _ in range(seeds)]
        left = [math.exp(1.0 + shared + random.gauss(0, spread[0])) for shared in common]
        right = [math.exp(shared + random.gauss(0, spread[1])) for shared in common]
        left = left[:1] if design == "against_one" else left
        other = range(seeds) if design == "paired" else range(100, 100 + seeds)
        found = ratio(left, right, range(len(left)), list(other))
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= math.e <= found.high
    assert held / trials > 0.938, held / trials
    assert held / trials < (1.0 if seeds == 2 else 0.985), held / trials
