"""A stored tensor's name -> the attention and MLP matrices in it, by Hugging Face names, one per projection.

Files of one model differ: torch.compile and FSDP leave their wrappers in the names, Phi-3 keeps q, k, v in one tensor and
gate and up in another, GPT-2 stores matrices the other way round, and the experts of a layer are one tensor in memory and
many on disk. Here all come out alike, so that a checkpoint of one kind can be compared with a base of another.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from opdboard.domain.modules import KINDS, Module, module_of

_WRAPPERS = re.compile(r"(?:^module\.|_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.)")
_BARE = {"layers.": "model.", "h.": "transformer."}
_MIXTRAL = {"w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
_MIXTRAL_EXPERT = re.compile(r"block_sparse_moe\.experts\.(\d+)\.(w[123])\.")
_ALL_EXPERTS = re.compile(r"(?P<before>.*\.experts)\.(?P<leaf>gate_up_proj|down_proj)(?:\.weight)?$")
_FUSED = re.compile(r"(?P<before>.*\.)(?P<leaf>qkv_proj|c_attn|gate_up_proj)\.weight$")

_CONV1D = {"gpt2", "openai-gpt"}
"""Architectures that store (in, out)."""

_EXPERTS_IN_OUT = {"llama4", "llama4_text"}
_EXPERTS_INTERLEAVED = {"gpt_oss"}


@dataclass(frozen=True)
class Sizes:
    """What of config.json decides how fused tensors divide."""

    model_type: str
    heads: int
    kv_heads: int
    head_dim: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Sizes":
        """From config.json; of a model of several modalities, its text part. A size that is not told is 0."""
        text = config.get("text_config")
        text = text if isinstance(text, Mapping) else config

        def number(*names: str) -> int:
            found = (text.get(name) for name in names)
            return next((value for value in found if isinstance(value, int) and value > 0), 0)

        heads = number("num_attention_heads", "n_head")
        hidden = number("hidden_size", "n_embd")
        return cls(
            model_type=str(text.get("model_type", "")),
            heads=heads,
            kv_heads=number("num_key_value_heads") or heads,
            head_dim=number("head_dim") or (hidden // heads if heads else 0),
        )


@dataclass(frozen=True)
class View:
    """A matrix (out, in) within a stored tensor: a part of it, turned round where it is stored as (in, out)."""

    index: tuple[int | slice, ...] = ()
    transposed: bool = False

    def turned(self, part: Tensor) -> Tensor:
        """The matrix, from the part that `index` names."""
        return part.mT if self.transposed else part

    def of(self, tensor: Tensor) -> Tensor:
        """The matrix, from the whole stored tensor."""
        return self.turned(tensor[self.index] if self.index else tensor)


def normalised(name: str) -> str:
    """The name as a causal language model of transformers has it in memory, but for experts, which keep their numbers."""
    name = _WRAPPERS.sub("", name).removeprefix("base_model.model.")
    for bare, prefix in _BARE.items():
        name = prefix + name if name.startswith(bare) else name
    if name.startswith("language_model.model."):
        name = "model.language_model." + name.removeprefix("language_model.model.")
    return _MIXTRAL_EXPERT.sub(lambda match: f"mlp.experts.{match[1]}.{_MIXTRAL[match[2]]}.", name)


def matrices_in(name: str, shape: tuple[int, ...], sizes: Sizes) -> list[tuple[Module, View]]:
    """The matrices of a stored tensor, each with where it lies; none for anything but attention and MLP matrices."""
    name = normalised(name)
    if len(shape) == 3:
        return _of_experts(name, shape, sizes)
    if len(shape) != 2:
        return []
    transposed = sizes.model_type in _CONV1D
    out, inner = shape[::-1] if transposed else shape
    parts = _parts(name, out, sizes)
    if parts is None:
        return _module(name, (out, inner), View(transposed=transposed))
    found = []
    for part_name, rows in parts.items():
        view = View((slice(None), rows) if transposed else (rows,), transposed)
        found += _module(part_name, (rows.stop - rows.start, inner), view)
    return found


def _module(name: str, shape: tuple[int, int], view: View) -> list[tuple[Module, View]]:
    module = module_of(name, shape)
    return [] if module is None else [(module, view)]


def _parts(name: str, out: int, sizes: Sizes) -> dict[str, slice] | None:
    """Rows of each projection in a fused matrix; None for one that is not fused or whose sizes do not add up."""
    match = _FUSED.match(name)
    if match is None:
        return None
    if match["leaf"] == "gate_up_proj":
        return _consecutive(match["before"], {"gate_proj": out // 2, "up_proj": out // 2}, out)
    query, key = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
    return _consecutive(match["before"], {"q_proj": query, "k_proj": key, "v_proj": key}, out)


def _consecutive(before: str, rows: Mapping[str, int], out: int) -> dict[str, slice] | None:
    if sum(rows.values()) != out or 0 in rows.values():
        return None
    parts, start = {}, 0
    for leaf, count in rows.items():
        parts[f"{before}{leaf}.weight"] = slice(start, start + count)
        start += count
    return parts


def _of_experts(name: str, shape: tuple[int, ...], sizes: Sizes) -> list[tuple[Module, View]]:
    """All experts of a layer in one tensor (experts, out, in)."""
    match = _ALL_EXPERTS.match(name)
    if match is None or sizes.model_type in _EXPERTS_INTERLEAVED:
        return []
    transposed = sizes.model_type in _EXPERTS_IN_OUT
    experts, *matrix = shape
    out, inner = matrix[::-1] if transposed else matrix
    leaves = {"gate_proj": out // 2, "up_proj": out // 2} if match["leaf"] == "gate_up_proj" else {"down_proj": out}
    found = []
    for expert in range(experts):
        parts = _consecutive(f"{match['before']}.{expert}.", leaves, out) or {}
        for part_name, rows in parts.items():
            view = View((expert, slice(None), rows) if transposed else (expert, rows), transposed)
            found += _module(part_name, (rows.stop - rows.start, inner), view)
    return found


def in_reading_order(modules: Mapping[str, Module]) -> dict[str, Module]:
    """Layer by layer, attention before MLP, as columns are read; experts by number."""

    def place(module: Module) -> tuple[int, int, int, str]:
        expert = -1 if module.expert is None else module.expert
        return module.layer, expert, KINDS.index(module.kind), module.name

    return {module.name: module for module in sorted(modules.values(), key=place)}
