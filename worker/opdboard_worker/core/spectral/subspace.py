"""How well the directions of two weight updates agree.

Column pairs (the paper, arXiv:2605.11739) are fragile where two singular values are close, for then u_i and u_{i+1}
may turn into each other; affinity depends on the spanned subspace alone. Columns of u are orthonormal, leading first, of B
matrices; one of the two may have B = 1. Half-precision columns are taken to float32 and given unit length again. NaN columns
give NaN. Where S stands in front of B, there may be S snapshots of the B matrices, and values for each; or that dimension is
absent.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from opdboard_worker.core.spectral.krylov import Subspace
from opdboard_worker.core.statistics import frobenius_norms


def alignments(a: Subspace, b: Subspace, depths: Sequence[int]) -> dict[int, tuple[Tensor, Tensor]]:
    """(subspace_affinity, paired_cosine), each (S, B), at every depth k that both have columns for; a: with u (S, B, M, k).

    subspace_affinity  ||U_k(a)^T U_k(b)||_F^2 / k: 1 for equal subspaces, 0 for orthogonal ones, k/M expected at random
    paired_cosine      (1/k) sum_{i <= k} |<u_i(a), u_i(b)>|: the paper's alignment, k = 1..20

    A depth is cut at the smaller of both numerical ranks: columns beyond it are arbitrary, and would count as turned or,
    where both updates are zero, as equal. NaN where one has no direction at all. All from one product of all columns.
    """
    deepest = min(a.u_BMk.shape[-1], b.u_BMk.shape[-1])
    dtype = torch.promote_types(torch.promote_types(a.u_BMk.dtype, b.u_BMk.dtype), torch.float32)
    u_a_SBMk, u_b_BMk = (one.u_BMk[..., :deepest].to(dtype) for one in (a, b))
    # Unit length is given to the few products rather than to the many entries.
    inner_SBkk = _products(u_a_SBMk, u_b_BMk) / (_lengths(u_a_SBMk).mT * _lengths(u_b_BMk))
    squares_SBkk, paired_SBk = inner_SBkk.square(), inner_SBkk.diagonal(dim1=-2, dim2=-1).abs()
    rank_SB = torch.minimum(a.numerical_rank_B, b.numerical_rank_B)
    if bool((rank_SB < deepest).any()):
        there_SBk = torch.arange(deepest, device=rank_SB.device) < rank_SB[..., None]
        squares_SBkk = squares_SBkk.where(there_SBk[..., None] & there_SBk[..., None, :], 0.0)
        paired_SBk = paired_SBk.where(there_SBk, 0.0)
    found = {}
    for k in depths:
        if k <= deepest:
            used_SB = rank_SB.clamp(max=k)
            found[k] = squares_SBkk[..., :k, :k].sum((-2, -1)) / used_SB, paired_SBk[..., :k].sum(-1) / used_SB
    return found


def direction_cosine_low_rank(
    subspace_a: Subspace, norm_a_SB: Tensor, b_BMN: Tensor, norm_b_B: Tensor | None = None
) -> Tensor:
    """<U S V^T, B> / (||A|| ||B||), (S, B), float64: cos(vec A, vec B), but for what A has beyond its k leading triplets.

    subspace_a: of A, with u (S, B, M, k), and so on; norm_a_SB: ||A||_F. norm_b_B: ||B||_F where it is known. How far this
    may be from the cosine, `opdboard.panels.alignment_limits` tells. NaN where one of them is zero.
    """
    dtype = torch.promote_types(b_BMN.dtype, torch.float32)
    u_SBMk, s_SBk, v_SBNk = (x.to(dtype) for x in (subspace_a.u_BMk, subspace_a.s_Bk, subspace_a.v_BNk))
    along_SBk = (_products(u_SBMk, b_BMN.to(dtype)) * v_SBNk.mT).sum(-1, dtype=torch.float64)
    inner_SB = (along_SBk * s_SBk).sum(-1)
    norm_b_B = frobenius_norms(list(b_BMN)) if norm_b_B is None else norm_b_B
    return inner_SB / (norm_a_SB.to(norm_b_B) * norm_b_B)


def _products(u_SBMk: Tensor, a_BMN: Tensor) -> Tensor:
    """U^T A, (S, B, k, N): one product per matrix for all snapshots, without a copy of A for each.

    Without a copy of U too, where the columns of all snapshots of a matrix lie one behind the other.
    """
    return torch.einsum("...bmk,bmn->...bkn", u_SBMk, a_BMN)


def _lengths(u_BMk: Tensor) -> Tensor:
    return torch.linalg.vector_norm(u_BMk, dim=-2, keepdim=True)
