"""Adapters that PEFT wrote: dW is what merging them would add, or they are refused by name."""

import dataclasses
from typing import Any, cast

import pytest
import torch
import transformers
from peft import LoraConfig, PeftConfig, get_peft_model
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from peft.tuners.lora.config import ArrowConfig, BdLoraConfig, EvaConfig, KasaConfig, MontecloraConfig, VeloraConfig
from support.adapters import TARGETS, change_config, change_tensors, made, randomise
from support.tiny_models import SMALL, matrices_of, tiny_model
from transformers import AutoModel, AutoModelForSequenceClassification

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.series import open_base, open_checkpoint

EQUAL = ""
SETTINGS: dict[str, tuple[dict, str]] = {
    "plain": ({}, EQUAL),
    "r": ({"r": 7}, EQUAL),
    "lora_alpha": ({"lora_alpha": -3}, EQUAL),
    "lora_alpha: 0": ({"lora_alpha": 0}, "lora_alpha to 0"),
    "lora_dropout": ({"lora_dropout": 0.1}, EQUAL),
    "use_rslora": ({"use_rslora": True}, EQUAL),
    "rank_pattern": ({"rank_pattern": {r".*\.0\..*proj": 2, "o_proj": 3, "c_attn": 6}}, EQUAL),
    "alpha_pattern": ({"alpha_pattern": {r"1\.self_attn\.\w+": 32, "c_proj": 5}, "use_rslora": True}, EQUAL),
    "alpha_pattern: 0": ({"alpha_pattern": {"o_proj": 0}}, "alpha_pattern to 0"),
    "target_modules: all-linear": ({"target_modules": "all-linear"}, EQUAL),
    "target_modules: a pattern": ({"target_modules": r".*\.(q_proj|qkv_proj|c_attn|down_proj)"}, EQUAL),
    "target_modules: of the architecture": ({"target_modules": None}, EQUAL),
    "target_modules with the head": ({"more_targets": ["lm_head"]}, EQUAL),
    "target_modules with the embeddings": ({"more_targets": ["embed_tokens", "wte"]}, EQUAL),
    "exclude_modules": ({"exclude_modules": ["o_proj", "mlp.c_proj"]}, EQUAL),
    "layers_to_transform": ({"layers_to_transform": [1]}, EQUAL),
    "layers_pattern": ({"layers_to_transform": 0, "layers_pattern": ["layers", "h"]}, EQUAL),
    "fan_in_fan_out": ({"fan_in_fan_out": True}, EQUAL),
    "bias: all": ({"bias": "all"}, EQUAL),
    "bias: lora_only": ({"bias": "lora_only"}, EQUAL),
    "modules_to_save": ({"modules_to_save": ["lm_head", "gate_proj", "c_fc", "down_proj"]}, EQUAL),
    "modules_to_save: a whole block": ({"modules_to_save": ["mlp"]}, EQUAL),
    "trainable_token_indices": ({"trainable_token_indices": [1, 5]}, EQUAL),
    "ensure_weight_tying": ({"modules_to_save": ["embed_tokens", "wte"], "ensure_weight_tying": True}, EQUAL),
    "megatron_core": ({"megatron_core": "another.core"}, EQUAL),
    "megatron_config": ({"declared": {"megatron_config": {"tensor_model_parallel_size": 1}}}, "megatron_config"),
    "layer_replication": ({"declared": {"layer_replication": [[0, 2], [1, 2]]}}, "layer_replication"),
    "init_lora_weights: false": ({"init_lora_weights": False}, EQUAL),
    "init_lora_weights: gaussian": ({"init_lora_weights": "gaussian"}, EQUAL),
    "init_lora_weights: orthogonal": ({"init_lora_weights": "orthogonal"}, EQUAL),
    "init_lora_weights: eva": ({"init_lora_weights": "eva", "eva_config": EvaConfig()}, EQUAL),
    "eva_config": ({"init_lora_weights": "eva", "eva_config": EvaConfig(rho=1.0)}, EQUAL),
    "init_lora_weights: mica": ({"init_lora_weights": "mica"}, EQUAL),
    "init_lora_weights: pissa": ({"init_lora_weights": "pissa"}, "began as pissa"),
    "init_lora_weights: pissa_niter_4": ({"init_lora_weights": "pissa_niter_4"}, "began as pissa_niter_4"),
    "init_lora_weights: olora": ({"init_lora_weights": "olora"}, "began as olora"),
    "init_lora_weights: corda": ({"declared": {"init_lora_weights": "corda"}}, "began as corda"),
    "init_lora_weights: loftq": ({"declared": {"init_lora_weights": "loftq"}}, "began as loftq"),
    "init_lora_weights: lora_ga": ({"declared": {"init_lora_weights": "lora_ga"}}, "began as lora_ga"),
    "init_lora_weights: yet unknown": ({"declared": {"init_lora_weights": "lora_xy"}}, "began as lora_xy"),
    "corda_config, loftq_config, lora_ga_config of a converted adapter": (
        {
            "declared": {
                "corda_config": {"corda_method": "ipm"},
                "loftq_config": {"loftq_bits": 4},
                "lora_ga_config": {},
            }
        },
        EQUAL,
    ),
    "use_dora": ({"use_dora": True}, EQUAL),
    "use_dora of everything": ({"use_dora": True, "target_modules": "all-linear", "use_rslora": True}, EQUAL),
    "use_dora with the embeddings": ({"use_dora": True, "more_targets": ["embed_tokens", "wte"]}, EQUAL),
    "velora_config": ({"velora_config": VeloraConfig()}, "velora_config"),
    "alora_invocation_tokens": ({"alora_invocation_tokens": [3, 4]}, "activated LoRA"),
    "use_qalora, qalora_group_size": ({"declared": {"use_qalora": True, "qalora_group_size": 8}}, "use_qalora"),
    "monteclora_config": ({"monteclora_config": MontecloraConfig()}, "monteclora_config"),
    "use_bdlora": ({"declared": {"use_bdlora": dataclasses.asdict(BdLoraConfig())}}, "use_bdlora"),
    "arrow_config": ({"declared": {"arrow_config": dataclasses.asdict(ArrowConfig())}}, "arrow_config"),
    "kasa_config": ({"kasa_config": KasaConfig()}, "kasa_config"),
    "runtime_config": ({"declared": {"runtime_config": {"ephemeral_gpu_offload": False}}}, EQUAL),
    "settings of other versions, unset": (
        {"declared": {"enable_lora": None, "merge_weights": False, "yet_to_come": {}, "peft_version": "0.99.0"}},
        EQUAL,
    ),
    "a setting of another version": ({"declared": {"yet_to_come": 0.5}}, "yet_to_come to 0.5"),
}
OTHER_MODELS = {
    "target_parameters": (
        "Qwen3Moe",
        {"target_modules": ["q_proj"], "target_parameters": ["mlp.experts.down_proj"]},
        "target_parameters",
    ),
    "attention of a mixture of experts": ("Qwen3Moe", {"target_modules": ["q_proj", "o_proj"]}, EQUAL),
    "tied embeddings and head": ("Llama", {"target_modules": ["q_proj", "lm_head", "embed_tokens"]}, EQUAL),
    "lora_bias on layers with biases": ("GPT2", {"lora_bias": True}, EQUAL),
    "lora_bias on layers without": ("Phi3", {"lora_bias": True}, "does not have it"),
}
REFUSED_BY_PEFT = {("target_modules: of the architecture", "Phi3"), ("kasa_config", "GPT2")}
CASES = {
    f"{name}, {family}": (family, settings, words)
    for name, (settings, words) in SETTINGS.items()
    for family in TARGETS
    if (name, family) not in REFUSED_BY_PEFT
} | OTHER_MODELS
NO_SETTING = {
    "task_type",
    "peft_type",
    "auto_mapping",
    "peft_version",
    "base_model_name_or_path",
    "revision",
    "inference_mode",
}
"""Written into every adapter by PEFT itself."""


