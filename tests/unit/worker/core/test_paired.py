"""Student's t: tabulated quantiles, exact cases, and the coverage that an interval promises."""

import math

import pytest
import torch

from opdboard_worker.core.paired import paired_interval, t_quantile

TABLE = {
    # (probability, degrees): quantile, as printed in the usual tables
    (0.90, 1): 3.078,
    (0.975, 1): 12.706,
    (0.975, 2): 4.303,
    (0.975, 3): 3.182,
    (0.975, 4): 2.776,
    (0.95, 5): 2.015,
    (0.995, 7): 3.499,
    (0.975, 9): 2.262,
    (0.95, 10): 1.812,
    (0.999, 20): 3.552,
    (0.975, 30): 2.042,
    (0.9995, 60): 3.460,
    (0.975, 120): 1.980,
}


@pytest.mark.parametrize(("probability", "degrees"), TABLE)
def test_quantiles_of_the_table(probability: float, degrees: int):
    assert t_quantile(probability, degrees) == pytest.approx(TABLE[probability, degrees], abs=6e-4)


def test_quantile_closed_forms():
    """One degree of freedom is Cauchy's distribution, two have an algebraic one, many approach the normal one."""
    for p in (0.6, 0.9, 0.99):
        assert t_quantile(p, 1) == pytest.approx(math.tan(math.pi * (p - 0.5)), rel=1e-9)
        assert t_quantile(p, 2) == pytest.approx((2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p))), rel=1e-9)
    assert t_quantile(0.975, 100_000) == pytest.approx(1.959964, abs=3e-5)


def test_quantile_is_odd_and_refuses_what_has_none():
    assert t_quantile(0.5, 6) == pytest.approx(0.0, abs=1e-12)
    assert t_quantile(0.1, 6) == pytest.approx(-t_quantile(0.9, 6))
    for probability, degrees in ((0.0, 3), (1.0, 3), (0.9, 0)):
        with pytest.raises(ValueError):
            t_quantile(probability, degrees)


def test_interval_of_a_worked_example():
    """Mean 2, standard deviation 1, N = 3: half width 4.303 / sqrt(3)."""
    mean, low, high = paired_interval(torch.tensor([1.0, 2.0, 3.0]))
    assert mean == 2.0
    assert (low, high) == pytest.approx((2.0 - 2.4843, 2.0 + 2.4843), abs=1e-3)


def test_interval_without_spread_or_without_examples():
    assert paired_interval(torch.full((5,), 0.1, dtype=torch.float64)) == (0.1, 0.1, 0.1)
    assert paired_interval(torch.tensor([0.25])) == (0.25, -math.inf, math.inf)
    mean, low, high = paired_interval(torch.empty(0))
    assert math.isnan(mean)
    assert (low, high) == (-math.inf, math.inf)


def test_interval_covers_the_truth_as_often_as_it_says():
    """4000 experiments of 8 examples each: the share that misses has a standard error of 0.35 points at 5%."""
    gains = 0.3 + torch.randn(4000, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    covered = 0
    for gain in gains:
        _, low, high = paired_interval(gain, confidence=0.95)
        covered += low <= 0.3 <= high
    assert 0.94 <= covered / 4000 <= 0.96


def test_more_confidence_is_wider():
    gain = torch.tensor([0.1, -0.2, 0.4, 0.0])
    widths = [high - low for _, low, high in (paired_interval(gain, c) for c in (0.5, 0.8, 0.95, 0.99))]
    assert widths == sorted(widths)
