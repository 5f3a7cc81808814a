"""The speed-up meter in closed form."""

import math
from collections.abc import Sequence

import pytest

from opdboard.domain.errors import BadInput
from opdboard.domain.speedup import Better, Contender, Curve, Ratio, SpeedupRow, speedup, target


def curve(steps: Sequence[int], values: Sequence[float], *, per_step: float = 1.0, search: float = 0.0) -> Curve:
    """10 tokens and per_step seconds a step; no GPU."""
    return Curve(
        steps=steps,
        values=values,
        tokens=[10.0 * step for step in steps],
        seconds=[per_step * step for step in steps],
        search_seconds=[search * step for step in steps],
        gpu_seconds=[math.nan] * len(steps),
    )


def falling(rate: float, *, per_step: float = 1.0, search: float = 0.0, steps: int = 11) -> Curve:
    """1 - rate * step, evaluated at each step."""
    return curve(range(steps), [1 - rate * step for step in range(steps)], per_step=per_step, search=search)


def alone(key: str, one: Curve) -> Contender:
    return Contender(key, [one])


def reaching(key: str, steps: Sequence[int | None], seeds: Sequence[int | None] = (), **more) -> Contender:
    """Members that fall from 1 to 0.5 at the given steps, or never."""
    members = [curve([0, at or 100], [1.0, 0.5 if at else 0.9]) for at in steps]
    return Contender(key, members, list(seeds) or list(range(len(steps))), **more)


def rows(contenders: list[Contender], reference: str, share: float = 1.0, better: Better = "lower") -> list[SpeedupRow]:
    return list(speedup(contenders, reference, share, better).rows)


def ratio(row: SpeedupRow, cost: str = "steps") -> Ratio:
    found = row.ratios[cost]
    assert found is not None
    return found


def test_twice_the_rate_halves_steps_and_tokens_and_dearer_steps_eat_the_seconds():
    slow, fast = rows([alone("slow", falling(0.05)), alone("fast", falling(0.1, per_step=3.0, search=2.0))], "slow")
    assert slow.costs == {"steps": 10, "tokens": 100.0, "seconds": 10.0, "gpu_seconds": None, "search_seconds": 0.0}
    assert [ratio(slow, cost) for cost in ("steps", "tokens", "seconds")] == [Ratio(1.0)] * 3
    assert fast.costs == {"steps": 5, "tokens": 50.0, "seconds": 15.0, "gpu_seconds": None, "search_seconds": 10.0}
    assert (ratio(fast), ratio(fast, "tokens"), ratio(fast, "seconds")) == (Ratio(2.0), Ratio(2.0), Ratio(10 / 15))
    assert fast.ratios["gpu_seconds"] is None


@pytest.mark.parametrize(("share", "goal", "step"), [(1.0, 0.5, 10), (0.5, 0.75, 5), (0.1, 0.95, 1), (0.12, 0.94, 2)])
def test_the_target_is_a_share_of_the_references_way(share: float, goal: float, step: int):
    reference = falling(0.05)
    assert target([reference], share, "lower") == pytest.approx(goal)
    assert rows([alone("r", reference)], "r", share)[0].costs["steps"] == step


def test_the_whole_way_is_always_reached_whatever_rounding_does():
    for start, end in ((0.1, 0.3), (1 / 3, 0.7), (0.7243, 0.4131)):
        better: Better = "higher" if end > start else "lower"
        assert rows([alone("r", curve([0, 1], [start, end]))], "r", 1.0, better)[0].costs["steps"] == 1


def test_higher_can_be_better():
    assert rows([alone("r", curve([0, 2, 4], [0.1, 0.3, 0.5]))], "r", 0.5, "higher")[0].costs["steps"] == 2


def test_the_references_own_cost_is_that_of_its_first_reaching():
    (row,) = rows([alone("r", curve([0, 1, 2, 3], [1.0, 0.2, 0.9, 0.5]))], "r")
    assert (row.costs["steps"], ratio(row)) == (1, Ratio(1.0))


def test_a_run_that_never_gets_there_has_no_numbers():
    _, poor = rows([alone("r", falling(0.05)), alone("poor", falling(0.01))], "r")
    assert (poor.reached, poor.costs["steps"], poor.ratios["seconds"]) == (0, None, None)


def test_what_is_not_finite_is_passed_over():
    values = [math.nan, 1.0, -math.inf, 0.5, math.nan]
    broken = Curve(range(5), values, [math.nan] * 5, [0.0, 1.0, 2.0, 3.0, 4.0], [math.nan] * 5, [math.nan] * 5)
    (row,) = rows([alone("r", broken)], "r")
    assert target([broken], 1.0, "lower") == 0.5
    assert (row.costs["steps"], row.costs["tokens"], row.ratios["tokens"], row.costs["seconds"]) == (3, None, None, 3.0)


