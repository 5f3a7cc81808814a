"""The run that an analysis is about: what is stored of it, its base weights, and the update of each of its checkpoints."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from opdboard.db import evidence, runs, series
from opdboard.domain.errors import ModelProblem
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard_worker.checksums import check_weights
from opdboard_worker.core import interventions
from opdboard_worker.models.loading import RunFolder
from opdboard_worker.models.matrices import Held, taken_apart
from opdboard_worker.process import Attempt

_NORM_TOLERANCE = 0.1
"""LoRA's dW is known without the rounding of W_t - W_0, so the two are not the same number."""


@dataclass(frozen=True)
class Subject:
    """The run as it is stored. checkpoints: the folders of those on disk by step; norms: ||dW||_F over attention and MLP
    matrices by step, as training measured it."""

    config: RunConfig
    launched: datetime
    run_folder: RunFolder
    checkpoints: Mapping[int, Path]
    norms: Mapping[int, float]


def subject_of(attempt: Attempt, run_id: str) -> Subject:
    """What is stored of a run that was trained here; NotFound where nothing is."""
    root = attempt.settings.root

    def run_folder(source: RunModel) -> Path:
        with attempt.database.read() as session:
            return root / evidence.weights_path(session, source)

    with attempt.database.read() as session:
        run = runs.get(session, run_id)
        config, launched = runs.config_of(run), datetime.fromtimestamp(run.created_at, UTC)
        found = evidence.checkpoints_of(session, run_id)
        stored = series.read_vectors(session, run_id, "update_norm")
    wholes = np.linalg.norm(stored.values.astype(np.float64), axis=1).tolist() if len(stored.steps) else []
    return Subject(
        config,
        launched,
        run_folder,
        {one.step: root / one.path for one in found if not one.removed},
        dict(zip(stored.steps.tolist(), wholes, strict=True)),
    )


class Updates:
    """dW of checkpoints against W_0, read from disk when asked for. One at a time is kept: the one asked for last."""

    def __init__(
        self,
        base: Mapping[str, Tensor],
        folders: Mapping[int, Path],
        read: Callable[[Path], Mapping[str, Tensor]],
        held: Held,
        measured: Mapping[int, float] | None = None,
    ) -> None:
        """base: W_0 by parameter name, as it stays; folders: of the checkpoints, by step; read: the weights in one, by the
        same names; held: the matrices in these weights.

        measured: ||dW||_F over attention and MLP matrices as training found it, where it was measured at a checkpoint's step.
        """
        self._base = base
        self._folders = folders
        self._read_weights = read
        self.held = held
        self._measured = measured or {}
        self._norms: dict[int, dict[str, float]] = {}
        self._kept: tuple[int, dict[str, Tensor]] | None = None

    def at(self, step: int) -> dict[str, Tensor]:
        """W_step - W_0 by parameter name, on W_0's device. ModelProblem when it cannot be read or belongs to another W_0."""
        if self._kept is None or self._kept[0] != step:
            self._kept = None
            self._kept = step, self._read(step)
        return self._kept[1]

    def norms_at(self, step: int) -> dict[str, float]:
        """||dW||_F of every matrix by the name of its module, and of all other parameters; read from disk once."""
        if step not in self._norms:
            self._norms[step] = interventions.norms(taken_apart(self.at(step), self.held))
        return self._norms[step]

    def _read(self, step: int) -> dict[str, Tensor]:
        folder = self._folders.get(step)
        if folder is None or not folder.exists():
            raise ModelProblem(f"the checkpoint of step {step} is no longer on disk", where=f"step {step}")
        check_weights(folder)
        stored = dict(self._read_weights(folder))
        update: dict[str, Tensor] = {}
        for name, origin in self._base.items():
            update[name] = stored.pop(name).to(origin.device, torch.float32) - origin.float()
        norm = interventions.whole_norm({name: update[name] for name in self.held})
        check_base(step, norm, self._measured.get(step))
        return update


def check_base(step: int, found: float, measured: float | None) -> None:
    """ModelProblem where the update of a step has another norm than training measured: then W_0 is not the run's.

    Another W_0 is far from this one, while sums on another device differ in their last digits only. Norms are of the matrices.
    """
    if measured is not None and math.isfinite(measured) and not abs(found - measured) <= _NORM_TOLERANCE * measured:
        raise ModelProblem(
            f"the student's initial weights are not those this run began with: its update at step {step} has norm "
            f"{found:.4g}, and training measured {measured:.4g}; put the original files back",
            where="student",
        )
