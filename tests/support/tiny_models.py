"""Tiny random models of several architectures, and each one's attention and MLP matrices taken from its own state dict."""

from typing import Any

import torch
import transformers
from torch import Tensor

SMALL = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "Llama": SMALL | {"tie_word_embeddings": True},
    "Qwen2": SMALL,
    "Qwen3": SMALL | {"head_dim": 16},
    "Mistral": SMALL,
    "Gemma": SMALL | {"head_dim": 16},
    "Phi3": SMALL,
    "Qwen3Moe": SMALL
    | {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24, "mlp_only_layers": [1]},
    "GPT2": {
        "vocab_size": 64,
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": 64,
        "bos_token_id": 1,
        "eos_token_id": 2,
    },
}


def tiny_model(family: str, seed: int = 0) -> Any:
    """A model with random weights decided by the seed."""
    torch.manual_seed(seed)
    config = getattr(transformers, f"{family}Config")(**FAMILIES[family])
    return transformers.AutoModelForCausalLM.from_config(config)


def moved(model: Any, seed: int, size: float = 1e-3) -> Any:
    """The same model after a random update of every parameter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(size * torch.randn(parameter.shape, generator=generator))
    return model


def matrices_of(model: Any) -> dict[str, Tensor]:
    """(out, in) of every projection by its Hugging Face name, cut by hand out of what the model holds in memory."""
    family, config = model.config.model_type, model.config
    found: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        tensor = tensor.detach().clone()
        before = name.removesuffix(".weight")
        if family == "gpt2" and before.endswith("attn.c_attn"):
            stem = before.removesuffix("c_attn")
            for index, leaf in enumerate(("q_proj", "k_proj", "v_proj")):
                found[f"{stem}{leaf}.weight"] = tensor[:, 32 * index : 32 * (index + 1)].T.contiguous()
        elif family == "gpt2" and before.endswith(("c_proj", "c_fc")) and name.endswith("weight"):
            found[name] = tensor.T.contiguous()
        elif before.endswith("qkv_proj"):
            head = config.hidden_size // config.num_attention_heads
            rows = [
                config.num_attention_heads * head,
                config.num_key_value_heads * head,
                config.num_key_value_heads * head,
            ]
            for leaf, part in zip(("q_proj", "k_proj", "v_proj"), tensor.split(rows), strict=True):
                found[before.replace("qkv_proj", leaf) + ".weight"] = part
        elif before.endswith("mlp.gate_up_proj"):
            for leaf, part in zip(("gate_proj", "up_proj"), tensor.chunk(2), strict=True):
                found[before.replace("gate_up_proj", leaf) + ".weight"] = part
        elif before.endswith("experts.gate_up_proj"):
            for expert, of_expert in enumerate(tensor):
                for leaf, part in zip(("gate_proj", "up_proj"), of_expert.chunk(2), strict=True):
                    found[before.replace("experts.gate_up_proj", f"experts.{expert}.{leaf}") + ".weight"] = part
        elif before.endswith("experts.down_proj"):
            for expert, of_expert in enumerate(tensor):
                found[before.replace("experts.down_proj", f"experts.{expert}.down_proj") + ".weight"] = of_expert
        elif name.endswith("_proj.weight"):
            found[name] = tensor
    return found