def test_a_reference_that_got_worse_or_was_not_evaluated_is_no_measure():
    for useless in (curve([0, 4, 8], [0.05, 0.04, 0.06]), curve([], [])):
        measured = speedup([alone("r", useless), alone("other", falling(0.1))], "r", 1.0, "lower")
        assert measured.target is None
        assert [row.reached for row in measured.rows] == [0, 0]


def test_reaching_the_target_at_no_cost_has_no_ratio():
    _, there = rows([alone("r", falling(0.05)), alone("there", curve([0], [0.1]))], "r")
    assert (there.reached, there.costs["steps"], there.ratios["steps"]) == (1, 0, None)


def test_the_reference_must_be_there():
    with pytest.raises(BadInput, match="one of a"):
        speedup([alone("a", falling(0.1))], "b", 1.0, "lower")


def test_a_groups_target_is_its_median_members_way_and_half_of_them_reach_it():
    ends = [0.2, 0.4, 0.6, 0.8]
    group = [curve([0, 10], [1.0, end]) for end in ends]
    assert target(group, 1.0, "lower") == 0.6
    assert target(group[:3], 1.0, "lower") == 0.4
    (row,) = rows([Contender("g", group, range(4))], "g")
    assert (row.members, row.reached, row.costs["steps"]) == (4, 3, 10)


def test_paired_seeds_are_drawn_together_and_unpaired_ones_are_not():
    plain = reaching("plain", [10, 20, 40], seeds=[0, 1, 2])
    paired = ratio(rows([plain, reaching("fast", [20, 5, 10], seeds=[2, 0, 1])], "plain")[1])
    assert (paired.value, paired.low, paired.high, paired.paired) == (2.0, 2.0, 2.0, True)
    unpaired = ratio(rows([plain, reaching("fast", [20, 5, 10], seeds=[7, 8, 9])], "plain")[1])
    assert (unpaired.value, unpaired.paired) == (2.0, False)
    assert unpaired.low is not None and unpaired.high is not None
    assert unpaired.low < 1 < 4 <= unpaired.high


def test_a_run_against_a_group_has_the_groups_interval_and_two_runs_have_none():
    against_group = ratio(rows([alone("r", curve([0, 40], [1.0, 0.5])), reaching("g", [10, 20, 40])], "r")[1])
    assert (against_group.value, against_group.low, against_group.high) == (2.0, 1.0, 4.0)
    single = ratio(rows([alone("r", falling(0.05)), alone("s", falling(0.1))], "r")[1])
    assert (single.low, single.high) == (None, None)


def test_a_member_that_never_reaches_counts_as_infinitely_dear():
    plain = reaching("plain", [40, 40, 40])
    one_lost, most_lost = (
        rows([plain, reaching("g", steps)], "plain")[1] for steps in ([10, 10, None], [10, None, None])
    )
    assert (one_lost.reached, one_lost.members, one_lost.costs["steps"]) == (2, 3, 10)
    assert (ratio(one_lost).value, ratio(one_lost).low, ratio(one_lost).high) == (4.0, 0.0, 4.0)
    assert (most_lost.reached, most_lost.costs["steps"], most_lost.ratios["steps"]) == (1, None, None)


def test_a_reference_whose_seeds_often_miss_leaves_the_interval_open():
    members = [curve([0, 40], [1.0, end]) for end in (0.5, 0.5, 0.9)]
    found = ratio(
        rows([Contender("plain", members, [0, 1, 2]), reaching("g", [10, 10, 10], seeds=[3, 4, 5])], "plain")[1]
    )
    assert (found.value, found.low, found.high) == (4.0, 4.0, None)


def test_the_best_rate_of_the_references_method_is_a_second_reference():
    slow = reaching("slow", [40, 40], method="opd", learning_rates=[1e-5, 1e-5])
    best = reaching("best", [8, 8], method="opd", learning_rates=[3e-4, 3e-4])
    ahead = reaching("ahead", [10, 10], method="effopd", learning_rates=[1e-5, 1e-5])
    measured = speedup([slow, best, ahead], "slow", 1.0, "lower")
    row = measured.rows[2]
    assert (measured.best, row.same_rate, measured.rows[1].same_rate) == ("best", True, False)
    assert ratio(row).value == 4.0
    against_best = row.against_best["steps"]
    assert against_best is not None and against_best.value == 0.8
    assert speedup([slow, ahead], "slow", 1.0, "lower").best is None
