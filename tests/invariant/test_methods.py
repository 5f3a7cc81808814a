"""GRPO, DAPO and SFT as whole trainings: what they report, what they learn from, and that they resume bit for bit."""

import math

import pytest
import torch
from invariant.conftest import decisions_of, tiny_config

from opdboard.domain.data import ArithmeticData
from opdboard.domain.model_sources import DemoModel
from opdboard.domain.objectives import Dapo, Grpo, Sft
from opdboard.domain.scalar_measures import SCALARS
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import ModelTeacher, NoTeacher

METHODS = [Grpo(group_size=4), Dapo(group_size=4, updates_per_batch=2, sampling_rounds=3), Sft()]
by_kind = pytest.mark.parametrize("objective", METHODS, ids=lambda one: one.kind)
OF_A_TEACHER = {"eval/reverse_kl", "eval/gap_recovery", "eval/teacher_accuracy", "reverse_kl", "teacher_logprob"}


def alone(objective, steps=2, **changes):
    """A run without a teacher."""
    return tiny_config(steps=steps, teacher=NoTeacher(), objective=objective, **changes)


@by_kind
def test_a_method_without_teacher_reports_known_numbers_and_none_of_a_teacher(train, objective):
    _, sink = train(alone(objective, steps=4))
    scalars = {key for batch in sink.batches for key in batch.scalars}
    assert scalars <= SCALARS.keys()
    assert not scalars & OF_A_TEACHER
    assert {"loss", "grad_norm", "eval/accuracy", "entropy_student", "response_length"} <= scalars
    for key in scalars - {"memory_bytes"}:
        assert all(math.isfinite(value) for value in sink.series(key).values()), key
    reinforced = {"reward_mean", "reward_std", "advantage_size", "clip_fraction", "mixed_groups", "resampled_groups"}
    assert (reinforced <= scalars) == (objective.kind != "sft")
    assert ("reference_kl" in scalars) == (objective.kind == "grpo")
    assert all(math.isnan(value) for batch in sink.batches for sample in batch.samples for value in sample.token_kl)
    assert not any(vector.statistic == "reverse_kl_by_position" for batch in sink.batches for vector in batch.vectors)


@by_kind
def test_a_named_teacher_is_compared_with_at_evaluations_and_changes_nothing(train, objective):
    _, watched = train(alone(objective).model_copy(update={"teacher": ModelTeacher(source=DemoModel(role="teacher"))}))
    _, unwatched = train(alone(objective))
    assert watched.series("loss") == unwatched.series("loss")
    assert watched.series("eval/reverse_kl")[0] > 0.1


@by_kind
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(resumed, objective):
    resumed(alone(objective, steps=4))


@by_kind
def test_micro_batches_do_not_change_the_result(train, objective):
    _, whole = train(alone(objective, steps=1))
    _, split = train(alone(objective, steps=1, micro_batch_size=1))
    assert whole.series("loss")[1] == pytest.approx(split.series("loss")[1], rel=1e-4, abs=1e-6)
    assert whole.series("grad_norm")[1] == pytest.approx(split.series("grad_norm")[1], rel=2e-3)


def test_grpo_answers_each_prompt_group_size_times_and_dapo_keeps_mixed_groups(train):
    data = ArithmeticData(digits=3)
    grpo, _ = train(alone(Grpo(group_size=4), steps=1, data=data))
    experience = grpo.parts.learner.gather(1, 0)
    ids = [example.id for example in experience.examples]
    assert ids == [ids[0]] * 4 + [ids[4]] * 4 and ids[0] != ids[4]
    assert experience.cursor == 2
    config = alone(Dapo(group_size=4, updates_per_batch=1, sampling_rounds=50), steps=1, data=data)
    dapo, _ = train(config)
    gathered = (dapo.parts.learner.gather(1, start) for start in range(0, 40, 2))
    start, experience = next((2 * i, one) for i, one in enumerate(gathered) if one.scalars["resampled_groups"])
    groups = torch.tensor(experience.correct).view(2, 4)
    assert bool((groups.any(1) & ~groups.all(1)).all())
    assert experience.cursor == start + 2 + experience.scalars["resampled_groups"]
    assert experience.sampled > int(experience.rollout.lengths_B.sum())


def test_on_policy_nothing_is_clipped_and_the_initial_student_is_near(train):
    _, sink = train(alone(Grpo(group_size=4), steps=1))
    assert sink.series("clip_fraction")[1] == 0.0
    assert sink.series("reference_kl")[1] == pytest.approx(0.0, abs=1e-6)


def test_sft_learns_the_answers_with_their_end(train):
    training, sink = train(alone(Sft(), steps=8))
    learnt = training.parts.learner.gather(1, 0)
    assert training.parts.scorer.texts(learnt.rollout) == [example.answer for example in learnt.examples]
    eos = training.parts.scorer.student.tokenizer.eos_token_id
    responses = learnt.rollout.responses
    assert all(tokens[mask][-1] == eos for tokens, mask in zip(responses.token_BR, responses.mask_BR, strict=True))
    again, first = training.parts.learner.backward(learnt, slice(0, 8))[0], sink.series("loss")[1]
    assert again < first, "the batch of step 1 must be less surprising after eight steps"


def test_effopd_on_grpo_is_scored_by_accuracy(train):
    effopd = EffOPD(score="accuracy", validation_size=8, candidates=1)
    _, sink = train(alone(Grpo(group_size=4), strategy=effopd))
    decisions = decisions_of(sink)
    assert [decision.step for decision in decisions] == [1, 2]
    for decision in decisions:
        assert all(math.isnan(candidate.reverse_kl) for candidate in decision.candidates)
        start, candidate = decision.candidates
        assert candidate.accuracy is not None and start.accuracy is not None
        assert candidate.accepted == (candidate.accuracy >= start.accuracy)
