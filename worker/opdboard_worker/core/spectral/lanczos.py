"""Effective rank from a Gram matrix by stochastic Lanczos quadrature, with an estimate of its error.

The entropy of sigma / sum sigma needs traces tr f(G) of G = A A^T, f = sqrt and x -> sqrt(x) log sqrt(x). The leading
eigenpairs, known from `krylov`, are summed exactly and taken out (`gram.deflated`). For the rest, m Lanczos steps from each of n
random directions give a Gauss quadrature of G's spectral density (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl. 38,
2017), whose weights are then calibrated: 1, x, ..., x^4 are made to have their exact traces, which one product G G
gives, by a least-squares fit. That leaves to chance only what of f is no polynomial of degree 4. Shapes: B Gram
matrices (r, r), k eigenpairs, n directions, m steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from opdboard_worker.core.spectral.entropy import entropy_bound, weighted_entropy
from opdboard_worker.core.spectral.gram import Deflated, gram

_PROBES, _STEPS = 16, 20
"""Directions, and Lanczos steps from each."""

_DEGREE = 4

_ROUNDING = 64.0
"""What rounding does to nodes and moments, as an error of the entropy in eps of float32: 15 on flat spectra, whose entropy
no small change of a singular value moves to first order."""


def effective_rank_quadrature(split: Deflated, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Effective rank of A, (B,), from the parts of G = A A^T, in float32.

    Second comes the relative error to expect, (B,): three standard errors of the random directions, what the later
    half of the Lanczos steps changed, and what coupling and rounding may do. Directions are drawn on the CPU from the
    seed: equal input, equal output. A zero matrix gives NaN, and so may one of which rounding left nothing but the
    columns taken out.
    """
    rest_Brr = split.rest.matrix_Brr
    trace_B = rest_Brr.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64).clamp(min=0.0)
    scale_B = split.known_Bk.sum(-1) + trace_B
    unit_B = torch.where(scale_B > 0, scale_B, 1.0)
    known_Bk = split.known_Bk / unit_B[:, None]
    rest_Brr = rest_Brr.float() / unit_B.float()[:, None, None]
    moments_Bj = _moments(rest_Brr, known_Bk.shape[-1])
    alpha_Bnm, beta_Bnm = _lanczos(rest_Brr, split.u_Brk.float(), seed)
    node_Bnm, share_Bnm = _quadrature(alpha_Bnm, beta_Bnm)
    entropy_B, sampling_B = _estimate(node_Bnm, share_Bnm, known_Bk, moments_Bj)
    fewer = (alpha_Bnm.shape[-1] + 1) // 2
    coarse = _quadrature(alpha_Bnm[..., :fewer], beta_Bnm[..., :fewer])
    coarse_B, _ = _estimate(*coarse, known_Bk, moments_Bj)
    off = split.perturbation(torch.float32, node_Bnm.amax((-2, -1)) * unit_B).times(1.0 / unit_B)
    sigma_Bq = torch.cat([known_Bk, node_Bnm.flatten(1)], dim=-1).sqrt()
    number_Bq = torch.cat([torch.ones_like(known_Bk), share_Bnm.flatten(1) * moments_Bj[:, :1]], dim=-1)
    error_B = sampling_B + (coarse_B - entropy_B).abs() + entropy_bound(sigma_Bq, number_Bq, off)
    error_B = error_B + _ROUNDING * torch.finfo(torch.float32).eps
    zero_B = scale_B <= 0
    return entropy_B.exp().masked_fill(zero_B, math.nan), error_B.masked_fill(zero_B, math.nan)


def _moments(rest_Brr: Tensor, known: int) -> Tensor:
    """tr G^j of the rest of G outside of the columns taken out, j = 0..4, (B, 5), float64."""
    square = gram(rest_Brr, rest_Brr.dtype)
    unit_B = square.unit_B.square()
    trace_B = rest_Brr.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64)
    size_B = torch.full_like(trace_B, rest_Brr.shape[-1] - known)
    cube_B = torch.einsum("brs,brs->b", square.matrix_Brr, rest_Brr).double() * unit_B
    return torch.stack(
        [size_B, trace_B, square.frobenius_B.square(), cube_B, (square.norm_B * unit_B).square()], dim=-1
    ).clamp(min=0.0)


