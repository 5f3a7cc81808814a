"""What training does to the weights, module by module: norms each step, spectra and subspaces at a cadence.

Subspaces of earlier snapshots are kept (half precision, on disk and in memory) and all of them are measured again
against each new one, so that the alignment curves always refer to the latest snapshot (03, Subspace alignment).
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from opdboard.domain.modules import Module
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.records import ModuleVector
from opdboard_worker.core.extrapolation import is_power_of_two
from opdboard_worker.core.spectral.krylov import without_rounding
from opdboard_worker.core.spectral.panel import LIVE, spectral_panel
from opdboard_worker.core.statistics import difference_norms, frobenius_norms, norm_share, visible_sparsity
from opdboard_worker.measuring.certainty import certainty
from opdboard_worker.measuring.groups import of_equal_shape
from opdboard_worker.measuring.overlap import overlapped
from opdboard_worker.measuring.snapshots import Kept, Snapshots, alignment, kept
from opdboard_worker.training.trained import Trained

log = logging.getLogger(__name__)


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
        self._kept = Snapshots(folder)
        self._groups = of_equal_shape(self.modules)
        self._names = [[self.modules[index].name for index in indices] for indices in self._groups]
        # By step, one of each group.
        self._snapshots: dict[int, list[Kept]] = {}

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
        vectors: list[ModuleVector] = []
        weights = self._trained.now()
        update_norm = None
        if self.norms_due(step):
            update_norm = self._update_norm(weights)
            vectors += self._norms(step, weights, update_norm)
        if self.spectra_due(step):
            vectors += self._spectra(
                step, weights, update_norm if update_norm is not None else self._update_norm(weights)
            )
        return vectors

    def _update_norm(self, weights: list[Tensor]) -> Tensor:
        # One origin at a time: it may have to be fetched.
        return difference_norms(weights, (matrix.origin for matrix in self._matrices))

    def _norms(self, step: int, weights: list[Tensor], update_norm: Tensor) -> Iterator[ModuleVector]:
        yield ModuleVector("update_norm", step, update_norm.tolist())
        yield ModuleVector("relative_update_norm", step, (update_norm / self._base_norm).tolist())
        yield ModuleVector("norm_share", step, norm_share(update_norm).tolist())
        if self._previous is not None:
            yield ModuleVector("step_norm", step, difference_norms(weights, self._previous).tolist())
        if self._gradients is not None:
            yield ModuleVector("grad_norm", step, self._gradients.tolist())

    def _spectra(self, step: int, weights: list[Tensor], update_norm: Tensor) -> list[ModuleVector]:
        earlier_steps = list(self._snapshots)

        def of_group(group: int) -> tuple[dict[str, Tensor], dict[str, Tensor], Kept]:
            indices = self._groups[group]
            update_BMN = torch.stack([weights[i].float() - self._matrices[i].origin.float() for i in indices])
            panel = spectral_panel(update_BMN, self._settings.subspace_rank, tolerance=LIVE)
            measures = {name: value_B for name, value_B in panel.values.items() if name != "update_norm"}
            # LoRA's factors give dW itself, which no subtraction of weights has rounded.
            subspace = without_rounding(panel.subspace, frobenius_norms([weights[i] for i in indices]))
            measures |= certainty(panel, subspace)
            measures["visible_sparsity"] = torch.tensor(
                [visible_sparsity(self._matrices[i].value(), self._matrices[i].initial) for i in indices]
            )
            earlier = (self._snapshots[at][group] for at in earlier_steps)
            return (
                measures,
                alignment(earlier, subspace, update_BMN, update_norm[indices]),
                kept(subspace, update_norm[indices]),
            )

        values = _Rows(1, len(self.modules))
        aligned = _Rows(len(earlier_steps), len(self.modules))
        snapshot: list[Kept] = []
        groups = overlapped(of_group, range(len(self._groups)), update_norm.device)
        for indices, (of_step, to_earlier, subspace) in zip(self._groups, groups, strict=True):
            values.put(indices, of_step)
            aligned.put(indices, to_earlier)
            snapshot.append(subspace)
        self._snapshots[step] = snapshot
        self._kept.write(step, zip(self._names, snapshot, strict=True))
        return [
            *(ModuleVector(name, step, rows[0]) for name, rows in values.items()),
            *(
                ModuleVector(name, at, row, step)
                for name, rows in aligned.items()
                for at, row in zip(earlier_steps, rows, strict=True)
            ),
        ]

    def restore(self, step: int) -> None:
        """Take up the snapshots up to a checkpoint's step and drop later ones, which will be made again."""
        self._kept.forget_after(step)
        for at in self._kept.drop_damaged():
            log.warning("the snapshot of step %d is damaged: alignment with it is not measured any more", at)
        for at in self._kept.steps():
            self._snapshots[at] = [self._kept.read(at, names) for names in self._names]


class _Rows:
    """Statistics of all modules, in a number of rows each, gathered from groups of modules; NaN where a group has none."""

    def __init__(self, rows: int, modules: int) -> None:
        self._shape = rows, modules
        self._values: dict[str, Tensor] = {}

    def put(self, indices: list[int], values: Mapping[str, Tensor]) -> None:
        """Values (rows, group) or (group,) of the modules of a group."""
        index = torch.tensor(indices)
        for name, value in values.items():
            rows = self._values.setdefault(name, torch.full(self._shape, torch.nan))
            rows[:, index] = value.float().cpu()

    def items(self) -> Iterator[tuple[str, list[list[float]]]]:
        """Each statistic with its rows over all modules."""
        return ((name, rows.tolist()) for name, rows in self._values.items())
