"""What training does to the weights, module by module: norms each step, spectra and subspaces at a cadence.

Subspaces of earlier snapshots are kept (half precision, on disk and in memory) and all of them are measured again
against each new one, so that the alignment curves always refer to the latest snapshot (03, Subspace alignment).
"""

from pathlib import Path

import torch
from torch import Tensor

from opdboard.domain.modules import Module
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.records import ModuleVector
from opdboard.domain.strategies.base import is_power_of_two
from opdboard_worker.core.spectral.panel import LIVE
from opdboard_worker.core.statistics import difference_norms, frobenius_norms, norm_share
from opdboard_worker.measuring.group import Moved
from opdboard_worker.measuring.meter import Meter, vectors
from opdboard_worker.measuring.snapshots import Snapshots
from opdboard_worker.training.trained import Trained


class WeightMonitor:
    """Follows dW = W_t - W_0 of every attention and MLP matrix."""

    def __init__(self, trained: Trained, settings: Monitoring, folder: Path) -> None:
        """folder: where snapshots of subspaces are kept."""
        self._trained = trained
        self._matrices = list(trained.matrices.values())
        self.modules: list[Module] = [matrix.module for matrix in self._matrices]
        self._base_norm = torch.cat(
            [frobenius_norms([matrix.initial]) for matrix in self._matrices] or [torch.empty(0)]
        )
        self._previous: list[Tensor] | None = None
        self._gradients: Tensor | None = None
        self._settings = settings
        self._snapshots = Snapshots(folder, in_memory=True)
        self._meter = Meter(
            self.modules,
            self._snapshots,
            k=settings.subspace_rank,
            tolerance=LIVE,
            device=self._base_norm.device,
        )
        self.damaged: list[int] = []
        """Steps whose snapshots were of no use when the run was resumed."""

    @property
    def initial(self) -> dict[str, Tensor]:
        """W_0 by the names of modules, all of it on the device."""
        return {matrix.module.name: matrix.initial for matrix in self._matrices}

    def norms_due(self, step: int) -> bool:
        """Whether per-module norms are measured at this step."""
        return step % self._settings.modules_every == 0

    def spectra_due(self, step: int) -> bool:
        """Whether spectra and subspaces are: powers of two and every spectral_every steps."""
        return is_power_of_two(step) or step % self._settings.spectral_every == 0

    @torch.no_grad()
    def before_update(self, step: int) -> None:
        """Between backward pass and optimizer step: note gradient norms and W_{t-1}."""
        if not self.norms_due(step):
            return
        gradients = [matrix.gradients() for matrix in self._matrices]
        norms = frobenius_norms([gradient for of_matrix in gradients for gradient in of_matrix])
        owner = torch.tensor(
            [place for place, of_matrix in enumerate(gradients) for _ in of_matrix], device=norms.device
        )
        self._gradients = norms.new_zeros(len(gradients)).index_add_(0, owner, norms.square()).sqrt()
        if self._previous is None:
            self._previous = [now.clone() for now in self._trained.now()]
        else:
            torch._foreach_copy_(self._previous, self._trained.now())  # pyright: ignore[reportPrivateImportUsage]

    @torch.no_grad()
    def measure(self, step: int) -> list[ModuleVector]:
        """Everything due at this step, after the update and any jump."""
        found: list[ModuleVector] = []
        weights = self._trained.now()
        if self.spectra_due(step):
            found += self._spectra(step, weights)
        elif self.norms_due(step):
            found += self._norms(step, weights)
        if self.norms_due(step) and self._previous is not None:
            found.append(ModuleVector("step_norm", step, difference_norms(weights, self._previous).tolist()))
        if self.norms_due(step) and self._gradients is not None:
            found.append(ModuleVector("grad_norm", step, self._gradients.tolist()))
        return found

    def _norms(self, step: int, weights: list[Tensor]) -> list[ModuleVector]:
        # One origin at a time: it may have to be fetched.
        norm = difference_norms(weights, (matrix.origin for matrix in self._matrices))
        return [
            ModuleVector("update_norm", step, norm.tolist()),
            ModuleVector("relative_update_norm", step, (norm / self._base_norm).tolist()),
            ModuleVector("norm_share", step, norm_share(norm).tolist()),
        ]

    def _spectra(self, step: int, weights: list[Tensor]) -> list[ModuleVector]:
        """Of every module, its norms too."""

        def moved(index: int) -> Moved:
            matrix = self._matrices[index]
            update_MN = weights[index].float() - matrix.origin.float()
            return Moved(update_MN, matrix.value(), matrix.initial, matrix.subtracted)

        return vectors(step, list(self._meter.measure(step, moved)))

    def restore(self, step: int) -> None:
        """Take up the snapshots up to a checkpoint's step and drop later ones, which will be made again."""
        self._snapshots.forget_after(step)
        self.damaged = self._snapshots.drop_damaged()
