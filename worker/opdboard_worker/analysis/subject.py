"""The run that an analysis is about: its base weights, and the update of each of its checkpoints."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard.domain.modules import module_of
from opdboard_worker.core import interventions
from opdboard_worker.training import checkpoint


class Updates:
    """dW of checkpoints against W_0, read from disk when asked for. One at a time is kept: the one asked for last."""

    def __init__(self, base: Mapping[str, Tensor], folders: Mapping[int, Path]) -> None:
        """base: W_0 by parameter name, as it stays; folders: of the checkpoints, by step."""
        self._base = base
        self._folders = folders
        self._norms: dict[int, dict[str, float]] = {}
        self._kept: tuple[int, dict[str, Tensor]] | None = None

    def at(self, step: int) -> dict[str, Tensor]:
        """W_step - W_0 by parameter name, on W_0's device. ModelProblem when it cannot be read or belongs to another W_0."""
        if self._kept is None or self._kept[0] != step:
            self._kept = None
            self._kept = step, self._read(step)
        return self._kept[1]

    def norms_at(self, step: int) -> dict[str, float]:
        """||dW||_F by parameter name; known without reading once it has been read."""
        if step not in self._norms:
            self._norms[step] = interventions.norms(self.at(step))
        return self._norms[step]

    def _read(self, step: int) -> dict[str, Tensor]:
        folder = self._folders.get(step)
        if folder is None or not folder.exists():
            raise ModelProblem(f"the checkpoint of step {step} is no longer on disk", where=f"step {step}")
        try:
            stored: dict[str, Tensor] = {}
            for path in sorted(folder.glob("*.safetensors")):
                stored |= load_file(path)
            self._check_base(json.loads((folder / "trainer" / "state.json").read_text()))
            update: dict[str, Tensor] = {}
            for name, origin in self._base.items():
                update[name] = stored.pop(name).to(origin.device, torch.float32) - origin.float()
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelProblem(f"the checkpoint {folder.name} cannot be read ({error})", where=str(folder)) from error
        return update

    def _check_base(self, state: dict) -> None:
        matrices = {name: tensor for name, tensor in self._base.items() if module_of(name, tuple(tensor.shape))}
        if state["progress"]["base_fingerprint"] != checkpoint.fingerprint(matrices):
            raise ModelProblem(
                "the student's initial weights are not those this run began with, so dW would be wrong; put the original "
                "files back",
                where="student",
            )
