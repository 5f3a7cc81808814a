"""A model as one GGUF file, which llama.cpp and what is built on it load, by the gguf library.

Only families whose files transformers and llama.cpp have been seen to read back as the same model; others are refused by name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard.domain.exports import GgufPrecision
from opdboard_worker.models.gguf_tokens import tokens_for_gguf, write_tokens
from opdboard_worker.models.loaded import LoadedModel

ARCHITECTURES = {
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
}
"""transformers' model_type -> GGUF's architecture."""
_TYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "bf16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}
_BLOCK = 32
"""Numbers that share a scale in q8_0."""


def write_gguf(loaded: LoadedModel, file: Path, precision: GgufPrecision, name: str) -> None:
    """Matrices in that precision, vectors in float32. ModelProblem where the file would be another model. name: shown to people."""
    config: Any = loaded.model.config
    _check(loaded, config)
    tokens = tokens_for_gguf(loaded, config.vocab_size)
    architecture = ARCHITECTURES[config.model_type]
    writer = gguf.GGUFWriter(file, gguf.MODEL_ARCH_NAMES[architecture], use_temp_file=True)
    kind, file_type = _TYPES[precision]
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(name)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _shape(writer, config)
    write_tokens(writer, loaded, tokens)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    for theirs, weight in _weights(loaded, config):
        ours = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        if ours is None:
            raise _refused(loaded, f"GGUF has no name for {theirs}")
        array, stored = _stored(weight, kind if weight.dim() > 1 else gguf.GGMLQuantizationType.F32, theirs, loaded)
        writer.add_tensor(ours, array, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _check(loaded: LoadedModel, config: Any) -> None:
    if config.model_type not in ARCHITECTURES:
        raise _refused(loaded, f"it is a {config.model_type}, and only {', '.join(ARCHITECTURES)} are written")
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") != "default":
        raise _refused(loaded, f"its positions are scaled ({rope['rope_type']}), which not all readers of GGUF know")
    for setting, usual in (
        ("hidden_act", "silu"),
        ("attention_bias", False),
        ("mlp_bias", False),
        ("use_sliding_window", False),
    ):
        if getattr(config, setting, usual) != usual:
            raise _refused(loaded, f"its {setting} is {getattr(config, setting)}, which the file would not say")


def _shape(writer: gguf.GGUFWriter, config: Any) -> None:
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def _weights(loaded: LoadedModel, config: Any) -> Iterator[tuple[str, Tensor]]:
    """As the file has them; a head that is tied to the embedding is none."""
    for name, weight in loaded.model.named_parameters():
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        part = name.split(".")[-2]
        turned = config.model_type == "llama" and part in heads
        yield name, _interleaved(weight.detach(), heads[part]) if turned else weight.detach()


def _interleaved(weight: Tensor, heads: int) -> Tensor:
    """GGUF's llama keeps the two halves of a rotary pair next to each other."""
    return weight.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def _stored(
    weight: Tensor, kind: gguf.GGMLQuantizationType, name: str, loaded: LoadedModel
) -> tuple[np.ndarray, gguf.GGMLQuantizationType]:
    if kind == gguf.GGMLQuantizationType.Q8_0 and weight.shape[-1] % _BLOCK:
        raise _refused(loaded, f"rows of {name} have {weight.shape[-1]} numbers, no multiple of {_BLOCK} as q8_0 needs")
    if kind == gguf.GGMLQuantizationType.F16 and float(weight.abs().max()) > torch.finfo(torch.float16).max:
        raise _refused(loaded, f"{name} has numbers that f16 cannot hold; choose bf16")
    return gguf.quantize(weight.float().cpu().numpy(), kind), kind


def _refused(loaded: LoadedModel, why: str) -> ModelProblem:
    return ModelProblem(
        f"{loaded.label} cannot be written to GGUF: {why}; export the model as a folder", where=loaded.label
    )