def _lanczos(rest_Brr: Tensor, u_Brk: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Diagonals (B, n, m) and off-diagonals of the tridiagonal matrices, from directions outside of u.

    Without reorthogonalisation: copies of converged nodes share their weight, so that quadratures do not suffer.
    """
    batch, side, known = u_Brk.shape
    generator = torch.Generator().manual_seed(seed)
    x_Brn = torch.randn(side, _PROBES, generator=generator, dtype=rest_Brr.dtype).to(rest_Brr.device)
    x_Brn = x_Brn.expand(batch, side, _PROBES) - u_Brk @ (u_Brk.mT @ x_Brn)
    x_Brn = x_Brn / torch.linalg.vector_norm(x_Brn, dim=-2, keepdim=True)
    before_Brn = torch.zeros_like(x_Brn)
    beta_B1n = x_Brn.new_zeros(batch, 1, _PROBES)
    alphas: list[Tensor] = []
    betas: list[Tensor] = []
    for _ in range(min(_STEPS, side - known)):
        y_Brn = rest_Brr @ x_Brn - beta_B1n * before_Brn
        alpha_B1n = (x_Brn * y_Brn).sum(-2, keepdim=True)
        y_Brn = y_Brn - alpha_B1n * x_Brn
        beta_B1n = torch.linalg.vector_norm(y_Brn, dim=-2, keepdim=True)
        alphas.append(alpha_B1n[:, 0])
        betas.append(beta_B1n[:, 0])
        # An invariant subspace is spanned: zero vectors from here on, whose nodes have no weight.
        before_Brn, x_Brn = x_Brn, torch.where(beta_B1n > 0, y_Brn / beta_B1n, 0.0)
    return torch.stack(alphas, dim=-1).double(), torch.stack(betas, dim=-1).double()


def _quadrature(alpha_Bnm: Tensor, beta_Bnm: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes and their shares of the spectral density, both (B, n, m); all shares of a matrix sum to 1."""
    beta_Bnm = beta_Bnm[..., :-1]
    tridiagonal = torch.diag_embed(alpha_Bnm) + torch.diag_embed(beta_Bnm, 1) + torch.diag_embed(beta_Bnm, -1)
    node_Bnm, vector_Bnmm = torch.linalg.eigh(tridiagonal)
    return node_Bnm.clamp(min=0.0), vector_Bnmm[..., 0, :].square() / alpha_Bnm.shape[1]


def _estimate(node_Bnm: Tensor, share_Bnm: Tensor, known_Bk: Tensor, moments_Bj: Tensor) -> tuple[Tensor, Tensor]:
    """Entropy, (B,), nats, and three of its standard errors."""
    size_B1 = moments_Bj[:, :1]
    node_Bq, weight_Bq = node_Bnm.flatten(1), share_Bnm.flatten(1) * size_B1
    largest_B1 = node_Bq.amax(-1, keepdim=True).clamp(min=torch.finfo(node_Bq.dtype).tiny)
    powers_Bjq = (node_Bq / largest_B1)[:, None] ** torch.arange(_DEGREE + 1).to(node_Bq)[:, None]
    exact_Bj = moments_Bj / largest_B1 ** torch.arange(_DEGREE + 1).to(node_Bq)
    lacking_Bj = exact_Bj - (powers_Bjq * weight_Bq[:, None]).sum(-1)
    calibrated_Bq = weight_Bq * (1.0 + _combined(_solve(powers_Bjq, weight_Bq, lacking_Bj), powers_Bjq))
    sigma_Bq = torch.cat([known_Bk.sqrt(), node_Bq.sqrt()], dim=-1)
    number_Bq = torch.cat([torch.ones_like(known_Bk), calibrated_Bq], dim=-1)
    entropy_B, total_B = weighted_entropy(sigma_Bq, number_Bq)
    p_Bq = node_Bq.sqrt() / total_B[:, None]
    # Weight of one more singular value sigma in the entropy, the total following, less what the fit takes care of.
    influence_Bq = torch.special.entr(p_Bq) + p_Bq * (1.0 - entropy_B[:, None])
    fitted_Bj = _solve(powers_Bjq, weight_Bq, (powers_Bjq * (weight_Bq * influence_Bq)[:, None]).sum(-1))
    left_Bq = influence_Bq - _combined(fitted_Bj, powers_Bjq)
    # Of tr f from n directions uniform on the sphere in d dimensions: Var x^T F x = 2 Var(f) / (d + 2).
    size_B = size_B1[:, 0].clamp(min=1.0)
    variance_B = (weight_Bq * left_Bq.square()).sum(-1) / size_B
    return entropy_B, 3.0 * (size_B * (2.0 * variance_B / ((size_B + 2.0) * _PROBES)).sqrt())


def _combined(coefficient_Bj: Tensor, powers_Bjq: Tensor) -> Tensor:
    return (coefficient_Bj[..., None] * powers_Bjq).sum(1)


def _solve(powers_Bjq: Tensor, weight_Bq: Tensor, right_Bj: Tensor) -> Tensor:
    """Coefficients of the polynomial whose weighted products with the powers are given."""
    normal_Bjj = (powers_Bjq * weight_Bq[:, None]) @ powers_Bjq.mT
    return (torch.linalg.pinv(normal_Bjj, hermitian=True, rtol=1e-10) @ right_Bj[..., None])[..., 0]
