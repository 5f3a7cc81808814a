"""The weight files of a folder: which they are, whether each is whole, what tensors they hold. No weight is read.

Every refusal names the file at fault. A pickle is never opened here.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from opdboard.checkpoint_folders import holds_model
from opdboard.domain.errors import ModelProblem
from opdboard.regular_files import check_regular, read_regular

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")


_LARGEST_JSON = 256 * 2**20
"""Bytes; a tokenizer with a large vocabulary has tens of MiB."""


def first_line(error: BaseException) -> str:
    """The first line of an error that others worded, at most 300 characters."""
    text = str(error).strip().splitlines()
    return text[0][:300] if text else type(error).__name__


def read_json(file: Path, why: str) -> dict[str, Any]:
    """The JSON object of a file; ModelProblem when there is none. why: what the file is there for."""
    if not file.is_file():
        raise ModelProblem(f"{file.parent} has no {file.name}; {why}", where=str(file.parent))
    try:
        content = json.loads(read_regular(file, _LARGEST_JSON))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelProblem(
            f"{file} cannot be read ({first_line(error)}); copy the model again", where=str(file)
        ) from error
    if not isinstance(content, dict):
        raise ModelProblem(f"{file} is not a JSON object; copy the model again", where=str(file))
    return content


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a Hugging Face folder; ModelProblem where one is missing or there are only pickles."""
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.exists():
        return [single]
    if index.exists():
        shards = read_json(index, "").get("weight_map")
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


def check_only_files(folder: Path) -> None:
    """ModelProblem where something in the folder is neither file nor folder: what reads a pipe or a device may wait for ever."""
    for entry in folder.iterdir():
        if entry.exists() and not (entry.is_file() or entry.is_dir()):
            raise ModelProblem(f"{entry} is not a regular file; move it out of the model's folder", where=str(entry))


def check_no_adapter(folder: Path) -> None:
    """ModelProblem where an adapter of PEFT lies beside a whole model: transformers would add it to the weights."""
    if (folder / "adapter_config.json").is_file() and holds_model(folder):
        raise ModelProblem(
            f"{folder} holds a whole model and an adapter (adapter_config.json), and whether the adapter is in the model's "
            "weights already cannot be told. Move the adapter into a folder of its own to use the model as it is, or merge it "
            "(merge_and_unload) into one that holds nothing else",
            where=str(folder / "adapter_config.json"),
        )


def stored_shapes(file: Path) -> Mapping[str, tuple[int, ...]]:
    """Names and shapes of a safetensors file's tensors, from its header; ModelProblem when the file is not whole."""
    try:
        check_regular(file)
        with safe_open(file, framework="pt") as weights:
            return {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError) as error:
        raise ModelProblem(
            f"{file} is not a complete safetensors file ({first_line(error)}); copy or download it again",
            where=str(file),
        ) from error
