"""A model's tensors -> matrices (out, in) by one name each, whatever holds them."""

import pytest
import torch
import transformers
from support.tiny_models import matrices_of as cut_by_hand
from support.tiny_models import tiny_model

from opdboard_worker.models.matrices import Layout, View, matrices_in, matrices_of, put_together, taken_apart

LLAMA = Layout("llama", heads=4, kv_heads=2, head_dim=8)
EXPERTS = "model.layers.0.mlp.experts.gate_up_proj"


@pytest.mark.parametrize("family", ["Llama", "Phi3", "GPT2", "Qwen3Moe"])
def test_live_matrices_are_those_that_are_cut_by_hand(family):
    model = tiny_model(family)
    weights = dict(model.named_parameters())
    found = {
        module.name: view.of(weights[name])
        for name, matrices in matrices_of(model).items()
        for module, view in matrices
    }
    expected = cut_by_hand(model)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_a_fused_projection_is_cut_by_heads():
    found = matrices_in("model.layers.3.self_attn.qkv_proj.weight", (64, 32), LLAMA)
    tensor = torch.arange(64 * 32).reshape(64, 32)
    assert [(module.kind, module.layer, module.shape) for module, _ in found] == [
        ("q", 3, (32, 32)),
        ("k", 3, (16, 32)),
        ("v", 3, (16, 32)),
    ]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor)


@pytest.mark.parametrize(
    "layout", [Layout("phi3"), Layout("codegen", heads=4, kv_heads=2, head_dim=8)], ids=["unknown", "by heads"]
)
def test_a_fused_projection_that_cannot_be_cut_stays_whole(layout):
    ((module, view),) = matrices_in("model.layers.0.self_attn.qkv_proj.weight", (64, 32), layout)
    assert module.kind == "qkv" and view.index == ()


def test_matrices_that_are_stored_as_in_out_are_turned_round():
    name = "transformer.h.0.attn.c_attn.weight"
    layout = Layout("gpt2", heads=4, kv_heads=4, head_dim=8, in_out=frozenset({name}))
    tensor = torch.arange(32 * 96).reshape(32, 96)
    found = matrices_in(name, (32, 96), layout)
    assert [module.kind for module, _ in found] == ["q", "k", "v"]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor.T)
    for _, view in found:
        assert torch.equal(view.turned(tensor[view.index]), view.of(tensor))


def test_all_experts_in_one_tensor_are_the_same_as_one_file_each():
    found = matrices_in(EXPERTS, (3, 48, 32), LLAMA)
    tensor = torch.arange(3 * 48 * 32).reshape(3, 48, 32)
    assert [module.name for module, _ in found[:2]] == [
        "model.layers.0.mlp.experts.0.gate_proj.weight",
        "model.layers.0.mlp.experts.0.up_proj.weight",
    ]
    assert torch.equal(torch.cat([view.of(tensor) for _, view in found]), tensor.reshape(-1, 32))
    ((expert, _),) = matrices_in("model.layers.0.mlp.experts.2.up_proj.weight", (24, 32), LLAMA)
    assert expert == found[5][0]


def test_experts_whose_gate_and_up_alternate_are_told_apart():
    layout = Layout(in_out=frozenset({EXPERTS}), alternating=frozenset({EXPERTS}))
    tensor = torch.arange(2 * 4 * 6).reshape(2, 4, 6)
    gate, up = [view.of(tensor) for module, view in matrices_in(EXPERTS, (2, 4, 6), layout) if module.expert == 1]
    assert torch.equal(gate, tensor[1, :, ::2].T) and torch.equal(up, tensor[1, :, 1::2].T)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("in_out", [True, False])
def test_how_experts_are_stored_is_told_by_their_module_or_by_shapes(in_out, told):
    class Experts(torch.nn.Module):
        def __init__(self):
            super().__init__()
            shapes = {"gate_up_proj": (2, 8, 6), "down_proj": (2, 6, 4)}
            for name, (experts, out, inner) in shapes.items():
                shape = (experts, inner, out) if in_out else (experts, out, inner)
                setattr(self, name, torch.nn.Parameter(torch.zeros(shape)))
            if told:
                self.is_transposed = in_out

    model = tiny_model("Llama")
    model.model.layers[0].mlp.experts = Experts()
    names = {EXPERTS, EXPERTS.replace("gate_up", "down")}
    assert Layout.of(model).in_out == (names if in_out else set())
    shapes = {module.kind: module.shape for name in names for module, _ in matrices_of(model)[name]}
    assert shapes == {"gate": (4, 6), "up": (4, 6), "down": (6, 4)}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.embed_tokens.weight", (64, 32)),
        ("lm_head.weight", (64, 32)),
        ("model.layers.0.mlp.gate.weight", (4, 32)),
        ("model.layers.0.mlp.router.layer.weight", (4, 32)),
        ("model.layers.0.self_attn.q_norm.weight", (8,)),
        ("model.layers.0.self_attn.q_proj.bias", (32,)),
        ("model.layers.0.conv.conv.weight", (32, 1, 3)),
    ],
)
def test_nothing_else_is_a_matrix_of_a_layer(name, shape):
    assert matrices_in(name, shape, LLAMA) == []


@pytest.mark.parametrize("family", ["Phi3", "GPT2", "Qwen3Moe"])
def test_what_is_taken_apart_can_be_put_together(family):
    model = tiny_model(family)
    held, weights = matrices_of(model), {name: one.detach() for name, one in model.named_parameters()}
    again = put_together(taken_apart(weights, held), held, weights)
    assert again.keys() == weights.keys() and all(torch.equal(again[name], weights[name]) for name in weights)
    first = next(iter(held))
    alone = {module.name: view.of(weights[first]) for module, view in held[first]}
    assert put_together(alone, held, weights).keys() == {first}


def test_views_share_memory():
    for name, matrices in matrices_of(tiny := tiny_model("Qwen3Moe")).items():
        weight = tiny.get_parameter(name)
        assert all(view.of(weight).untyped_storage().data_ptr() == weight.data_ptr() for _, view in matrices)
        assert View().of(weight) is weight


def test_no_two_matrices_of_a_model_of_several_towers_have_one_label():
    text = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8}  # fmt: skip
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 8, "patch_size": 4}  # fmt: skip
    with torch.device("meta"):
        model = transformers.Gemma3ForConditionalGeneration(
            transformers.Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
        )
    modules = [module for matrices in matrices_of(model).values() for module, _ in matrices]
    assert {module.tower for module in modules} == {"", "vision"}
    assert len({module.label for module in modules}) == len(modules)
    assert {module.label for module in modules if module.kind == "q"} == {"L0 q", "L1 q", "vision L0 q", "vision L1 q"}
