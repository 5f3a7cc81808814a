"""The weights of a trigger, from which each candidate W_t + factor D can be made again, taken or refused.

A folder in Hugging Face format that holds W_t, with D of the parameters that move inside. A candidate made again by the
same arithmetic equals the one that was tried, bit for bit on the same kind of device.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard_worker.core.extrapolation import Line, move_
from opdboard_worker.folders import size_of, written_aside
from opdboard_worker.models.saving import save


def write(
    folder: Path, step: int, model: Any, tokenizer: Any, line: Line, weights: Mapping[str, Tensor] | None = None
) -> int:
    """Write the folder step-NNNNNN; its size in bytes. The model may stand anywhere on the line. Raises DiskFull.

    weights: the plain model's, where the live one holds adapters.
    """
    target = candidates_folder(folder, step)
    if weights is not None:
        state: dict[str, Tensor] = {**weights, **line.start}
    else:
        parameters = dict(model.named_parameters())
        # A tied matrix stands under several names in the state dict.
        start = {parameter.data_ptr(): line.start[name] for name, parameter in parameters.items() if name in line.start}
        own: dict[str, Tensor] = model.state_dict()
        state = {name: start.get(tensor.data_ptr(), tensor) for name, tensor in own.items()}
    with written_aside(target, f"the candidates of step {step}") as aside:
        save(model, tokenizer, aside, state)
        (aside / "trainer").mkdir()
        _save(aside / "trainer" / "direction.safetensors", line.direction)
    return size_of(target)


@torch.no_grad()
def move_to_candidate(model: Any, folder: Path, factor: float) -> None:
    """Turn W_t, loaded from the folder, into W_t + factor D. ModelProblem when D cannot be read or does not fit."""
    parameters = dict(model.named_parameters())
    try:
        ahead = load_file(folder / "trainer" / "direction.safetensors")
        move_(parameters, {name: parameters[name].detach().clone() for name in ahead}, ahead, factor)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise ModelProblem(
            f"the candidates of {folder.name} cannot be read ({error}); fork from a checkpoint instead",
            where=str(folder),
        ) from error


def candidates_folder(folder: Path, step: int) -> Path:
    """Where the candidates of a step live below a run's folder of candidates."""
    return folder / f"step-{step:06d}"


def kept_steps(folder: Path) -> list[int]:
    """Steps whose candidates can be made again, ascending."""
    return sorted(int(path.name.removeprefix("step-")) for path in folder.glob("step-*"))


def remove(folder: Path, step: int) -> None:
    """Delete what was written for a step."""
    shutil.rmtree(candidates_folder(folder, step), ignore_errors=True)


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
