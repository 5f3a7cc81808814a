"""Effective rank from a Gram matrix by stochastic Lanczos quadrature, with an estimate of its error.

The entropy of sigma / sum sigma needs traces tr f(G) of G = A A^T, f = sqrt and x -> sqrt(x) log sqrt(x). The leading
eigenpairs, known from `krylov`, are summed exactly and taken out (`gram.deflated`). For the rest, m Lanczos steps from each of n
random directions give a Gauss quadrature of G's spectral density (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl. 38,
2017), whose weights are then calibrated: 1, x and x^2 are made to have their exact traces, dimension, tr G and
||G||_F^2, by a least-squares fit, which leaves only the part of f that is no parabola to chance. Shapes: B Gram
matrices (r, r), k eigenpairs, n directions, m steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from opdboard_worker.core.entropy import rounding_bound, weighted_entropy
from opdboard_worker.core.gram import Deflated

PROBES, STEPS = 32, 36
"""Directions, and Lanczos steps from each."""


def effective_rank_quadrature(
    split: Deflated, rounded_B: Tensor, *, probes: int = PROBES, steps: int = STEPS, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Effective rank of A, (B,), from the parts of G = A A^T, in float32.

    rounded_B: what `gram.rounded` says of G. Second comes the relative error to expect, (B,): three standard errors of
    the random directions, what the later half of the Lanczos steps changed, and rounding. Directions are drawn on the
    CPU from the seed: equal input, equal output. A zero matrix gives NaN.
    """
    rest_trace_B = split.rest_Brr.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64).clamp(min=0.0)
    scale_B = split.known_Bk.sum(-1) + rest_trace_B
    unit_B = torch.where(scale_B > 0, scale_B, 1.0)
    known_Bk = split.known_Bk / unit_B[:, None]
    rest_Brr = (split.rest_Brr / unit_B[:, None, None]).float()
    moments_B3 = torch.stack(
        [
            torch.full_like(scale_B, rest_Brr.shape[-1] - known_Bk.shape[-1]),
            rest_trace_B / unit_B,
            torch.linalg.vector_norm(rest_Brr, dim=(-2, -1), dtype=torch.float64).square(),
        ],
        dim=-1,
    )
    alpha_Bnm, beta_Bnm = _lanczos(rest_Brr, split.u_Brk.float(), probes, steps, seed)
    rounded_B = rounded_B / unit_B
    rank_B, error_B = _estimate(alpha_Bnm, beta_Bnm, known_Bk, moments_B3, rounded_B)
    fewer = (alpha_Bnm.shape[-1] + 1) // 2
    coarse_B, _ = _estimate(alpha_Bnm[..., :fewer], beta_Bnm[..., :fewer], known_Bk, moments_B3, rounded_B)
    zero_B = scale_B <= 0
    error_B = error_B + (coarse_B / rank_B - 1.0).abs()
    return rank_B.masked_fill(zero_B, math.nan), error_B.masked_fill(zero_B, math.nan)


def _lanczos(rest_Brr: Tensor, u_Brk: Tensor, probes: int, steps: int, seed: int) -> tuple[Tensor, Tensor]:
    """Diagonals (B, n, m) and off-diagonals of the tridiagonal matrices, from directions outside of u.

    Without reorthogonalisation: copies of converged nodes share their weight, so that quadratures do not suffer.
    """
    batch, side, known = u_Brk.shape
    generator = torch.Generator().manual_seed(seed)
    x_Brn = torch.randn(side, probes, generator=generator, dtype=rest_Brr.dtype).to(rest_Brr.device)
    x_Brn = x_Brn.expand(batch, side, probes) - u_Brk @ (u_Brk.mT @ x_Brn)
    x_Brn = x_Brn / torch.linalg.vector_norm(x_Brn, dim=-2, keepdim=True)
    before_Brn = torch.zeros_like(x_Brn)
    beta_B1n = x_Brn.new_zeros(batch, 1, probes)
    alphas: list[Tensor] = []
    betas: list[Tensor] = []
    for _ in range(min(steps, side - known)):
        y_Brn = rest_Brr @ x_Brn - beta_B1n * before_Brn
        alpha_B1n = (x_Brn * y_Brn).sum(-2, keepdim=True)
        y_Brn = y_Brn - alpha_B1n * x_Brn
        beta_B1n = torch.linalg.vector_norm(y_Brn, dim=-2, keepdim=True)
        alphas.append(alpha_B1n[:, 0])
        betas.append(beta_B1n[:, 0])
        # An invariant subspace is spanned: zero vectors from here on, whose nodes have no weight.
        before_Brn, x_Brn = x_Brn, torch.where(beta_B1n > 0, y_Brn / beta_B1n, 0.0)
    return torch.stack(alphas, dim=-1).double(), torch.stack(betas, dim=-1).double()


