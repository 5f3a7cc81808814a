"""Adapters that PEFT wrote: dW is what merging them would add."""

import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from support.tiny_models import matrices_of, tiny_model

from opdboard.domain.errors import ModelProblem
from opdboard_worker.analysis.series import open_base, open_checkpoint

KINDS = {
    "plain": ("Qwen3", {"target_modules": "all-linear"}),
    "rank-stabilised": ("Qwen3", {"use_rslora": True, "target_modules": ["q_proj", "down_proj"]}),
    "patterns": (
        "Llama",
        {
            "target_modules": ["q_proj", "v_proj", "up_proj"],
            "rank_pattern": {"v_proj": 2},
            "alpha_pattern": {r"layers\.1\.mlp\.up_proj": 32, "v_proj": 5},
        },
    ),
    "modules kept whole": ("Llama", {"target_modules": ["q_proj"], "modules_to_save": ["gate_proj", "lm_head"]}),
    "fused": ("Phi3", {"target_modules": ["qkv_proj", "gate_up_proj"]}),
    "in and out swapped": ("GPT2", {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}),
}


def adapted(tmp_path, family: str, settings: dict):
    """Folders of a base and of an adapter with random factors, and the matrices before and after."""
    model = tiny_model(family)
    model.save_pretrained(tmp_path / "base")
    before = matrices_of(model)
    torch.manual_seed(3)
    wrapped = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, **settings))
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter.copy_(0.02 * torch.randn(parameter.shape))
    wrapped.save_pretrained(tmp_path / "checkpoint-3")
    return tmp_path / "base", tmp_path / "checkpoint-3", before, matrices_of(wrapped.merge_and_unload())


@pytest.mark.parametrize("kind", KINDS)
def test_updates_are_those_of_the_merged_model(kind, tmp_path):
    base_folder, folder, before, after = adapted(tmp_path, *KINDS[kind])
    base = open_base(base_folder)
    adapter = open_checkpoint(folder, base)
    assert set(adapter.modules) == set(before)
    changed = 0
    for name in adapter.modules:
        update, value = adapter.update(name, base.matrix(name))
        torch.testing.assert_close(update, after[name] - before[name], atol=1e-6, rtol=1e-4)
        torch.testing.assert_close(value, after[name], atol=1e-6, rtol=1e-4)
        changed += bool(update.any())
    assert changed >= 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"peft_type": "LOHA"}, "type LOHA"),
        ({"use_dora": True}, "DoRA"),
        ({"init_lora_weights": "pissa_niter_4"}, "pissa"),
        ({"target_parameters": ["mlp.experts.gate_up_proj"]}, "target_parameters"),
    ],
)
def test_adapters_that_are_no_low_rank_sum_are_refused(changes, words, tmp_path):
    base_folder, folder, *_ = adapted(tmp_path, *KINDS["plain"])
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    with pytest.raises(ModelProblem, match=words):
        open_checkpoint(folder, open_base(base_folder))


def test_an_adapter_of_another_base_names_the_matrix_that_does_not_fit(tmp_path):
    _, folder, *_ = adapted(tmp_path, *KINDS["plain"])
    tiny_model("Llama").save_pretrained(tmp_path / "other")
    with pytest.raises(ModelProblem, match=r"layers\.0\.\S+ of shape"):
        open_checkpoint(folder, open_base(tmp_path / "other"))


def test_a_pickled_adapter_is_refused(tmp_path):
    base_folder, folder, *_ = adapted(tmp_path, *KINDS["plain"])
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(ModelProblem, match=r"adapter_model\.bin, a pickle"):
        open_checkpoint(folder, open_base(base_folder))
