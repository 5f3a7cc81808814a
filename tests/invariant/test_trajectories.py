"""What must hold of whole trainings, whatever the numbers."""

import math

import pytest
import torch
from invariant.conftest import Scripted, decisions_of, equal, tiny_config, weights
from typing_extensions import override

from opdboard.domain.commands import Command, Extrapolate
from opdboard.domain.errors import NonFiniteLoss
from opdboard.domain.measures import MODULE_NORMS, MODULE_SPECTRA
from opdboard.domain.model_sources import DemoModel
from opdboard.domain.objectives import FullVocabulary, JensenShannon, SampledToken, TopK
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.scalar_measures import SCALARS
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.teachers import ModelTeacher
from opdboard_worker.training.control import Orders

CUMULATIVE = {"tokens", "search_tokens", "seconds", "search_seconds"}


def test_micro_batches_change_memory_and_not_the_result(train):
    whole, whole_sink = train(tiny_config())
    split, split_sink = train(tiny_config(micro_batch_size=1))
    for key in ("loss", "reverse_kl", "grad_norm", "eval/reverse_kl"):
        left, right = whole_sink.series(key), split_sink.series(key)
        assert left == pytest.approx(right, rel=2e-3), key
    ours, theirs = weights(whole), weights(split)
    # Adam divides by the gradient's own size, so a sign that rounding flips moves a weight by at most two steps.
    assert max(float((ours[name] - theirs[name]).abs().max()) for name in ours) <= 2 * 4 * 1e-4


def test_gradient_checkpointing_changes_memory_and_not_the_result(train):
    _, whole = train(tiny_config(steps=2))
    _, recomputed = train(tiny_config(steps=2, gradient_checkpointing=True))
    assert whole.series("loss") == recomputed.series("loss")


def test_equal_runs_are_equal_bit_for_bit(train):
    (_, first), (_, second) = train(tiny_config()), train(tiny_config())
    assert first.series("loss") == second.series("loss")
    assert first.batches[-1].vectors == second.batches[-1].vectors or [
        v.values for b in first.batches for v in b.vectors
    ] == pytest.approx([v.values for b in second.batches for v in b.vectors], nan_ok=True)


def test_a_student_that_is_its_teacher_has_nothing_to_learn(train):
    _, sink = train(tiny_config(teacher=ModelTeacher(source=DemoModel(role="base"))))
    assert sink.series("reverse_kl")[1] == pytest.approx(0.0, abs=1e-6)
    assert sink.series("overlap_ratio")[1] == 1.0


@pytest.mark.parametrize(
    "objective",
    [
        FullVocabulary(),
        SampledToken(),
        TopK(k=4, support="union"),
        JensenShannon(beta=0.5),
        FullVocabulary(reward_scale=1.25),
    ],
    ids=lambda one: one.kind,
)
def test_training_moves_towards_the_teacher(train, objective):
    config = tiny_config(steps=20, batch_size=64, objective=objective, optimizer=Optimizer(learning_rate=3e-4))
    monitoring = config.monitoring.model_copy(update={"held_out_size": 64, "evaluate_every": 20})
    _, sink = train(config.model_copy(update={"monitoring": monitoring}))
    curve = sink.series("eval/reverse_kl")
    assert curve[20] < 0.85 * curve[0]


def test_bf16_autocast_follows_float32(train):
    _, single = train(tiny_config(steps=2))
    _, half = train(tiny_config(steps=2, precision="bf16"))
    assert half.series("reverse_kl")[1] == pytest.approx(single.series("reverse_kl")[1], rel=0.25)
    assert all(math.isfinite(value) for value in half.series("loss").values())


def test_every_reported_name_is_known_and_every_module_measured(train):
    training, sink = train(tiny_config())
    scalars = {key for batch in sink.batches for key in batch.scalars}
    assert scalars <= SCALARS.keys()
    scalars |= {name for name, measure in SCALARS.items() if measure.group in ("reinforcement", "analysis")}
    scalars.add("eval/reverse_kl_k3")  # of a remote teacher
    scalars.add("eval/judged")  # where some rows have no answer
    on_gpu = training.parts.scorer.student.device.type == "cuda"
    assert SCALARS.keys() - scalars == (set() if on_gpu else {"gpu_seconds"})
    reported = {vector.statistic for batch in sink.batches for vector in batch.vectors if vector.reference_step is None}
    assert MODULE_NORMS.keys() | MODULE_SPECTRA.keys() <= reported
    assert len(training.parts.monitor.modules) == 6 * 7
    for batch in sink.batches:
        for vector in batch.vectors:
            assert len(vector.values) == (42 if vector.statistic != "reverse_kl_by_position" else len(vector.values))


