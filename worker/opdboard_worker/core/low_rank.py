"""The best approximation of an update by a product of two thin matrices, as LoRA adapters hold it (Eckart and Young, 1936)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class LowRank(NamedTuple):
    """B A is the best approximation of rank k of a matrix (M, N), a matrix's part in a column of B equal to that in a row of A.

    squares_k: sigma^2 of its k components, falling, float64; the squared error of the first j of them is ||dW||_F^2 minus
    their sum. Components beyond the matrix's own rank are zero.
    """

    b_Mk: Tensor
    a_kN: Tensor
    squares_k: Tensor


@torch.no_grad()
def low_rank(update_MN: Tensor, rank: int) -> LowRank:
    """By the eigenvectors of the short side's Gram matrix in float64; factors in the update's precision, at least float32.

    ValueError for a tensor that is not a matrix, or a rank below 1.
    """
    if update_MN.ndim != 2 or rank < 1:
        raise ValueError(
            f"rank {rank} of a tensor of shape {tuple(update_MN.shape)}; a matrix and at least 1 are needed"
        )
    if update_MN.shape[0] > update_MN.shape[1]:
        turned = low_rank(update_MN.mT, rank)
        return LowRank(turned.a_kN.mT.contiguous(), turned.b_Mk.mT.contiguous(), turned.squares_k)
    dtype = torch.promote_types(update_MN.dtype, torch.float32)
    wide_MN = update_MN.double()
    squares_M, u_MM = torch.linalg.eigh(wide_MN @ wide_MN.mT)
    kept = min(rank, len(squares_M))
    squares_k, u_Mk = squares_M.flip(0)[:kept].clamp_min(0.0), u_MM.flip(1)[:, :kept]
    noise = torch.finfo(torch.float64).eps * len(squares_M) * squares_k[:1]
    # A component that is rounding alone would be divided by almost nothing.
    root_k = torch.where(squares_k > noise, squares_k, 0.0).sqrt().sqrt()
    inverse_k = torch.where(root_k > 0, 1.0 / root_k, 0.0)
    b_Mk, a_kN = u_Mk * root_k, inverse_k[:, None] * (u_Mk.mT @ wide_MN)
    beyond = rank - kept
    return LowRank(
        torch.nn.functional.pad(b_Mk, (0, beyond)).to(dtype),
        torch.nn.functional.pad(a_kN, (0, 0, 0, beyond)).to(dtype),
        torch.nn.functional.pad(squares_k, (0, beyond)),
    )
