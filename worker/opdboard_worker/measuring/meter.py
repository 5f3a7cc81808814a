"""Measures a training step after step, in the memory of two groups of small modules or of two large ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard.domain.modules import Module
from opdboard.domain.records import ModuleVector
from opdboard_worker.core.statistics import norm_share
from opdboard_worker.measuring.group import Group, Measures, Moved, measure_group
from opdboard_worker.measuring.groups import of_equal_shape
from opdboard_worker.measuring.overlap import overlapped
from opdboard_worker.measuring.snapshots import Snapshots


@dataclass(frozen=True)
class OfGroup(Measures):
    """The measures of some modules at a step."""

    indices: list[int]
    """Places of the modules."""
    earlier: list[int]
    """Steps of the snapshots that `aligned` is about."""


class Meter:
    """Steps of one training, each aligned with the snapshots of those before it."""

    def __init__(
        self, modules: Sequence[Module], snapshots: Snapshots, *, k: int, tolerance: float, device: torch.device
    ) -> None:
        """snapshots: of the steps measured so far; tolerance: as of `spectral_panel`."""
        self.modules = list(modules)
        self._snapshots = snapshots
        self._k = k
        self._tolerance = tolerance
        self._device = device
        self._groups = of_equal_shape(self.modules)

    def measure(self, step: int, moved: Callable[[int], Moved]) -> Iterator[OfGroup]:
        """Measure group after group, and keep the subspaces once all of them were asked for.

        moved: gives the module at a place, in the caller's thread.
        """
        earlier = [at for at in self._snapshots.steps() if at < step]

        def of_group(item: tuple[list[int], Group]) -> OfGroup:
            indices, group = item
            names = self._names(indices)
            before = (self._snapshots.read(at, names) for at in earlier)
            found = measure_group(group, before, k=self._k, tolerance=self._tolerance)
            return OfGroup(**vars(found), indices=indices, earlier=earlier)

        groups = ((indices, Group.of(map(moved, indices), self._device)) for indices in self._groups)
        parts = []
        for one in overlapped(of_group, groups, self._device):
            parts.append((self._names(one.indices), one.kept))
            yield one
        self._snapshots.write(step, parts)

    def _names(self, indices: list[int]) -> list[str]:
        return [self.modules[index].name for index in indices]


def vectors(step: int, measured: Sequence[OfGroup]) -> list[ModuleVector]:
    """What all groups of a step make to store, NaN where a group has no value."""
    modules = sum(len(one.indices) for one in measured)
    rows: dict[tuple[str, int | None], Tensor] = {}

    def put(name: str, at: int | None, indices: list[int], value_B: Tensor) -> None:
        rows.setdefault((name, at), torch.full((modules,), torch.nan, dtype=torch.float64))[indices] = value_B

    for one in measured:
        for name, value_B in one.values.items():
            put(name, None, one.indices, value_B)
        for name, value_SB in one.aligned.items():
            for at, value_B in zip(one.earlier, value_SB, strict=True):
                put(name, at, one.indices, value_B)
    rows["norm_share", None] = norm_share(rows["update_norm", None])
    return [
        ModuleVector(name, step, row.tolist()) if at is None else ModuleVector(name, at, row.tolist(), step)
        for (name, at), row in rows.items()
    ]