def check_equal(base_folder, folder, before, after) -> int:
    """Every matrix is that of the merged model; how many were changed."""
    base = open_base(base_folder)
    adapter = open_checkpoint(folder, base)
    assert set(adapter.modules) == set(before)
    changed = 0
    for name in adapter.modules:
        moved = adapter.moved(name, base.matrix(name))
        torch.testing.assert_close(moved.update_MN, after[name] - before[name], atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(moved.value_MN, after[name], atol=1e-6, rtol=1e-4)
        changed += bool(moved.update_MN.any())
    return changed


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_an_adapter_is_what_peft_merges_or_it_is_refused(case, tmp_path):
    family, settings, words = CASES[case]
    base_folder, folder, before, wrapped = made(tmp_path, family, settings)
    if words:
        with pytest.raises(ModelProblem, match=words):
            open_checkpoint(folder, open_base(base_folder))
    else:
        assert check_equal(base_folder, folder, before, matrices_of(wrapped.merge_and_unload())) >= 2


def test_every_setting_that_peft_offers_is_tried():
    tried = {name for settings, _ in SETTINGS.values() for name in settings} | {"lora_bias", "target_parameters"}
    tried |= {name for settings, _ in SETTINGS.values() for name in settings.get("declared", {})}
    assert {field.name for field in dataclasses.fields(LoraConfig)} <= tried | NO_SETTING


@pytest.mark.parametrize("kind", [kind for kind in PEFT_TYPE_TO_CONFIG_MAPPING if kind != "LORA"])
def test_every_other_kind_of_tuner_is_refused_by_name(kind, tmp_path):
    tiny_model("Qwen2").save_pretrained(tmp_path / "base")
    PeftConfig(peft_type=kind).save_pretrained(tmp_path / "checkpoint-3")
    with pytest.raises(ModelProblem, match=f"of type {kind.value};"):
        open_checkpoint(tmp_path / "checkpoint-3", open_base(tmp_path / "base"))


def test_pissa_that_peft_converted_is_relative_to_the_original_base(tmp_path):
    model = tiny_model("Qwen2")
    model.save_pretrained(tmp_path / "base")
    before = matrices_of(model)
    config = LoraConfig(init_lora_weights="pissa", r=4, lora_alpha=4, target_modules=TARGETS["Qwen2"])
    wrapped = get_peft_model(model, config)
    wrapped.save_pretrained(tmp_path / "initial")
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name:
                parameter.add_(0.02 * torch.randn(parameter.shape))
    folder = tmp_path / "checkpoint-3"
    wrapped.save_pretrained(folder, path_initial_model_for_weight_conversion=str(tmp_path / "initial"))
    assert check_equal(tmp_path / "base", folder, before, matrices_of(wrapped.merge_and_unload())) == 10


EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
RENAMED: dict[str, dict] = {
    "GPTNeoX": {},
    "OPT": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "GptOss": {"head_dim": 8, **EXPERTS},
}


@pytest.mark.parametrize("family", RENAMED)
def test_families_that_saving_renames_are_as_their_merged_model_is(family, tmp_path):
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**SMALL, **RENAMED[family])
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(tmp_path / "base")
    wrapped: Any = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear"))
    randomise(wrapped)
    wrapped.save_pretrained(str(tmp_path / "adapter"))
    cast("Any", wrapped).merge_and_unload().save_pretrained(tmp_path / "merged")
    base = open_base(tmp_path / "base")
    merged, adapter = (open_checkpoint(tmp_path / name, base) for name in ("merged", "adapter"))
    changed = 0
    for name in base.modules:
        update = adapter.moved(name, base.matrix(name)).update_MN
        torch.testing.assert_close(update, merged.moved(name, base.matrix(name)).update_MN, atol=1e-6, rtol=1e-4)
        changed += bool(update.any())
    assert changed >= 8


