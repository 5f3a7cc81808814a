"""Every spectral measure of an update from one Gram matrix, at the least cost that keeps a wanted error bound.

Shapes: B matrices (M, N) of one shape, r = min(M, N).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from opdboard_worker.core.spectral.entropy import Perturbation, entropy_bound
from opdboard_worker.core.spectral.gram import SOLVER, Deflated, Gram, deflated, gram, wide
from opdboard_worker.core.spectral.krylov import Subspace, is_decomposed_whole, subspace_from_gram
from opdboard_worker.core.spectral.lanczos import effective_rank_quadrature
from opdboard_worker.core.spectral.measures import one_percent, spectral_measures

EXACT, LIVE = 0.0, 1e-2
"""Tolerances of the exact mode and of the live mode."""

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

    def within(self, tolerance: float) -> bool:
        """Whether every effective rank that exists is, by its bound; a quadrature of a rest that is lost in rounding has none."""
        exists_B = self.finite_B & (self.values["update_norm"] > 0)
        return bool(((self.error_bounds["effective_rank"] <= tolerance) | ~exists_B).all())


def spectral_panel(update_BMN: Tensor, k: int = 20, *, tolerance: float = EXACT) -> Panel:
    """Every spectral measure and the k leading triplets of each update, by way of its Gram matrix.

    tolerance: relative error allowed of the effective rank. Estimators are tried from the cheapest on until the bound
    of every matrix is within it: stochastic Lanczos quadrature, eigenvalues in float32, eigenvalues in float64, which
    are taken whatever their bound. EXACT takes the last at once. ValueError unless update is (B, M, N) and k at
    least 1.
    """
    wide_Brm = wide(update_BMN)
    columns = max(k, one_percent(wide_Brm.shape[-2])) if k > 0 else k
    panel = _in_float32(update_BMN, columns, tolerance) if _float32_may_do(wide_Brm, columns, tolerance) else None
    if panel is None or not panel.within(tolerance):
        panel = _in_float64(update_BMN, columns, None if panel is None else panel.subspace)
    found = panel.subspace
    cut = replace(found, u_BMk=found.u_BMk[..., :k], s_Bk=found.s_Bk[..., :k], v_BNk=found.v_BNk[..., :k])
    return replace(panel, subspace=cut)


def _float32_may_do(wide_Brm: Tensor, columns: int, tolerance: float) -> bool:
    short, long = wide_Brm.shape[-2:]
    worth_it = long >= _FLOAT32_FROM * short and not is_decomposed_whole(short, columns)
    return tolerance > EXACT and worth_it and wide_Brm.dtype != torch.float64


def _in_float32(update_BMN: Tensor, columns: int, tolerance: float) -> Panel:
    """By the Gram matrix in float32: from quadrature, or where that is not within the tolerance from all eigenvalues."""
    whole = gram(wide(update_BMN), torch.float32)
    leading = subspace_from_gram(update_BMN, whole, columns)
    split = deflated(whole, leading.invariant_Brd)
    panel = _from_quadrature(split, whole, leading.subspace)
    return panel if panel.within(tolerance) else _from_parts(split, whole, leading.subspace)


def _in_float64(update_BMN: Tensor, columns: int, leading: Subspace | None) -> Panel:
    """From all eigenvalues of the Gram matrix in float64; the leading subspace too unless it is there."""
    whole = gram(wide(update_BMN))
    sigma_Br = None
    if leading is None:
        found = subspace_from_gram(update_BMN, whole, columns)
        leading, sigma_Br = found.subspace, found.all_Br
    sigma_Br = whole.singular_values() if sigma_Br is None else sigma_Br
    rounded_B = whole.rounded_B + SOLVER * torch.finfo(torch.float64).eps * whole.norm_B
    off = Perturbation(rounded_B, torch.zeros_like(rounded_B))
    return _from_all(sigma_Br, whole, off, "gram_float64", leading)


def _from_parts(split: Deflated, whole: Gram, leading: Subspace) -> Panel:
    """From eigenvalues of the two parts, in float32 those of the rest."""
    known_Bk = split.known_Bk
    # The k smallest belong to the columns taken out.
    rest_Bq = torch.linalg.eigvalsh(split.rest.matrix_Brr)[:, known_Bk.shape[-1] :].double().clamp(min=0.0)
    off = split.perturbation(torch.float32, rest_Bq[:, -1])
    eigenvalues_Br = torch.cat([rest_Bq, known_Bk.flip(-1)], dim=-1).sort(dim=-1).values
    return _from_all(whole.singular(eigenvalues_Br), whole, off, "gram_float32", leading)


def _from_all(sigma_Br: Tensor, whole: Gram, off: Perturbation, estimator: str, leading: Subspace) -> Panel:
    """From all singular values, of whose squares off tells, in units, how far they may be off."""
    off = off.times(whole.unit_B.square())
    values = spectral_measures(sigma_Br, whole.frobenius_B)
    first_B = _off_norm(sigma_Br[:, :1], off)
    norm_B = 0.5 * _share(off.rounded_B, whole.frobenius_B.square())
    bounds = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B + norm_B,
        "stable_rank": 2.0 * (first_B + norm_B),
        "effective_rank": entropy_bound(sigma_Br, torch.ones_like(sigma_Br), off),
        "top1pct_norm_ratio": _off_norm(sigma_Br[:, : one_percent(sigma_Br.shape[-1])], off) + norm_B,
    }
    return _panel(values, bounds, dict.fromkeys(values, estimator), whole, leading)


def _off_norm(sigma_Bn: Tensor, off: Perturbation) -> Tensor:
    """How far the norm of n singular values may be off, relative to it."""
    squares_B = math.sqrt(sigma_Bn.shape[-1]) * off.rounded_B + off.shifted_B
    return 0.5 * _share(squares_B, sigma_Bn.square().sum(-1))


def _share(off_B: Tensor, of_B: Tensor) -> Tensor:
    return torch.where(of_B > 0, off_B / of_B, 0.0 * off_B)


def _from_quadrature(split: Deflated, whole: Gram, leading: Subspace) -> Panel:
    frobenius_B = whole.frobenius_B
    s_Bk = leading.s_Bk.double()
    first_B = s_Bk[:, 0]
    top_norm_B = torch.linalg.vector_norm(s_Bk[:, : one_percent(whole.matrix_Brr.shape[-1])], dim=-1)
    rank_B, rank_bound_B = effective_rank_quadrature(split)
    values = {
        "spectral_norm": first_B,
        "spectral_frobenius_ratio": first_B / frobenius_B,
        "stable_rank": (frobenius_B / first_B).square(),
        "effective_rank": rank_B.masked_fill(~whole.finite_B, math.nan),
        "top1pct_norm_ratio": top_norm_B / frobenius_B,
    }
    # The triplets are exact for dW - R V^T, R = dW V - U S: what they give is off by ||R||_F at most, and rounding.
    residual_B = leading.residual_B.double() * torch.linalg.vector_norm(s_Bk, dim=-1)
    rounded_B = _share(whole.rounded_B, whole.norm_B)
    first_bound_B = _share(residual_B, first_B) + rounded_B
    bounds = {
        "spectral_norm": first_bound_B,
        "spectral_frobenius_ratio": first_bound_B,
        "stable_rank": 2.0 * first_bound_B,
        "effective_rank": rank_bound_B,
        "top1pct_norm_ratio": _share(residual_B, top_norm_B) + rounded_B,
    }
    estimators = {**dict.fromkeys(values, "block_krylov"), "effective_rank": "lanczos_quadrature"}
    return _panel(values, bounds, estimators, whole, leading)


def _panel(
    values: dict[str, Tensor], bounds: dict[str, Tensor], estimators: dict[str, str], whole: Gram, leading: Subspace
) -> Panel:
    """With the norm that the Gram matrix gives, and without bounds where there is no value."""
    values = {**values, "update_norm": whole.frobenius_B}
    bounds = {**bounds, "update_norm": 0.5 * _share(whole.rounded_B, whole.norm_B)}
    bounds = {name: bound_B.masked_fill(values[name].isnan(), math.nan) for name, bound_B in bounds.items()}
    return Panel(values, bounds, {**estimators, "update_norm": "sum_of_squares"}, leading, whole.finite_B)
