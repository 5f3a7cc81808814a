"""Everything that is known of a checkpoint's update, module by module, in the memory of one group of small modules or of
one large one: the statistics of training.weights, by the same names."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from opdboard.domain.records import ModuleVector
from opdboard_worker.analysis.weights import Updated, Weights
from opdboard_worker.core.krylov import Subspace
from opdboard_worker.core.spectral import spectral_panel
from opdboard_worker.core.statistics import frobenius_norms, norm_share, visible_sparsity
from opdboard_worker.module_groups import of_equal_shape
from opdboard_worker.snapshots import Snapshots, alignment, half

_Key = tuple[str, int | None]
"""Statistic, and the earlier step that it is about, None for the present one."""


@dataclass
class Measured:
    """What a checkpoint's update measures, and by what, how well."""

    vectors: list[ModuleVector] = field(default_factory=list)
    estimators: Counter[str] = field(default_factory=Counter)
    """Of the effective rank: modules by estimator."""
    error_bound: float = 0.0
    """The largest of an effective rank, relative."""
    subspace_estimators: Counter[str] = field(default_factory=Counter)
    residual: float = 0.0
    """The largest of a subspace."""


class SeriesMeter:
    """Measures checkpoints of one base, in the order of their steps."""

    def __init__(self, base: Weights, snapshots: Snapshots, *, k: int, tolerance: float, device: torch.device) -> None:
        """snapshots: of the steps measured so far; tolerance: as of spectral_panel."""
        self.modules = list(base.modules.values())
        self._base = base
        self._snapshots = snapshots
        self._k = k
        self._tolerance = tolerance
        self._device = device
        self._groups = of_equal_shape(self.modules)

    @torch.no_grad()
    def measure(self, step: int, checkpoint: Updated) -> Generator[int, None, Measured]:
        """Measure a checkpoint and keep its subspaces; tells after every group how many weights are done."""
        found = Measured()
        values: dict[_Key, Tensor] = {}
        kept: list[tuple[list[str], Subspace]] = []
        earlier_steps = [at for at in self._snapshots.steps() if at < step]
        done = 0
        for indices in self._groups:
            names = [self.modules[index].name for index in indices]
            update_BMN, of_group = self._read(names, checkpoint)
            panel = spectral_panel(update_BMN, self._k, tolerance=self._tolerance)
            of_group |= {(name, None): value for name, value in panel.values.items()}
            norm_B = frobenius_norms(list(update_BMN))  # of the entries, not of their Gram matrix
            of_group["update_norm", None] = norm_B
            of_group["relative_update_norm", None] = norm_B.cpu() / of_group.pop(("base_norm", None))
            for at in earlier_steps:
                aligned = alignment(self._snapshots.read(at, names), panel.subspace, update_BMN, norm_B)
                of_group |= {(name, at): value for name, value in aligned.items()}
            kept.append((names, half(panel.subspace)))
            for key, value_B in of_group.items():
                values.setdefault(key, torch.full((len(self.modules),), torch.nan, dtype=torch.float64))[indices] = (
                    value_B.double().cpu()
                )
            found.estimators[panel.estimators["effective_rank"]] += len(names)
            found.subspace_estimators[panel.subspace.estimator] += len(names)
            found.error_bound = max(found.error_bound, _largest(panel.error_bounds["effective_rank"]))
            found.residual = max(found.residual, _largest(panel.subspace.residual_B))
            done += update_BMN.numel()
            del update_BMN, panel
            yield done
        self._snapshots.write(step, kept)
        values["norm_share", None] = norm_share(values["update_norm", None])
        found.vectors = [
            ModuleVector(name, step, value.tolist()) if at is None else ModuleVector(name, at, value.tolist(), step)
            for (name, at), value in values.items()
        ]
        return found

    def _read(self, names: list[str], checkpoint: Updated) -> tuple[Tensor, dict[_Key, Tensor]]:
        """The updates of modules of one shape, and what needs W_0 and W_t themselves."""
        updates, base_norms, visible = [], [], []
        for name in names:
            base_MN = self._base.matrix(name)
            update_MN, value_MN = checkpoint.update(name, base_MN)
            base_norms.append(frobenius_norms([base_MN])[0])
            visible.append(visible_sparsity(value_MN, base_MN))
            updates.append(update_MN.to(self._device))
        update_BMN = torch.stack(updates) if len(updates) > 1 else updates[0].unsqueeze(0)
        return update_BMN, {
            ("base_norm", None): torch.stack(base_norms),
            ("visible_sparsity", None): torch.tensor(visible, dtype=torch.float64),
        }


def _largest(values: Tensor) -> float:
    """Of those that are numbers."""
    finite = values[values.isfinite()]
    return float(finite.max()) if finite.numel() else 0.0
