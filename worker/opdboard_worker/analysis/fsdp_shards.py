"""Shards of FSDP as verl writes them: `model_world_size_W_rank_R.pt`, each the state dict of one process.

They are zip files of torch.save. Only tensors and the description of how they were cut (DTensor) are unpickled, never code;
the pieces are put together here from their placements, without processes and without a collective.
"""

import logging
import math
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.serialization import get_unsafe_globals_in_checkpoint
from typing_extensions import override

from opdboard.checkpoint_folders import SHARD
from opdboard.domain.errors import ModelProblem
from opdboard.regular_files import check_regular
from opdboard_worker.analysis.stored import Index, Stored, checked_float
from opdboard_worker.models.weight_files import first_line

_BYTES_UNTIL_REOPENED = 256 * 2**20
"""What is read of a mapped file stays in memory while it is open."""


@dataclass(frozen=True)
class _Piece:
    """Where a local tensor lies in the whole one."""

    start: tuple[int, ...]
    tensor: Tensor


class FsdpShards(Stored):
    """The tensors of all ranks, put together as they are read; see `Stored`."""

    def __init__(self, folder: Path) -> None:
        """Reads how the tensors are cut; ModelProblem names a file that is missing, damaged or holds more than tensors."""
        self.where = folder
        self._files = _all_ranks(folder)
        for file in self._files:
            _check_stored_plain(file)
        self._opened: list[dict[str, Tensor]] | None = None
        self._read_bytes = 0
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tuple(tensor.shape) for name, tensor in self._ranks()[0].items()
        }
        for name in self.shapes:
            _check_covered(name, self.shapes[name], list(self._pieces(name)), folder)

    @override
    def read(self, name: str, index: Index = ()) -> Tensor:
        whole = self.shapes[name]
        index = index + (slice(None),) * (len(whole) - len(index))
        spans = [_span(one, size) for one, size in zip(index, whole, strict=True)]
        wanted: Tensor | None = None
        for piece in self._pieces(name):
            checked_float(piece.tensor, name, self.where)
            if wanted is None:
                wanted = torch.empty([stop - start for start, stop in spans], dtype=piece.tensor.dtype)
            _copy_common(piece, spans, wanted)
        assert wanted is not None, "checked when opened"
        self._read_bytes += wanted.nbytes
        if self._read_bytes > _BYTES_UNTIL_REOPENED:
            self._opened, self._read_bytes = None, 0
        return wanted[tuple(0 if isinstance(one, int) else slice(None) for one in index)]

    def _ranks(self) -> list[dict[str, Tensor]]:
        if self._opened is None:
            self._opened = [_load(file) for file in self._files]
        return self._opened

    def _pieces(self, name: str) -> Iterator[_Piece]:
        """Each part of a tensor once, however many ranks have it."""
        seen: set[tuple[int, ...]] = set()
        for rank, (file, tensors) in enumerate(zip(self._files, self._ranks(), strict=True)):
            tensor = tensors.get(name)
            if tensor is None or tuple(tensor.shape) != self.shapes[name]:
                raise ModelProblem(f"{name} in {file} is not as in {self._files[0].name}", where=str(file))
            if not isinstance(tensor, DTensor):
                yield _Piece((0,) * tensor.dim(), tensor)
                return
            start, size = _place(tensor, rank, name, file)
            local = tensor._local_tensor
            if tuple(local.shape) != size:
                raise ModelProblem(
                    f"{name} in {file} has {tuple(local.shape)} numbers where its placement says {size}; copy the file again",
                    where=str(file),
                )
            if local.numel() and start not in seen:
                seen.add(start)
                yield _Piece(start, local)


def _all_ranks(folder: Path) -> list[Path]:
    found: dict[int, set[int]] = {}
    for file in folder.iterdir():
        match = SHARD.fullmatch(file.name)
        if match is not None:
            found.setdefault(int(match[1]), set()).add(int(match[2]))
    if len(found) != 1:
        raise ModelProblem(
            f"{folder} has shards of {' and of '.join(map(str, sorted(found))) or 'no'} processes; keep those of one run",
            where=str(folder),
        )
    world, ranks = next(iter(found.items()))
    missing = next((rank for rank in range(world) if rank not in ranks), None)
    if missing is not None:
        name = f"model_world_size_{world}_rank_{missing}.pt"
        raise ModelProblem(f"{folder} lacks {name}, one of {world} shards; copy it there", where=str(folder / name))
    return [folder / f"model_world_size_{world}_rank_{rank}.pt" for rank in range(world)]