def test_module_norms_are_those_of_the_weights(train):
    training, sink = train(tiny_config(steps=3))
    base = training.parts.monitor.initial
    now = weights(training)
    last = {v.statistic: v for v in sink.batches[-2].vectors + sink.batches[-1].vectors if v.step == 3}
    for place, module in enumerate(training.parts.monitor.modules):
        update = (now[module.name] - base[module.name]).double()
        norm = float(update.norm())
        assert last["update_norm"].values[place] == pytest.approx(norm, rel=1e-6)
        assert last["relative_update_norm"].values[place] == pytest.approx(
            norm / float(base[module.name].double().norm()), rel=1e-6
        )
    assert sum(last["norm_share"].values) == pytest.approx(1.0)


def test_alignment_measures_every_earlier_snapshot_against_the_latest(train):
    _, sink = train(tiny_config(steps=8))
    pairs = {
        (vector.step, vector.reference_step)
        for batch in sink.batches
        for vector in batch.vectors
        if vector.statistic == "subspace_affinity@5"
    }
    snapshots = [1, 2, 4, 6, 8]
    assert pairs == {(early, late) for late in snapshots for early in snapshots if early < late}


def test_a_jump_lands_on_the_accepted_candidate_and_a_veto_takes_it_back(train):
    """Step 1 with an accepted jump minus its displacement is step 1 of plain OPD."""
    eff = EffOPD(score="negative_reverse_kl", validation_size=64, candidates=1)
    config = tiny_config(steps=1, batch_size=256, optimizer=Optimizer(learning_rate=1e-5))
    plain, _ = train(config)
    jumped, sink = train(config.model_copy(update={"strategy": eff}))
    (decision,) = decisions_of(sink)
    assert decision.accepted_factor == 2.0, "the first step of a small rate must be worth repeating"
    base, one, far = jumped.parts.monitor.initial, weights(plain), weights(jumped)
    for name in base:
        assert torch.allclose(far[name] - base[name], 3.0 * (one[name] - base[name]), atol=1e-7)
    assert jumped.parts.lookahead.veto() == 1
    taken_back = weights(jumped)
    for name in one:
        assert torch.allclose(taken_back[name], one[name], atol=1e-7)
    assert jumped.parts.lookahead.veto() is None


@pytest.mark.parametrize("anchor", ["accepted_weights", "weights_before_jump"])
def test_the_anchor_is_where_the_switch_says(train, anchor):
    eff = EffOPD(score="negative_reverse_kl", validation_size=16, candidates=1, anchor=anchor)
    plain, _ = train(tiny_config(steps=1))
    jumped, _ = train(tiny_config(steps=1, strategy=eff))
    stored = {
        name.removeprefix("anchor|"): value
        for name, value in jumped.parts.lookahead.tensors().items()
        if name.startswith("anchor|")
    }
    expected = weights(jumped if anchor == "accepted_weights" else plain)
    assert equal(stored, {name: expected[name] for name in jumped.parts.monitor.initial})


def test_a_refused_command_leaves_no_trace(train):
    """The weights, the anchor of the next trigger and every later draw are those of a run that nobody steered."""
    eff = EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1)
    far = Extrapolate(command=Command.EXTRAPOLATE, factor=100.0)
    _, undisturbed = train(tiny_config(steps=5, strategy=eff))
    training, tried = train(tiny_config(steps=5, strategy=eff), Orders(), Orders(), Orders(extrapolate=[(1, far)]))
    commanded = [decision for decision in decisions_of(tried) if decision.trigger == "command"]
    assert [(decision.step, decision.accepted_factor) for decision in commanded] == [(3, 0.0)]
    assert tried.series("loss") == undisturbed.series("loss")
    at_4 = [
        (decision.anchor_step, decision.direction_norm, decision.candidates[1].score)
        for sink in (undisturbed, tried)
        for decision in decisions_of(sink)
        if decision.step == 4
    ]
    assert len(at_4) == 2 and at_4[0] == at_4[1]
    assert (training.shelf.candidates / "step-000003" / "trainer" / "direction.safetensors").is_file()


