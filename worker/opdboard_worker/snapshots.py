"""Leading subspaces of updates, kept so that every later one can be compared with them (03, Subspace alignment).

A snapshot is one file of half-precision triplets per step; which modules were measured together does not show in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from opdboard.domain.measures import ALIGNMENT_DEPTHS
from opdboard_worker.core.krylov import Subspace
from opdboard_worker.core.subspace import alignments, direction_cosine_low_rank

_SUFFIX = ".safetensors"


class Snapshots:
    """The snapshots of one run below a folder."""

    def __init__(self, folder: Path) -> None:
        """folder: made with the first snapshot."""
        self._folder = folder

    def write(self, step: int, parts: Iterable[tuple[Sequence[str], Subspace]]) -> None:
        """Keep a snapshot: modules measured together, with their subspaces as of `half`. It is complete or absent."""
        self._folder.mkdir(parents=True, exist_ok=True)
        tensors = {}
        for names, part in parts:
            for place, name in enumerate(names):
                one = slice(place, place + 1)
                tensors |= {f"{name}|u": part.u_BMk[one], f"{name}|s": part.s_Bk[one], f"{name}|v": part.v_BNk[one]}
        target = self._path(step)
        aside = target.with_suffix(".partial")
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, aside)
        aside.replace(target)

    def steps(self) -> list[int]:
        """Steps that have a snapshot, ascending."""
        return sorted(int(path.stem.removeprefix("step-")) for path in self._folder.glob(f"step-*{_SUFFIX}"))

    def read(self, step: int, names: Sequence[str]) -> Subspace:
        """The subspaces of modules of one shape at a step."""
        with safe_open(self._path(step), framework="pt") as stored:
            u_BMk, s_Bk, v_BNk = (torch.cat([stored.get_tensor(f"{name}|{kind}") for name in names]) for kind in "usv")
        return Subspace(u_BMk, s_Bk, v_BNk, torch.full((len(s_Bk),), torch.nan), estimator="stored")

    def forget_after(self, step: int) -> None:
        """Remove the snapshots of later steps, which will be made again."""
        for at in self.steps():
            if at > step:
                self._path(at).unlink()

    def _path(self, step: int) -> Path:
        return self._folder / f"step-{step:06d}{_SUFFIX}"


def half(subspace: Subspace) -> Subspace:
    """As it is kept."""
    return replace(
        subspace,
        u_BMk=subspace.u_BMk.half().cpu(),
        s_Bk=subspace.s_Bk.float().cpu(),
        v_BNk=subspace.v_BNk.half().cpu(),
        residual_B=subspace.residual_B.float().cpu(),
    )


def alignment(
    earlier: Subspace, latest: Subspace, update_BMN: Tensor, update_norm_B: Tensor | None = None
) -> dict[str, Tensor]:
    """Every alignment statistic (B,) of a kept snapshot to the latest one; update: dW of the latest, its norms where known."""
    earlier = replace(
        earlier,
        u_BMk=earlier.u_BMk.to(update_BMN.device).float(),
        s_Bk=earlier.s_Bk.to(update_BMN.device),
        v_BNk=earlier.v_BNk.to(update_BMN.device).float(),
    )
    values: dict[str, Tensor] = {}
    for depth, (affinity_B, cosine_B) in alignments(earlier.u_BMk, latest.u_BMk, ALIGNMENT_DEPTHS).items():
        values[f"subspace_affinity@{depth}"] = affinity_B
        values[f"paired_cosine@{depth}"] = cosine_B
    values["direction_cosine"] = direction_cosine_low_rank(earlier, update_BMN, update_norm_B)
    return values