def _check_stored_plain(file: Path) -> None:
    """torch.save compresses nothing: what claims to be larger than the file was not written by it."""
    try:
        check_regular(file)
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelProblem(
            f"{file} is not a complete file of torch.save ({first_line(error)}); copy it again", where=str(file)
        ) from error
    compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if compressed or sum(entry.file_size for entry in entries) > file.stat().st_size:
        raise ModelProblem(
            f"{file} is compressed, which torch.save never does; copy the original file", where=str(file)
        )


def _load(file: Path) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content: Any = torch.load(file, map_location="cpu", mmap=True, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelProblem(
            f"{file} holds {_code_in(file)}; only tensors are read, for a pickle can run any program while it is loaded. "
            "Save the state dict alone, or export the model with save_pretrained",
            where=str(file),
        ) from error
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, AttributeError, TypeError) as error:
        raise ModelProblem(
            f"{file} is not a complete file of torch.save ({first_line(error)}); copy it again", where=str(file)
        ) from error
    if not isinstance(content, dict):
        raise ModelProblem(f"{file} holds no state dict but a {type(content).__name__}", where=str(file))
    return {str(name): tensor for name, tensor in content.items() if isinstance(tensor, Tensor)}


def _code_in(file: Path) -> str:
    """What of the pickle is no tensor, by name; its opcodes are read, nothing is run."""
    try:
        found = get_unsafe_globals_in_checkpoint(file)
    except Exception:  # whatever a hostile file makes of the reader, it is refused all the same
        found = []
    return f"more than tensors ({', '.join(sorted(found)[:3])})" if found else "more than tensors"


def _place(tensor: DTensor, rank: int, name: str, file: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(start, size) of a rank's part, as torch.chunk cuts along each dimension of the mesh in turn."""
    mesh = tensor.device_mesh.mesh
    at = (mesh == rank).nonzero()
    if len(at) != 1 or len(tensor.placements) != mesh.dim():
        raise ModelProblem(f"{name} in {file} is cut for other processes than these", where=str(file))
    start, size = [0] * tensor.dim(), list(tensor.shape)
    for placement, coordinate, ranks in zip(tensor.placements, at[0].tolist(), mesh.shape, strict=True):
        if isinstance(placement, Replicate):
            continue
        if type(placement) is not Shard or not 0 <= placement.dim < tensor.dim():
            raise ModelProblem(
                f"{name} in {file} is placed as {placement}, which is not known here; export the model with save_pretrained",
                where=str(file),
            )
        dim = placement.dim
        share = math.ceil(size[dim] / ranks)
        first = min(coordinate * share, size[dim])
        start[dim], size[dim] = start[dim] + first, min(share, size[dim] - first)
    return tuple(start), tuple(size)


def _check_covered(name: str, shape: tuple[int, ...], pieces: list[_Piece], folder: Path) -> None:
    if sum(piece.tensor.numel() for piece in pieces) != math.prod(shape):
        raise ModelProblem(f"the shards in {folder} do not make up the whole of {name}", where=str(folder))


def _span(one: int | slice, size: int) -> tuple[int, int]:
    if isinstance(one, int):
        return one, one + 1
    start, stop, _ = one.indices(size)
    return start, stop


def _copy_common(piece: _Piece, spans: list[tuple[int, int]], into: Tensor) -> None:
    source, target = [], []
    for start, size, (low, high) in zip(piece.start, piece.tensor.shape, spans, strict=True):
        first, last = max(start, low), min(start + size, high)
        if first >= last:
            return
        source.append(slice(first - start, last - start))
        target.append(slice(first - low, last - low))
    into[tuple(target)] = piece.tensor[tuple(source)]


logging.getLogger("torch.distributed.device_mesh").setLevel(logging.ERROR)  # says that there are no processes: true
