"""Intervals of shares: published examples, agreement, and coverage by enumeration of every outcome."""

import math

import numpy as np
import pytest
import torch
from scipy.special import stdtrit
from scipy.stats import binomtest, multinomial

from opdboard_worker.core.binary_interval import gain_interval, share_interval
from opdboard_worker.core.paired import paired_interval


@pytest.mark.parametrize(("right", "count"), [(0, 50), (50, 50), (5, 50), (81, 263), (1, 2), (4000, 5000)])
def test_shares_have_clopper_and_pearsons_interval(right: int, count: int):
    expected = binomtest(right, count).proportion_ci(0.95, method="exact")
    assert share_interval(right, count) == pytest.approx((expected.low, expected.high), rel=1e-9)


@pytest.mark.parametrize(("won", "lost"), [(12, 1), (1, 12), (3, 0), (0, 3), (10, 10)])
def test_at_its_ends_the_score_statistic_is_the_quantile(won: int, lost: int):
    """The chance of losing that is likeliest under d is found by trying a million of them."""
    count, quantile = 50, 1.959964
    for d in gain_interval(won, lost, count, quantile):
        chance = torch.linspace(max(0.0, -d), (1 - d) / 2, 1_000_001, dtype=torch.float64)[1:-1]
        likelihood = won * (chance + d).log() + lost * chance.log()
        rest = count - won - lost
        likelihood += rest * (1 - 2 * chance - d).log() if rest else 0.0
        q = float(chance[likelihood.argmax()])
        statistic = (won - lost - count * d) / math.sqrt(count * (2 * q + d - d**2))
        assert abs(statistic) == pytest.approx(quantile, rel=1e-3) or abs(d) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [2, 16, 50, 256])
def test_agreement_of_all_leaves_room_for_rare_changes(count: int):
    """b = c = 0: (n d)^2 = q^2 n |d| (1 - |d|) has the solution q^2 / (n + q^2)."""
    scores = torch.ones(count)
    gain, low, high = paired_interval(scores, scores)
    square = stdtrit(count - 1, 0.975) ** 2
    assert gain == 0.0
    assert (low, high) == pytest.approx((-square / (count + square), square / (count + square)), abs=1e-9)


def test_all_won_is_not_certain_either():
    gain, low, high = paired_interval(torch.ones(50), torch.zeros(50))
    assert (gain, high) == (1.0, pytest.approx(1.0))
    square = stdtrit(49, 0.975) ** 2
    assert low == pytest.approx((50 - square) / (50 + square))


@pytest.mark.parametrize("count", [16, 50])
def test_it_covers_the_truth_as_often_as_it_says_however_rare_changes_are(count: int):
    quantile = stdtrit(count - 1, 0.975)
    pairs = [(won, lost) for won in range(count + 1) for lost in range(count + 1 - won)]
    low, high = np.array([gain_interval(won, lost, count, quantile) for won, lost in pairs]).T
    outcomes = [(won, lost, count - won - lost) for won, lost in pairs]
    covered = []
    for p in (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4):
        for q in (1e-6, 0.001, 0.01, 0.05, 0.1, 0.3):
            inside = (low <= p - q) & (p - q <= high)
            covered.append(multinomial.pmf(outcomes, count, [p, q, 1 - p - q])[inside].sum())
    assert min(covered) >= 0.94, min(covered)
    assert sum(covered) / len(covered) >= 0.955
