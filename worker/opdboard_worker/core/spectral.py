"""Spectral measures of weight updates dW = U S V^T, without a full SVD.

The paper (arXiv:2605.11739) takes full SVDs of every matrix at every checkpoint. Here all singular values come from
the eigenvalues of the short side's Gram matrix, and leading subspaces from block Krylov iteration.
`spectral_panel` gives everything from one Gram matrix, at the least cost that keeps a wanted error bound.
Shapes: B matrices (M, N) of one shape, r = min(M, N).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.entropy import rounding_bound
from opdboard_worker.core.gram import PRODUCT, Deflated, Gram, deflated, gram, rounded, wide
from opdboard_worker.core.krylov import EXACT_SIDE, Subspace, leading_subspace, subspace_from_gram
from opdboard_worker.core.lanczos import effective_rank_quadrature

__all__ = [
    "Panel",
    "Subspace",
    "group_by_shape",
    "leading_subspace",
    "singular_values",
    "spectral_measures",
    "spectral_panel",
]

EXACT, LIVE = 0.0, 1e-2
"""Tolerances of the exact mode and of the live mode."""

_QUADRATURE_FROM = 3e-3
"""Tolerances under this one need more random directions than eigenvalues cost."""

_FLOAT32_FROM = 1.2
"""Long over short side from which float32 and quadrature are tried: noise in squarer matrices has singular values next
to 0, which rounding loses and few Lanczos steps do not find."""


@dataclass(frozen=True)
class Panel:
    """All spectral measures of B updates, and their leading subspaces."""

    values: dict[str, Tensor]
    """(B,) float64 by name: those of `spectral_measures`, and update_norm."""
    error_bounds: dict[str, Tensor]
    """The largest relative error to expect of each value, (B,), float64; NaN where the value is NaN."""
    estimators: dict[str, str]
    """By name: "gram_float64", "gram_float32" (eigenvalues of the Gram matrix in that precision), "block_krylov",
    "lanczos_quadrature", or "sum_of_squares"."""
    subspace: Subspace
    """With its own estimator and residual."""
    finite_B: Tensor
    """False for a matrix with a NaN or infinite entry, all of whose values are NaN."""


def spectral_panel(update_BMN: Tensor, k: int = 20, *, tolerance: float = EXACT) -> Panel:
    """Every spectral measure and the k leading triplets of each update, by way of its Gram matrix.

    tolerance: relative error allowed of the effective rank. Estimators are tried from the cheapest on until the bound
    of every matrix is within it: stochastic Lanczos quadrature (not for tolerances under 0.3%), eigenvalues in
    float32, eigenvalues in float64, which are taken whatever their bound. EXACT takes the last at once. ValueError
    unless update is (B, M, N) and k at least 1.
    """
    wide_Brm = wide(update_BMN)
    whole = gram(wide_Brm, _precision(wide_Brm, tolerance))
    columns = max(k, _one_percent(wide_Brm.shape[-2])) if k > 0 else k
    all_Br, leading = subspace_from_gram(update_BMN, whole, columns)
    measured = _cheapest(whole, leading, tolerance) if whole.matrix_Brr.dtype == torch.float32 else None
    if measured is None:
        whole = whole if whole.matrix_Brr.dtype == torch.float64 else gram(wide_Brm)
        all_Br = whole.singular_values() if all_Br is None else all_Br
        rounded_B = rounded(torch.float64, torch.float64, whole.norm_B)
        measured = _from_all(all_Br, whole, rounded_B, "gram_float64")
    values, bounds, estimators = measured
    values["update_norm"] = whole.frobenius_B
    bounds["update_norm"] = torch.full_like(whole.frobenius_B, PRODUCT * torch.finfo(whole.matrix_Brr.dtype).eps)
    estimators["update_norm"] = "sum_of_squares"
    bounds = {name: bound_B.masked_fill(values[name].isnan(), math.nan) for name, bound_B in bounds.items()}
    return Panel(values, bounds, estimators, _cut(leading, k), whole.finite_B)


def _precision(wide_Brm: Tensor, tolerance: float) -> torch.dtype:
    """Of the Gram matrix: float64 for a short one too, which is decomposed whole whatever the tolerance."""
    short, long = wide_Brm.shape[-2:]
    worth_it = short > EXACT_SIDE and long >= _FLOAT32_FROM * short
    return torch.float32 if tolerance > EXACT and worth_it and wide_Brm.dtype != torch.float64 else torch.float64


_Measured = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, str]]
"""Values, error bounds and estimators by name."""


def _cheapest(whole: Gram, leading: Subspace, tolerance: float) -> _Measured | None:
    """Within the tolerance, from a Gram matrix in float32; None where that cannot be."""
    u_Brk = leading.u_BMk if leading.u_BMk.shape[-2] == whole.matrix_Brr.shape[-1] else leading.v_BNk
    split = deflated(whole, u_Brk.nan_to_num(0.0))
    # The solver sees the rest alone, and rounds relative to its norm; taking the leading part out is one more product.
    rest_norm_B = torch.linalg.vector_norm(split.rest_Brr, dim=(-2, -1), dtype=torch.float64)
    rounded_B = rounded(torch.float32, torch.float32, 2.0 * whole.norm_B, rest_norm_B)
    if tolerance >= _QUADRATURE_FROM:
        measured = _from_quadrature(split, rounded_B, whole, leading)
        if _within(measured, tolerance):
            return measured
    measured = _from_parts(split, rounded_B, whole)
    return measured if _within(measured, tolerance) else None


def _within(measured: _Measured, tolerance: float) -> bool:
    bound_B = measured[1]["effective_rank"]
    return bool(((bound_B <= tolerance) | bound_B.isnan()).all())


def _from_parts(split: Deflated, rounded_B: Tensor, whole: Gram) -> _Measured:
    """From eigenvalues of the two parts, in float32 those of the rest."""
    known_Bk = split.known_Bk
    smallest = torch.finfo(torch.float64).tiny
    # The k smallest belong to the columns taken out.
    rest_Bq = torch.linalg.eigvalsh(split.rest_Brr)[:, known_Bk.shape[-1] :].double().clamp(min=0.0)
    # Two eigenvalues that are coupled by c push each other away by c^2 over their distance, and by c at most.
    coupling_B1 = split.coupling_B[:, None]
    apart_known_Bk = (known_Bk - rest_Bq[:, -1:]).clamp(min=smallest)
    apart_rest_Bq = (known_Bk[:, -1:] - rest_Bq).clamp(min=smallest)
    moved_known_Bk = torch.minimum(coupling_B1, coupling_B1.square() / apart_known_Bk)
    moved_rest_Bq = torch.minimum(coupling_B1, coupling_B1.square() / apart_rest_Bq)
    eigenvalues_Br, order_Br = torch.cat([rest_Bq, known_Bk.flip(-1)], dim=-1).sort(dim=-1)
    moved_Br = torch.cat([moved_rest_Bq, moved_known_Bk.flip(-1)], dim=-1).gather(-1, order_Br).flip(-1)
    return _from_all(whole.singular(eigenvalues_Br), whole, rounded_B, "gram_float32", moved_Br)


def _from_all(
    sigma_Br: Tensor, whole: Gram, rounded_B: Tensor, estimator: str, moved_Br: Tensor | None = None
) -> _Measured:
    """From all singular values. How far their squares may be off, in the Gram matrix' units, say rounded_B and moved_Br.

    See `entropy.rounding_bound`.
    """
    squares_B = whole.unit_B.square()
    rounded_B = rounded_B * squares_B
    moved_Br = torch.zeros_like(sigma_Br) if moved_Br is None else moved_Br * squares_B[:, None]
    values = spectral_measures(sigma_Br, whole.frobenius_B)
    top = _one_percent(sigma_Br.shape[-1])
    off_top_B = math.sqrt(top) * rounded_B + moved_Br[:, :top].sum(-1)
    first_B = 0.5 * _share(rounded_B + moved_Br[:, 0], sigma_Br[:, 0].square())
    norm_B = 0.5 * _share(rounded_B, whole.frobenius_B.square())
    bounds = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B + norm_B,
        "stable_rank": 2.0 * (first_B + norm_B),
        "effective_rank": rounding_bound(sigma_Br, torch.ones_like(sigma_Br), rounded_B, moved_Br),
        "top1pct_norm_ratio": 0.5 * _share(off_top_B, sigma_Br[:, :top].square().sum(-1)) + norm_B,
    }
    return values, bounds, dict.fromkeys(values, estimator)


def _share(off_B: Tensor, of_B: Tensor) -> Tensor:
    return torch.where(of_B > 0, off_B / of_B, 0.0 * off_B)


def _from_quadrature(split: Deflated, rounded_B: Tensor, whole: Gram, leading: Subspace) -> _Measured:
    frobenius_B = whole.frobenius_B
    s_Bk = leading.s_Bk.double()
    first_B = s_Bk[:, 0]
    top_norm_B = torch.linalg.vector_norm(s_Bk[:, : _one_percent(split.rest_Brr.shape[-1])], dim=-1)
    rank_B, rank_bound_B = effective_rank_quadrature(split, rounded_B)
    values = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B / frobenius_B,
        "stable_rank": (frobenius_B / first_B).square(),
        "effective_rank": rank_B.masked_fill(~whole.finite_B, math.nan),
        "top1pct_norm_ratio": top_norm_B / frobenius_B,
    }
    # The triplets are exact for dW - R V^T, R = dW V - U S: what they give is off by ||R||_F at most, and rounding.
    residual_B = leading.residual_B.double() * torch.linalg.vector_norm(s_Bk, dim=-1)
    rounding = PRODUCT * torch.finfo(torch.float32).eps
    first_bound_B = _share(residual_B, first_B) + rounding
    bounds = {
        "spectral_norm": first_bound_B,
        "spectral_frobenius_ratio": first_bound_B,
        "stable_rank": 2.0 * first_bound_B,
        "effective_rank": rank_bound_B,
        "top1pct_norm_ratio": _share(residual_B, top_norm_B) + rounding,
    }
    return values, bounds, {**dict.fromkeys(values, "block_krylov"), "effective_rank": "lanczos_quadrature"}


def _cut(subspace: Subspace, k: int) -> Subspace:
    return Subspace(
        subspace.u_BMk[..., :k],
        subspace.s_Bk[..., :k],
        subspace.v_BNk[..., :k],
        subspace.residual_B,
        subspace.estimator,
    )


def _one_percent(rank: int) -> int:
    return math.ceil(rank / 100)


def singular_values(matrix_BMN: Tensor) -> Tensor:
    """All r singular values of each matrix, (B, r), float64, descending. Exact: eigenvalues of a float64 Gram matrix.

    Values below about 1e-8 of the largest are noise. A matrix with a NaN or infinite entry gives a row of NaN.
    """
    return gram(wide(matrix_BMN)).singular_values()


def spectral_measures(singular_values_Br: Tensor, frobenius_B: Tensor | None = None) -> dict[str, Tensor]:
    """The paper's spectral measures from all singular values sigma_1 >= ... >= sigma_r of each matrix; (B,), float64.

    spectral_norm             sigma_1
    spectral_frobenius_ratio  sigma_1 / ||dW||_F
    stable_rank               ||dW||_F^2 / sigma_1^2
    effective_rank            exp(-sum_i p_i log p_i), p_i = sigma_i / sum_j sigma_j
    top1pct_norm_ratio        sqrt(sum_{i <= k} sigma_i^2) / ||dW||_F, k = ceil(r / 100)

    ||dW||_F is sqrt(sum_i sigma_i^2) unless frobenius_B is given. A zero update has spectral norm 0 and NaN
    elsewhere.
    """
    sigma_Br = singular_values_Br.double()
    squares_B = sigma_Br.square().sum(-1)
    frobenius_B = squares_B.sqrt() if frobenius_B is None else frobenius_B.double()
    largest_B = sigma_Br[:, 0]
    share_Br = sigma_Br / sigma_Br.sum(-1, keepdim=True)
    leading = _one_percent(sigma_Br.shape[-1])
    return {
        "spectral_norm": largest_B,
        "spectral_frobenius_ratio": largest_B / frobenius_B,
        "stable_rank": (frobenius_B / largest_B).square(),
        "effective_rank": torch.special.entr(share_Br).sum(-1).exp(),
        "top1pct_norm_ratio": sigma_Br[:, :leading].square().sum(-1).sqrt() / frobenius_B,
    }


def group_by_shape(
    names_to_tensors: Mapping[str, Tensor], limit_elements: int = 1 << 22
) -> list[tuple[tuple[str, ...], Tensor]]:
    """Tensors of equal shape, dtype and device, stacked for batched work: (names, (B, *shape)).

    Shapes come in order of first occurrence. A stack holds at most limit_elements entries, so only small tensors are
    copied; one alone in its stack is a view.
    """
    groups: dict[tuple[object, ...], list[list[str]]] = {}
    for name, tensor in names_to_tensors.items():
        stacks = groups.setdefault((tensor.shape, tensor.dtype, tensor.device), [])
        if not stacks or (len(stacks[-1]) + 1) * tensor.numel() > limit_elements:
            stacks.append([])
        stacks[-1].append(name)
    stacks = [names for group in groups.values() for names in group]
    return [(tuple(names), _stack([names_to_tensors[name] for name in names])) for names in stacks]


def _stack(tensors: list[Tensor]) -> Tensor:
    return torch.stack(tensors) if len(tensors) > 1 else tensors[0].unsqueeze(0)