@pytest.mark.parametrize(
    ("settings", "change", "words"),
    [
        (
            {"use_dora": True},
            lambda name: "lora_magnitude_vector" in name and "layers.1.mlp.up" in name,
            r"layers\.1\.mlp\.up",
        ),
        ({"use_dora": True}, lambda name: "lora_magnitude_vector" in name, "not both"),
        ({"use_dora": True}, lambda name: "lora_A" in name or "lora_B" in name, "not both"),
    ],
)
def test_a_magnitude_belongs_to_factors(settings, change, words, tmp_path):
    base_folder, folder, _, _ = made(tmp_path, "Qwen2", settings)
    change_tensors(folder, lambda tensors: {name: one for name, one in tensors.items() if not change(name)})
    with pytest.raises(ModelProblem, match=words):
        open_checkpoint(folder, open_base(base_folder))


def test_magnitudes_that_nothing_accounts_for_or_of_another_shape_are_refused(tmp_path):
    base_folder, folder, _, _ = made(tmp_path, "Qwen2", {"use_dora": True})
    change_config(folder, {"use_dora": False})
    with pytest.raises(ModelProblem, match=r"lora_magnitude_vector, which adapter_config\.json does not account for"):
        open_checkpoint(folder, open_base(base_folder))
    change_config(folder, {"use_dora": True})
    change_tensors(
        folder, lambda tensors: {name: one[:-1].clone() if one.ndim == 1 else one for name, one in tensors.items()}
    )
    with pytest.raises(ModelProblem, match="none of norms of rows"):
        open_checkpoint(folder, open_base(base_folder))


