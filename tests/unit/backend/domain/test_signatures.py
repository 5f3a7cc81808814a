"""Each failure signature fires on a constructed failure, and is quiet on what healthy runs do."""

import math
import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opdboard.domain import module_signatures as modules
from opdboard.domain import scalar_signatures as scalars
from opdboard.domain.alerts import SIGNATURES, AlertKind, Subject
from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord

SEEDS = st.integers(0, 10_000)
"""Of noise. An alarm may fire on one noise in a thousand: the tests that draw these draw the same ones each time."""


def noisy(rng: random.Random, centre: list[float], sigma: float) -> list[float]:
    """Each value times log-normal noise."""
    return [value * math.exp(rng.gauss(0, sigma)) for value in centre]


def falling(steps: int, start: float = 0.65, end: float = 0.1) -> list[float]:
    """A healthy course of the reverse KL."""
    return [end + (start - end) * math.exp(-3 * step / steps) for step in range(steps)]


def prefixes(values: list[float]) -> list[list[float]]:
    return [values[: end + 1] for end in range(len(values))]


def test_every_kind_but_a_rule_says_what_it_looks_for():
    assert set(SIGNATURES) == set(AlertKind) - {AlertKind.RULE}


@settings(max_examples=15, deadline=None, derandomize=True)
@given(SEEDS, st.floats(0.02, 0.3))
def test_a_noisy_falling_kl_is_no_spike(seed: int, sigma: float):
    values = noisy(random.Random(seed), falling(200), sigma)
    raised = [end for end, part in enumerate(prefixes(values)) if scalars.kl_spike(part).firing]
    assert len(raised) <= (sigma > 0.25), raised


def test_a_kl_spike_is_seen_at_its_step_and_over_when_it_is():
    values = noisy(random.Random(0), falling(60), 0.1)
    calm, spike = values[:40], [*values[:40], 2.0]
    assert not scalars.kl_spike(calm).firing
    sighting = scalars.kl_spike(spike).firing[Subject("reverse_kl")]
    assert sighting.value == 2.0
    assert "times the median of the 16 measurements before" in sighting.sentence
    assert not scalars.kl_spike(spike).is_clear(Subject("reverse_kl"))
    assert scalars.kl_spike([*spike, values[41]]).is_clear(Subject("reverse_kl"))


@pytest.mark.parametrize("values", [[], [0.5], [0.1] * 15 + [5.0], [0.0] * 40 + [0.01], [0.5] * 40 + [math.nan]])
def test_too_little_or_too_small_is_no_spike(values: list[float]):
    assert not (scalars.kl_spike(values).firing if values else {})


def test_length_collapse_needs_both_to_rise():
    rng = random.Random(1)
    calm = [max(0.0, rng.gauss(0.1, 0.03)) for _ in range(60)]
    risen = calm[:50] + [0.3 + 0.07 * step for step in range(10)]
    assert scalars.length_collapse(risen, risen).firing
    assert not scalars.length_collapse(risen, calm).firing
    assert not scalars.length_collapse(calm, risen).firing
    assert scalars.length_collapse(risen + calm[:10], risen + calm[:10]).is_clear(Subject("truncated_share"))
    slow = [0.05 + 0.9 * step / 255 for step in range(256)]
    assert any(scalars.length_collapse(part, part).firing for part in prefixes(slow))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(SEEDS, st.floats(0.0, 0.6), st.sampled_from([16, 64]))
def test_shares_of_small_batches_that_only_scatter_are_no_collapse(seed: int, share: float, batch: int):
    rng = random.Random(seed)
    cut, repeated = ([sum(rng.random() < share for _ in range(batch)) / batch for _ in range(150)] for _ in range(2))
    raised = [end for end in range(20, 150) if scalars.length_collapse(cut[:end], repeated[:end]).firing]
    assert not raised


def healthy_overlap(rng: random.Random, steps: int) -> tuple[list[float], list[float], list[float]]:
    overlap = [0.72 + 0.19 * (1 - math.exp(-step / 40)) + rng.gauss(0, 0.01) for step in range(steps)]
    gap = noisy(rng, falling(steps, 0.4, 0.1), 0.05)
    return overlap, gap, noisy(rng, [0.5] * steps, 0.3)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(SEEDS, st.booleans())
