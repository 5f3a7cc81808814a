"""Names of parameters -> kinds, towers and labels."""

import pytest

from opdboard.domain.module_names import moved_by_authors_filter, place_of
from opdboard.domain.modules import Module, module_of, told_apart


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("model.decoder.layers.0.fc1.weight", "L0 up"),  # OPT
        ("model.layers.1.fc2.weight", "L1 down"),  # XGLM
        ("transformer.h.2.mlp.fc_in.weight", "L2 up"),  # CodeGen, GPT-J
        ("model.layers.0.feed_forward.w1.weight", "L0 gate"),  # LFM2
        ("model.layers.0.conv.in_proj.weight", "L0 in"),
        ("transformer.blocks.0.attn.Wqkv.weight", "L0 qkv"),  # MPT
        ("bert.encoder.layer.3.attention.output.dense.weight", "L3 o"),
        ("bert.encoder.layer.3.intermediate.dense.weight", "L3 up"),
        ("bert.encoder.layer.3.output.dense.weight", "L3 down"),
        ("rwkv.blocks.0.feed_forward.value.weight", "L0 down"),
        ("rwkv.blocks.0.attention.value.weight", "L0 v"),
        ("transformer.attentions.1.out_lin.weight", "L1 o"),  # XLM
        ("model.layers.0.self_attn.kv_a_proj_with_mqa.weight", "L0 kv_a"),  # DeepSeek
        ("model.layers.0.self_attn.gate_proj.weight", "L0 g"),  # a gate of attention, not of the MLP
        ("model.layers.0.mlp.experts.7.gate_proj.weight", "L0 e7 gate"),
        ("backbone.layers.0.mixer.out_proj.weight", "L0 out"),  # Mamba
        ("model.layers.0.mixer.down_proj.weight", "L0 down"),  # Nemotron-H
        ("model.layers.0.self_attn.q_proj.linear.weight", "L0 q"),  # Moshi
    ],
)
def test_kinds_of_many_families(name, label):
    module = module_of(name, (4, 8))
    assert module is not None and module.label == label


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.mlp.gate.weight",
        "model.layers.0.mlp.gate.down_proj.weight",
        "model.layers.0.mlp.router.layer.weight",
        "model.layers.0.post_attention_layernorm.mlp.fc1.weight",
        "roberta.encoder.layer.0.output.adapter_modules.en_XX.dense1.weight",
        "model.layers.0.mixer.dt_proj.weight",
        "model.layers.0.self_attn.relative_pos_embeddings.weight",
        "model.mm_projector.up_proj.weight",
    ],
)
def test_routers_norms_and_adapters_are_no_matrices(name):
    assert module_of(name, (4, 8)) is None


def modules(*names: str) -> list[Module]:
    found = [module_of(f"{name}.weight", (4, 4)) for name in names]
    assert None not in found
    return told_apart([module for module in found if module is not None])


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (
            ["model.vision_tower.encoder.layers.0.mlp.fc1", "model.language_model.layers.0.mlp.up_proj"],
            ["vision L0 up", "L0 up"],
        ),
        (
            ["visual.blocks.0.mlp.up_proj", "model.layers.0.mlp.up_proj", "audio_tower.layers.0.fc1"],
            ["vision L0 up", "L0 up", "audio L0 up"],
        ),
        (["model.encoder.layers.0.fc1", "model.decoder.layers.0.fc1"], ["encoder L0 up", "L0 up"]),
        (["model.layers.0.mlp.up_proj", "mtp.layers.0.mlp.up_proj"], ["L0 up", "mtp L0 up"]),
        (["bert.encoder.layer.0.intermediate.dense"], ["L0 up"]),
        (
            ["m.vision_high.layers.0.fc1", "m.vision_low.layers.0.fc1", "m.layers.0.mlp.up_proj"],
            ["vision_high L0 up", "vision_low L0 up", "L0 up"],
        ),
        (
            ["model.layers.0.self_attn.q_proj", "model.layers.0.encoder_attn.q_proj"],
            ["L0 self_attn q", "L0 encoder_attn q"],
        ),
        (
            ["model.layers.0.self_attn.0.o_proj", "model.layers.0.self_attn.1.o_proj"],
            ["L0 0 o", "L0 1 o"],
        ),
        (
            ["model.layers.0.linear_attn.in_proj_qkv", "model.layers.0.linear_attn.in_proj_z"],
            ["L0 in_proj_qkv in", "L0 in_proj_z in"],
        ),
        (
            ["model.layers.0.mlp.shared_expert.up_proj", "model.layers.0.mlp.experts.1.up_proj"],
            ["L0 shared up", "L0 e1 up"],
        ),
    ],
)
def test_no_two_modules_have_one_label(names, labels):
    assert [module.label for module in modules(*names)] == labels
    backwards = modules(*reversed(names))
    assert [module.label for module in reversed(backwards)] == labels


def test_a_module_is_stored_and_read_again():
    for module in modules("visual.blocks.0.mlp.up_proj", "model.layers.0.mlp.shared_mlp.up_proj"):
        assert Module.from_json(module.as_json()) == module
    plain = {"name": "a", "layer": 1, "kind": "q", "shape": [2, 3]}
    assert Module.from_json(plain) == Module("a", 1, "q", (2, 3)) and Module("a", 1, "q", (2, 3)).as_json() == plain


QWEN = {
    "model.layers.0.self_attn.q_proj.weight": True,
    "model.layers.0.self_attn.q_proj.bias": True,
    "model.layers.0.self_attn.q_norm.weight": True,
    "model.layers.0.mlp.up_proj.weight": True,
    "model.layers.0.input_layernorm.weight": False,
    "model.layers.0.post_attention_layernorm.weight": True,
    "model.embed_tokens.weight": False,
    "lm_head.weight": False,
}
LFM2 = {
    "model.layers.0.conv.in_proj.weight": True,
    "model.layers.0.conv.conv.weight": True,
    "model.layers.0.feed_forward.w1.weight": True,
    "model.layers.0.operator_norm.weight": False,
    "model.embedding_norm.weight": False,
}
OPT = {
    "model.decoder.layers.0.self_attn.q_proj.weight": True,
    "model.decoder.layers.0.fc1.weight": True,
    "model.decoder.layers.0.fc1.bias": True,
    "model.decoder.layers.0.self_attn_layer_norm.weight": True,
    "model.decoder.layers.0.final_layer_norm.weight": False,
    "model.decoder.embed_positions.weight": False,
}


@pytest.mark.parametrize("parameters", [QWEN, LFM2, OPT], ids=["qwen", "lfm2", "opt"])
def test_the_authors_filter_means_the_same_on_models_with_other_names(parameters):
    matrices = [name for name in parameters if module_of(name, (4, 4))]
    assert set(moved_by_authors_filter(list(parameters), matrices)) == {
        name for name, moves in parameters.items() if moves
    }


def test_a_place_is_the_outermost_block():
    place = place_of("model.layers.3.mlp.experts.5.up_proj.weight")
    assert place is not None and (place.stack, place.layer, place.path) == ("model", 3, "mlp.experts.5.up_proj.weight")
    assert place_of("model.norm.weight") is None
