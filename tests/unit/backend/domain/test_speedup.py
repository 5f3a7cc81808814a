"""The speed-up meter in closed form."""

import math
from collections.abc import Sequence

import pytest

from opdboard.domain.contenders import Contender
from opdboard.domain.errors import BadInput
from opdboard.domain.reaching import Better, Curve
from opdboard.domain.seed_ratios import Ratio
from opdboard.domain.speedup import SpeedupRow, goal_of, speedup
from opdboard.domain.speedup_notes import notes


def curve(steps: Sequence[int], values: Sequence[float], *, per_step: float = 1.0, search: float = 0.0) -> Curve:
    """10 tokens and per_step seconds a step, of them `search` seconds and 10 `search` tokens; no GPU."""
    return Curve(
        steps=steps,
        values=values,
        tokens=[10.0 * step for step in steps],
        seconds=[per_step * step for step in steps],
        search_tokens=[10 * search * step for step in steps],
        search_seconds=[search * step for step in steps],
        gpu_seconds=[math.nan] * len(steps),
    )


def falling(rate: float, *, per_step: float = 1.0, search: float = 0.0, steps: int = 11) -> Curve:
    """1 - rate * step, evaluated at each step."""
    return curve(range(steps), [1 - rate * step for step in range(steps)], per_step=per_step, search=search)


def alone(key: str, one: Curve, **more) -> Contender:
    return Contender(key, [one], **more)


def reaching(key: str, steps: Sequence[int | None], seeds: Sequence[int | None] = (), **more) -> Contender:
    """Members that fall from 1 to 0.5 at the given steps, or never."""
    members = [curve([0, at or 100], [1.0, 0.5 if at else 0.9]) for at in steps]
    return Contender(key, members, list(seeds) or list(range(len(steps))), **more)


def rows(contenders: list[Contender], reference: str, share: float = 1.0, better: Better = "lower") -> list[SpeedupRow]:
    return list(speedup(contenders, reference, share, better).rows)


def target(reference: Sequence[Curve], share: float, better: Better) -> float:
    found = goal_of(reference, share, better)
    assert found is not None
    return found.value


def ratio(row: SpeedupRow, cost: str = "steps") -> Ratio:
    found = row.ratios[cost]
    assert found is not None
    return found


def test_twice_the_rate_halves_steps_and_tokens_and_dearer_steps_eat_the_seconds():
    slow, fast = rows([alone("slow", falling(0.05)), alone("fast", falling(0.1, per_step=3.0, search=2.0))], "slow")
    known = {"steps": 10, "tokens": 100.0, "seconds": 10.0, "gpu_seconds": None}
    assert slow.costs == known | {"search_tokens": 0.0, "search_seconds": 0.0}
    assert [ratio(slow, cost) for cost in ("steps", "tokens", "seconds")] == [Ratio(1.0)] * 3
    known = {"steps": 5, "tokens": 50.0, "seconds": 15.0, "gpu_seconds": None}
    assert fast.costs == pytest.approx(known | {"search_tokens": 100.0, "search_seconds": 10.0})
    assert [ratio(fast, cost).value for cost in ("steps", "tokens", "seconds")] == pytest.approx([2.0, 2.0, 10 / 15])
    assert fast.ratios["gpu_seconds"] is None


@pytest.mark.parametrize(("share", "goal", "step"), [(1.0, 0.5, 10), (0.5, 0.75, 5), (0.1, 0.95, 1), (0.12, 0.94, 1.2)])
def test_the_target_is_a_share_of_the_references_way_and_is_met_between_evaluations(
    share: float, goal: float, step: float
):
    reference = falling(0.05)
    assert target([reference], share, "lower") == pytest.approx(goal)
    assert rows([alone("r", reference)], "r", share)[0].costs["steps"] == pytest.approx(step)


def test_the_whole_way_is_always_reached_whatever_rounding_does():
    for start, end in ((0.1, 0.3), (1 / 3, 0.7), (0.7243, 0.4131)):
        better: Better = "higher" if end > start else "lower"
        assert rows([alone("r", curve([0, 1], [start, end]))], "r", 1.0, better)[0].costs["steps"] == 1


def test_higher_can_be_better():
    reference = curve([0, 2, 4, 6], [0.1, 0.3, 0.5, 0.7])
    assert rows([alone("r", reference)], "r", 0.5, "higher")[0].costs["steps"] == pytest.approx(3)


DIVERGES = [1.0, 0.4, 5.0, 5.0, 5.0, 5.0]