def test_a_run_that_learns_is_left_alone(seed: int, small_gradients: bool):
    rng = random.Random(seed)
    overlap, gap, gradient = healthy_overlap(rng, 120)
    gradient = [0.01] * 120 if small_gradients else gradient
    for end in range(1, 121):
        assert not scalars.nothing_to_learn(
            overlap[:end], gap[:end], gradient[:end], clip=1.0, from_start=lambda: True
        ).firing


@pytest.mark.parametrize(
    ("level", "reading"), [(0.55, "do not fit"), (0.8, "nothing to teach or does not fit"), (0.97, "little to teach")]
)
def test_flat_from_the_start_with_small_gradients_is_told(level: float, reading: str):
    rng = random.Random(2)
    flat = [level + rng.gauss(0, 0.005) for _ in range(60)], noisy(rng, [0.4] * 60, 0.03), [0.03] * 60
    early = [values[:47] for values in flat]
    assert not scalars.nothing_to_learn(early[0], early[1], early[2], clip=1.0, from_start=lambda: True).firing
    found = scalars.nothing_to_learn(*flat, clip=1.0, from_start=lambda: True).firing
    assert reading in found[Subject("overlap_ratio")].sentence
    assert not scalars.nothing_to_learn(*flat, clip=1.0, from_start=lambda: False).firing
    assert not scalars.nothing_to_learn(flat[0], flat[1], [0.5] * 60, clip=1.0, from_start=lambda: True).firing
    moved = [*flat[0], *[level + 0.1] * 16], [*flat[1], *[0.4] * 16], [0.03] * 76
    assert scalars.nothing_to_learn(*moved, clip=None, from_start=lambda: True).is_clear(Subject("overlap_ratio"))


def test_what_is_not_finite_is_named_but_for_what_may_be():
    verdict = scalars.not_finite({"loss": math.nan, "grad_norm": math.inf, "eval/gap_recovery": math.nan, "x": 1.0})
    assert set(verdict.firing) == {Subject("loss"), Subject("grad_norm")}
    assert verdict.is_clear(Subject("x"))
    assert not verdict.is_clear(Subject("not reported now"))


def rows(rng: random.Random, count: int, size: int = 28, sigma: float = 0.2) -> list[list[float]]:
    """Step norms of modules that each keep to a size of their own, and now and then all jump together."""
    own = [math.exp(rng.gauss(0, 0.5)) for _ in range(size)]
    return [
        [scale * value * math.exp(rng.gauss(0, sigma)) for value in own]
        for scale in (20.0 if step in (1, 2, 4, 8, 16) else 1.0 for step in range(count))
    ]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(SEEDS, st.floats(0.01, 0.4))
def test_modules_that_scatter_and_jump_together_are_healthy(seed: int, sigma: float):
    history = rows(random.Random(seed), 40, sigma=sigma)
    for end in range(1, 41):
        assert not modules.frozen(history[:end]).firing
        assert not modules.exploding(history[max(0, end - 17) : end]).firing


def test_a_module_that_stands_still_is_found_after_five_measurements():
    history = rows(random.Random(3), 20)
    for row in history[15:]:
        row[7] = 0.0
    assert not modules.frozen(history[:19]).firing
    assert set(modules.frozen(history).firing) == {Subject("step_norm", 7)}
    history.append([1.0] * 28)
    assert modules.frozen(history).is_clear(Subject("step_norm", 7))


def test_when_nothing_moves_no_module_is_singled_out():
    assert not modules.frozen([[0.0] * 8] * 10).firing
    assert not modules.exploding([[0.0] * 8] * 10).firing


def test_a_module_that_runs_away_is_found_at_once():
    history = rows(random.Random(4), 20)
    history[-1][5] = 30 * median(history[-1])
    history[-1][5] *= max(1.0, history[-2][5] / median(history[-2]))
    assert set(modules.exploding(history).firing) == {Subject("step_norm", 5)}
    assert not modules.exploding(history).is_clear(Subject("step_norm", 5))
    assert modules.exploding([*history, history[-2]]).is_clear(Subject("step_norm", 5))


def test_a_module_that_always_moves_most_does_not_run_away():
    history = [[*row, 50 * median(row)] for row in rows(random.Random(5), 20)]
    assert not modules.exploding(history).firing


