"""Bootstrap intervals: exact where the draw cannot matter, and as wide as theory says where it does."""

import math

import pytest
import torch

from opdboard_worker.core import bootstrap


def normal(seed: int, count: int, mean: float = 0.0) -> torch.Tensor:
    return mean + torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_constant_gain_has_no_spread():
    base = normal(0, 50)
    gain = bootstrap.difference(base + 0.25, base)
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.25, 0.25, 0.25))


def test_the_interval_of_a_mean_is_as_wide_as_the_central_limit_says():
    scores = normal(1, 400, mean=3.0)
    found = bootstrap.mean(scores)
    half = 1.96 * float(scores.std()) / math.sqrt(400)
    assert found.value == pytest.approx(float(scores.mean()))
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)
    assert found.low < 3.0 < found.high


def test_pairing_takes_away_what_both_share():
    hard = normal(2, 200) * 10
    a, b = hard + normal(3, 200), hard + 0.5 + normal(4, 200)
    paired = bootstrap.difference(b, a)
    assert paired.high - paired.low < 0.2 * (bootstrap.mean(a).high - bootstrap.mean(a).low)


def test_recovery_is_the_share_of_the_gain():
    base = normal(5, 300)
    final = base + 2.0 + 0.1 * normal(6, 300)
    for share in (0.0, 0.8, 1.0, 1.2):
        found = bootstrap.recovery(base + share * (final - base), base, final)
        assert found.value == pytest.approx(share)
        assert (found.low, found.high) == pytest.approx((share, share))
    noisy = bootstrap.recovery(base + 1.6 + 0.5 * normal(7, 300), base, final)
    assert noisy.low < noisy.value < noisy.high
    assert noisy.value == pytest.approx(0.8, abs=0.1)


def test_there_is_no_share_of_no_gain():
    base = normal(8, 10)
    assert math.isnan(bootstrap.recovery(base + 1, base, base).value)
    assert math.isnan(bootstrap.recovery(base + 1, base, base).low)


def test_one_prompt_has_no_interval_and_none_no_value():
    one = bootstrap.difference(torch.tensor([2.0]), torch.tensor([1.0]))
    assert one.value == 1.0
    assert math.isnan(one.low)
    assert math.isnan(bootstrap.mean(torch.empty(0)).value)
    with pytest.raises(ValueError, match="one value per prompt"):
        bootstrap.difference(torch.ones(2), torch.ones(3))


def test_shares_that_all_agree_are_not_certain():
    right = torch.tensor([1.0, 0.5, 0.0, 0.5] * 5)
    same = bootstrap.difference(right, right, shares=True)
    assert (same.value, same.low) == (0.0, pytest.approx(-same.high))
    assert 0.1 < same.high < 0.25
    none = bootstrap.mean(torch.zeros(50), shares=True)
    assert (none.value, none.low, none.high) == (0.0, 0.0, pytest.approx(0.0711, abs=1e-4))


def test_the_mean_of_shares_that_all_agree_has_the_interval_of_single_answers():
    halves = torch.full((10,), 0.5, dtype=torch.float64)
    found = bootstrap.mean(halves, shares=True)
    single = bootstrap.mean(torch.tensor([0.0, 1.0] * 5), shares=True)
    assert vars(found) == vars(single)
    assert bootstrap.mean(halves) == bootstrap.Interval(0.5, 0.5, 0.5)
    thirds = bootstrap.mean(torch.full((10,), 1 / 3, dtype=torch.float64), shares=True)
    lower, upper = (bootstrap.mean(torch.tensor([1.0] * right + [0.0] * (10 - right)), shares=True) for right in (3, 4))
    assert lower.low < thirds.low < upper.low < thirds.value < lower.high < thirds.high < upper.high


def test_no_interval_of_a_share_goes_beyond_what_a_share_can_be():
    few = torch.tensor([0.0, 0.0, 0.25, 0.5], dtype=torch.float64)
    assert bootstrap.mean(few).low < 0 == bootstrap.mean(few, shares=True).low
    assert bootstrap.mean(1 - few).high > 1 == bootstrap.mean(1 - few, shares=True).high


@pytest.mark.parametrize("gain", [0.25, -0.25, 1.0, 1 / 3])
def test_prompts_that_all_gain_the_same_share_still_leave_room(gain: float):
    """Two prompts with one more right answer of four each do not show that every other prompt would have one more."""
    two = bootstrap.difference(torch.full((2,), 0.5 + gain / 2), torch.full((2,), 0.5 - gain / 2), shares=True)
    assert two.value == pytest.approx(gain)
    assert min(two.low, two.high) < 0 < max(two.low, two.high)
    many = bootstrap.difference(torch.full((256,), 0.5 + gain / 2), torch.full((256,), 0.5 - gain / 2), shares=True)
    assert two.low <= many.low <= gain <= many.high + 1e-9 <= two.high + 2e-9
    assert 0.005 < many.high - many.low < 0.2
    plain = bootstrap.difference(torch.full((256,), 1.5 + gain), torch.full((256,), 1.5), shares=False)
    assert plain.high - plain.low < 1e-6


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_is_no_share_has_no_interval_of_shares_where_it_happens_to_be_0_or_1(value: float):
    """A KL to the model itself, the length of answers that all end at once."""
    same = torch.full((64,), value)
    assert vars(bootstrap.mean(same)) == {"value": value, "low": value, "high": value}
    assert vars(bootstrap.difference(same, same)) == {"value": 0.0, "low": 0.0, "high": 0.0}
    some = torch.tensor([0.0, 1.0] * 32)
    half = 1.9983405 * float(some.std()) / 8
    assert bootstrap.difference(some, torch.zeros(64)).low <= 0.5 - half + 1e-6


def test_no_gain_of_shares_is_beyond_all_of_them():
    shares, base = torch.tensor([0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 1.0, 1.0]), torch.zeros(8)
    gained, lost = bootstrap.difference(shares, base, shares=True), bootstrap.difference(base, shares, shares=True)
    assert bootstrap.difference(shares, base).high > 1, "otherwise this shows nothing"
    assert (gained.high, lost.low) == (1.0, -1.0)
