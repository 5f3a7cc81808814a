"""A checkpoint's attention and MLP matrices and what became of them, whatever format they are stored in."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Protocol

import torch
from torch import Tensor

from opdboard.domain.errors import ModelProblem
from opdboard.domain.modules import Module
from opdboard_worker.analysis.naming import Sizes, View, in_reading_order, matrices_in
from opdboard_worker.analysis.stored import Stored


class Updated(Protocol):
    """A checkpoint to be compared with a base."""

    where: Path
    modules: Mapping[str, Module]

    def update(self, name: str, base_MN: Tensor) -> tuple[Tensor, Tensor]:
        """(dW in float32, W_t) of a module, given its W_0."""
        ...


class Weights:
    """The matrices of a whole model. The base is one, and so is every checkpoint that is no adapter."""

    def __init__(self, stored: Stored, sizes: Sizes) -> None:
        """ModelProblem where no name is that of a known layer."""
        self.stored = stored
        self.sizes = sizes
        self.where = stored.where
        self._places: dict[str, tuple[str, View]] = {}
        modules: dict[str, Module] = {}
        for name, shape in stored.shapes.items():
            for module, view in matrices_in(name, shape, sizes):
                modules[module.name] = module
                self._places[module.name] = name, view
        if not modules:
            first = next(iter(stored.shapes), "nothing")
            raise ModelProblem(
                f"{self.where} names its layers in a way that is not known, beginning with {first}",
                where=str(self.where),
            )
        self.modules: Mapping[str, Module] = in_reading_order(modules)

    def place(self, name: str) -> tuple[str, View]:
        """(stored name, where in that tensor) of a module."""
        return self._places[name]

    def matrix(self, name: str) -> Tensor:
        """A module's weights (out, in), as they are stored."""
        stored_name, view = self._places[name]
        return view.turned(self.stored.read(stored_name, view.index))

    def update(self, name: str, base_MN: Tensor) -> tuple[Tensor, Tensor]:
        """See Updated."""
        value_MN = self.matrix(name)
        return value_MN.to(torch.float32, copy=True).sub_(base_MN), value_MN


def check_same_matrices(base: Updated, other: Updated) -> None:
    """ModelProblem that names the first matrix in which a checkpoint differs from its base, or that only one has."""
    for name, module in base.modules.items():
        found = other.modules.get(name)
        if found is None:
            _refuse(f"{name} is in the base {base.where} but not in {other.where}", other)
        if found.shape != module.shape:
            _refuse(f"{name} is {module.shape} in the base {base.where} but {found.shape} in {other.where}", other)
    extra = next((name for name in other.modules if name not in base.modules), None)
    if extra is not None:
        _refuse(f"{extra} is in {other.where} but not in the base {base.where}", other)


def _refuse(difference: str, checkpoint: Updated) -> NoReturn:
    raise ModelProblem(
        f"{difference}: they are not the same model. Give the base that training began from",
        where=str(checkpoint.where),
    )
