"""Counts of a configuration against counting by hand, and sizes against files that a trainer wrote."""

import pytest

from opdboard.domain import footprint
from opdboard.domain.budget import Budget
from opdboard.domain.model_shape import DEMO_SHAPE, ModelShape
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.presets import DEMO_EFFOPD
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.none import NoStrategy
from opdboard.domain.workload import workload


def test_the_demo_preset_counted_by_hand():
    counts = workload(DEMO_EFFOPD)
    assert counts.prompts == 64 * 256
    assert counts.training_tokens == 64 * 256 * 6
    assert counts.triggers == 7  # 1 2 4 8 16 32 64
    assert counts.candidates == 35
    assert counts.search_tokens == 7 * (5 + 1) * 64 * 6
    assert counts.evaluations == 17  # 0, 4, ..., 64
    assert counts.evaluation_tokens == 18 * 256 * 6
    assert (counts.checkpoints, counts.checkpoints_kept) == (2, 2)
    assert counts.snapshots == 8  # 1 2 4 8 16 32 48 64


def test_a_teacher_that_answers_the_validation_set_itself_is_counted_once():
    budget = Budget(steps=6, max_response_tokens=10)
    by_accuracy = AlphaRL(every=1, checkpoints=3, validation_size=4, score="accuracy")
    by_kl = by_accuracy.model_copy(update={"score": "negative_reverse_kl"})
    found = [workload(RunConfig(strategy=one, budget=budget)).search_tokens for one in (by_accuracy, by_kl)]
    assert found == [(6 + 6 + 1) * 4 * 10, (6 + 6) * 4 * 10]
    short = RunConfig(strategy=by_accuracy, budget=Budget(steps=2, max_response_tokens=10))
    assert workload(short).search_tokens == (2 + 2) * 4 * 10


@pytest.mark.parametrize("steps", [1, 7, 10, 64, 65])
def test_events_are_those_of_the_loop(steps: int):
    config = RunConfig(
        strategy=EffOPD(),
        budget=Budget(steps=steps, checkpoint_every=4, keep_checkpoints=3),
        monitoring=Monitoring(evaluate_every=3, spectral_every=5),
    )
    counts = workload(config)
    all_steps = range(1, steps + 1)
    powers = [step for step in all_steps if step & (step - 1) == 0]
    assert counts.triggers == len(powers)
    assert counts.evaluations == 1 + len([step for step in all_steps if step % 3 == 0 or step == steps])
    assert counts.checkpoints == len([step for step in all_steps if step % 4 == 0 or step == steps])
    assert counts.checkpoints_kept == min(3, counts.checkpoints)
    assert counts.snapshots == len({*powers, *(step for step in all_steps if step % 5 == 0)})


def test_evaluation_sets_are_scored_at_the_base_at_their_cadence_and_at_the_end():
    sets = [
        {"name": "a", "prompts": 10, "samples": 4, "max_response_tokens": 7},
        {"name": "b", "prompts": 3, "samples": 1},
    ]
    config = RunConfig.model_validate({"evaluation": {"sets": sets, "every": 4}, "budget": {"steps": 10}})
    counts = workload(config)
    assert counts.set_evaluations == 4  # 0, 4, 8, 10
    assert counts.set_tokens == 4 * (10 * 4 * 7 + 3 * 256)
    assert config.longest_response == 256
    assert (workload(RunConfig()).set_evaluations, workload(RunConfig()).set_tokens) == (0, 0)


def test_without_a_strategy_nothing_is_searched():
    counts = workload(RunConfig())
    assert (counts.triggers, counts.candidates, counts.search_tokens) == (0, 0, 0)
    assert (counts + counts).steps == 2 * counts.steps


def test_memory_names_every_copy_and_peaks_in_one_phase():
    parts = {part.name: part for part in footprint.memory(DEMO_EFFOPD, DEMO_SHAPE, DEMO_SHAPE)}
    whole, matrices = DEMO_SHAPE.parameters * 4, DEMO_SHAPE.module_parameters * 4
    assert parts["student"].bytes == parts["teacher"].bytes == parts["gradients"].bytes == whole
    assert parts["Adam moments"].bytes == 2 * whole
    assert parts["anchor and last jump"].bytes == 2 * matrices
    always = sum(part.bytes for part in parts.values() if part.phase == "always")
    training = sum(part.bytes for part in parts.values() if part.phase == "training")
    assert footprint.peak(parts.values()) == always + training
    plain = DEMO_EFFOPD.model_copy(update={"strategy": NoStrategy()})
    assert footprint.peak(footprint.memory(plain, DEMO_SHAPE, DEMO_SHAPE)) == always + training - 2 * matrices


def test_smaller_micro_batches_need_less():
    small = DEMO_EFFOPD.model_copy(update={"budget": DEMO_EFFOPD.budget.model_copy(update={"micro_batch_size": 16})})
    peaks = [footprint.peak(footprint.memory(config, DEMO_SHAPE, DEMO_SHAPE)) for config in (small, DEMO_EFFOPD)]
    assert peaks[0] < peaks[1]


def test_copies_kept_elsewhere_leave_the_device():
    def of(copies: str, device: str) -> tuple[int, int]:
        config = DEMO_EFFOPD.model_copy(update={"copies": copies, "device": device})
        parts = {part.name: part.bytes for part in footprint.memory(config, DEMO_SHAPE, DEMO_SHAPE)}
        return parts["W_0 of the matrices"], parts["anchor and last jump"]

    matrices = DEMO_SHAPE.module_parameters * 4
    assert of("device", "cuda") == of("cpu", "cpu") == (matrices, 2 * matrices)
    assert of("cpu", "cuda") == (0, 0)
    assert of("bf16", "cuda") == (matrices // 2, matrices // 2)
    assert of("bf16", "cpu") == (matrices // 2, matrices // 2 + matrices)


def test_recomputed_activations_are_one_layers_and_every_layers_input():
    budget = DEMO_EFFOPD.budget.model_copy(update={"gradient_checkpointing": True})
    whole, recomputed = (
        next(part.bytes for part in footprint.memory(config, DEMO_SHAPE, DEMO_SHAPE) if part.name == "activations")
        for config in (DEMO_EFFOPD, DEMO_EFFOPD.model_copy(update={"budget": budget}))
    )
    tokens = budget.batch_size * (budget.max_prompt_tokens + budget.max_response_tokens)
    assert recomputed == whole // 6 + tokens * 6 * 64 * 4


def test_checkpoint_and_snapshot_sizes_are_those_that_a_trainer_wrote():
    """Sizes on disk of a demo run of 40 steps, with and without an accepted jump."""
    rank_20 = RunConfig(strategy=EffOPD())
    assert footprint.checkpoint_bytes(RunConfig(), DEMO_SHAPE) == pytest.approx(3_914_467, rel=0.002)
    assert footprint.checkpoint_bytes(rank_20, DEMO_SHAPE) == pytest.approx(6_478_425, rel=0.002)
    assert footprint.snapshot_bytes(rank_20, DEMO_SHAPE) == pytest.approx(323_624, rel=0.01)


def test_all_parameters_move_more_than_matrices():
    sizes = {
        which: footprint.checkpoint_bytes(RunConfig(strategy=EffOPD(parameters=which)), DEMO_SHAPE)
        for which in ("matrices", "authors_filter", "all")
    }
    assert sizes["matrices"] < sizes["authors_filter"] < sizes["all"]


def test_a_shape_without_layers_is_empty():
    shape = ModelShape({"model.norm.weight": (4,)})
    assert (shape.layers, shape.modules, shape.vocabulary, shape.parameters) == (0, [], 0, 4)
