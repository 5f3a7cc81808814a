"""A byte-level BPE tokenizer as GGUF holds it: tokens, types, merges, the name of how it cuts texts, special tokens, template.

llama.cpp cuts texts by rules that it knows under names; a tokenizer that cuts otherwise would be read as another one, so it is
refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gguf

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.loaded import LoadedModel
from opdboard_worker.models.pair import eos_token_ids, tokens_of

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CUTS: Mapping[str, tuple[str, ...]] = {
    "gpt-2": ("bytes by words",),
    "smollm": ("each digit", "bytes by words"),
    "qwen2": (_WORDS % "", "bytes"),
    "llama-bpe": (_WORDS % "{1,3}", "bytes"),
}
"""llama.cpp's name -> what a text is cut by, one after another."""


@dataclass(frozen=True)
class GgufTokens:
    """pre: llama.cpp's name of how texts are cut. types: of each token, gguf.TokenType."""

    pre: str
    texts: list[str]
    types: list[int]
    merges: list[str]


def tokens_for_gguf(loaded: LoadedModel, rows: int) -> GgufTokens:
    """Of a tokenizer whose model has so many rows of embeddings; ModelProblem where GGUF cannot hold it as it is."""
    backend = getattr(loaded.tokenizer, "backend_tokenizer", None)
    told: dict[str, Any] = {} if backend is None else json.loads(backend.to_str())
    model = told.get("model") or {}
    if (
        model.get("type") != "BPE"
        or model.get("byte_fallback")
        or (told.get("decoder") or {}).get("type") != "ByteLevel"
    ):
        raise _refused(loaded, "it is no byte-level BPE, like those of Llama 3, Qwen and SmolLM")
    pre = next((name for name, cuts in _CUTS.items() if cuts == _cuts(told.get("pre_tokenizer"))), None)
    normal = (told.get("normalizer") or {}).get("type")
    if pre is None or normal not in ((None, "NFC") if pre == "qwen2" else (None,)):
        raise _refused(loaded, f"it cuts texts otherwise than {', '.join(_CUTS)}, which is what llama.cpp would do")
    added = {one["id"]: one for one in told["added_tokens"]}
    by_id = {token: text for text, token in tokens_of(loaded).items()}
    texts = [by_id.get(token, f"[PAD{token}]") for token in range(rows)]
    types = [_type(token in by_id, added.get(token)) for token in range(rows)]
    merges = [one if isinstance(one, str) else " ".join(one) for one in model["merges"]]
    return GgufTokens(pre, texts, types, merges)


def _type(known: bool, added: Mapping[str, Any] | None) -> int:
    if added is not None:
        return gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    return gguf.TokenType.NORMAL if known else gguf.TokenType.UNUSED


def _cuts(part: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """None where something is not known."""
    match part:
        case {"type": "Sequence", "pretokenizers": list(parts)}:
            found = [_cuts(one) for one in parts]
            return None if None in found else tuple(cut for one in found if one is not None for cut in one)
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": by_words}:
            return ("bytes by words",) if by_words else ("bytes",)
        case {"type": "Digits", "individual_digits": True}:
            return ("each digit",)
        case {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False}:
            return (pattern,)
    return None


def _refused(loaded: LoadedModel, why: str) -> ModelProblem:
    return ModelProblem(
        f"the tokenizer of {loaded.label} cannot be written to GGUF: {why}; export the model as a folder",
        where=loaded.label,
    )


def write_tokens(writer: gguf.GGUFWriter, loaded: LoadedModel, tokens: GgufTokens) -> None:
    """All that a reader needs to cut and to end texts as this tokenizer and this model do."""
    tokenizer: Any = loaded.tokenizer
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tokens.pre)
    writer.add_token_list(tokens.texts)
    writer.add_token_types(tokens.types)
    writer.add_token_merges(tokens.merges)
    writer.add_add_space_prefix(False)
    begun = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(bool(begun) and begun[0] == tokenizer.bos_token_id)
    for add, token in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if token is not None:
            add(token)
    ends = (writer.add_eos_token_id, writer.add_eot_token_id, writer.add_eom_token_id)
    for add, token in zip(ends, eos_token_ids(loaded), strict=False):
        add(token)
    if isinstance(tokenizer.chat_template, str):
        writer.add_chat_template(tokenizer.chat_template)
