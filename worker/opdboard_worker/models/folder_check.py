"""Is a folder a model that may be loaded? Asked before transformers sees it, so that the answer names the file at fault."""

import math
from pathlib import Path
from typing import Any

from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.weight_files import (
    check_no_adapter,
    check_only_files,
    read_json,
    stored_shapes,
    weight_files,
)

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.json",
    "vocab.txt",
    "tekken.json",
)


def check_folder(folder: Path) -> None:
    """Raise ModelProblem unless the folder holds a causal language model in safetensors with its tokenizer.

    Reads the headers of the weight files, not the weights.
    """
    if not folder.is_dir():
        raise ModelProblem(
            f"there is no folder {folder} on this worker; give a folder in Hugging Face format", where=str(folder)
        )
    check_only_files(folder)
    check_no_adapter(folder)
    if (folder / "adapter_config.json").is_file():
        raise ModelProblem(
            f"{folder} holds an adapter of PEFT and no whole model; merge it into its base (merge_and_unload) and give that",
            where=str(folder),
        )
    config = read_json(folder / "config.json", "a model folder in Hugging Face format has one")
    _check_architecture(config, folder)
    _check_config_fits(config, _check_weights(folder), folder)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise ModelProblem(
            f"{folder} has no tokenizer; copy tokenizer.json and tokenizer_config.json there", where=str(folder)
        )


def _check_architecture(config: dict[str, Any], folder: Path) -> None:
    architectures = config.get("architectures")
    if not isinstance(architectures, list) or not architectures:
        return
    causal: set[str] = set()
    for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        causal.update([names] if isinstance(names, str) else names)
    known = [str(name) for name in architectures]
    if config.get("is_encoder_decoder") or not causal & set(known):
        raise ModelProblem(
            f"{folder} holds {' and '.join(known)}, which is not a causal language model that transformers knows; "
            "choose one that continues text, such as LlamaForCausalLM",
            where=str(folder),
        )


def _check_weights(folder: Path) -> tuple[int, int]:
    """(tensors, elements) of the safetensors files, whose headers are read."""
    shapes = [shape for file in weight_files(folder) for shape in stored_shapes(file).values()]
    return len(shapes), sum(math.prod(shape) for shape in shapes)


def _check_config_fits(config: dict[str, Any], held: tuple[int, int], folder: Path) -> None:
    """Refuse a config that asks for far more than the files hold, before memory for it is asked of the machine."""
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    assert text is not None
    tensors, elements = held

    def size(name: str) -> int:
        value = text.get(name)
        return value if isinstance(value, int) and value > 0 else 1

    needs = {
        "layers": (size("num_hidden_layers"), tensors),
        "embedding entries": (size("vocab_size") * size("hidden_size"), elements),
        "entries of an MLP matrix": (size("intermediate_size") * size("hidden_size"), elements),
    }
    for what, (needed, present) in needs.items():
        if needed > present:
            raise ModelProblem(
                f"config.json in {folder} asks for {needed} {what}, but the weight files hold {present} "
                f"{'tensors' if what == 'layers' else 'numbers'} in all; they do not belong together",
                where=str(folder / "config.json"),
            )