def test_effective_rank_may_fall_early_and_slowly_but_not_collapse():
    steps = [1, 2, 4, 8, 16, 24, 32, 40]
    healthy = [[level, level * 0.5] for level in (36.0, 30.0, 27.0, 23.0, 21.0, 20.0, 19.5, 19.0)]
    for end in range(1, 9):
        assert not modules.rank_collapse(steps[:end], healthy[:end]).firing
    collapsed = [*healthy[:-1], [2.0, 9.5]]
    assert set(modules.rank_collapse(steps, collapsed).firing) == {Subject("effective_rank", 0)}
    assert modules.rank_collapse([*steps, 48], [*collapsed, [18.0, 9.0]]).is_clear(Subject("effective_rank", 0))


def test_a_norm_that_is_not_finite_is_named_with_its_module():
    verdict = modules.not_finite({"grad_norm": [1.0, math.nan], "effective_rank": [math.nan, 1.0]})
    assert set(verdict.firing) == {Subject("grad_norm", 1)}
    assert verdict.is_clear(Subject("grad_norm", 0))
    assert not verdict.is_clear(Subject("update_norm", 0))


def test_a_skipped_update_is_told_once_and_is_over_with_the_next_one_made():
    assert not scalars.skipped_update([0.0]).firing
    rose = scalars.skipped_update([0.0, 0.0, 1.0])
    assert rose.firing[Subject("skipped_updates")].sentence == "skipped_updates rose from 0 to 1"
    assert not rose.is_clear(Subject("skipped_updates"))
    after = scalars.skipped_update([0.0, 1.0, 1.0])
    assert not after.firing and after.is_clear(Subject("skipped_updates"))
    assert scalars.skipped_update([1.0]).firing, "a run may begin with one"


def test_nothing_changed_is_seen_behind_the_first_step_only():
    assert set(modules.nothing_changed(5, [0.0, 0.0]).firing) == {Subject("update_norm")}
    assert not modules.nothing_changed(0, [0.0, 0.0]).firing
    assert not modules.nothing_changed(5, []).firing
    assert not modules.nothing_changed(5, [0.0, 1e-30]).firing
    assert modules.nothing_changed(9, [0.0, 1e-30]).is_clear(Subject("update_norm"))
    assert not modules.nothing_changed(5, [0.0, math.nan]).firing


@pytest.mark.parametrize(
    ("rounding", "beyond", "fires"),
    [
        (5.0, 0.0, True),
        (5.0, 1e-9, False),
        (7.0, 0.0, False),
        (3.0, 0.0, False),
        (0.0, 0.0, False),
        (math.nan, 0.0, False),
    ],
)
def test_an_update_of_the_size_of_a_rounding_in_which_no_weight_goes_beyond_it(rounding, beyond, fires):
    verdict = modules.only_rounding([3.0, 4.0], rounding, beyond)
    assert bool(verdict.firing) == fires
    assert verdict.is_clear(Subject("rounding_norm")) != fires


def test_no_update_is_no_rounding():
    assert not modules.only_rounding([0.0, 0.0], 0.0, 0.0).firing


@pytest.mark.parametrize(("share", "fires"), [(0.5, True), (0.899, True), (0.9, False), (1.0, False)])
def test_a_model_of_which_little_is_watched_is_told(share, fires):
    assert bool(modules.partly_watched(share).firing) == fires


def scored(low: float, high: float, *, forgetting: bool = True, name: str = "trivia") -> VariantRecord:
    unknown = Estimate(math.nan, math.nan, math.nan)
    over = Estimate((low + high) / 2, low, high)
    average = ScoreRecord("avg", Estimate(0.4, 0.3, 0.5), over, unknown, unknown, [0.0, 1.0])
    details = {"set": name, "samples": 4, "forgetting": forgetting}
    return VariantRecord(1, "checkpoint", 8.0, "step 8", None, [average], details)


def test_a_fall_below_the_base_that_is_beyond_chance_is_told_of_forgetting_sets_alone():
    subject = Subject("eval/forgetting/trivia/avg@4")
    verdict = scalars.forgetting([scored(-0.2, -0.05)])
    assert verdict.firing[subject].sentence == (
        "avg@4 on trivia is 0.4, by 0.125 [0.05, 0.2] below the base weights' on the same prompts"
    )
    assert not verdict.is_clear(subject)
    for low, high in ((-0.2, 0.01), (0.05, 0.2), (math.nan, math.nan)):
        over = scalars.forgetting([scored(low, high)])
        assert not over.firing and over.is_clear(subject)
    assert not scalars.forgetting([scored(-0.2, -0.05, forgetting=False)]).firing
    assert not scalars.forgetting([scored(-0.2, 0.05, name="other")]).is_clear(subject)  # nothing was said of it
