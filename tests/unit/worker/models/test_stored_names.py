"""Names of tensors as different trainers write them -> the names of the model in memory."""

import pytest
import torch
import transformers
from support.tiny_models import tiny_model

from opdboard_worker.models.saving import as_saved
from opdboard_worker.models.stored_names import StoredNames, architecture, unwrapped

UP = "model.layers.0.mlp.up_proj.weight"


def names_of(family):
    return StoredNames(tiny_model(family).to("meta"))


@pytest.mark.parametrize(
    ("family", "written", "name"),
    [
        ("Llama", f"_orig_mod.{UP}", UP),
        ("Llama", f"module.{UP}", UP),
        ("Llama", "_fsdp_wrapped_module.model.layers.0._fsdp_wrapped_module.mlp.up_proj.weight", UP),
        ("Llama", f"base_model.model.{UP}", UP),
        ("Llama", "layers.0.mlp.up_proj.weight", UP),
        ("Llama", UP, UP),
        ("GPT2", "h.0.mlp.c_fc.weight", "transformer.h.0.mlp.c_fc.weight"),
        ("Qwen3Moe", "model.layers.0.mlp.experts.3.up_proj.weight", "model.layers.0.mlp.experts.3.up_proj.weight"),
        ("Qwen3Moe", "model.layers.0.mlp.experts.gate_up_proj", "model.layers.0.mlp.experts.gate_up_proj"),
    ],
)
def test_wrappers_and_other_spellings_are_undone(family, written, name):
    assert names_of(family).in_memory(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("block_sparse_moe.experts.3.w1.weight", "mlp.experts.3.gate_proj.weight"),
        ("block_sparse_moe.experts.11.w2.weight", "mlp.experts.11.down_proj.weight"),
        ("block_sparse_moe.experts.3.w3.weight", "mlp.experts.3.up_proj.weight"),
        ("block_sparse_moe.gate.weight", "mlp.gate.weight"),
    ],
)
def test_experts_that_are_stored_one_by_one_keep_their_numbers(written, name):
    config = transformers.MixtralConfig(num_hidden_layers=2, hidden_size=8, intermediate_size=8, num_local_experts=12, num_attention_heads=2, num_key_value_heads=2, vocab_size=8)  # fmt: skip
    with torch.device("meta"):
        names = StoredNames(transformers.MixtralForCausalLM(config))
    assert names.in_memory(f"model.layers.1.{written}") == f"model.layers.1.{name}"


def test_an_expert_that_is_missing_does_not_give_its_number_to_the_next():
    model = tiny_model("Qwen3Moe")
    saved = as_saved(model, model.state_dict())
    del saved["model.layers.0.mlp.experts.1.up_proj.weight"]
    placed = names_of("Qwen3Moe").placed({name: tuple(one.shape) for name, one in saved.items()})
    assert "model.layers.0.mlp.experts.1.up_proj.weight" not in placed.shapes
    name = "model.layers.0.mlp.experts.2.up_proj.weight"
    assert placed.direct[name] == name


def test_what_the_architecture_does_not_have_is_left_out():
    placed = names_of("Llama").placed(
        {"model.layers.9.mlp.up_proj.weight": (4, 4), "mtp.layers.0.mlp.up_proj.weight": (4, 4)}
    )
    assert not placed.shapes and len(placed.left_out) == 2


def test_names_are_taken_as_they_are_where_the_architecture_is_not_known(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "of_tomorrow"}')
    assert architecture(tmp_path) is None
    assert StoredNames(None).in_memory(f"module.{UP}") == UP
    assert StoredNames(None).placed({f"module.{UP}": (4, 4)}).direct == {UP: f"module.{UP}"}
    assert unwrapped(f"module._orig_mod.{UP}") == UP


def test_tensors_that_several_stored_ones_make_are_made_as_transformers_makes_them(tmp_path):
    config = transformers.OlmoHybridConfig(num_hidden_layers=2, hidden_size=16, intermediate_size=16, num_attention_heads=2, num_key_value_heads=2, vocab_size=16, pad_token_id=0, layer_types=["linear_attention", "full_attention"], linear_num_key_heads=2, linear_num_value_heads=2)  # fmt: skip
    model = transformers.OlmoHybridForCausalLM(config)
    saved = as_saved(model, {name: one.detach() for name, one in model.state_dict().items()})
    with torch.device("meta"):
        without_weights = transformers.OlmoHybridForCausalLM(config)
    placed = StoredNames(without_weights).placed({name: tuple(one.shape) for name, one in saved.items()})
    assert placed.made
    for name, conversion in placed.made.items():
        assert torch.equal(conversion(without_weights, saved)[name], model.state_dict()[name])
