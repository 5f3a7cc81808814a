"""Which modules are measured together: batched linear algebra on small matrices is several times faster."""

from collections.abc import Sequence

import torch

from opdboard.domain.modules import Module
from opdboard_worker.core.spectral.panel import group_by_shape


def of_equal_shape(modules: Sequence[Module]) -> list[list[int]]:
    """Indices of the modules, small matrices of equal shape together, a large one alone."""
    place = {module.name: index for index, module in enumerate(modules)}
    shapes = {module.name: torch.empty(module.shape, device="meta") for module in modules}
    return [[place[name] for name in names] for names, _ in group_by_shape(shapes)]