def test_layers_turned_round_are_told_by_the_base_whatever_the_file_says(tmp_path):
    base_folder, folder, before, wrapped = made(tmp_path, "GPT2", {})
    change_config(
        folder, {"fan_in_fan_out": False}
    )  # PEFT writes that of the layer it adapted last: here a linear head
    assert check_equal(base_folder, folder, before, matrices_of(wrapped.merge_and_unload())) > 2


def test_names_as_in_memory_are_read_for_one_adapter_only(tmp_path):
    base_folder, folder, before, wrapped = made(tmp_path, "Qwen2", {})
    change_tensors(folder, lambda tensors: {in_memory(name, "default"): tensor for name, tensor in tensors.items()})
    assert check_equal(base_folder, folder, before, matrices_of(wrapped.merge_and_unload())) == 10
    change_tensors(
        folder, lambda tensors: tensors | {name.replace("default", "b"): t.clone() for name, t in tensors.items()}
    )
    with pytest.raises(ModelProblem, match=r"several adapters, '(default|b)' and '(default|b)'"):
        open_checkpoint(folder, open_base(base_folder))


def test_wrappers_in_names_change_nothing(tmp_path):
    settings = {"rank_pattern": {r"^model\.layers\.0\.self_attn\.q_proj": 2}}
    base_folder, folder, before, wrapped = made(tmp_path, "Qwen2", settings)
    wraps = {"layers.0.": "layers.0._fsdp_wrapped_module.", "base_model.model.": "base_model.model._orig_mod."}

    def wrap(tensors: dict) -> dict:
        for plain, name in wraps.items():
            tensors = {key.replace(plain, name, 1): tensor for key, tensor in tensors.items()}
        return tensors

    change_tensors(folder, wrap)
    assert check_equal(base_folder, folder, before, matrices_of(wrapped.merge_and_unload())) == 10


@pytest.mark.parametrize(("kind", "changed"), [("SEQ_CLS", 4), ("FEATURE_EXTRACTION", 4)])
def test_an_adapter_of_the_layers_under_another_head_or_none(kind, changed, tmp_path):
    model = tiny_model("Qwen2")
    model.save_pretrained(tmp_path / "base")
    auto = AutoModel if kind == "FEATURE_EXTRACTION" else AutoModelForSequenceClassification
    other = auto.from_pretrained(tmp_path / "base")
    wrapped: Any = get_peft_model(other, LoraConfig(task_type=kind, r=4, target_modules=["q_proj", "v_proj"]))
    randomise(wrapped)
    wrapped.save_pretrained(str(tmp_path / "checkpoint-3"))
    before, after = matrices_of(model), matrices_of(cast("Any", wrapped).merge_and_unload())
    after = {name if name.startswith("model.") else f"model.{name}": matrix for name, matrix in after.items()}
    assert check_equal(tmp_path / "base", tmp_path / "checkpoint-3", before, after) == changed


def in_memory(name: str, adapter: str) -> str:
    return name.replace(".weight", f".{adapter}.weight")


Q = "base_model.model.model.layers.1.self_attn.q_proj"
DAMAGES = {
    "no tensors": (lambda tensors: {}, "holds no tensors"),
    "empty factors": (lambda tensors: {name: torch.zeros(0) for name in tensors}, r"has shape \(0,\).*gathered"),
    "an empty factor": (
        lambda tensors: tensors | {f"{Q}.lora_B.weight": torch.zeros(0)},
        r"has shape \(0,\).*gathered",
    ),
    "a factor without rows": (lambda tensors: tensors | {f"{Q}.lora_A.weight": torch.zeros(0, 32)}, r"\(0, 32\)"),
    "a flat factor": (lambda tensors: tensors | {f"{Q}.lora_A.weight": torch.zeros(128)}, r"\(128,\)"),
    "one factor": (lambda tensors: without(tensors, f"{Q}.lora_B"), f"only factor A of {Q}"),
    "a layer less": (lambda tensors: without(tensors, Q), r"nothing of model\.layers\.1\.self_attn\.q_proj\.weight"),
    "half of the layers": (lambda tensors: without(tensors, "layers.0."), r"nothing of model\.layers\.0\.\S+"),
    "ranks that differ": (
        lambda tensors: tensors | {f"{Q}.lora_A.weight": torch.zeros(3, 32), f"{Q}.lora_B.weight": torch.zeros(32, 3)},
        "rank 3, but adapter_config.json says 4",
    ),
    "ranks of A and B": (lambda tensors: tensors | {f"{Q}.lora_A.weight": torch.zeros(3, 32)}, "rank 3 and 4"),
    "a layer that is not targeted": (
        lambda tensors: (
            tensors | {name.replace("q_proj", "k_proj"): t.clone() for name, t in tensors.items() if Q in name}
        ),
        "k_proj, which is none of the target_modules",
    ),
    "a weight that is not accounted for": (
        lambda tensors: tensors | {f"{Q}.weight": torch.zeros(32, 32)},
        "q_proj.weight, which adapter_config.json does not account for",
    ),
    "a magnitude": (lambda tensors: tensors | {f"{Q}.lora_magnitude_vector": torch.ones(32)}, "magnitude_vector"),
    "a bias": (lambda tensors: tensors | {f"{Q}.bias": torch.ones(32)}, "q_proj.bias, which"),
    "a bias of a factor": (lambda tensors: tensors | {f"{Q}.lora_B.bias": torch.ones(32)}, "lora_B.bias, which"),
    "a whole module as in memory": (
        lambda tensors: tensors | {"base_model.model.lm_head.modules_to_save.default.weight": torch.ones(64, 32)},
        "modules_to_save.default.weight, which",
    ),
    "names of another trainer": (
        lambda tensors: {
            name.replace("lora_A", "lora_down").replace("lora_B", "lora_up"): t for name, t in tensors.items()
        },
        "lora_down.weight, which",
    ),
}


