"""Which modules are measured together: batched linear algebra on small matrices is several times faster."""

import math
from collections.abc import Sequence

from opdboard.domain.modules import Module

_MOST_ENTRIES = 1 << 22
"""Of a group; only small matrices are copied into one."""


def of_equal_shape(modules: Sequence[Module]) -> list[list[int]]:
    """Indices of the modules, small matrices of equal shape together, a large one alone; shapes by first occurrence."""
    groups: dict[tuple[int, int], list[list[int]]] = {}
    for index, module in enumerate(modules):
        of_shape = groups.setdefault(module.shape, [[]])
        if of_shape[-1] and (len(of_shape[-1]) + 1) * math.prod(module.shape) > _MOST_ENTRIES:
            of_shape.append([])
        of_shape[-1].append(index)
    return [group for of_shape in groups.values() for group in of_shape]
