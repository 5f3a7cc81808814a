"""Is a folder a model that may be loaded? Asked before transformers sees it, so that the answer names the file at fault."""

import json
import math
import os
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from opdboard.domain.errors import ModelProblem

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
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
    config = _read_json(folder / "config.json", "a model folder in Hugging Face format has one")
    _check_architecture(config, folder)
    _check_config_fits(config, _check_weights(folder), folder)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise ModelProblem(
            f"{folder} has no tokenizer; copy tokenizer.json and tokenizer_config.json there", where=str(folder)
        )


def first_line(error: BaseException) -> str:
    """The first line of an error that others worded, at most 300 characters."""
    text = str(error).strip().splitlines()
    return text[0][:300] if text else type(error).__name__


def _read_json(file: Path, why: str) -> dict[str, Any]:
    if not file.is_file():
        raise ModelProblem(f"{file.parent} has no {file.name}; {why}", where=str(file.parent))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelProblem(
            f"{file} cannot be read ({first_line(error)}); copy the model again", where=str(file)
        ) from error
    if not isinstance(content, dict):
        raise ModelProblem(f"{file} is not a JSON object; copy the model again", where=str(file))
    return content


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
    files = _weight_files(folder)
    tensors = elements = 0
    for file in files:
        try:
            with safe_open(file, framework="pt") as weights:
                for name in weights.keys():  # noqa: SIM118  # not a dict
                    tensors += 1
                    elements += math.prod(weights.get_slice(name).get_shape())
        except (SafetensorError, OSError) as error:
            raise ModelProblem(
                f"{file} is not a complete safetensors file ({first_line(error)}); copy or download it again",
                where=str(file),
            ) from error
    return tensors, elements


def _weight_files(folder: Path) -> list[Path]:
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.exists():
        return [single]
    if index.exists():
        shards = _read_json(index, "").get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelProblem(f"{index} has no weight_map; copy the model again", where=str(index))
        names = sorted({str(name) for name in shards.values()})
        for name in names:
            if os.path.basename(name) != name or not name.endswith(".safetensors"):  # noqa: PTH119
                raise ModelProblem(
                    f"{index} points to '{name}'; weights must be safetensors files beside it", where=str(index)
                )
            if not (folder / name).is_file():
                raise ModelProblem(
                    f"{folder} lacks {name}, one of {len(names)} weight files; copy it there", where=str(folder)
                )
        return [folder / name for name in names]
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if pickles:
        raise ModelProblem(
            f"{folder} has its weights only as {pickles[0]}, a pickle, which can run any program while it is loaded; convert it to "
            "model.safetensors (load it where you trust it, then model.save_pretrained(folder))",
            where=str(folder / pickles[0]),
        )
    raise ModelProblem(
        f"{folder} has no model.safetensors; a model folder in Hugging Face format has one", where=str(folder)
    )


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
