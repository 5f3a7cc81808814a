"""Leading subspaces of updates, kept so that every later one can be compared with them (03, Subspace alignment).

A snapshot is one file per step: of each module half-precision triplets, and the norm of the update that they are part of.
Which modules were measured together does not show in it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard_worker.core.spectral.krylov import Subspace
from opdboard_worker.core.spectral.subspace import alignments, direction_cosine_low_rank
from opdboard_worker.folders import sync

_SUFFIX = ".safetensors"
_DIGEST = "sha256"

_AT_ONCE = 1 << 20
"""Entries of earlier snapshots that are compared together: with small modules the calls are what costs."""


@dataclass(frozen=True)
class Kept(Subspace):
    """A subspace as it is kept, with the update's norm."""

    norm_B: Tensor
    """||dW||_F, float32; NaN in snapshots of before it was kept."""


class Snapshots:
    """The snapshots of one run below a folder."""

    def __init__(self, folder: Path, *, in_memory: bool = False) -> None:
        """folder: made with the first snapshot; in_memory: whether what was written or read stays there too."""
        self._folder = folder
        self._held: dict[int, dict[tuple[str, ...], Kept]] | None = {} if in_memory else None

    def write(self, step: int, parts: Sequence[tuple[Sequence[str], Kept]]) -> None:
        """Keep a snapshot: modules measured together, with their subspaces as of `kept`. It is complete or absent."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # As arrays: of hundreds of small tensors torch's own writer takes three times as long to write the same.
        arrays = {
            f"{name}|{kind}": whole[place : place + 1]
            for names, part in parts
            for kind, tensor in (("u", part.u_BMk), ("s", part.s_Bk), ("v", part.v_BNk), ("norm", part.norm_B))
            for whole in [tensor.contiguous().numpy()]
            for place, name in enumerate(names)
        }
        target = self._path(step)
        aside = target.with_suffix(".partial")
        save_file(arrays, aside, {_DIGEST: _digest(arrays)})
        sync(aside)
        aside.replace(target)
        sync(self._folder)
        if self._held is not None:
            self._held[step] = {tuple(names): part for names, part in parts}

    def steps(self) -> list[int]:
        """Steps that have a snapshot, ascending."""
        return sorted(int(path.stem.removeprefix("step-")) for path in self._folder.glob(f"step-*{_SUFFIX}"))

    def read(self, step: int, names: Sequence[str]) -> Kept:
        """The subspaces of modules of one shape at a step."""
        if self._held is None:
            return self._stored(step, names)
        held = self._held.setdefault(step, {})
        if tuple(names) not in held:
            held[tuple(names)] = self._stored(step, names)
        return held[tuple(names)]

    def _stored(self, step: int, names: Sequence[str]) -> Kept:
        with safe_open(self._path(step), framework="pt") as stored:
            u_BMk, s_Bk, v_BNk = (torch.cat([stored.get_tensor(f"{name}|{kind}") for name in names]) for kind in "usv")
            unknown_B = torch.full((len(s_Bk),), torch.nan)
            known = f"{names[0]}|norm" in set(stored.keys())
            norm_B = torch.cat([stored.get_tensor(f"{name}|norm") for name in names]) if known else unknown_B
        return Kept(u_BMk, s_Bk, v_BNk, unknown_B, "stored", norm_B)

    def damaged(self) -> list[int]:
        """Steps whose snapshots cannot be read or are not what was written. Earlier versions wrote no checksum."""
        return [step for step in self.steps() if not _whole(self._path(step))]

    def drop_damaged(self) -> list[int]:
        """Remove those; their steps."""
        damaged = self.damaged()
        for step in damaged:
            self._remove(step)
        return damaged

    def forget_after(self, step: int) -> None:
        """Remove the snapshots of later steps, which will be made again."""
        for at in self.steps():
            if at > step:
                self._remove(at)

    def _remove(self, step: int) -> None:
        self._path(step).unlink()
        if self._held is not None:
            self._held.pop(step, None)

    def _path(self, step: int) -> Path:
        return self._folder / f"step-{step:06d}{_SUFFIX}"


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _whole(path: Path) -> bool:
    try:
        with safe_open(path, framework="np") as stored:
            wanted = (stored.metadata() or {}).get(_DIGEST)
            return wanted is None or wanted == _digest({name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118
    except (OSError, ValueError, SafetensorError):
        return False


def kept(subspace: Subspace, norm_B: Tensor) -> Kept:
    """As it is kept; norm_B: ||dW||_F."""
    return Kept(
        subspace.u_BMk.half().cpu(),
        subspace.s_Bk.float().cpu(),
        subspace.v_BNk.half().cpu(),
        subspace.residual_B.float().cpu(),
        subspace.estimator,
        norm_B.float().cpu(),
    )


def alignment(
    earlier: Iterable[Kept], latest: Subspace, update_BMN: Tensor, update_norm_B: Tensor | None = None
) -> dict[str, Tensor]:
    """Every alignment statistic (S, B) of S kept snapshots to the latest one; update: dW of the latest, its norms where known."""
    parts: list[dict[str, Tensor]] = []
    for together in _some_at_once(earlier):
        stacked = _stacked(together, update_BMN.device)
        values: dict[str, Tensor] = {}
        for depth, (affinity_SB, cosine_SB) in alignments(stacked, latest, ALIGNMENT_DEPTHS).items():
            values[f"subspace_affinity@{depth}"] = affinity_SB
            values[f"paired_cosine@{depth}"] = cosine_SB
        values["direction_cosine"] = direction_cosine_low_rank(stacked, stacked.norm_B, update_BMN, update_norm_B)
        parts.append(values)
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]} if parts else {}


def _stacked(together: Sequence[Kept], device: torch.device) -> Kept:
    """Several snapshots as one, with a dimension in front of all others; in memory the columns of a matrix are together."""
    return Kept(
        _stacked_columns([one.u_BMk for one in together], device),
        torch.stack([one.s_Bk for one in together]).to(device),
        _stacked_columns([one.v_BNk for one in together], device),
        torch.stack([one.residual_B for one in together]).to(device),
        together[0].estimator,
        torch.stack([one.norm_B for one in together]).to(device),
    )


def _stacked_columns(together: Sequence[Tensor], device: torch.device) -> Tensor:
    columns_BcM = torch.cat([u_BMk.mT for u_BMk in together], dim=1).to(device).float()
    return columns_BcM.unflatten(1, (len(together), -1)).permute(1, 0, 3, 2)


def _some_at_once(earlier: Iterable[Kept]) -> Iterator[list[Kept]]:
    """As many in a row as _AT_ONCE allows, one at least."""
    together: list[Kept] = []
    for one in earlier:
        elements = one.u_BMk.numel() + one.v_BNk.numel()
        if together and (len(together) + 1) * elements > _AT_ONCE:
            yield together
            together = []
        together.append(one)
    if together:
        yield together
