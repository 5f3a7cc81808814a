"""EffOPD's line search on scripted validations, for every switch, and the arithmetic of moving weights."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from opdboard_worker.core.extrapolation import (
    AcceptanceRule,
    ScoreChoice,
    Search,
    Validation,
    blind_try,
    candidate_factors,
    direction,
    direction_norm,
    line_search,
    move_,
    told_score,
)
from opdboard_worker.training.decision_records import candidate_records


def validation(
    accuracy: float | Tensor | None = 0.5, negative_reverse_kl: float | Tensor = -0.5, kl_to_start: float = 0.0
) -> Validation:
    """Ten examples; a number stands for ten equal per-example scores."""

    def examples(score: float | Tensor) -> Tensor:
        return score if isinstance(score, Tensor) else torch.full((10,), score)

    return Validation(
        accuracy_N=None if accuracy is None else examples(accuracy),
        negative_reverse_kl_N=examples(negative_reverse_kl),
        kl_to_start=kl_to_start,
        tokens=100,
        seconds=0.5,
    )


def scripted(*validations: Validation) -> tuple[Callable[[float], Validation], list[float]]:
    """Returns them in turn for factor 0, 2, 4, ...; the list collects the factors asked for."""
    asked: list[float] = []

    def validate(factor: float) -> Validation:
        asked.append(factor)
        return validations[round(factor / 2)]

    return validate, asked


def search_accuracies(*accuracies: float, rule: AcceptanceRule) -> Search:
    validate, _ = scripted(*(validation(accuracy=accuracy) for accuracy in accuracies))
    return line_search(validate, candidate_factors(len(accuracies) - 1), rule)


def test_candidates_are_multiples_not_powers():
    """The trap in "2k": 2, 4, 6, 8, 10 and not 2, 4, 8, 16, 32."""
    assert candidate_factors() == (2.0, 4.0, 6.0, 8.0, 10.0)
    with pytest.raises(ValueError):
        candidate_factors(0)


STAYED = "stayed at the start: factor 2 refused, accuracy 0.4 below the last accepted 0.5"


@pytest.mark.parametrize(
    ("accuracies", "factors_asked", "outcome"),
    [
        ((0.5, 0.4, 0.9), [2], STAYED),  # plain OPD
        # The third candidate would be far better; the paper does not look at it.
        ((0.5, 0.6, 0.4, 0.9), [2, 4], "moved by factor 2: factor 4 refused, accuracy 0.4 below the last accepted 0.6"),
        # 0.55 beats the start's 0.5 but not the 0.6 that was accepted before it.
        (
            (0.5, 0.6, 0.55, 0.7),
            [2, 4],
            "moved by factor 2: factor 4 refused, accuracy 0.55 below the last accepted 0.6",
        ),
        ((0.1, 0.2, 0.3, 0.4, 0.5, 0.6), [2, 4, 6, 8, 10], "moved by factor 10: all 5 candidates accepted"),
        ((0.5,), [], "stayed at the start: no candidates"),
    ],
)
def test_the_first_refusal_by_the_last_accepted_score_ends_the_search(accuracies, factors_asked, outcome: str):
    validate, asked = scripted(*(validation(accuracy=accuracy) for accuracy in accuracies))
    search = line_search(validate, [2.0 * k for k in range(1, len(accuracies))], AcceptanceRule())
    assert asked == [0, *factors_asked]
    assert search.outcome == outcome
    assert all(attempt.accepted for attempt in search.tries[:-1])
    if len(accuracies) == 4:
        assert search.tries[1].gain == pytest.approx(accuracies[2] - 0.5), (
            "over W_t, not over the 0.6 that was accepted"
        )
    assert (search.tokens, search.seconds) == (100 * len(asked), 0.5 * len(asked)), "costs include the start"


def test_gains_and_their_intervals_are_paired_with_the_start_also_after_a_candidate_was_accepted():
    """By hand: differences of mean scores over all tokens; student's interval of the examples' linear terms, at least."""
    lengths = torch.tensor([3.0, 5.0, 2.0, 6.0, 4.0, 4.0, 7.0, 1.0], dtype=torch.float64)
    start_N = torch.tensor([-0.9, -0.2, -0.4, -0.6, -0.1, -0.8, -0.3, -0.5], dtype=torch.float64)
    first_N = start_N + torch.tensor([0.1, 0.0, 0.2, 0.1, -0.05, 0.15, 0.05, 0.1], dtype=torch.float64)
    second_N = first_N + torch.tensor([0.0, 0.02, 0.01, 0.0, 0.01, -0.01, 0.02, 0.0], dtype=torch.float64)
    scored = [Validation(None, scores_N, 0.0, 100, 0.5, length_N=lengths) for scores_N in (start_N, first_N, second_N)]
    validate, _ = scripted(*scored)
    search = line_search(validate, [2.0, 4.0], AcceptanceRule("negative_reverse_kl"))
    assert [one.accepted for one in search.tries] == [True, True]
    for attempt, scores_N in zip(search.tries, (first_N, second_N), strict=True):
        pairs = list(zip(scores_N.tolist(), start_N.tolist(), lengths.tolist(), strict=True))
        gain = sum((now - was) * length for now, was, length in pairs) / float(lengths.sum())
        terms = [((now - was) - gain) * length / float(lengths.mean()) for now, was, length in pairs]
        half = 2.364624 * math.sqrt(sum(term**2 for term in terms) / 7 / 8)
        assert attempt.gain == pytest.approx(gain)
        assert attempt.gain_low <= gain - half * (1 - 1e-6) and attempt.gain_high >= gain + half * (1 - 1e-6)
    records = candidate_records(search, "negative_reverse_kl")
    assert [one.gain for one in records] == pytest.approx([one.score - records[0].score for one in records])


def test_a_jump_without_a_test_has_its_gain_in_the_score_that_is_told():
    start, candidate = validation(0.5, -0.5), validation(0.7, -0.6)
    told = {score: blind_try(start, lambda _: candidate, 1.0, score) for score in ("accuracy", "negative_reverse_kl")}
    assert {score: search.tries[0].gain for score, search in told.items()} == {
        "accuracy": pytest.approx(0.2),
        "negative_reverse_kl": pytest.approx(-0.1),
    }
    assert told_score("accuracy", validation(None)) == told_score("both", start) == "negative_reverse_kl"


@pytest.mark.parametrize(("acceptance", "factor"), [(">=", 4.0), (">", 0.0)])
def test_equal_scores_pass_in_the_paper_and_fail_in_the_authors_code(acceptance, factor: float):
    search = search_accuracies(0.5, 0.5, 0.5, rule=AcceptanceRule(acceptance=acceptance))
    assert search.accepted_factor == factor
    if not factor:
        assert search.tries[0].reason == "accuracy 0.5 equal to the last accepted 0.5"


def test_score_switch_reads_the_score_it_names():
    worse_kl, better_kl = validation(0.9, -0.6), validation(0.1, -0.4)
    start = validation(0.5, -0.5)
    cases: list[tuple[ScoreChoice, Validation, bool]] = [
        ("accuracy", worse_kl, True),
        ("accuracy", better_kl, False),
        ("negative_reverse_kl", worse_kl, False),
        ("negative_reverse_kl", better_kl, True),
        ("both", worse_kl, False),
        ("both", better_kl, False),
        ("both", validation(0.6, -0.4), True),
    ]
    for score, candidate, accepted in cases:
        attempt = AcceptanceRule(score=score).judge(2.0, candidate, start)
        assert attempt.accepted is accepted, (score, attempt.reason)


def test_both_reports_the_gain_on_the_divergence_and_each_score_in_words():
    attempt = AcceptanceRule(score="both").judge(2.0, validation(0.6, -0.4), validation(0.5, -0.5))
    assert attempt.gain == pytest.approx(0.1)
    assert "negative reverse KL -0.4 above the last accepted -0.5" in attempt.reason
    assert "accuracy 0.6 above the last accepted 0.5" in attempt.reason


def test_unlabelled_examples_serve_the_divergence_but_not_accuracy():
    start, candidate = validation(None, -0.5), validation(None, -0.4)
    assert AcceptanceRule(score="negative_reverse_kl").judge(2.0, candidate, start).accepted
    for score in ("accuracy", "both"):
        with pytest.raises(ValueError, match="no labels"):
            AcceptanceRule(score=score).judge(2.0, candidate, start)


def test_significance_asks_for_a_gain_beyond_chance():
    noise = torch.tensor([0.3, -0.3, 0.2, -0.2, 0.3, -0.3, 0.2, -0.2, 0.1, -0.1])
    start = validation(negative_reverse_kl=-0.5 + torch.zeros(10))
    lucky, real = (validation(negative_reverse_kl=-0.5 + gain + noise) for gain in (0.05, 0.5))
    plain = AcceptanceRule(score="negative_reverse_kl")
    strict = AcceptanceRule(score="negative_reverse_kl", acceptance="significant")
    assert plain.judge(2.0, lucky, start).accepted
    refused, accepted = strict.judge(2.0, lucky, start), strict.judge(2.0, real, start)
    assert not refused.accepted
    assert refused.gain_low < 0.0 < refused.gain < refused.gain_high
    assert "not significantly above 0 (95% interval" in refused.reason
    assert accepted.accepted
    assert accepted.gain_low > 0.0


def test_significance_pairs_the_examples():
    """Examples of very different difficulty, each a little better: significant only if compared one by one."""
    difficulty = torch.linspace(-5.0, 0.0, 10)
    start = validation(negative_reverse_kl=difficulty)
    slightly_better = difficulty + 0.01 * torch.arange(1, 11)
    better = validation(negative_reverse_kl=slightly_better)
    assert AcceptanceRule(score="negative_reverse_kl", acceptance="significant").judge(2.0, better, start).accepted
    shuffled = validation(negative_reverse_kl=slightly_better.flip(0))
    assert (
        not AcceptanceRule(score="negative_reverse_kl", acceptance="significant").judge(2.0, shuffled, start).accepted
    )


def test_significance_of_one_example_or_of_no_change_is_refused():
    strict = AcceptanceRule(acceptance="significant")
    assert not strict.judge(2.0, validation(torch.ones(1)), validation(torch.zeros(1))).accepted
    assert not strict.judge(2.0, validation(0.5), validation(0.5)).accepted


def test_guard_bounds_the_kl_to_the_start():
    rule = AcceptanceRule(max_kl=0.2)
    start = validation(0.5)
    assert rule.judge(2.0, validation(0.6, kl_to_start=0.2), start).accepted
    refused = rule.judge(2.0, validation(0.9, kl_to_start=0.31), start)
    assert not refused.accepted
    assert refused.reason == "KL to the start 0.31 above the bound 0.2"
    assert AcceptanceRule(max_kl=None).judge(2.0, validation(0.9, kl_to_start=50.0), start).accepted


@pytest.mark.parametrize("score", ["accuracy", "negative_reverse_kl", "both"])
@pytest.mark.parametrize("acceptance", [">=", ">", "significant"])
@pytest.mark.parametrize(
    "broken",
    [
        validation(math.nan, 0.0),
        validation(1.0, math.nan),
        validation(1.0, math.inf),
        validation(1.0, 0.0, kl_to_start=math.nan),
        validation(torch.empty(0), torch.empty(0)),
    ],
)
def test_scores_that_are_not_finite_are_always_refused(score, acceptance, broken: Validation):
    scores_N = broken.negative_reverse_kl_N
    start = validation(0.0, -9.0) if scores_N is not None and len(scores_N) else broken
    attempt = AcceptanceRule(score=score, acceptance=acceptance).judge(2.0, broken, start)
    assert not attempt.accepted
    assert attempt.reason.endswith("not finite")


def test_a_broken_start_accepts_nothing():
    search = search_accuracies(math.nan, 0.9, 0.9, rule=AcceptanceRule())
    assert search.accepted_factor == 0.0


def test_different_validation_sets_cannot_be_paired():
    with pytest.raises(ValueError, match="differ in length"):
        AcceptanceRule().judge(2.0, validation(torch.ones(3)), validation(torch.ones(4)))


@pytest.mark.parametrize(
    "fields", [{"score": "loss"}, {"acceptance": "=>"}, {"confidence": 1.0}, {"max_kl": -0.1}, {"max_kl": math.nan}]
)
def test_rule_refuses_values_it_does_not_know(fields: dict):
    with pytest.raises(ValueError):
        AcceptanceRule(**fields)


def weights(seed: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(4, 3, generator=generator).to(dtype) for name in ("mlp", "attention", "norm")}


def test_direction_points_from_the_anchor_to_now():
    current, anchor = weights(0), weights(1)
    step = direction(current, anchor)
    assert all(torch.equal(step[name], current[name] - anchor[name]) for name in current)
    expected = math.sqrt(sum(float((current[name] - anchor[name]).double().square().sum()) for name in current))
    assert direction_norm(step) == pytest.approx(expected, rel=1e-6)
    assert direction_norm({}) == 0.0
    del anchor["norm"]
    with pytest.raises(ValueError, match="norm"):
        direction(current, anchor)


def test_direction_does_not_require_gradients():
    current = {"w": torch.ones(2, requires_grad=True)}
    assert not direction(current, {"w": torch.zeros(2)})["w"].requires_grad


def test_move_goes_from_the_start_each_time_and_only_where_there_is_a_direction():
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in weights(0).items()}
    start = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    step = direction(start, weights(1))
    del step["norm"]
    for factor in (2.0, 4.0, 10.0):
        move_(parameters, start, step, factor)
        for name in step:
            torch.testing.assert_close(parameters[name].detach(), start[name] + factor * step[name])
    assert torch.equal(parameters["norm"].detach(), start["norm"])
    assert parameters["mlp"].grad is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_move_back_restores_every_bit(dtype: torch.dtype):
    """Also a negative zero, which adding 0 * D would turn into a positive one, and with a direction that overflowed."""
    parameters = weights(0, dtype)
    parameters["mlp"][0, 0] = -0.0
    start = {name: tensor.clone() for name, tensor in parameters.items()}
    step = direction(start, weights(1, dtype))
    step["norm"][0, 0] = math.inf
    move_(parameters, start, step, 6.0)
    assert not torch.equal(parameters["mlp"], start["mlp"])
    move_(parameters, start, step, 0.0)
    for name, tensor in start.items():
        assert torch.equal(parameters[name].view(torch.uint8), tensor.view(torch.uint8)), name


def test_move_rounds_half_precision_once():
    start, step = weights(0, torch.bfloat16), weights(1, torch.bfloat16)
    parameters = {name: tensor.clone() for name, tensor in start.items()}
    move_(parameters, start, step, 6.0)
    for name, parameter in parameters.items():
        assert torch.equal(parameter, (start[name].double() + 6.0 * step[name].double()).bfloat16())


def test_move_refuses_a_start_that_moves_along():
    parameters = weights(0)
    step = direction(parameters, weights(1))
    for start in (parameters, {name: tensor.view(-1).view(4, 3) for name, tensor in parameters.items()}):
        with pytest.raises(ValueError, match="share memory"):
            move_(parameters, start, step, 2.0)


def test_the_kl_that_decides_is_the_mean_over_tokens_as_the_evaluation_has_it():
    """Better by the mean of the responses' means, worse by the mean of the tokens: refused, whatever the acceptance."""

    def answered(kl: list[float]) -> Validation:
        return Validation(None, -torch.tensor(kl), 0.0, 102, 1.0, length_N=torch.tensor([1, 1, 100]))

    start, candidate = answered([0.9, 0.9, 0.5]), answered([0.1, 0.1, 0.6])
    assert start.negative_reverse_kl == pytest.approx(-(0.9 + 0.9 + 50) / 102)
    for acceptance in (">=", ">", "significant"):
        judged = AcceptanceRule("negative_reverse_kl", acceptance).judge(2.0, candidate, start)
        assert not judged.accepted
        assert judged.gain == pytest.approx(candidate.negative_reverse_kl - start.negative_reverse_kl)
        assert judged.gain_low < judged.gain < judged.gain_high


def test_a_gain_in_accuracy_that_no_pair_contradicts_is_not_certain():
    """Four of 50 won and none lost: > accepts, but the interval does not lie above 0; with five it does."""
    for won, significant in ((4, False), (5, True)):
        start, candidate = torch.zeros(50), torch.zeros(50)
        candidate[:won] = 1.0
        told = [
            AcceptanceRule("accuracy", acceptance).judge(
                2.0, Validation(candidate, None, 0.0, 50, 1.0), Validation(start, None, 0.0, 50, 1.0)
            )
            for acceptance in (">", "significant")
        ]
        assert [one.accepted for one in told] == [True, significant]
