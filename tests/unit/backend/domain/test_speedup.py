"""The speed-up meter in closed form."""

import math

import pytest

from opdboard.domain.errors import BadInput
from opdboard.domain.speedup import Curve, speedup, target


def falling(rate: float, *, per_step: float = 1.0, search: float = 0.0, steps: int = 11) -> Curve:
    """1 - rate * step, evaluated at each step; 10 tokens and per_step seconds a step."""
    numbers = list(range(steps))
    return Curve(
        steps=numbers,
        values=[1 - rate * step for step in numbers],
        tokens=[10.0 * step for step in numbers],
        seconds=[per_step * step for step in numbers],
        search_seconds=[search * step for step in numbers],
    )


def test_twice_the_rate_halves_steps_and_tokens_and_dearer_steps_eat_the_seconds():
    slow, fast = speedup({"slow": falling(0.05), "fast": falling(0.1, per_step=3.0, search=2.0)}, "slow", 1.0, "lower")
    assert (slow.step, slow.tokens, slow.seconds, slow.search_seconds) == (10, 100.0, 10.0, 0.0)
    assert (slow.ratio_steps, slow.ratio_tokens, slow.ratio_seconds) == (1.0, 1.0, 1.0)
    assert (fast.step, fast.tokens, fast.seconds, fast.search_seconds) == (5, 50.0, 15.0, 10.0)
    assert (fast.ratio_steps, fast.ratio_tokens, fast.ratio_seconds) == (2.0, 2.0, 10 / 15)


@pytest.mark.parametrize(("share", "goal", "step"), [(1.0, 0.5, 10), (0.5, 0.75, 5), (0.1, 0.95, 1), (0.12, 0.94, 2)])
def test_the_target_is_a_share_of_the_references_way(share: float, goal: float, step: int):
    reference = falling(0.05)
    assert target(reference, share, "lower") == pytest.approx(goal)
    assert speedup({"r": reference}, "r", share, "lower")[0].step == step


def test_the_whole_way_is_always_reached_whatever_rounding_does():
    for start, end in ((0.1, 0.3), (1 / 3, 0.7), (0.7243, 0.4131)):
        curve = Curve([0, 1], [start, end], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0])
        better = "higher" if end > start else "lower"
        assert speedup({"r": curve}, "r", 1.0, better)[0].step == 1


def test_higher_can_be_better():
    rising = Curve([0, 2, 4], [0.1, 0.3, 0.5], [0.0, 20.0, 40.0], [0.0, 2.0, 4.0], [0.0] * 3)
    assert speedup({"r": rising}, "r", 0.5, "higher")[0].step == 2


def test_the_references_own_cost_is_that_of_its_first_reaching():
    dips = Curve([0, 1, 2, 3], [1.0, 0.2, 0.9, 0.5], [0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0], [0.0] * 4)
    (row,) = speedup({"r": dips}, "r", 1.0, "lower")
    assert (row.step, row.ratio_steps) == (1, 1.0)


def test_a_run_that_never_gets_there_has_no_numbers():
    rows = speedup({"r": falling(0.05), "poor": falling(0.01)}, "r", 1.0, "lower")
    assert (rows[1].reached, rows[1].step, rows[1].ratio_seconds) == (False, None, None)


def test_what_is_not_finite_is_passed_over():
    broken = Curve(
        [0, 1, 2, 3, 4],
        [math.nan, 1.0, -math.inf, 0.5, math.nan],
        [math.nan] * 5,
        [0.0, 1.0, 2.0, 3.0, 4.0],
        [math.nan] * 5,
    )
    (row,) = speedup({"r": broken}, "r", 1.0, "lower")
    assert (target(broken, 1.0, "lower"), row.step, row.tokens, row.ratio_tokens, row.seconds) == (
        0.5,
        3,
        None,
        None,
        3.0,
    )


def test_a_reference_that_got_worse_is_no_measure():
    worse = Curve([0, 4, 8], [0.05, 0.04, 0.06], [0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [0.0] * 3)
    rows = speedup({"r": worse, "other": falling(0.1)}, "r", 1.0, "lower")
    assert target(worse, 1.0, "lower") is None
    assert [row.reached for row in rows] == [False, False]


def test_no_evaluation_means_no_target():
    empty = Curve([], [], [], [], [])
    rows = speedup({"r": empty, "other": falling(0.1)}, "r", 1.0, "lower")
    assert target(empty, 1.0, "lower") is None
    assert [row.reached for row in rows] == [False, False]


def test_reaching_the_target_at_no_cost_has_no_ratio():
    head_start = Curve([0], [0.1], [0.0], [0.0], [0.0])
    rows = speedup({"r": falling(0.05), "there": head_start}, "r", 1.0, "lower")
    assert (rows[1].reached, rows[1].step, rows[1].ratio_steps, rows[1].ratio_seconds) == (True, 0, None, None)


def test_the_reference_must_be_there():
    with pytest.raises(BadInput, match="one of a"):
        speedup({"a": falling(0.1)}, "b", 1.0, "lower")
