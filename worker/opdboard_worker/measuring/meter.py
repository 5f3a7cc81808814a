"""Measures a training step after step, in the memory of two groups of small modules or of two large ones."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard.domain.modules import Module
from opdboard.domain.records import ModuleVector
from opdboard_worker.core.statistics import norm_share
from opdboard_worker.measuring.group import Group, Measures, Moved, measure_group
from opdboard_worker.measuring.overlap import overlapped
from opdboard_worker.measuring.snapshots import Snapshots

_MOST_ENTRIES = 1 << 22
"""Of a group; only small matrices are copied into one."""


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
        self._base_norms: dict[int, Tensor] = {}

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

        groups = ((indices, self._group(place, moved)) for place, indices in enumerate(self._groups))
        parts = []
        for one in overlapped(of_group, groups, self._device):
            parts.append((self._names(one.indices), one.kept))
            yield one
        self._snapshots.write(step, parts)

    def _group(self, place: int, moved: Callable[[int], Moved]) -> Group:
        group = Group.of(map(moved, self._groups[place]), self._device, self._base_norms.get(place))
        self._base_norms[place] = group.base_norm_B  # W_0 is that of every step
        return group

    def _names(self, indices: list[int]) -> list[str]:
        return [self.modules[index].name for index in indices]


def of_equal_shape(modules: Sequence[Module]) -> list[list[int]]:
    """Indices of the modules, small matrices of equal shape together, a large one alone; shapes by first occurrence."""
    groups: dict[tuple[int, int], list[list[int]]] = {}
    for index, module in enumerate(modules):
        of_shape = groups.setdefault(module.shape, [[]])
        if of_shape[-1] and (len(of_shape[-1]) + 1) * math.prod(module.shape) > _MOST_ENTRIES:
            of_shape.append([])
        of_shape[-1].append(index)
    return [group for of_shape in groups.values() for group in of_shape]


def vectors(step: int, measured: Sequence[OfGroup]) -> list[ModuleVector]:
    """What all groups of a step make to store, NaN where a group has no value; nothing of a model without such matrices."""
    if not measured:
        return []
    modules = sum(len(one.indices) for one in measured)
    values: dict[str, Tensor] = {}
    aligned: dict[str, Tensor] = {}
    for one in measured:
        index = torch.tensor(one.indices)
        for rows, found in ((values, one.values), (aligned, one.aligned)):
            for name, value in found.items():
                empty = torch.full((*value.shape[:-1], modules), torch.nan, dtype=torch.float64)
                rows.setdefault(name, empty)[..., index] = value
    values["norm_share"] = norm_share(values["update_norm"])
    return [
        *(ModuleVector(name, step, row.tolist()) for name, row in values.items()),
        *(
            ModuleVector(name, at, row, step)
            for name, rows in aligned.items()
            for at, row in zip(measured[0].earlier, rows.tolist(), strict=True)
        ),
    ]
