"""Adapters that PEFT makes and saves, with random factors, beside the base that they are for."""

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor

from support.tiny_models import matrices_of, tiny_model

TARGETS = {
    "Qwen2": ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"],
    "GPT2": ["c_attn", "c_proj"],
    "Phi3": ["qkv_proj", "o_proj", "gate_up_proj"],
}
"""Plain layers, layers stored as (in, out), and fused ones."""


def made(
    folder: Path, family: str, settings: dict[str, Any], seed: int = 3
) -> tuple[Path, Path, dict[str, Tensor], Any]:
    """(base, adapter, the base's matrices, PEFT's model in memory). `declared` settings are written into the file alone."""
    settings = dict(settings)
    declared, more = settings.pop("declared", {}), settings.pop("more_targets", [])
    model = tiny_model(family)
    model.save_pretrained(folder / "base")
    before = matrices_of(model)
    torch.manual_seed(seed)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": TARGETS.get(family)} | settings
    if more:
        settings["target_modules"] = settings["target_modules"] + more
    wrapped = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
    randomise(wrapped)
    wrapped.save_pretrained(str(folder / "checkpoint-3"))
    change_config(folder / "checkpoint-3", declared)
    return folder / "base", folder / "checkpoint-3", before, wrapped


def randomise(wrapped: Any) -> None:
    """Everything that an adapter trains."""
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if (
                "lora_" in name
                or "modules_to_save" in name
                or "trainable_tokens_delta" in name
                or name.endswith("bias")
            ):
                parameter.copy_(0.02 * torch.randn(parameter.shape))


def change_config(folder: Path, changes: dict[str, Any]) -> None:
    """Write other settings over those of an adapter."""
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def change_tensors(folder: Path, change: Any) -> None:
    """Write what change makes of an adapter's tensors by name."""
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file(change(tensors), folder / "adapter_model.safetensors")
