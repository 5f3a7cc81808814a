"""Which folders are checkpoints, of which format and step, told by the names of their files alone.

Known are the folders of Hugging Face (and so of TRL and of opdboard itself), adapters of PEFT, and the shards that verl
writes, one file per process. An output folder that holds several of them is a series; what a trainer had not finished
writing is no part of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from opdboard.domain.errors import BadInput

LARGEST_STEP = 2**31 - 1
_STEP = re.compile(r"(?:^|[-_.])(checkpoint|ckpt|global_step|step|iter|epoch)[-_]?(\d+)(?=$|[-_.])", re.IGNORECASE)
_UNFINISHED = re.compile(
    r"^\.|~$|(?:^|[-_.])(?:tmp|temp(?![-_.]?\d)|temporary|partial|incomplete|unfinished|in[-_]?progress|writing)(?:$|[-_.\d])",
    re.IGNORECASE,
)
_INNER = ("actor", "huggingface", "lora_adapter")
"""Folders within a checkpoint that hold its weights."""
_DEEPEST = 3
"""Folders below one that is named by its step alone, such as those of an adapter's own name."""

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
    """The folder that holds the weights of a checkpoint: itself, or one that verl puts them into; None without any.

    Shards with an adapter beside them are those of a model that is trained with LoRA: the adapter has what was learnt.
    """
    for part in (".", "actor", "actor/huggingface", "huggingface"):
        one = folder / part
        if not one.is_dir():
            continue
        kind, adapter = format_of(one), one / "lora_adapter"
        if kind in (None, CheckpointFormat.SHARDS) and format_of(adapter) is CheckpointFormat.ADAPTER:
            return adapter
        if kind is not None:
            return one
    return None


def step_of(folder: Path) -> int | None:
    """The step that the folder's name tells, or one above it: checkpoint-500, global_step_40/actor, checkpoint-20/default.

    A folder above is asked only where it is named by nothing but a step. None for what is unfinished.
    """
    told = _told(folder)
    return None if told is None or unfinished(folder) is not None else told[1]


def _told(folder: Path) -> tuple[str, int] | None:
    """(epoch or step, its number) by the name of the folder or of one above it."""
    while folder.name in _INNER:
        folder = folder.parent
    alone = [parent.name for parent in list(folder.parents)[:_DEEPEST] if _STEP.fullmatch(parent.name)]
    for name in (folder.name, *alone):
        found = {("epoch" if word.lower() == "epoch" else "step", int(number)) for word, number in _STEP.findall(name)}
        of_steps = {one for one in found if one[0] == "step"}
        if found:
            only = of_steps or found
            number = next(iter(only))
            return number if len(only) == 1 and number[1] <= LARGEST_STEP else None
    return None


def unfinished(folder: Path) -> Path | None:
    """The folder, or the one above that is a step's, if its name says that its trainer had not finished writing it."""
    for one in (folder, *list(folder.parents)[:_DEEPEST]):
        if _STEP.search(one.name):
            return one if _UNFINISHED.search(one.name) else None
    return None


@dataclass(frozen=True)
class Series:
    """What an output folder holds."""

    folders: list[Path]
    """Checkpoints, by step."""
    left_out: dict[Path, str]
    """Folders named as of a step that are none of them, and why."""


def series_in(folder: Path) -> Series:
    """Checkpoints with a step in an output folder; those of a run of opdboard too. Folders that may not be read are passed over."""
    found: dict[Path, int] = {}
    left_out: dict[Path, str] = {}
    for parent in (folder, folder / "checkpoints"):
        try:
            children = [child for child in parent.iterdir() if child.is_dir()]
        except OSError:
            continue
        for child in children:
            if not _STEP.search(child.name):
                continue
            told = _told(child)
            if unfinished(child) is not None:
                left_out[child] = "its name says that it was not written to its end"
            elif told is None:
                left_out[child] = "its name does not tell one step"
            elif weights_in(child) is None:
                left_out[child] = "it holds no weights in safetensors or in shards of verl"
            else:
                found[child] = told[1]
    plain = {step: child for child, step in found.items() if _STEP.fullmatch(child.name)}
    for child, step in list(found.items()):
        if step in plain and not _STEP.fullmatch(child.name):
            left_out[child] = f"{plain[step].name} is of the same step"
            del found[child]
    return Series(sorted(found, key=lambda child: (found[child], child.name)), left_out)


def numbered(folders: Sequence[Path]) -> list[tuple[int, Path]]:
    """Each checkpoint with its step, ascending: from the names, or 1..n in the order given where no name tells one.

    BadInput names two folders of the same step, one that tells none beside one that does, or epochs beside steps.
    """
    told = {folder: step_of(folder) for folder in folders}
    steps = [step for step in told.values() if step is not None]
    if not steps:
        return list(enumerate(folders, start=1))
    if len(steps) < len(folders):
        silent, other = (next(one for one, step in told.items() if (step is None) == none) for none in (True, False))
        raise BadInput(
            f"the name of {silent} tells no step and that of {other} does; leave one of them out, or give it a name that ends in "
            "its step, such as checkpoint-500",
            where=str(silent),
        )
    kinds = {told[0]: folder for folder in folders if (told := _told(folder)) is not None}
    if len(kinds) > 1:
        raise BadInput(
            f"{kinds['epoch']} is of an epoch and {kinds['step']} of a step, which are not counted alike; give those of one kind",
            where=str(kinds["epoch"]),
        )
    by_step: dict[int, Path] = {}
    for step, folder in zip(steps, folders, strict=True):
        if by_step.setdefault(step, folder) != folder:
            raise BadInput(f"{by_step[step]} and {folder} are both of step {step}; give one of them", where=str(folder))
    return sorted(by_step.items())
