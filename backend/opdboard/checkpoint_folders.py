"""Which folders are checkpoints, of which format and step, told by the names of their files alone.

Known are the folders of Hugging Face (and so of TRL and of opdboard itself), adapters of PEFT, and the shards that verl
writes, one file per process. An output folder that holds several of them is a series.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from opdboard.domain.errors import BadInput

LARGEST_STEP = 2**31 - 1
_STEP = re.compile(r"(?:^|[-_.])(?:checkpoint|ckpt|global_step|step|iter|epoch)[-_]?(\d+)$", re.IGNORECASE)
_INNER = ("actor", "huggingface")
"""Folders within a checkpoint that hold its weights."""

SHARD = re.compile(r"model_world_size_(\d+)_rank_(\d+)\.pt$")


class CheckpointFormat(StrEnum):
    """How a folder holds weights."""

    MODEL = "model"
    """safetensors of a whole model."""
    ADAPTER = "adapter"
    """A LoRA adapter of PEFT."""
    SHARDS = "shards"
    """FSDP shards, one file per process (verl)."""


def format_of(folder: Path) -> CheckpointFormat | None:
    """The format of the weights directly in the folder, an adapter before a whole model; None where there are none."""
    if (folder / "adapter_config.json").is_file():
        return CheckpointFormat.ADAPTER
    if holds_model(folder):
        return CheckpointFormat.MODEL
    if any(SHARD.fullmatch(file.name) for file in folder.glob("model_world_size_*.pt")):
        return CheckpointFormat.SHARDS
    return None


def holds_model(folder: Path) -> bool:
    """Whether the weights of a whole model are in the folder, be there an adapter beside them or not."""
    return any((folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json"))


def weights_in(folder: Path) -> Path | None:
    """The folder that holds the weights of a checkpoint: itself, or one that verl puts them into; None without any."""
    inner = (folder / part for part in (".", "actor", "actor/huggingface", "huggingface"))
    return next((one for one in inner if one.is_dir() and format_of(one) is not None), None)


def step_of(folder: Path) -> int | None:
    """The step that the folder's name tells: checkpoint-500, global_step_40/actor, step-000016."""
    while folder.name in _INNER:
        folder = folder.parent
    match = _STEP.search(folder.name)
    step = None if match is None else int(match[1])
    return step if step is None or step <= LARGEST_STEP else None


def series_in(folder: Path) -> list[Path]:
    """Checkpoints with a step in an output folder, by step; those of a run of opdboard too. Folders that may not be read are passed over."""
    found: dict[Path, int] = {}
    for parent in (folder, folder / "checkpoints"):
        try:
            children = [child for child in parent.iterdir() if child.is_dir() and not child.name.startswith(".")]
        except OSError:
            continue
        for child in children:
            step = step_of(child)
            if step is not None and weights_in(child) is not None:
                found[child] = step
    return sorted(found, key=lambda child: (found[child], child.name))


def numbered(folders: Sequence[Path]) -> list[tuple[int, Path]]:
    """Each checkpoint with its step, ascending: from the names where all tell one, else 1..n in the order given.

    BadInput names two folders of the same step.
    """
    told = [step_of(folder) for folder in folders]
    steps = [step for step in told if step is not None]
    if len(steps) < len(folders):
        return list(enumerate(folders, start=1))
    by_step: dict[int, Path] = {}
    for step, folder in zip(steps, folders, strict=True):
        if by_step.setdefault(step, folder) != folder:
            raise BadInput(f"{by_step[step]} and {folder} are both of step {step}; give one of them", where=str(folder))
    return sorted(by_step.items())