def _estimate(
    alpha_Bnm: Tensor, beta_Bnm: Tensor, known_Bk: Tensor, moments_B3: Tensor, rounded_B: Tensor
) -> tuple[Tensor, Tensor]:
    """Effective rank, (B,), and relative to it three standard errors and rounding."""
    beta_Bnm = beta_Bnm[..., :-1]
    tridiagonal = torch.diag_embed(alpha_Bnm) + torch.diag_embed(beta_Bnm, 1) + torch.diag_embed(beta_Bnm, -1)
    node_Bnm, vector_Bnmm = torch.linalg.eigh(tridiagonal)
    size_B1 = moments_B3[:, :1]
    probes = alpha_Bnm.shape[1]
    node_Bq = node_Bnm.clamp(min=0.0).flatten(1)
    weight_Bq = vector_Bnmm[..., 0, :].square().flatten(1) * size_B1 / probes
    calibrated_Bq = _calibrated(node_Bq, weight_Bq, moments_B3)
    sigma_Bq = torch.cat([known_Bk.sqrt(), node_Bq.sqrt()], dim=-1)
    number_Bq = torch.cat([torch.ones_like(known_Bk), calibrated_Bq], dim=-1)
    entropy_B, total_B = weighted_entropy(sigma_Bq, number_Bq)
    share_Bq = node_Bq.sqrt() / total_B[:, None]
    # Weight of one more singular value sigma in the entropy, the total following.
    influence_Bq = torch.special.entr(share_Bq) + share_Bq * (1.0 - entropy_B[:, None])
    standard_error_B = _standard_error(influence_Bq, node_Bq, weight_Bq, size_B1, probes)
    uncalibrated_Bq = torch.cat([torch.ones_like(known_Bk), weight_Bq], dim=-1)
    return entropy_B.exp(), 3.0 * standard_error_B + rounding_bound(sigma_Bq, uncalibrated_Bq, rounded_B)


def _basis(node_Bq: Tensor) -> Tensor:
    """1, x, x^2 with x in units of the largest node, (B, 3, q)."""
    x_Bq = node_Bq / node_Bq.amax(-1, keepdim=True).clamp(min=torch.finfo(node_Bq.dtype).tiny)
    return torch.stack([torch.ones_like(x_Bq), x_Bq, x_Bq.square()], dim=1)


def _calibrated(node_Bq: Tensor, weight_Bq: Tensor, moments_B3: Tensor) -> Tensor:
    """Weights w (1 + c_0 + c_1 x + c_2 x^2) under which 1, x, x^2 sum to the exact traces."""
    largest_B = node_Bq.amax(-1).clamp(min=torch.finfo(node_Bq.dtype).tiny)
    exact_B3 = moments_B3 / torch.stack([torch.ones_like(largest_B), largest_B, largest_B.square()], dim=-1)
    basis_B3q = _basis(node_Bq)
    lacking_B3 = exact_B3 - (basis_B3q * weight_Bq[:, None]).sum(-1)
    correction_B3 = _solve(basis_B3q, weight_Bq, lacking_B3)
    return weight_Bq * (1.0 + (correction_B3[..., None] * basis_B3q).sum(1))


def _solve(basis_B3q: Tensor, weight_Bq: Tensor, right_B3: Tensor) -> Tensor:
    normal_B33 = (basis_B3q * weight_Bq[:, None]) @ basis_B3q.mT
    return (torch.linalg.pinv(normal_B33, hermitian=True, rtol=1e-10) @ right_B3[..., None])[..., 0]


def _standard_error(f_Bq: Tensor, node_Bq: Tensor, weight_Bq: Tensor, size_B1: Tensor, probes: int) -> Tensor:
    """Of the calibrated estimate of tr f from n directions uniform on the sphere in d dimensions, (B,).

    Var x^T F x = 2 Var(f) / (d + 2), Var over the spectrum, of what is left of f after the fit of 1, x, x^2.
    """
    basis_B3q = _basis(node_Bq)
    fit_B3 = _solve(basis_B3q, weight_Bq, (basis_B3q * (weight_Bq * f_Bq)[:, None]).sum(-1))
    rest_Bq = f_Bq - (fit_B3[..., None] * basis_B3q).sum(1)
    size_B = size_B1[:, 0].clamp(min=1.0)
    variance_B = (weight_Bq * rest_Bq.square()).sum(-1) / size_B
    return size_B * (2.0 * variance_B / ((size_B + 2.0) * probes)).sqrt()
