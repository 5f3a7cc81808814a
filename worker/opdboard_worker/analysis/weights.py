"""A checkpoint's attention and MLP matrices and what became of them, whatever format they are stored in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

import torch
from torch import Tensor
from typing_extensions import override

from opdboard.domain.errors import ModelProblem
from opdboard.domain.modules import Module
from opdboard_worker.analysis.stored import Stored
from opdboard_worker.measuring.group import Moved
from opdboard_worker.models.coverage import coverage
from opdboard_worker.models.matrices import Layout, View, in_reading_order, placed
from opdboard_worker.models.stored_names import Conversion, Shapes, StoredNames


class Updated(Protocol):
    """A checkpoint to be compared with a base."""

    where: Path
    modules: Mapping[str, Module]

    def moved(self, name: str, base_MN: Tensor) -> Moved:
        """A module, given its W_0."""
        ...


class Weights(Updated):
    """The matrices of a whole model. The base is one, and so is every checkpoint that is no adapter."""

    def __init__(self, stored: Stored, names: StoredNames, layout: Layout) -> None:
        """names, layout: of the architecture. ModelProblem where no name is that of a known layer."""
        self.names = names
        self.layout = layout
        self.where = stored.where
        self._stored = stored
        self._tensors = names.placed(stored.shapes)
        self._made: tuple[Conversion, dict[str, Tensor]] | None = None
        held = placed(self._tensors.shapes.items(), layout)
        self.coverage = coverage(self._tensors.shapes, held)
        self._places = {module.name: (name, view) for name, matrices in held.items() for module, view in matrices}
        if not held:
            first = next(iter(stored.shapes), "nothing")
            raise ModelProblem(
                f"{self.where} names its layers in a way that is not known, beginning with {first}",
                where=str(self.where),
            )
        self.modules: Mapping[str, Module] = in_reading_order(
            {module.name: module for matrices in held.values() for module, _ in matrices}
        )

    @property
    def left_out(self) -> Sequence[str]:
        """Stored names of what the architecture does not have."""
        return self._tensors.left_out

    @property
    def shapes(self) -> Shapes:
        """Of all tensors, by the names that they have in memory; experts that are stored one by one under their own."""
        return self._tensors.shapes

    def place(self, name: str) -> tuple[str, View]:
        """(name in memory of the tensor, where in it) of a module."""
        return self._places[name]

    def matrix(self, name: str) -> Tensor:
        """A module's weights (out, in), as they are stored."""
        tensor, view = self._places[name]
        if tensor in self._tensors.direct:
            return view.turned(self._part(self._tensors.direct[tensor], view))
        return view.of(self._converted(self._tensors.made[tensor])[tensor])

    def _part(self, stored_name: str, view: View) -> Tensor:
        """What a view's index names; of rows that alternate with others, all are read."""
        alternating = any(isinstance(one, slice) and one.step not in (None, 1) for one in view.index)
        together = 0 if view.expert is None else 1
        if not alternating:
            return self._stored.read(stored_name, view.index)
        return self._stored.read(stored_name, view.index[:together])[view.index[together:]]

    def _converted(self, conversion: Conversion) -> dict[str, Tensor]:
        """What is made of several stored tensors together; kept until another is asked for."""
        if self._made is None or self._made[0] is not conversion:
            self._made = None
            stored = {name: self._stored.read(name) for name, _ in conversion.sources}
            assert self.names.model is not None, "only an architecture that is known converts"
            self._made = conversion, conversion(self.names.model, stored)
        return self._made[1]

    @override
    def moved(self, name: str, base_MN: Tensor) -> Moved:
        return replaced(self.matrix(name), base_MN)


def replaced(value_MN: Tensor, base_MN: Tensor) -> Moved:
    """A matrix of which W_t is known."""
    return Moved(value_MN.to(torch.float32, copy=True).sub_(base_MN), value_MN, base_MN, subtracted=True)


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
