"""Checkpoints of one base, measured one after the other, and by what and how well they were."""

import ctypes
import math
from collections import Counter
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from opdboard.domain.records import ModuleVector
from opdboard_worker.analysis.weights import Updated, Weights
from opdboard_worker.core.rounding import Rounding, rounding_between
from opdboard_worker.measuring.group import Moved
from opdboard_worker.measuring.meter import Meter, OfGroup, vectors
from opdboard_worker.measuring.snapshots import Snapshots


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

    def count(self, group: OfGroup) -> None:
        """Add the modules of a group."""
        self.estimators[group.estimator] += len(group.indices)
        self.subspace_estimators[group.kept.estimator] += len(group.indices)
        self.error_bound = max(self.error_bound, _largest(group.values["effective_rank_error"]))
        self.residual = max(self.residual, _largest(group.values["subspace_residual"]))


class SeriesMeter:
    """Measures checkpoints of one base, in the order of their steps."""

    def __init__(self, base: Weights, snapshots: Snapshots, *, k: int, tolerance: float, device: torch.device) -> None:
        """snapshots: of the steps measured so far; tolerance: as of spectral_panel."""
        self.modules = list(base.modules.values())
        self._base = base
        self._meter = Meter(self.modules, snapshots, k=k, tolerance=tolerance, device=device)

    @torch.no_grad()
    def measure(self, step: int, checkpoint: Updated) -> Generator[int, None, Measured]:
        """Measure a checkpoint and keep its subspaces; tells after every group how many weights are done."""
        found = Measured()
        groups: list[OfGroup] = []
        roundings: dict[int, Rounding | None] = {}
        done = 0

        def moved(index: int) -> Moved:
            name = self.modules[index].name
            one = checkpoint.moved(name, self._base.matrix(name))
            roundings[index] = rounding_between(one.value_MN, one.base_MN) if one.subtracted else None
            return one

        for group in self._meter.measure(step, moved):
            groups.append(group)
            found.count(group)
            for index, norm in zip(group.indices, group.values["update_norm"].tolist(), strict=True):
                weights, rounding = math.prod(self.modules[index].shape), roundings[index]
                found.unchanged += norm == 0.0
                found.rounding_square += rounding.square if rounding else 0.0
                found.beyond_rounding += rounding.beyond if rounding else weights if norm else 0
                done += weights
            _give_back_freed_memory()
            yield done
        found.vectors = vectors(step, groups)
        return found


def _largest(values: torch.Tensor) -> float:
    """Of those that are numbers."""
    finite = values[values.isfinite()]
    return float(finite.max()) if finite.numel() else 0.0


def _give_back_freed_memory() -> None:
    """To the system: glibc keeps what each thread freed, here several times the largest matrix."""
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
