"""Spectral measures of weight updates dW = U S V^T, without a full SVD.

The paper (arXiv:2605.11739) takes full SVDs of every matrix at every checkpoint. Here all singular values come from
the eigenvalues of the short side's Gram matrix, in about a tenth of the time, and leading subspaces from block Krylov
iteration. `spectral_panel` gives everything from one Gram matrix, at the least cost that keeps a wanted error bound.
Shapes: B matrices (M, N) of one shape, r = min(M, N).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.gram import (
    ROUNDING,
    Deflated,
    deflated,
    gram_lower,
    gram_singular_values,
    singular,
    trace,
    wide,
)
from opdboard_worker.core.krylov import Subspace, leading_subspace, spectrum, subspace_from_gram
from opdboard_worker.core.lanczos import effective_rank_quadrature

__all__ = [
    "Panel",
    "Subspace",
    "group_by_shape",
    "leading_subspace",
    "singular_values",
    "spectral_measures",
    "spectral_panel",
    "spectrum",
]

EXACT, LIVE = 0.0, 1e-2
"""Tolerances of the exact mode and of the live mode."""

_QUADRATURE_FROM = 3e-3
"""Tolerances under this one need more random directions than eigenvalues cost."""


_FLOAT32_FROM = 1.2
"""Long over short side from which float32 is tried for small tolerances: noise in squarer matrices has singular values
next to 0, which it loses, and then the time it took is lost too."""


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
    """Every spectral measure and the k leading triplets of each update, from one float64 Gram matrix.

    tolerance: relative error allowed of the effective rank. Estimators are tried from the cheapest on until the bound
    of every matrix is within it: stochastic Lanczos quadrature (not for tolerances under 0.3%), eigenvalues in
    float32 (then not for nearly square matrices), eigenvalues in float64, which are taken whatever their bound. EXACT takes the last at once. ValueError
    unless update is (B, M, N) and k at least 1.
    """
    gram_Brr, finite_B = gram_lower(wide(update_BMN))
    columns = max(k, _one_percent(gram_Brr.shape[-1])) if k > 0 else k
    all_Br, wider = subspace_from_gram(update_BMN, gram_Brr, finite_B, columns)
    frobenius_B = trace(gram_Brr).sqrt().masked_fill(~finite_B, math.nan)
    if all_Br is not None:
        values, bounds, estimators = _from_eigenvalues(all_Br)
    else:
        values, bounds, estimators = _cheapest(gram_Brr, finite_B, wider, frobenius_B, tolerance)
    values["update_norm"] = frobenius_B
    bounds["update_norm"] = torch.full_like(frobenius_B, ROUNDING * torch.finfo(torch.float64).eps)
    estimators["update_norm"] = "sum_of_squares"
    bounds = {name: bound_B.masked_fill(values[name].isnan(), math.nan) for name, bound_B in bounds.items()}
    return Panel(values, bounds, estimators, _cut(wider, k), finite_B)


_Measured = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, str]]
"""Values, error bounds and estimators by name."""


def _cheapest(
    gram_Brr: Tensor, finite_B: Tensor, leading: Subspace, frobenius_B: Tensor, tolerance: float
) -> _Measured:
    longer = max(leading.u_BMk.shape[-2], leading.v_BNk.shape[-2]) / gram_Brr.shape[-1]
    if tolerance > EXACT:
        u_Brk = leading.u_BMk if leading.u_BMk.shape[-2] == gram_Brr.shape[-1] else leading.v_BNk
        split = deflated(gram_Brr, u_Brk.nan_to_num(0.0))
        if tolerance >= _QUADRATURE_FROM:
            measured = _from_quadrature(split, finite_B, leading, frobenius_B)
            if _within(measured, tolerance):
                return measured
        if longer >= _FLOAT32_FROM or tolerance >= _QUADRATURE_FROM:
            measured = _from_parts(split, finite_B)
            if _within(measured, tolerance):
                return measured
    return _from_eigenvalues(gram_singular_values(gram_Brr, finite_B))


def _within(measured: _Measured, tolerance: float) -> bool:
    bound_B = measured[1]["effective_rank"]
    return bool(((bound_B <= tolerance) | bound_B.isnan()).all())


def _from_eigenvalues(sigma_Br: Tensor) -> _Measured:
    return _from_all(sigma_Br, _rounding(sigma_Br.square(), torch.float64), "gram_float64")


def _rounding(eigenvalues_Bq: Tensor, dtype: torch.dtype) -> Tensor:
    norm_B1 = torch.linalg.vector_norm(eigenvalues_Bq, dim=-1, keepdim=True)
    return (ROUNDING * torch.finfo(dtype).eps * norm_B1).expand_as(eigenvalues_Bq)


def _from_parts(split: Deflated, finite_B: Tensor) -> _Measured:
    """From eigenvalues of the two parts, in float32 those of the rest, whose rounding is relative to its own norm."""
    known_Bk = split.known_Bk
    scale_B1 = trace(split.rest_Brr).clamp(min=torch.finfo(torch.float64).tiny)[:, None]
    scaled_Brr = (split.rest_Brr / scale_B1[..., None]).float()
    # The k smallest belong to the columns taken out.
    rest_Bq = torch.linalg.eigvalsh(scaled_Brr)[:, known_Bk.shape[-1] :].double().clamp(min=0.0) * scale_B1
    off_known_Bk = _rounding(known_Bk, torch.float64)
    off_rest_Bq = _rounding(rest_Bq, torch.float32)
    # Two eigenvalues that are coupled by c push each other away by c^2 over their distance, and by c at most.
    coupling_B1 = split.coupling_B[:, None]
    smallest = torch.finfo(torch.float64).tiny
    apart_known_Bk = (known_Bk - rest_Bq[:, -1:]).clamp(min=smallest)
    apart_rest_Bq = (known_Bk[:, -1:] - rest_Bq).clamp(min=smallest)
    off_known_Bk = off_known_Bk + torch.minimum(coupling_B1, coupling_B1.square() / apart_known_Bk)
    off_rest_Bq = off_rest_Bq + torch.minimum(coupling_B1, coupling_B1.square() / apart_rest_Bq)
    eigenvalues_Br, order_Br = torch.cat([rest_Bq, known_Bk.flip(-1)], dim=-1).sort(dim=-1)
    off_Br = torch.cat([off_rest_Bq, off_known_Bk.flip(-1)], dim=-1).gather(-1, order_Br).flip(-1)
    return _from_all(singular(eigenvalues_Br, finite_B), off_Br, "gram_float32")


def _from_all(sigma_Br: Tensor, off_Br: Tensor, estimator: str) -> _Measured:
    """From all singular values and how far each of their squares may be off."""
    values = spectral_measures(sigma_Br)
    first_B = 0.5 * _share(off_Br[:, 0], sigma_Br[:, 0].square())
    top = _one_percent(sigma_Br.shape[-1])
    norm_B = 0.5 * _share(off_Br.sum(-1), sigma_Br.square().sum(-1))
    bounds = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B + norm_B,
        "stable_rank": 2.0 * (first_B + norm_B),
        "effective_rank": _entropy_bound(sigma_Br, off_Br, values["effective_rank"].log()),
        "top1pct_norm_ratio": 0.5 * _share(off_Br[:, :top].sum(-1), sigma_Br[:, :top].square().sum(-1)) + norm_B,
    }
    return values, bounds, dict.fromkeys(values, estimator)


def _share(off_B: Tensor, of_B: Tensor) -> Tensor:
    return torch.where(of_B > 0, off_B / of_B, 0.0 * off_B)


def _entropy_bound(sigma_Br: Tensor, off_Br: Tensor, entropy_B: Tensor) -> Tensor:
    """How far the entropy may be off, (B,), to first order, where every sigma^2 is by up to off.

    That moves sigma by sqrt(off), or by off / sigma where it is less, and the entropy by |log p + entropy| / sum sigma
    times as much. Values lost in rounding all err upwards, negative squares being cut off: their parts add up. The
    others err either way: three times the root of their sum of squares.
    """
    lost_Br = sigma_Br.square() <= off_Br
    moved_Br = torch.where(lost_Br, off_Br.sqrt(), off_Br / sigma_Br)
    total_B1 = sigma_Br.sum(-1, keepdim=True)
    part_Br = (((sigma_Br + moved_Br) / total_B1).log() + entropy_B[:, None]).abs() * moved_Br / total_B1
    either_way_B = part_Br.masked_fill(lost_Br, 0.0).square().sum(-1).sqrt()
    return part_Br.masked_fill(~lost_Br, 0.0).sum(-1) + 3.0 * either_way_B


def _from_quadrature(split: Deflated, finite_B: Tensor, leading: Subspace, frobenius_B: Tensor) -> _Measured:
    s_Bk = leading.s_Bk.double()
    first_B = s_Bk[:, 0]
    top_norm_B = torch.linalg.vector_norm(s_Bk[:, : _one_percent(split.rest_Brr.shape[-1])], dim=-1)
    rank_B, rank_bound_B = effective_rank_quadrature(split)
    values = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B / frobenius_B,
        "stable_rank": (frobenius_B / first_B).square(),
        "effective_rank": rank_B.masked_fill(~finite_B, math.nan),
        "top1pct_norm_ratio": top_norm_B / frobenius_B,
    }
    # The triplets are exact for dW - R V^T, R = dW V - U S: what they give is off by ||R||_F at most, and rounding.
    residual_B = leading.residual_B.double() * torch.linalg.vector_norm(s_Bk, dim=-1)
    rounding = ROUNDING * torch.finfo(torch.float32).eps
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
    return gram_singular_values(*gram_lower(wide(matrix_BMN)))


def spectral_measures(singular_values_Br: Tensor, frobenius_B: Tensor | None = None) -> dict[str, Tensor]:
    """The paper's spectral measures from all singular values sigma_1 >= ... >= sigma_r of each matrix; (B,), float64.

    spectral_norm             sigma_1
    spectral_frobenius_ratio  sigma_1 / ||dW||_F
    stable_rank               ||dW||_F^2 / sigma_1^2
    effective_rank            exp(-sum_i p_i log p_i), p_i = sigma_i / sum_j sigma_j
    top1pct_norm_ratio        sqrt(sum_{i <= k} sigma_i^2 / sum_i sigma_i^2), k = ceil(r / 100)

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
        "top1pct_norm_ratio": (sigma_Br[:, :leading].square().sum(-1) / squares_B).sqrt(),
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
