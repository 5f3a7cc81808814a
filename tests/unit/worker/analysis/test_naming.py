"""Names of tensors as different trainers write them -> matrices by one name each."""

import pytest
import torch

from opdboard_worker.analysis.naming import Sizes, matrices_in, normalised

LLAMA = Sizes("llama", heads=4, kv_heads=2, head_dim=8)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("_orig_mod.model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        ("module.model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        (
            "_fsdp_wrapped_module.model.layers.0._fsdp_wrapped_module.mlp.up_proj.weight",
            "model.layers.0.mlp.up_proj.weight",
        ),
        ("base_model.model.model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        ("layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        ("h.0.mlp.c_fc.weight", "transformer.h.0.mlp.c_fc.weight"),
        ("model.layers.1.block_sparse_moe.experts.3.w2.weight", "model.layers.1.mlp.experts.3.down_proj.weight"),
        ("language_model.model.layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight"),
        ("model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
    ],
)
def test_wrappers_and_other_spellings_are_undone(written, name):
    assert normalised(written) == name


def test_a_fused_projection_is_cut_by_heads():
    found = matrices_in("model.layers.3.self_attn.qkv_proj.weight", (64, 32), LLAMA)
    tensor = torch.arange(64 * 32).reshape(64, 32)
    assert [(module.kind, module.layer, module.shape) for module, _ in found] == [
        ("q", 3, (32, 32)),
        ("k", 3, (16, 32)),
        ("v", 3, (16, 32)),
    ]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor)


def test_a_fused_projection_whose_sizes_are_not_known_stays_whole():
    sizes = Sizes("phi3", heads=0, kv_heads=0, head_dim=0)
    ((module, view),) = matrices_in("model.layers.0.self_attn.qkv_proj.weight", (64, 32), sizes)
    assert module.kind == "qkv" and view.index == ()


def test_gpt2_matrices_are_turned_round():
    sizes = Sizes("gpt2", heads=4, kv_heads=4, head_dim=8)
    tensor = torch.arange(32 * 96).reshape(32, 96)
    found = matrices_in("h.0.attn.c_attn.weight", (32, 96), sizes)
    assert [module.kind for module, _ in found] == ["q", "k", "v"]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor.T)
    for _, view in found:
        assert torch.equal(view.turned(tensor[view.index]), view.of(tensor))


def test_all_experts_in_one_tensor_are_the_same_as_one_file_each():
    sizes = Sizes("qwen3_moe", heads=4, kv_heads=2, head_dim=8)
    found = matrices_in("model.layers.0.mlp.experts.gate_up_proj", (3, 48, 32), sizes)
    tensor = torch.arange(3 * 48 * 32).reshape(3, 48, 32)
    assert [module.name for module, _ in found[:2]] == [
        "model.layers.0.mlp.experts.0.gate_proj.weight",
        "model.layers.0.mlp.experts.0.up_proj.weight",
    ]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor.reshape(-1, 32))
    ((expert, _),) = matrices_in("model.layers.0.mlp.experts.2.up_proj.weight", (24, 32), sizes)
    assert expert == found[5][0]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.embed_tokens.weight", (64, 32)),
        ("lm_head.weight", (64, 32)),
        ("model.layers.0.mlp.gate.weight", (4, 32)),
        ("model.layers.0.self_attn.q_norm.weight", (8,)),
        ("model.layers.0.self_attn.q_proj.bias", (32,)),
    ],
)
def test_nothing_else_is_a_matrix_of_a_layer(name, shape):
    assert matrices_in(name, shape, LLAMA) == []