@pytest.mark.parametrize(
    "values",
    [
        DIVERGES,
        [1.0, 0.4, 0.4, 0.4, 5.0, 5.0],
        [1.0, 0.9, 0.4, 0.9, 0.9, 0.9],
        [1.0, 0.4, 0.4, 0.4, math.nan, math.nan],
        [1.0, 0.9, 0.8, 0.8, 0.8, 0.4],
        [1.0, 0.4, 0.4, 0.4, math.inf, math.inf],
    ],
)
def test_what_was_touched_and_lost_is_not_reached(values: list[float]):
    reference = curve([0, 20, 40, 60, 80, 100], [1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    _, row = rows([alone("r", reference), alone("o", curve([0, 20, 40, 60, 80, 100], values))], "r")
    assert (row.reached, row.touched, row.costs["steps"], row.ratios["tokens"]) == (0, 1, None, None)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([1.0, 0.75, 0.4, 0.4, 0.4, 0.4], 34.286),
        ([1.0, 0.75, 0.4, 3.0, 0.4, 0.4], 54.286),  # one bad evaluation costs one evaluation, no more
        ([1.0, 0.75, 0.4, math.nan, 0.4, 0.4], 54.286),
        ([1.0, 0.75, 0.4, 0.4, 0.52, 0.53], 34.286),  # lost again, but less than a tenth of the way
        ([1.0, 0.75, 0.4, 0.4, 0.4, 3.0], 34.286),
        ([1.0, 0.4, 0.4, 0.7, 0.7, 0.45, 0.45], 96.0),  # lost, and come back to stay
    ],
)
def test_what_is_held_counts_from_where_it_was_crossed(values: list[float], step: float):
    steps = [0, 20, 40, 60, 80, 100, 120][: len(values)]
    reference = curve([0, 20, 40, 60, 80, 100], [1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    _, row = rows([alone("r", reference), alone("o", curve(steps, values))], "r")
    assert row.costs["steps"] == pytest.approx(step, abs=1e-3)


def test_one_bad_or_lucky_last_evaluation_of_the_reference_does_not_move_the_target():
    way = [1 - 0.05 * step for step in range(11)]
    assert target([curve(range(11), way)], 1.0, "lower") == pytest.approx(0.5)
    for last in (3.0, math.nan, math.inf):
        assert target([curve(range(12), [*way, last])], 1.0, "lower") == pytest.approx(0.55), "the one before"
    assert target([curve(range(12), [*way, 0.01])], 1.0, "lower") == pytest.approx(0.4), "no farther than it was going"


def test_a_reference_that_fell_back_says_so():
    back = curve(range(8), [1.0, 0.6, 0.3, 0.3, 0.5, 0.6, 0.7, 0.7])
    measured = speedup([alone("r", back)], "r", 1.0, "lower")
    assert (measured.target, measured.fell_back) == (0.7, True)
    assert not speedup([alone("r", falling(0.05))], "r", 1.0, "lower").fell_back


def test_a_run_that_never_gets_there_has_no_numbers():
    _, poor = rows([alone("r", falling(0.05)), alone("poor", falling(0.01))], "r")
    assert (poor.reached, poor.touched, poor.costs["steps"], poor.ratios["seconds"]) == (0, 0, None, None)


def test_a_cost_that_is_not_known_has_no_ratio():
    known = falling(0.05)
    unknown = Curve(known.steps, known.values, [math.nan] * 11, *[known.seconds] * 4)
    _, row = rows([alone("r", known), alone("o", unknown)], "r")
    assert (row.costs["tokens"], row.ratios["tokens"], ratio(row).value) == (None, None, 1.0)


@pytest.mark.parametrize(
    "useless",
    [curve([0, 4, 8], [0.05, 0.04, 0.06]), curve([], []), curve([0, 1], [math.nan] * 2), curve([0], [1.0])],
)
def test_a_reference_that_got_worse_or_was_not_evaluated_is_no_measure(useless: Curve):
    measured = speedup([alone("r", useless), alone("other", falling(0.1))], "r", 1.0, "lower")
    assert measured.target is None
    assert [(row.reached, row.touched) for row in measured.rows] == [(0, 0), (0, 0)]


def test_reaching_the_target_at_no_cost_has_no_ratio():
    _, there = rows([alone("r", falling(0.05)), alone("there", curve([0, 1], [0.1, 0.1]))], "r")
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
    assert (row.members, row.reached) == (4, 3)


@pytest.mark.parametrize("times", [2, 4, 16])
def test_looking_more_often_wins_nothing(times: int):
    """Noisy curves of one and the same course: the finer one is read as rarely as the coarser."""
    from random import Random

    random = Random(5)
    found = []
    for _ in range(60):
        noise = [[random.gauss(0, 0.03) for _ in range(129)] for _ in range(2)]
        courses = [[math.exp(-step / 60) + noise[side][step] for step in range(129)] for side in (0, 1)]
        rare = curve(range(0, 129, times), courses[0][::times])
        often = curve(range(129), courses[1])
        _, row = rows([alone("r", rare), alone("o", often)], "r", 0.9)
        assert row.spacing == times
        assert "cadence" in row.differs
        if row.ratios["steps"] is not None:
            found.append(math.log(ratio(row).value))
    mean = sum(found) / len(found)
    error = (sum((one - mean) ** 2 for one in found) / len(found) ** 2) ** 0.5
    assert len(found) > 40 and abs(mean) < max(3 * error, 0.02)


def test_what_is_not_alike_is_named():
    reference = alone("r", falling(0.05), batch_sizes={64}, held_out_sizes={100}, temperatures={1.0})
    other = alone(
        "o",
        curve(range(0, 11, 2), falling(0.1).values[::2]),
        batch_sizes={32},
        held_out_sizes={50},
        temperatures={0.5},
        going=True,
    )
    own, row = rows([reference, other], "r")
    assert (own.differs, row.differs) == ([], ["cadence", "batch", "held_out", "temperature", "going"])


@pytest.mark.parametrize("few", [curve([], []), curve([0], [1.0]), curve([0], [0.1])])
def test_what_has_not_been_evaluated_says_so_and_compares_nothing(few: Curve):
    """A run in the queue, or just begun, or one that failed early: of cadence, batch and the rest nothing is said."""
    reference = alone("r", falling(0.05), batch_sizes={64}, held_out_sizes={100}, temperatures={1.0})
    unlike = {"batch_sizes": {32}, "held_out_sizes": {50}, "temperatures": {0.5}}
    for ends, said in (
        ({"going": True}, "not_evaluated"),
        ({"failed": True}, "never_evaluated"),
        ({}, "never_evaluated"),
    ):
        own, row = rows([reference, alone("o", few, **unlike, **ends)], "r")
        assert (own.differs, row.differs, row.untold, row.evaluated) == ([], [said], [], 0)
        assert (row.reached, row.touched, row.costs["steps"], row.ratios["steps"]) == (0, 0, None, None)
        own, row = rows([reference, alone("o", few, **unlike, **ends)], "o")
        assert (own.differs, row.differs, row.untold) == ([], [said], []), "nor is anything compared with it"


def test_a_group_tells_how_many_of_its_runs_have_been_evaluated():
    reference = reaching("r", [40, 40, 40])
    group = Contender("g", [*reaching("g", [20, 20]).curves, curve([], [])], range(3), going=True)
    row = rows([reference, group], "r")[1]
    assert (row.members, row.evaluated, row.reached, row.differs) == (3, 2, 2, ["cadence", "going"])


def test_a_member_that_has_just_begun_does_not_set_the_target():
    begun, done = curve([0], [1.0]), falling(0.05)
    assert target([done, begun], 1.0, "lower") == pytest.approx(0.5)
    assert goal_of([done, begun, begun], 1.0, "lower") is None


def test_a_run_that_failed_is_compared_as_far_as_it_came_and_says_so():
    row = rows([alone("r", falling(0.05)), alone("o", falling(0.1), failed=True)], "r")[1]
    assert (ratio(row).value, row.differs) == (2.0, ["failed"])


def test_what_a_side_does_not_tell_is_not_called_different():
    known = alone("k", falling(0.05), batch_sizes={64}, held_out_sizes={100}, temperatures={1.0}, learning_rates=[1e-5])
    reported = alone("o", falling(0.1), batch_sizes={64})
    for contenders in ([known, reported], [reported, known]):
        own, row = rows(contenders, contenders[0].key)
        assert (row.differs, row.untold, row.same_rate) == ([], ["held_out", "temperature"], None)
        assert own.untold == []


def test_a_last_evaluation_that_comes_early_is_no_other_cadence():
    """Every fourth step, and at the end: of 6 steps, and of 12."""
    short, long = curve([0, 4, 6], [1.0, 0.8, 0.7]), curve([0, 4, 8, 12], [1.0, 0.8, 0.6, 0.4])
    assert (short.spacing, long.spacing) == (4, 4)
    assert rows([alone("l", long), alone("s", short)], "l")[1].differs == []


def test_paired_seeds_are_compared_and_unpaired_ones_are_not():
    plain = reaching("plain", [10, 20, 40], seeds=[0, 1, 2])
    paired = ratio(rows([plain, reaching("fast", [20, 5, 10], seeds=[2, 0, 1])], "plain")[1])
    assert (paired.value, paired.paired) == (2.0, True)
    assert (paired.low, paired.high) == pytest.approx((2.0, 2.0))
    unpaired = ratio(rows([plain, reaching("fast", [20, 5, 10], seeds=[7, 8, 9])], "plain")[1])
    assert (unpaired.value, unpaired.paired) == (2.0, False)
    assert unpaired.low is not None and unpaired.high is not None
    assert unpaired.low < 1 < 4 < unpaired.high


def test_a_run_against_a_group_takes_the_groups_spread_and_two_runs_have_none():
    against_group = ratio(rows([alone("r", curve([0, 40], [1.0, 0.5])), reaching("g", [10, 20, 40])], "r")[1])
    assert against_group.value == 2.0
    assert against_group.low is not None and against_group.high is not None
    # t(2) = 4.302653 times the deviation of log 2 and sqrt(1 + 1/3)
    assert math.log(against_group.high / against_group.low) / 2 == pytest.approx(
        4.302653 * math.log(2) * (4 / 3) ** 0.5
    )
    single = ratio(rows([alone("r", falling(0.05)), alone("s", falling(0.1))], "r")[1])
    assert (single.low, single.high) == (None, None)


def test_a_member_that_never_reaches_counts_as_infinitely_dear_and_leaves_no_interval():
    plain = reaching("plain", [40, 40, 40])
    one_lost, most_lost = (
        rows([plain, reaching("g", steps)], "plain")[1] for steps in ([10, 10, None], [10, None, None])
    )
    assert (one_lost.reached, one_lost.members, one_lost.costs["steps"]) == (2, 3, 10)
    assert (ratio(one_lost).value, ratio(one_lost).low, ratio(one_lost).high) == (4.0, None, None)
    assert (most_lost.reached, most_lost.costs["steps"], most_lost.ratios["steps"]) == (1, None, None)


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


GRID = [0, 16, 32, 48, 64]
STEADY = [1.0, 0.875, 0.75, 0.625, 0.5]


@pytest.mark.parametrize(
    ("steps", "values", "costs", "ratios"),
    [
        (GRID, [1.0, 0.9, 0.4, 0.4, 0.4], (16, 32), (48 / 32, 64 / 16)),
        (GRID, [1.0, 0.4, 0.4, 0.4, 0.4], (0, 16), (48 / 16, None)),  # may have been there at no cost
        (GRID, [0.5, 0.4, 0.4, 0.4, 0.4], (0, 0), None),  # there from the start: no ratio
        (GRID, [1.0, 0.5, 0.5, 0.5, 0.5], (0, 16), (48 / 16, None)),  # at the target itself
        (GRID[1:], [0.5, 0.4, 0.4, 0.4], (0, 16), (48 / 16, None)),  # there at its first evaluation, not at step 0
        (GRID, [1.0, 0.4, 0.9, 0.9, 0.4], None, None),  # the last of them only: not held
        (GRID, [1.0, 0.4, 0.4, 0.9, 0.9, 0.4, 0.4, 0.4], (64, 80), (48 / 80, 1.0)),  # lost, and come back to stay
        (
            range(0, 65, 8),
            [1.0, 0.95, 0.9, 0.7, 0.4, 0.4, 0.4, 0.4, 0.4],
            (16, 32),
            (48 / 32, 64 / 16),
        ),  # finer: read as 16
        ([0, 32, 64], [1.0, 0.4, 0.4], (0, 32), (32 / 32, None)),  # coarser: the reference is read at 0, 32, 64
        (GRID, [math.inf, math.nan, 0.4, 0.4, 0.4], (16, 32), (48 / 32, 64 / 16)),
        ([0, 16], [1.0, 0.4], (0, 16), (48 / 16, None)),
        ([16], [0.4], None, None),
    ],
)
@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("offset", [0.0, -3.0])
def test_a_ratio_has_the_bracket_that_the_grids_leave(steps, values, costs, ratios, better: Better, offset: float):
    """By hand: the reference ends at its last evaluation, 64, and was not there at 48. Whatever the sign, and zero crossed."""
    sign = 1.0 if better == "lower" else -1.0

    def shifted(given: Sequence[float]) -> list[float]:
        return [sign * (value + offset) for value in given]

    steps = [*steps, *range(80, 200, 16)][: len(values)]
    contenders = [alone("r", curve(GRID, shifted(STEADY))), alone("o", curve(steps, shifted(values), per_step=2.0))]
    reference, row = rows(contenders, "r", better=better)
    assert reference.brackets["steps"] == (48, 64) and reference.ratios["steps"] == Ratio(1.0)
    assert row.brackets["steps"] == costs
    assert row.brackets["seconds"] == (costs and tuple(2.0 * one for one in costs))
    found = row.ratios["steps"]
    assert (found and (found.at_least, found.at_most)) == (ratios and pytest.approx(ratios))
    if found is not None and found.at_least is not None:
        assert found.at_least <= found.value <= (found.at_most or math.inf)
        seconds = row.ratios["seconds"]
        assert seconds is not None and seconds.at_least == pytest.approx(found.at_least / 2)


def test_a_groups_bracket_is_of_medians_and_holds_its_ratio():
    plain = Contender("plain", [curve(GRID, STEADY)] * 3, [0, 1, 2])
    members = [curve(GRID, [1.0, 0.4, 0.4, 0.4, 0.4]), curve(GRID, [1.0, 1.0, 0.4, 0.4, 0.4]), curve(GRID, [1.0] * 5)]
    row = rows([plain, Contender("g", members, [0, 1, 2])], "plain")[1]
    assert (row.standing, row.reached, row.brackets["steps"]) == ("reached", 2, (16, 32))
    assert (ratio(row).at_least, ratio(row).at_most) == (48 / 32, 64 / 16)
    most_lost = rows([plain, Contender("g", [members[0], members[2], members[2]], [0, 1, 2])], "plain")[1]
    assert (most_lost.standing, most_lost.brackets["steps"]) == ("not_by_most", None)


def test_a_bracket_of_a_cost_that_is_not_known_is_not_known():
    known = curve(GRID, STEADY)
    unknown = Curve(known.steps, known.values, [math.nan] * 4 + [640.0], *[known.seconds] * 4)
    row = rows([alone("r", known), alone("o", unknown)], "r")[1]
    assert (row.costs["tokens"], row.brackets["tokens"]) == (640.0, None), "known at the end alone"
    assert (ratio(row, "tokens").at_least, ratio(row).at_least) == (None, 48 / 64)


def test_without_a_target_no_rate_is_the_best():
    worse = [1.0, 1.1, 1.2, 1.3, 1.4]
    slow, fast = (alone(f"{rate}", curve(GRID, worse), method="opd", learning_rates=[rate]) for rate in (1e-5, 1e-4))
    measured = speedup([slow, fast], slow.key, 1.0, "lower")
    assert (measured.target, measured.best, [row.standing for row in measured.rows]) == (None, None, ["no_target"] * 2)


@pytest.mark.parametrize(
    ("rates", "told"),
    [
        (([1e-5], [1e-5]), "No other learning rate of"),
        (([1e-5, 1e-4], [1e-5]), "Runs of several learning rates are one group, so which rate"),
        (([1e-5], [1e-4]), "At none of the learning rates of"),
    ],
)
def test_where_no_rate_is_the_best_the_note_says_why(rates: tuple[list[float], list[float]], told: str):
    # The reference reaches 0.5 and its last evaluation is a bad one: looked at as rarely as the other one, it never does.
    reference = alone("r", curve(range(7), [1, 0.9, 0.8, 0.7, 0.5, 0.5, 0.8]), method="opd", learning_rates=rates[0])
    rare = alone("o", curve([0, 3, 6], [1.0, 0.9, 0.8]), method="opd", learning_rates=rates[1])
    measured = speedup([rare, reference], "r", 1.0, "lower")
    assert measured.best is None
    assert measured.rows[1].standing == "reached"
    assert notes(measured, {"r": reference, "o": rare}, "r", "eval/reverse_kl")[0].startswith(told)


def test_what_is_less_than_two_standard_errors_away_can_be_told_from_what_is_said():
    noisy = [1.0, 1.0 + 4e-4, 1.0 - 4e-4, 1.0 + 4e-4, 1.0 - 4e-4, 1.0 + 4e-4, 1.0 - 1.8e-4, 1.0 - 1.8e-4, 1.0 - 1.8e-4]
    reference = alone("r", curve(range(9), noisy))
    measured = speedup([reference], "r", 1.0, "lower")
    assert measured.within_noise
    assert "1.8e-4 from the start" in " ".join(notes(measured, {"r": reference}, "r", "eval/reverse_kl"))


def test_a_curve_without_a_finite_value_was_not_evaluated():
    reference, empty = alone("r", falling(0.05)), alone("o", curve(range(3), [math.nan, math.inf, math.nan]))
    row = rows([reference, empty], "r")[1]
    assert (row.standing, row.evaluated, row.differs) == ("never_finite", 0, ["never_evaluated"])
    assert speedup([empty, reference], "o", 1.0, "lower").target is None
