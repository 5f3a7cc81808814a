"""LoRA as a whole training: what is measured, looked ahead along, stored and resumed is W_0 + scaling B A."""

import pytest
import torch
from invariant.conftest import decisions_of, equal, tiny_config
from safetensors.torch import load_file

from opdboard.domain.optimizer import Lora, Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.none import NoStrategy
from opdboard_worker.models.candidates import candidates_folder, move_to_candidate
from opdboard_worker.models.demo import load_demo
from opdboard_worker.training.checkpoint import checkpoint_folder

RANK = 3
JUMPING = EffOPD(score="negative_reverse_kl", validation_size=64, candidates=1)


def lora(steps: int = 2, **changes) -> RunConfig:
    return tiny_config(
        steps=steps, adapter=Lora(rank=RANK, alpha=2 * RANK), optimizer=Optimizer(learning_rate=1e-3), **changes
    )


def whole_weights(training):
    return {name: matrix.value() for name, matrix in training.parts.trained.matrices.items()}


def loaded(folder):
    stored = {}
    for path in sorted(folder.glob("*.safetensors")):
        stored |= load_file(path)
    return stored


def test_only_factors_are_trained_and_the_update_has_their_rank(train):
    training, sink = train(lora())
    parts = training.parts
    trainable = [p for p in parts.scorer.student.model.parameters() if p.requires_grad]
    assert {id(p) for p in trainable} == {id(p) for p in parts.trained.parameters.values()}
    vectors = {v.statistic: v.values for batch in sink.batches for v in batch.vectors if v.step == 2}
    base = dict(load_demo("base").model.named_parameters())
    for place, module in enumerate(parts.monitor.modules):
        matrix = parts.trained.matrices[module.name]
        assert torch.linalg.matrix_rank(matrix.now().double(), rtol=1e-5) <= RANK
        assert vectors["effective_rank"][place] <= RANK * (1 + 1e-3)
        change = matrix.value().double() - base[module.name].detach().double()
        assert vectors["update_norm"][place] == pytest.approx(float(change.norm()), rel=1e-3)
        assert vectors["grad_norm"][place] > 0 and vectors["step_norm"][place] > 0
    frozen = parts.scorer.student.model.get_input_embeddings().weight
    assert torch.equal(frozen, base["model.embed_tokens.weight"])


def test_it_begins_as_the_student_it_adapts(train):
    _, ours = train(lora(steps=1))
    _, theirs = train(tiny_config(steps=1))
    assert ours.series("reverse_kl")[1] == pytest.approx(theirs.series("reverse_kl")[1], rel=1e-5)


def test_a_checkpoint_is_a_plain_model_with_the_factors_beside_it(train):
    training, _ = train(lora())
    folder = checkpoint_folder(training.shelf.checkpoints, 2)
    stored = loaded(folder)
    plain = set(dict(load_demo("base").model.named_parameters()))
    assert set(stored) <= plain and not any("lora" in name for name in stored)
    for name, weight in whole_weights(training).items():
        assert torch.equal(stored[name], weight)
    assert set(load_file(folder / "trainer" / "adapter.safetensors")) == set(training.parts.trained.parameters)


@pytest.mark.parametrize("strategy", [NoStrategy(), JUMPING], ids=["plain", "effopd"])
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(resumed, strategy):
    resumed(lora(steps=4, strategy=strategy))


def test_a_jump_displaces_whole_weights_and_a_veto_takes_it_back(train):
    small = lora(steps=1, batch_size=256).model_copy(update={"optimizer": Optimizer(learning_rate=5e-5)})
    plain, _ = train(small)
    jumped, sink = train(small.model_copy(update={"strategy": JUMPING}))
    (decision,) = decisions_of(sink)
    assert decision.accepted_factor == 2.0, "the first step of a small rate must be worth repeating"
    base, one, far = jumped.parts.monitor.initial, whole_weights(plain), whole_weights(jumped)
    for name in base:
        assert torch.allclose(far[name] - base[name], 3.0 * (one[name] - base[name]), atol=1e-7)
    made_again = load_demo("base").model
    folder = candidates_folder(jumped.shelf.candidates, 1)
    made_again.load_state_dict(loaded(folder), strict=False)
    move_to_candidate(made_again, folder, 2.0)
    for name, parameter in made_again.named_parameters():
        if name in far:
            assert torch.allclose(parameter, far[name], atol=1e-7)
    assert jumped.parts.lookahead.veto() == 1
    taken_back = whole_weights(jumped)
    assert all(torch.allclose(taken_back[name], one[name], atol=1e-7) for name in one)


def test_a_refused_search_leaves_every_bit_as_it_was(train):
    never = EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1, max_kl=1e-12)
    plain, plain_sink = train(lora(steps=3))
    refused, sink = train(lora(steps=3, strategy=never))
    assert all(decision.accepted_factor == 0 for decision in decisions_of(sink))
    assert sink.series("loss") == plain_sink.series("loss")
    assert equal(whole_weights(refused), whole_weights(plain))


def test_what_is_not_trained_cannot_be_moved():
    with pytest.raises(ValueError, match=r"strategy\.parameters"):
        RunConfig(adapter=Lora(), strategy=EffOPD(parameters="all"))
