"""Checkpoints that continue bit for bit: weights, moments, schedule, anchor, every generator's state.

A checkpoint is a Hugging Face folder (so that it can be a student or teacher anywhere) with a `trainer/` folder inside.
It is written aside, flushed to disk and renamed: a folder named step-NNNNNN is always complete. No pickle anywhere.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard_worker import checksums
from opdboard_worker.folders import size_of, written_aside
from opdboard_worker.models.saving import save

_FORMAT = 1
_PARTS = ("optimizer", "strategy", "adapter")
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, SafetensorError)


@dataclass(frozen=True)
class TrainerState:
    """Everything of a checkpoint besides weights; `progress` is JSON that belongs to the loop."""

    step: int
    progress: dict[str, Any]
    optimizer: dict[str, Tensor]
    strategy: dict[str, Tensor]
    adapter: dict[str, Tensor] = field(default_factory=dict)


def write(
    folder: Path, model: Any, tokenizer: Any, state: TrainerState, weights: Mapping[str, Tensor] | None = None
) -> int:
    """Write the checkpoint step-NNNNNN below folder; returns its size in bytes. Raises DiskFull when it does not fit.

    weights: the plain model's, where the live one holds adapters.
    """
    target = checkpoint_folder(folder, state.step)
    with written_aside(target, f"the checkpoint of step {state.step}") as aside:
        (aside / "trainer").mkdir()
        save(model, tokenizer, aside, weights)
        _save_tensors(aside / "trainer" / "optimizer.safetensors", state.optimizer)
        _save_tensors(aside / "trainer" / "strategy.safetensors", state.strategy)
        if state.adapter:
            _save_tensors(aside / "trainer" / "adapter.safetensors", state.adapter)
        _save_tensors(aside / "trainer" / "random.safetensors", random_tensors())
        described = {
            "format": _FORMAT,
            "step": state.step,
            "python_random": random.getstate(),
            "progress": state.progress,
        }
        (aside / "trainer" / "state.json").write_text(json.dumps(described))
    return size_of(target)


def damage(folder: Path, step: int) -> str | None:
    """Why training cannot go on from the checkpoint, in words; None where it can. The generators stay as they are."""
    wrong = checksums.damage(folder)
    if wrong is not None:
        return wrong
    try:  # checkpoints of earlier versions have no checksums
        described, _ = _read(folder)
        if not any(folder.glob("*.safetensors")):
            return "its weights are not there"
        for path in folder.glob("*.safetensors"):
            with safe_open(path, framework="pt") as stored:
                stored.keys()
    except _UNREADABLE as error:
        return f"it cannot be read ({error})"
    return None if described["step"] == step else f"it says that it is of step {described['step']}"


def read(folder: Path) -> TrainerState:
    """The trainer's part of a checkpoint folder, and every random generator set back; ModelProblem when unreadable."""
    try:
        described, tensors = _read(folder)
        state = TrainerState(described["step"], described["progress"], *(tensors[name] for name in _PARTS))
        generators = tensors["random"]
    except _UNREADABLE as error:
        raise ModelProblem(
            f"the checkpoint {folder.name} cannot be read ({error}); remove it to resume from an earlier one",
            where=str(folder),
        ) from error
    version, internal, gauss = described["python_random"]
    random.setstate((version, tuple(internal), gauss))
    set_random(generators)
    return state


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    described = json.loads((folder / "trainer" / "state.json").read_text())
    if not isinstance(described, dict) or not {"step", "progress", "python_random"} <= described.keys():
        raise ValueError("state.json is not a trainer's")
    tensors = {
        name: load_file(folder / "trainer" / f"{name}.safetensors") for name in ("optimizer", "strategy", "random")
    }
    adapter = folder / "trainer" / "adapter.safetensors"
    return described, tensors | {"adapter": load_file(adapter) if adapter.exists() else {}}


def random_tensors() -> dict[str, Tensor]:
    """States of torch's, numpy's and this process's CUDA device's generator."""
    numpy_state: Any = np.random.get_state(legacy=False)
    tensors = {
        "torch": torch.get_rng_state(),
        "numpy_key": torch.from_numpy(numpy_state["state"]["key"].astype(np.int64)),
        "numpy_position": torch.tensor(numpy_state["state"]["pos"]),
    }
    if torch.cuda.is_available():
        tensors["cuda0"] = torch.cuda.get_rng_state()
    return tensors


def set_random(tensors: Mapping[str, Tensor]) -> None:
    """Set the generators to random_tensors()."""
    torch.set_rng_state(tensors["torch"])
    key, position = tensors["numpy_key"].numpy().astype(np.uint32), int(tensors["numpy_position"])
    np.random.set_state(("MT19937", key, position, 0, 0.0))
    if torch.cuda.is_available() and "cuda0" in tensors:
        torch.cuda.set_rng_state(tensors["cuda0"])


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lives below a run's checkpoint folder."""
    return folder / f"step-{step:06d}"


def remove(folder: Path, step: int) -> None:
    """Delete a checkpoint's files."""
    shutil.rmtree(checkpoint_folder(folder, step), ignore_errors=True)


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A digest of weights, to notice that W_0 is not the one a checkpoint was trained from."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        sums = torch.stack([tensors[name].double().sum(), tensors[name].double().square().sum()])
        digest.update(f"{name} {tuple(tensors[name].shape)} {sums.tolist()}".encode())
    return digest.hexdigest()


def _save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