def test_a_factor_takes_the_place_of_the_search_and_a_second_one_is_told_so(train):
    eff = EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1)
    asked = [
        (at, Extrapolate(command=Command.EXTRAPOLATE, factor=factor, override=True))
        for at, factor in ((1, 3.0), (2, 4.0))
    ]
    training, sink = train(tiny_config(steps=2, strategy=eff), Orders(), Orders(extrapolate=asked))
    decisions = decisions_of(sink)
    assert [(decision.step, decision.trigger, decision.accepted_factor) for decision in decisions[1:]] == [
        (2, "command", 3.0)
    ]
    results = {result.command_id: result for batch in sink.batches for result in batch.command_results}
    assert results[1].ok and not results[2].ok and "factor 3 was tried" in results[2].result
    assert training.parts.lookahead.jump_step == 2
    assert training.parts.lookahead.veto(1) is None, "another jump is meant"


def test_cost_only_grows(train):
    _, sink = train(tiny_config(strategy=EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1)))
    for key in CUMULATIVE:
        values = list(sink.series(key).values())
        assert values == sorted(values) and values[0] == 0 and values[-1] > 0, key


def test_stop_and_pause_are_obeyed_after_the_step(train):
    training, sink = train(tiny_config(), Orders(pause=[7]), Orders(stop=[8]))
    assert training.progress.step == 2
    assert [record.reason for batch in sink.batches for record in batch.checkpoints] == ["stop"]
    results = [result for batch in sink.batches for result in batch.command_results]
    assert [(result.command_id, result.ok) for result in results] == [(8, True)]


class Poisoned:
    """A learner in which one module's gradient, or the loss, is not a number at some steps."""

    def __init__(self, learner, model, at, module=None):
        self.learner, self.model, self.at, self.module = learner, model, at, module
        self.step = 0

    def __getattr__(self, name):
        return getattr(self.learner, name)

    def backward(self, experience, rows):
        self.step += 1
        loss, scalars = self.learner.backward(experience, rows)
        if self.step in self.at and self.module is not None:
            self.model.get_parameter(self.module).grad[0, 0] = math.nan
        return (math.nan if self.step in self.at and self.module is None else loss), scalars


def poisoned(train, at, module=None, **changes):
    seen = {}

    def poison(training):
        seen["training"] = training
        parts = training.parts
        parts.learner = Poisoned(parts.learner, parts.scorer.student.model, at, module)

    try:
        train(tiny_config(**changes), before=poison)
    finally:
        seen["sink"] = seen["training"].sink
    return seen["training"], seen["sink"]


@pytest.mark.parametrize("module", [None, "model.layers.3.mlp.up_proj.weight"])
def test_an_update_that_is_not_finite_is_skipped_and_counted(train, module, caplog):
    training, sink = poisoned(train, {2, 3, 5}, module, steps=6)
    assert list(sink.series("skipped_updates").values()) == [0, 1, 2, 2, 3, 3]
    norms = [
        next(v.values for v in batch.vectors if v.statistic == "step_norm")
        for batch in sink.batches
        if "loss" in batch.scalars
    ]
    assert [max(values) > 0 for values in norms] == [True, False, False, True, False, True]
    assert all(bool(p.isfinite().all()) for p in weights(training).values())
    if module is not None:
        assert f"first not finite in {module}" in caplog.text


def test_the_rate_follows_the_steps_also_where_updates_are_skipped(train):
    optimizer = Optimizer(learning_rate=1e-4, schedule="linear", warmup_steps=2)
    _, skipped = poisoned(train, {1, 2, 4}, steps=6, optimizer=optimizer)
    _, plain = train(tiny_config(steps=6, optimizer=optimizer))
    assert skipped.series("learning_rate") == plain.series("learning_rate")


def test_three_in_a_row_end_the_run_with_step_and_module(train):
    with pytest.raises(NonFiniteLoss, match=r"3 updates in a row.* at step 4: .*model\.layers\.1\.self_attn") as caught:
        poisoned(train, {2, 3, 4, 5}, "model.layers.1.self_attn.q_proj.weight", steps=8)
    assert caught.value.where == "step 4, model.layers.1.self_attn.q_proj.weight"


def test_weights_that_are_not_finite_end_the_run(train):
    """A weight that turns NaN after step 3: nothing can be updated any more, what came before stays reported."""
    seen = []

    class Damaging(Scripted):
        @override
        def orders(self, step):
            if len(seen[0].series("loss")) == 2:
                with torch.no_grad():
                    next(iter(seen[1].parts.scorer.student.model.parameters()))[3, 0] = math.nan
            return super().orders(step)

    def remember(training):
        training.control = Damaging()
        seen.extend([training.sink, training])

    with pytest.raises(NonFiniteLoss, match=r"at step 6: the loss is nan.*learning rate"):
        train(tiny_config(steps=8), before=remember)
    assert [math.isfinite(loss) for loss in seen[0].series("loss").values()] == [True, True, True, False, False]
