"""Any transformers causal LM trains: tiny random models of several families, through a folder in Hugging Face format."""

import json
import math

import pytest
import torch
import transformers
from invariant.conftest import PLAIN, decisions_of, equal, tiny_config, weights

from opdboard.domain.data import FileData
from opdboard.domain.model_sources import FolderModel, RunModel
from opdboard.domain.optimizer import AllWeights, Lora
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.fixed import FixedExtrapolation
from opdboard.domain.teachers import ModelTeacher
from opdboard.settings import Settings
from opdboard_worker.models.candidates import candidates_folder
from opdboard_worker.models.demo import build_tokenizer
from opdboard_worker.models.loading import load, weights_like
from opdboard_worker.training.checkpoint import checkpoint_folder

SMALL = {"vocab_size": 15, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILIES = {
    "LlamaConfig": SMALL | {"num_key_value_heads": 2, "tie_word_embeddings": True},
    "Qwen2Config": SMALL | {"num_key_value_heads": 2, "vocab_size": 16},  # its tokenizer class adds a token of its own
    "Qwen3Config": SMALL | {"num_key_value_heads": 2, "head_dim": 8},
    "MistralConfig": SMALL | {"num_key_value_heads": 2},
    "Gemma2Config": SMALL | {"num_key_value_heads": 2, "head_dim": 8, "final_logit_softcapping": 5.0},
    "Phi3Config": SMALL | {"num_key_value_heads": 2, "pad_token_id": 12},
    "GPT2Config": {"vocab_size": 15, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "GPTNeoXConfig": SMALL,
    "Qwen3MoeConfig": SMALL
    | {
        "num_key_value_heads": 2,
        "head_dim": 8,
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 24,
    },
    "MixtralConfig": SMALL | {"num_key_value_heads": 2, "num_local_experts": 4},
    "GptOssConfig": SMALL | {"num_key_value_heads": 2, "head_dim": 8, "num_local_experts": 4, "num_experts_per_tok": 2},
}
RENAMED = ["GPTNeoXConfig", "Qwen3MoeConfig", "MixtralConfig"]
"""Saving gives their weights other names, and takes their experts apart."""


def folder_of(path, family, seed):
    tokenizer = build_tokenizer()
    ids = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    torch.manual_seed(seed)
    config = getattr(transformers, family)(**(FAMILIES[family] | ids))
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return FolderModel(path=str(path))


def config_of(tmp_path, family, steps=2, **changes):
    data = tmp_path / "sums.jsonl"
    data.write_text(
        "".join(json.dumps({"prompt": f"{n:03d}+{n:03d}=", "answer": str(2 * n)[::-1]}) + "\n" for n in range(40))
    )
    return tiny_config(
        steps=steps,
        student=folder_of(tmp_path / "student", family, 0),
        teacher=ModelTeacher(source=folder_of(tmp_path / "teacher", family, 1)),
        data=FileData(path=str(data), instruction="", verifier="exact"),
        reading=PLAIN,
        **changes,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_and_its_modules_are_seen(train, tmp_path, family):
    training, sink = train(config_of(tmp_path, family))
    assert all(math.isfinite(value) and value > 0 for value in sink.series("reverse_kl").values())
    kinds = {module.kind for module in training.parts.monitor.modules}
    assert {"o", "down"} <= kinds
    assert {module.layer for module in training.parts.monitor.modules} == {0, 1}
    norms = next(v.values for v in sink.batches[-1].vectors + sink.batches[-2].vectors if v.statistic == "update_norm")
    assert all(value > 0 for value in norms)


@pytest.mark.parametrize("adapter", [AllWeights(), Lora(rank=2)], ids=["all", "lora"])
@pytest.mark.parametrize("family", RENAMED)
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(resumed, tmp_path, family, adapter):
    strategy = EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1)
    sinks = resumed(config_of(tmp_path, family, steps=4, adapter=adapter, strategy=strategy))
    vectors = [[v for batch in one.batches for v in batch.vectors if v.step > 2] for one in sinks]
    assert repr(vectors[0]) == repr(vectors[1]) and vectors[0]


@pytest.mark.parametrize("family", RENAMED)
def test_a_candidate_is_made_again_and_a_checkpoint_is_read_by_the_names_in_memory(train, tmp_path, family):
    strategy = FixedExtrapolation(every=1, alpha=3.0, validation_size=4)
    training, sink = train(config_of(tmp_path, family, steps=1, strategy=strategy))
    live = weights(training)
    stored = weights_like(training.parts.scorer.student.model, checkpoint_folder(training.shelf.checkpoints, 1))
    assert equal(stored, live)
    (decision,) = decisions_of(sink)
    folder = candidates_folder(training.shelf.candidates, 1)
    tried = RunModel(run_id="this", step=1, factor=decision.accepted_factor)
    made_again = load(tried, settings=Settings(data_dir=tmp_path), run_folder=lambda _: folder).model
    assert decision.accepted_factor == 3.0
    assert equal(dict(made_again.named_parameters()), live)


@pytest.mark.parametrize("family", ["Qwen3MoeConfig", "MixtralConfig", "GptOssConfig"])
@pytest.mark.parametrize("adapter", [AllWeights(), Lora(rank=2)], ids=["all", "lora"])
def test_experts_are_watched_and_moved_one_by_one(train, tmp_path, family, adapter):
    strategy = EffOPD(score="negative_reverse_kl", validation_size=8, candidates=1)
    training, sink = train(config_of(tmp_path, family, steps=2, adapter=adapter, strategy=strategy))
    modules = training.parts.monitor.modules
    assert {module.expert for module in modules} == {None, 0, 1, 2, 3}
    assert len({module.label for module in modules}) == len(modules) == 2 * (4 + 4 * 3)
    moved = set(training.parts.lookahead._moving)
    assert {"model.layers.0.mlp.experts.gate_up_proj", "model.layers.1.mlp.experts.down_proj"} <= moved
    vectors = {v.statistic: v.values for batch in sink.batches for v in batch.vectors if v.step == 2}
    assert sum(value**2 for value in vectors["norm_share"]) != 0 and sum(vectors["norm_share"]) == pytest.approx(1.0)
    for place, (module, matrix) in enumerate(zip(modules, training.parts.trained.matrices.values(), strict=True)):
        change = matrix.value().double() - matrix.initial.double()
        assert change.shape == module.shape
        assert vectors["update_norm"][place] == pytest.approx(float(change.norm()), rel=2e-3)
        if isinstance(adapter, Lora):
            assert torch.linalg.matrix_rank(matrix.now().double(), rtol=1e-5) <= 2
    experts = [place for place, module in enumerate(modules) if module.expert is not None]
    assert (
        sum(vectors["update_norm"][place] > 0 for place in experts) > len(experts) / 2
    )  # those that no token chose stand still
