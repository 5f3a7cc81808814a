"""How well the directions of two weight updates agree.

Column pairs (the paper, arXiv:2605.11739) are fragile where two singular values are close, for then u_i and u_{i+1}
may turn into each other; affinity and principal angles depend on the spanned subspace alone. Arguments u_BMk hold
orthonormal columns, leading first, of B matrices; one of the two may have B = 1. Half-precision columns are taken to
float32 and given unit length again. k is cut to the columns that both have. NaN columns give NaN. Where S stands in
front of B, there may be S snapshots of the B matrices, and values for each; or that dimension is absent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from opdboard_worker.core.spectral.krylov import Subspace
from opdboard_worker.core.statistics import frobenius_norms, pieces


def paired_cosine(u_a_BMk: Tensor, u_b_BMk: Tensor, k: int) -> Tensor:
    """(1/k) sum_{i <= k} |<u_i(a), u_i(b)>|, (B,), in [0, 1]: the paper's alignment, k = 1..20."""
    u_a_BMk, u_b_BMk = _unit_columns(u_a_BMk, u_b_BMk, k)
    return (u_a_BMk * u_b_BMk).sum(-2).abs().mean(-1)


def subspace_affinity(u_a_BMk: Tensor, u_b_BMk: Tensor, k: int) -> Tensor:
    """||U_k(a)^T U_k(b)||_F^2 / k, (B,): 1 for equal subspaces, 0 for orthogonal ones, k/M expected at random."""
    u_a_BMk, u_b_BMk = _unit_columns(u_a_BMk, u_b_BMk, k)
    return (u_a_BMk.mT @ u_b_BMk).square().sum((-2, -1)) / u_a_BMk.shape[-1]


def alignments(a: Subspace, b: Subspace, depths: Sequence[int]) -> dict[int, tuple[Tensor, Tensor]]:
    """(subspace_affinity, paired_cosine), each (S, B), at every depth that both have columns for; a: with u (S, B, M, k).

    A depth is cut at the smaller of both numerical ranks: columns beyond it are arbitrary, and would count as turned or,
    where both updates are zero, as equal. NaN where one has no direction at all. All from one product of all columns.
    """
    deepest = min(a.u_BMk.shape[-1], b.u_BMk.shape[-1])
    u_a_SBMk, u_b_BMk = _columns(a.u_BMk, b.u_BMk, deepest)
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


def principal_angles(u_a_BMk: Tensor, u_b_BMk: Tensor, k: int) -> Tensor:
    """The k principal angles between two subspaces, (B, k), radians in [0, pi/2], ascending, float64.

    Cosines are the singular values of U_a^T U_b, sines those of U_b - U_a U_a^T U_b (Bjorck and Golub); each is used
    where it is the more accurate, below and above 45 degrees.
    """
    u_a_BMk, u_b_BMk = (u.double() for u in _unit_columns(u_a_BMk, u_b_BMk, k))
    inner_Bkk = u_a_BMk.mT @ u_b_BMk
    broken_B = ~inner_Bkk.isfinite().flatten(1).all(1)
    inner_Bkk = inner_Bkk.masked_fill(broken_B[:, None, None], 0.0)
    outside_BMk = (u_b_BMk - u_a_BMk @ inner_Bkk).masked_fill(broken_B[:, None, None], 0.0)
    cosine_Bk = torch.linalg.svdvals(inner_Bkk).clamp(max=1.0)
    sine_Bk = torch.linalg.svdvals(outside_BMk).clamp(max=1.0).flip(-1)
    angle_Bk = torch.where(cosine_Bk.square() > 0.5, sine_Bk.asin(), cosine_Bk.acos())
    return angle_Bk.masked_fill(broken_B[:, None], math.nan)


def direction_cosine(a_BMN: Tensor, b_BMN: Tensor) -> Tensor:
    """cos(vec A, vec B) of each pair, (B,), float64 accumulation; NaN where one of them is zero."""
    if a_BMN.shape != b_BMN.shape:
        raise ValueError(f"shapes differ: {tuple(a_BMN.shape)} and {tuple(b_BMN.shape)}")
    inner_B = torch.stack([_inner_product(a_MN, b_MN) for a_MN, b_MN in zip(a_BMN, b_BMN, strict=True)])
    return inner_B / (frobenius_norms(list(a_BMN)) * frobenius_norms(list(b_BMN)))


