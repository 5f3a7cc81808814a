"""Tensors of a checkpoint, read one at a time and only the part that is wanted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from safetensors import SafetensorError, safe_open
from torch import Tensor
from typing_extensions import override

from opdboard.domain.errors import ModelProblem
from opdboard_worker.models.weight_files import first_line, stored_shapes, weight_files

Index = tuple[int | slice, ...]


class Stored(Protocol):
    """Named tensors on disk."""

    where: Path
    shapes: Mapping[str, tuple[int, ...]]

    def read(self, name: str, index: Index = ()) -> Tensor:
        """The part of a tensor that `index` names (slices of step 1 and integers), in memory; ModelProblem where it cannot be read."""
        ...


class SafetensorsFiles(Stored):
    """The tensors of some safetensors files.

    A file is opened anew for every read: what has been mapped of it would stay in memory for as long as it is open.
    """

    def __init__(self, where: Path, files: list[Path]) -> None:
        """Reads the headers; ModelProblem names a file that is not whole."""
        self.where = where
        self._file_of: dict[str, Path] = {}
        self.shapes: Mapping[str, tuple[int, ...]] = {}
        for file in files:
            shapes = stored_shapes(file)
            self._file_of |= dict.fromkeys(shapes, file)
            self.shapes |= shapes

    @classmethod
    def of_model(cls, folder: Path) -> "SafetensorsFiles":
        """A model folder in Hugging Face format."""
        return cls(folder, weight_files(folder))

    @override
    def read(self, name: str, index: Index = ()) -> Tensor:
        file = self._file_of[name]
        try:
            with safe_open(file, framework="pt") as weights:
                tensor = weights.get_slice(name)[index] if index else weights.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise ModelProblem(f"{name} in {file} cannot be read ({first_line(error)})", where=str(file)) from error
        return checked_float(tensor, name, file)


def checked_float(tensor: Tensor, name: str, file: Path) -> Tensor:
    """The tensor; ModelProblem where its numbers mean nothing without a quantisation's tables."""
    if not tensor.is_floating_point() or tensor.element_size() < 2:
        raise ModelProblem(
            f"{name} in {file} is stored as {tensor.dtype}; de-quantise the model first", where=str(file)
        )
    return tensor
