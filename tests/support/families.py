"""Tiny random models of every causal language model family of the installed transformers, by a rule over the names of settings."""

import re
from functools import cache
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

FAMILIES = sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)

_LAYERS = re.compile(r"(?:num_hidden_layers|(?:num_|n_)?layers?|n_layer|num_blocks|depth|.*_layers)$")
_SIZES = [
    (re.compile(f"(?:{pattern})$"), size)
    for pattern, size in (
        (r"(?:task_)?type_vocab_size", 2),
        (r".*vocab_size.*|codebook_size|.*hash_byte_group_vocab", 64),
        (
            r"(?:.*_)?(?:position_embeddings|seq_len|n_positions|n_ctx|context_length|model_max_length|(?:source|target)_positions)",
            64,
        ),
        (r"(?:.*_)?(?:key_value_heads|kv_heads|head_kv|query_groups|num_key_heads)", 2),
        (r"mamba_(?:d_head|headdim|head_dim)", 16),
        (r"(?:.*_)?(?:heads?|heads_per_ngram)", 4),
        (r"(?:.*_)?(?:head_dim|head_size|kv_channels|d_head|dim_head|rotary_dim)", 8),
        (
            r"(?:.*_)?(?:intermediate_size|ffn_dim|ffn_hidden_size|multiple_size|feed_forward_size|dim_ff|dff|intermediate_size_mlp)",
            48,
        ),
        (
            r"(?:.*_)?(?:hidden_size(?:_global|_per_layer_input)?|d_model|n_embd|embedding_size|(?:embedding|embed|emb)_dim|lru_width|input_size)|word_embed_proj_dim",
            32,
        ),
        (r".*_rank", 8),
        (r"(?:moe_)?num_(?:local_)?experts|n_routed_experts", 4),
        (r"num_experts_per_tok(?:en)?|moe_(?:top)?k|top_k_experts", 2),
        (
            r".*shared_experts|zero_expert_num|n_group|topk_group|num_expert_group|n_groups|o_groups|first_k_dense_replace|num_dense_layers",
            1,
        ),
        (r"(?:.*_)?(?:d_state|state_size|dt_rank|step_rank)", 8),
        (r"(?:.*_)?(?:window(?:_size)?|chunk_size|chunk_length)|image_size", 16),
        (r"patch_size|index_topk(?:_blocks)?", 4),
        (r"mm_tokens_per_image|image_seq_length|mamba_d_ssm", 64),
        (r"(?:attn|expert)_layer_period", 2),
        (r"(?:attn|expert)_layer_offset", 1),
    )
]
_TOKENS = {"pad": 0, "bos": 1, "eos": 2, "decoder_start": 1, "forced_eos": 2, "sep": 3, "cls": 4, "unk": 5, "mask": 6}
_USUAL = {"head_dim": 8, "num_key_value_heads": 4}
"""Where a family's default tells none."""


@cache
def _defaults(family: str) -> dict[str, Any]:
    return CONFIG_MAPPING[family]().to_dict()


def tiny_config(family: str) -> Any:
    """The family's own configuration with every size of a known name made small, and a layer of each type that it has."""
    full = _defaults(family)
    small = _smaller(full)
    for name in ("model_type", "transformers_version", "architectures", "id2label", "label2id"):
        small.pop(name, None)
    if "is_decoder" in full:
        small["is_decoder"] = True
    return CONFIG_MAPPING[family](**small)


def tiny_family(family: str, seed: int = 0) -> Any:
    """A model with weights decided by the seed; raises whatever transformers raises over a model so small."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(tiny_config(family)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.is_floating_point():
                parameter.add_(0.02 * torch.randn(parameter.shape))  # what begins as zero or one tells nothing apart
    return model


def _smaller(full: dict[str, Any]) -> dict[str, Any]:
    layers = next(
        (full[name] for name in ("num_hidden_layers", "n_layers", "n_layer", "num_layers") if full.get(name)), 0
    )
    by_layer = {name: value for name, value in full.items() if isinstance(value, list) and len(value) == layers > 2}
    kept = _one_of_each(list(zip(*by_layer.values(), strict=True))) if by_layer else [0, 1]
    small: dict[str, Any] = {}
    for name, value in full.items():
        if isinstance(value, dict) and name.endswith(("config", "text_encoder", "audio_encoder", "decoder")):
            small[name] = {} if name == "per_layer_config" else _smaller(value)
        elif name in by_layer:
            small[name] = [value[place] for place in kept]
        elif "token_id" in name or "token_index" in name:
            stem = re.split(r"_token", name)[0]
            number = _TOKENS.get(stem, 7 + sum(map(ord, stem)) % 50)
            small[name] = number if value is not None else None
        elif isinstance(value, int) and not isinstance(value, bool) and value > 1:
            small[name] = _size(name, value, len(kept))
        elif value is not None or name in _USUAL:
            small[name] = value if value is not None else _USUAL[name]
    equal_heads = full.get("num_key_value_heads") == full.get("num_attention_heads")
    if equal_heads and small.get("num_attention_heads"):
        small["num_key_value_heads"] = small["num_attention_heads"]
    if "state_size" in full and "num_heads" in full:
        small["head_dim"] = 16  # Mamba2: heads times this is twice the hidden size
    return small


def _one_of_each(layers: list[tuple[Any, ...]]) -> list[int]:
    """Places of the first layer of each type, two at least."""
    types = [tuple(value for value in layer if isinstance(value, str)) for layer in layers]
    first = {types.index(one) for one in types}
    return sorted(first if len(first) > 1 else {0, 1})


def _size(name: str, value: int, layers: int) -> int:
    found = next((size for pattern, size in _SIZES if pattern.match(name)), None)
    if found is not None:
        return found if found >= 64 else min(value, found)
    return min(value, layers) if _LAYERS.match(name) else value


NOT_TINY = {
    "bamba": "its default has no attention layer, which its cache needs",
    "blt": "its configuration has no num_hidden_layers, which the cache asks for",
    "cohere_compass_text": "its default lacks rope parameters",
    "dbrx": "transformers asks its attention's configuration for a rope_theta that it does not have",
    "deepseek_v2": "its default has no number of experts per token",
    "dory": "three numbers of layers must add up",
    "dots1": "its default has no number of experts",
    "dots3_note": "two head sizes must add up",
    "dots3_note_text": "two head sizes must add up",
    "falcon_h1": "a third size decides its state's heads",
    "gemma3n": "needs the timm package",
    "gemma3n_text": "which layers share their cache is told by number",
    "gemma4_assistant": "its default configuration is refused by transformers",
    "gemma4_unified_assistant": "continues another model and cannot score alone",
    "granitemoehybrid": "its default has no attention layer, which its cache needs",
    "hrm_text": "its layers are counted in cycles",
    "lfm2_moe": "its default has no layer types",
    "longcat_flash": "its sizes of rotary heads are set apart",
    "musicgen": "its configuration is that of three models",
    "musicgen_melody": "its configuration is that of three models",
    "qwen4_exp": "its default lacks sizes",
    "qwen4_exp_text": "its default lacks sizes",
    "recurrent_gemma": "its attention layers come by a pattern longer than two layers",
    "reformer": "its axial positions are factors of its sizes",
    "xlnet": "its head size is a rounded quotient",
    "xlstm": "a block's state has another size than its heads",
    "xmod": "a language has to be chosen before it scores",
    "zamba": "its tied layers are told by number",
    "zamba2": "its shared layers are told by number",
}
"""Families that the rule does not make tiny models of that score, and why."""