def without(tensors: dict, part: str) -> dict:
    return {name: tensor for name, tensor in tensors.items() if part not in name}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_whole_or_not_understood_is_refused(damage, tmp_path):
    change, words = DAMAGES[damage]
    base_folder, folder, *_ = made(tmp_path, "Qwen2", {})
    change_tensors(folder, change)
    with pytest.raises(ModelProblem, match=words):
        open_checkpoint(folder, open_base(base_folder))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"r": "4"}, "r to '4'"),
        ({"r": 8}, "rank 4, but adapter_config.json says 8"),
        ({"lora_alpha": float("nan")}, "lora_alpha to nan"),
        ({"lora_alpha": True}, "lora_alpha to True"),
        ({"rank_pattern": {"q_proj": 2}}, "says 2"),
        ({"rank_pattern": [1]}, "no mapping"),
        ({"rank_pattern": {"q_proj(": 2}}, "pattern that PEFT cannot read"),
        ({"target_modules": ["k_proj"]}, "none of the target_modules"),
        ({"target_modules": "(" }, "pattern that PEFT cannot read"),
        ({"modules_to_save": ["mlp"]}, "none of the target_modules|nothing of"),
        ({"modules_to_save": "lm_head"}, "no list of names"),
        ({"modules_to_save": [3]}, "no list of names"),
        ({"lora_alpha": 10**400}, "lora_alpha to 1000"),
        ({"target_modules": []}, "none of the target_modules"),
        ({"target_modules": 7}, "pattern that PEFT cannot read"),
        ({"bias": "some"}, "bias to 'some'"),
        ({"use_rslora": "yes"}, "neither true nor false"),
        ({"layers_pattern": "layers"}, "not a configuration that PEFT takes"),
        ({"peft_type": None}, "of type None"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_the_file_are_refused(changes, words, tmp_path):
    base_folder, folder, *_ = made(tmp_path, "Qwen2", {})
    change_config(folder, changes)
    with pytest.raises(ModelProblem, match=words):
        open_checkpoint(folder, open_base(base_folder))


def test_a_missing_whole_module_is_named(tmp_path):
    base_folder, folder, *_ = made(tmp_path, "Qwen2", {"modules_to_save": ["gate_proj"]})
    change_tensors(folder, lambda tensors: without(tensors, "layers.1.mlp.gate_proj"))
    with pytest.raises(ModelProblem, match=r"nothing of model\.layers\.1\.mlp\.gate_proj\.weight"):
        open_checkpoint(folder, open_base(base_folder))


def test_an_adapter_of_another_base_names_the_matrix_that_does_not_fit(tmp_path):
    _, folder, *_ = made(tmp_path, "Qwen3", {"target_modules": "all-linear"})
    tiny_model("Llama").save_pretrained(tmp_path / "other")
    with pytest.raises(ModelProblem, match=r"layers\.0\.\S+ of shape"):
        open_checkpoint(folder, open_base(tmp_path / "other"))


def test_a_pickled_adapter_is_refused(tmp_path):
    base_folder, folder, *_ = made(tmp_path, "Qwen2", {})
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(ModelProblem, match=r"adapter_model\.bin, a pickle"):
        open_checkpoint(folder, open_base(base_folder))