def direction_cosine_low_rank(
    subspace_a: Subspace, norm_a_SB: Tensor, b_BMN: Tensor, norm_b_B: Tensor | None = None
) -> Tensor:
    """<U S V^T, B> / (||A|| ||B||), (S, B), float64: `direction_cosine`, but for what A has beyond its k leading triplets.

    subspace_a: of A, with u (S, B, M, k), and so on; norm_a_SB: ||A||_F. norm_b_B: ||B||_F where it is known. How far this
    may be from the cosine tells `direction_cosine_bound`. NaN where one of them is zero.
    """
    dtype = torch.promote_types(b_BMN.dtype, torch.float32)
    u_SBMk, s_SBk, v_SBNk = (x.to(dtype) for x in (subspace_a.u_BMk, subspace_a.s_Bk, subspace_a.v_BNk))
    along_SBk = (_products(u_SBMk, b_BMN.to(dtype)) * v_SBNk.mT).sum(-1, dtype=torch.float64)
    inner_SB = (along_SBk * s_SBk).sum(-1)
    norm_b_B = frobenius_norms(list(b_BMN)) if norm_b_B is None else norm_b_B
    return inner_SB / (norm_a_SB.to(norm_b_B) * norm_b_B)


def direction_cosine_bound(estimate: Tensor, captured: Tensor) -> Tensor:
    """How far `direction_cosine_low_rank` may be from the cosine; captured: ||S|| / ||A||_F of the triplets it was made from.

    What is left out of A has the norm sqrt(1 - captured^2) ||A|| and is orthogonal to every u_i v_i^T. Of B no more than
    sqrt(1 - (estimate / captured)^2) ||B|| is orthogonal to them all, by Cauchy and Schwarz; nor is their product larger.
    On top comes what half precision does to the columns kept.
    """
    captured = captured.double().clamp(max=1.0)
    along = (estimate.double() / captured).clamp(-1.0, 1.0)
    return ((1.0 - captured.square()) * (1.0 - along.square())).sqrt() + torch.finfo(torch.float16).eps


def pooled_cosine(cosine_n: Tensor, norm_a_n: Tensor, norm_b_n: Tensor) -> float:
    """cos of the two updates over n modules together, from each module's cosine and norms; NaN if either is zero.

    Modules that did not move have no cosine of their own (NaN) and add nothing.
    """
    norm_a_n, norm_b_n = norm_a_n.double(), norm_b_n.double()
    product_n = norm_a_n * norm_b_n
    inner_n = torch.where(product_n == 0, 0.0, cosine_n.double() * product_n)
    total = torch.linalg.vector_norm(norm_a_n) * torch.linalg.vector_norm(norm_b_n)
    return float(inner_n.sum() / total)


def lock_in_step(steps: Sequence[int], affinities_to_latest: Sequence[float], threshold: float = 0.8) -> int | None:
    """First step from which the affinity to the latest snapshot is >= threshold at every snapshot given; None if none.

    Give the snapshots before the latest only: it agrees with itself. A NaN counts as below.
    """
    found = None
    for step, affinity in sorted(zip(steps, affinities_to_latest, strict=True), reverse=True):
        if not affinity >= threshold:
            break
        found = step
    return found


def _inner_product(a_MN: Tensor, b_MN: Tensor) -> Tensor:
    return torch.stack([x.double() @ y.double() for x, y in zip(pieces(a_MN), pieces(b_MN), strict=True)]).sum()


def _products(u_SBMk: Tensor, a_BMN: Tensor) -> Tensor:
    """U^T A, (S, B, k, N): one product per matrix for all snapshots, without a copy of A for each.

    Without a copy of U too, where the columns of all snapshots of a matrix lie one behind the other.
    """
    return torch.einsum("...bmk,bmn->...bkn", u_SBMk, a_BMN)


def _unit_columns(u_a_BMk: Tensor, u_b_BMk: Tensor, k: int) -> tuple[Tensor, Tensor]:
    u_a_BMk, u_b_BMk = _columns(u_a_BMk, u_b_BMk, k)
    return u_a_BMk / _lengths(u_a_BMk), u_b_BMk / _lengths(u_b_BMk)


def _columns(u_a_BMk: Tensor, u_b_BMk: Tensor, k: int) -> tuple[Tensor, Tensor]:
    k = min(k, u_a_BMk.shape[-1], u_b_BMk.shape[-1])
    if k < 1:
        raise ValueError("k must be at least 1")
    dtype = torch.promote_types(torch.promote_types(u_a_BMk.dtype, u_b_BMk.dtype), torch.float32)
    return u_a_BMk[..., :k].to(dtype), u_b_BMk[..., :k].to(dtype)


def _lengths(u_BMk: Tensor) -> Tensor:
    return torch.linalg.vector_norm(u_BMk, dim=-2, keepdim=True)
