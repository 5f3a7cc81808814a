"""Everything that is known of a checkpoint's update, module by module, in the memory of two groups of small modules or of
two large ones: the statistics of training.weights, by the same names."""

import ctypes
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import torch
from torch import Tensor

from opdboard.domain.records import ModuleVector
from opdboard_worker.analysis.weights import Updated, Weights
from opdboard_worker.core.rounding import Rounding, rounding_between
from opdboard_worker.core.spectral.krylov import without_rounding
from opdboard_worker.core.spectral.panel import spectral_panel
from opdboard_worker.core.statistics import frobenius_norms, norm_share, visible_sparsity
from opdboard_worker.measuring.certainty import certainty
from opdboard_worker.measuring.groups import of_equal_shape
from opdboard_worker.measuring.overlap import overlapped
from opdboard_worker.measuring.snapshots import Kept, Snapshots, alignment, kept

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
    unchanged: int = 0
    """Modules with dW = 0."""
    rounding_square: float = 0.0
    """Of the norm that the types of the weights alone give dW; 0 where base and checkpoint have values of one type."""
    beyond_rounding: int = 0
    """Weights that moved by more than a rounding, or of modules where there is none."""

    def count(self, group: "_GroupMeasured") -> None:
        """Add the modules of a group."""
        self.estimators[group.estimator] += len(group.indices)
        self.subspace_estimators[group.subspace.estimator] += len(group.indices)
        self.error_bound = max(self.error_bound, group.error_bound)
        self.residual = max(self.residual, group.residual)
        norms = group.values["update_norm", None].tolist()
        self.unchanged += norms.count(0.0)
        for norm, rounding in zip(norms, group.roundings, strict=True):
            self.rounding_square += rounding.square if rounding else 0.0
            everything = group.weights // len(norms) if norm else 0
            self.beyond_rounding += rounding.beyond if rounding else everything


@dataclass(frozen=True)
class _Group:
    """The updates of modules of one shape, and what needs their W_0 and W_t."""

    indices: list[int]
    update_BMN: Tensor
    base_norm_B: Tensor
    visible_sparsity_B: Tensor
    roundings: list[Rounding | None]


@dataclass(frozen=True)
class _GroupMeasured:
    """What of them is left to keep."""

    indices: list[int]
    values: dict[_Key, Tensor]
    subspace: Kept
    estimator: str
    error_bound: float
    residual: float
    roundings: list[Rounding | None]
    weights: int


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
        parts: list[tuple[list[str], Kept]] = []
        earlier_steps = [at for at in self._snapshots.steps() if at < step]
        done = 0

        def of_group(group: _Group) -> _GroupMeasured:
            return self._of_group(group, earlier_steps)

        read = (self._read(indices, checkpoint) for indices in self._groups)
        for one in overlapped(of_group, read, self._device):
            for key, value_B in one.values.items():
                values.setdefault(key, torch.full((len(self.modules),), torch.nan, dtype=torch.float64))[
                    one.indices
                ] = value_B
            parts.append(([self.modules[index].name for index in one.indices], one.subspace))
            found.count(one)
            done += one.weights
            _give_back_freed_memory()
            yield done
        self._snapshots.write(step, parts)
        values["norm_share", None] = norm_share(values["update_norm", None])
        found.vectors = [
            ModuleVector(name, step, value.tolist()) if at is None else ModuleVector(name, at, value.tolist(), step)
            for (name, at), value in values.items()
        ]
        return found

    def _read(self, indices: list[int], checkpoint: Updated) -> _Group:
        updates, base_norms, visible, roundings = [], [], [], []
        rounded = isinstance(checkpoint, Weights)  # an adapter tells dW itself
        for index in indices:
            name = self.modules[index].name
            base_MN = self._base.matrix(name)
            update_MN, value_MN = checkpoint.update(name, base_MN)
            base_norms.append(frobenius_norms([base_MN])[0])
            visible.append(visible_sparsity(value_MN, base_MN))
            roundings.append(rounding_between(value_MN, base_MN) if rounded else None)
            updates.append(update_MN.to(self._device))
        update_BMN = torch.stack(updates) if len(updates) > 1 else updates[0].unsqueeze(0)
        sparsity_B = torch.tensor(visible, dtype=torch.float64)
        return _Group(indices, update_BMN, torch.stack(base_norms), sparsity_B, roundings)

    def _of_group(self, group: _Group, earlier_steps: Sequence[int]) -> _GroupMeasured:
        update_BMN = group.update_BMN
        panel = spectral_panel(update_BMN, self._k, tolerance=self._tolerance)
        norm_B = frobenius_norms(list(update_BMN))  # of the entries, not of their Gram matrix
        subspace = without_rounding(panel.subspace, group.base_norm_B)
        values: dict[_Key, Tensor] = {
            (name, None): value_B for name, value_B in (panel.values | certainty(panel, subspace)).items()
        }
        values["update_norm", None] = norm_B
        values["relative_update_norm", None] = norm_B.cpu() / group.base_norm_B
        values["visible_sparsity", None] = group.visible_sparsity_B
        names = [self.modules[index].name for index in group.indices]
        earlier = (self._snapshots.read(at, names) for at in earlier_steps)
        for name, value_SB in alignment(earlier, subspace, update_BMN, norm_B).items():
            values |= {(name, at): value_B for at, value_B in zip(earlier_steps, value_SB, strict=True)}
        return _GroupMeasured(
            group.indices,
            {key: value_B.double().cpu() for key, value_B in values.items()},
            kept(subspace, norm_B),
            panel.estimators["effective_rank"],
            _largest(values["effective_rank_error", None]),
            _largest(subspace.residual_B),
            group.roundings,
            update_BMN.numel(),
        )


def _largest(values: Tensor) -> float:
    """Of those that are numbers."""
    finite = values[values.isfinite()]
    return float(finite.max()) if finite.numel() else 0.0


def _give_back_freed_memory() -> None:
    """To the system: glibc keeps what each thread freed, here several times the largest matrix."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
