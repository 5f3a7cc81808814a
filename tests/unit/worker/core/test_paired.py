"""Exact cases, and the coverage that an interval promises."""

import math

import pytest
import torch

from opdboard_worker.core.paired import paired_interval


def against_zero(gain: torch.Tensor, confidence: float = 0.95) -> tuple[float, float, float]:
    return paired_interval(gain, torch.zeros_like(gain), confidence)


def test_a_gain_without_skew_has_students_interval_or_a_little_more():
    """Mean 2, standard deviation 1, N = 3: half width 4.303 / sqrt(3), which the bootstrap may only widen."""
    mean, low, high = against_zero(torch.tensor([1.0, 2.0, 3.0]))
    assert mean == 2.0
    assert low <= 2.0 - 2.4841
    assert high >= 2.0 + 2.4841


def test_interval_without_spread_or_without_examples():
    assert against_zero(torch.full((5,), 0.1, dtype=torch.float64)) == (0.1, 0.1, 0.1)
    assert against_zero(torch.tensor([0.25], dtype=torch.float64)) == (0.25, -math.inf, math.inf)
    assert against_zero(torch.tensor([1.0])) == (1.0, -math.inf, math.inf)
    mean, low, high = against_zero(torch.empty(0))
    assert math.isnan(mean)
    assert (low, high) == (-math.inf, math.inf)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_gain_that_is_not_finite_has_no_interval(wrong: float):
    gain, low, high = against_zero(torch.tensor([0.1, wrong, 0.3]))
    assert not math.isfinite(gain)
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("examples", "skew", "least"),
    [(8, 0.0, 0.93), (64, 0.0, 0.94), (64, 1.0, 0.93), (64, 2.0, 0.82), (16, 2.0, 0.75)],
)
def test_interval_covers_the_truth_as_often_as_the_module_says(examples: int, skew: float, least: float):
    """600 experiments: the share that misses has a standard error of one point at 5%. Gains: normal, or log-normal."""
    drawn = torch.randn(600, examples, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gains, truth = ((skew * drawn).exp(), math.exp(skew**2 / 2)) if skew else (0.3 + drawn, 0.3)
    intervals = [against_zero(gain)[1:] for gain in gains]
    assert sum(low <= truth <= high for low, high in intervals) / len(gains) >= least
    for gain, (low, high) in zip(gains[::10], intervals[::10], strict=True):
        assert against_zero(-gain)[1:] == pytest.approx((-high, -low), rel=0.5, abs=0.5 * (high - low))


def test_more_confidence_is_wider():
    gain = torch.tensor([0.1, -0.2, 0.4, 0.0])
    widths = [high - low for _, low, high in (against_zero(gain, c) for c in (0.5, 0.8, 0.95, 0.99))]
    assert widths == sorted(widths)


def test_a_mean_over_tokens_weighs_long_responses_more():
    """Per-response means say better, tokens say worse: the gain is that of the tokens, and so is its sign."""
    score, accepted = torch.tensor([-0.1, -0.2, -1.0]), torch.tensor([-0.5, -0.6, -0.9])
    length = torch.tensor([1, 2, 100])
    gain, low, high = paired_interval(score, accepted, weights=(length, length))
    tokens = float((length * (score - accepted)).sum() / length.sum())
    assert float((score - accepted).mean()) > 0 > tokens
    assert gain == pytest.approx(tokens)
    assert low < gain < high


def test_the_error_of_a_ratio_is_that_of_its_linear_terms():
    """Own lengths on both sides, by the delta method written out; 64 like examples, where the bootstrap adds little."""
    generator = torch.Generator().manual_seed(3)
    count = 64
    score, accepted = (torch.randn(count, generator=generator, dtype=torch.float64) for _ in range(2))
    length, other = (torch.randint(5, 30, (count,), generator=generator).double() for _ in range(2))
    mean, mean_accepted = (score * length).sum() / length.sum(), (accepted * other).sum() / other.sum()
    term = length * (score - mean) / length.mean() - other * (accepted - mean_accepted) / other.mean()
    half = 1.9983 * float(term.std()) / math.sqrt(count)
    gain, low, high = paired_interval(score, accepted, weights=(length, other))
    assert gain == pytest.approx(float(mean - mean_accepted))
    assert (gain - low, high - gain) == pytest.approx((half, half), rel=0.15)
    assert min(gain - low, high - gain) >= half * 0.9999


def test_equal_lengths_are_no_weights():
    score, accepted = torch.tensor([0.1, 0.5, 0.2, 0.9]), torch.tensor([0.0, 0.6, 0.1, 0.2])
    sevens = torch.full((4,), 7)
    assert paired_interval(score, accepted, weights=(sevens, sevens)) == pytest.approx(paired_interval(score, accepted))
