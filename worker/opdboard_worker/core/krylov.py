"""Leading singular subspaces by restarted block Krylov iteration (after Musco and Musco, arXiv:1504.05477).

From a block X of k + oversample columns: an orthonormal basis Q of [X, (A A^T) X, ..., (A A^T)^4 X], the singular
triplets of Q Q^T A (Rayleigh-Ritz), and again from the leading ones, until each ||A v_i - s_i u_i|| is small against
its own s_i. Where s_k and s_(k+1) differ by a share g, an error of e s_i turns the subspace by about e / g: where
they nearly coincide the subspace is ill-defined, for every method. Shapes: B matrices (M, N), k columns; in the
iteration r is the short and m the long side, l the columns of a block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.gram import Gram, gram, wide

EXACT_SIDE = 256
"""Up to this short side eigenvectors of the Gram matrix cost no more than the iteration."""

_DEPTH = 4
"""Powers of A A^T in one basis."""

_Triplets = tuple[Tensor, Tensor, Tensor]
"""u (B, r, l), s (B, l) descending, v (B, m, l)."""


@dataclass(frozen=True)
class Subspace:
    """The k leading singular triplets of each matrix. Columns are orthonormal; the largest entry of each u is positive.

    Beyond a matrix' rank s is 0 and the columns are arbitrary. All is NaN for a matrix that is not finite.
    """

    u_BMk: Tensor
    s_Bk: Tensor
    """Descending."""
    v_BNk: Tensor
    residual_B: Tensor
    """||A V - U S||_F / ||S||_F: 0 for exact singular triplets (and for a zero matrix)."""
    estimator: str
    """"gram" (exact: eigenvectors of the Gram matrix) or "block_krylov"."""


def leading_subspace(
    matrix_BMN: Tensor,
    k: int,
    *,
    oversample: int = 8,
    iterations: int = 6,
    tolerance: float = 2e-3,
    generator: torch.Generator | None = None,
) -> Subspace:
    """The min(k, M, N) leading singular triplets of each matrix, in float32 (float64 for float64 input).

    Iterates until ||A v_i - s_i u_i|| <= tolerance s_i for every i (directions with s_i lost in rounding aside), at
    most `iterations` times; for a flat spectrum that may not do: see `residual_B`. The first block is random, drawn
    on the CPU, from seed 0 if no generator is given: equal input gives equal output.
    """
    wide_Brm, finite_B = _finite(_at_least_float32(wide(matrix_BMN)))
    k, width = _columns(k, oversample, wide_Brm.shape[-2])
    if _is_exact(wide_Brm.shape[-2], width):
        triplets, estimator = _ritz(wide_Brm, _eigenvectors(gram(wide_Brm), k)), "gram"
    else:
        block_Brl = wide_Brm @ _random_columns(wide_Brm, width, generator)
        triplets, estimator = _block_krylov(wide_Brm, block_Brl, k, iterations, tolerance), "block_krylov"
    return _subspace(matrix_BMN, wide_Brm, _leading(triplets, k), finite_B, estimator)


def subspace_from_gram(
    matrix_BMN: Tensor, whole: Gram, k: int, *, oversample: int = 8, iterations: int = 6, tolerance: float = 2e-3
) -> tuple[Tensor | None, Subspace]:
    """The leading subspace as of `leading_subspace`, by way of the Gram matrix.

    A short Gram matrix is decomposed whole, and all singular values, (B, r), come with it; else the iteration runs on
    the Gram matrix, in float32, and they are None. Where that is too coarse for the k-th direction (sigma_k under some
    1e-3 of sigma_1) its error on the matrix itself says so, and the iteration goes on there.
    """
    wide_Brm, finite_B = _finite(_at_least_float32(wide(matrix_BMN)), whole.finite_B)
    k, width = _columns(k, oversample, wide_Brm.shape[-2])
    if _is_exact(wide_Brm.shape[-2], width):
        eigenvalues_Br, vectors_Brr = torch.linalg.eigh(whole.matrix_Brr)
        triplets = _leading(_ritz(wide_Brm, vectors_Brr[..., -k:]), k)
        return whole.singular(eigenvalues_Br), _subspace(matrix_BMN, wide_Brm, triplets, finite_B, "gram")
    gram_Brr = whole.matrix_Brr.to(wide_Brm.dtype)
    start_Brl = gram_Brr @ _random_columns(gram_Brr, width)
    block_Brl, _, _ = _leading(_block_krylov(gram_Brr, start_Brl, k, iterations, tolerance), width)
    triplets = _ritz(wide_Brm, block_Brl)
    if not _converged(wide_Brm, _leading(triplets, k), tolerance):
        triplets = _block_krylov(wide_Brm, block_Brl, k, iterations, tolerance)
    return None, _subspace(matrix_BMN, wide_Brm, _leading(triplets, k), finite_B, "block_krylov")


def _block_krylov(wide_Brm: Tensor, block_Brl: Tensor, k: int, iterations: int, tolerance: float) -> _Triplets:
    """Triplets on the last Krylov basis, of which the k leading ones are within tolerance or as good as they got."""
    iteration = 0
    while True:
        blocks = [torch.linalg.qr(block_Brl).Q]
        for _ in range(_DEPTH):
            blocks.append(torch.linalg.qr(wide_Brm @ (wide_Brm.mT @ blocks[-1])).Q)
        triplets = _ritz(wide_Brm, torch.linalg.qr(torch.cat(blocks, dim=-1)).Q)
        iteration += 1
        if iteration >= iterations or _converged(wide_Brm, _leading(triplets, k), tolerance):
            return triplets
        block_Brl = triplets[0][..., : block_Brl.shape[-1]]


def _ritz(wide_Brm: Tensor, basis_Brl: Tensor) -> _Triplets:
    """Singular triplets of Q Q^T A for an orthonormal basis Q: those of A where its range contains them."""
    basis_Brl = basis_Brl.to(wide_Brm.dtype)
    right_Bml, triangle_Bll = torch.linalg.qr(wide_Brm.mT @ basis_Brl)
    left_Bll, s_Bl, rightT_Bll = torch.linalg.svd(triangle_Bll.double())
    return (
        basis_Brl @ rightT_Bll.mT.to(basis_Brl.dtype),
        s_Bl.to(basis_Brl.dtype),
        right_Bml @ left_Bll.to(basis_Brl.dtype),
    )


def _errors(wide_Brm: Tensor, triplets: _Triplets) -> Tensor:
    """||A v_i - s_i u_i||, (B, k)."""
    u_Brk, s_Bk, v_Bmk = triplets
    return torch.linalg.vector_norm(wide_Brm @ v_Bmk - u_Brk * s_Bk[:, None, :], dim=-2)


def _converged(wide_Brm: Tensor, triplets: _Triplets, tolerance: float) -> bool:
    s_Bk = triplets[1]
    lost_Bk = s_Bk <= 64 * torch.finfo(s_Bk.dtype).eps * s_Bk[:, :1]
    return bool((lost_Bk | (_errors(wide_Brm, triplets) <= tolerance * s_Bk)).all())


def _residual(wide_Brm: Tensor, triplets: _Triplets) -> Tensor:
    error_B = torch.linalg.vector_norm(_errors(wide_Brm, triplets), dim=-1)
    scale_B = torch.linalg.vector_norm(triplets[1], dim=-1)
    return torch.where(scale_B > 0, error_B / scale_B, error_B)


def _subspace(matrix_BMN: Tensor, wide_Brm: Tensor, triplets: _Triplets, finite_B: Tensor, estimator: str) -> Subspace:
    """Give the triplets the matrix' own orientation, fixed signs, and NaN where the matrix was not finite."""
    u_Brk, s_Bk, v_Bmk = triplets
    u_BMk, v_BNk = (u_Brk, v_Bmk) if matrix_BMN.shape[-2] <= matrix_BMN.shape[-1] else (v_Bmk, u_Brk)
    largest_B1k = u_BMk.gather(-2, u_BMk.abs().argmax(dim=-2, keepdim=True))
    sign_B1k = torch.where(largest_B1k < 0, -1.0, 1.0).to(u_BMk.dtype)
    broken_B = ~finite_B
    return Subspace(
        u_BMk=(u_BMk * sign_B1k).masked_fill(broken_B[:, None, None], math.nan),
        s_Bk=s_Bk.masked_fill(broken_B[:, None], math.nan),
        v_BNk=(v_BNk * sign_B1k).masked_fill(broken_B[:, None, None], math.nan),
        residual_B=_residual(wide_Brm, triplets).masked_fill(broken_B, math.nan),
        estimator=estimator,
    )


def _leading(triplets: _Triplets, k: int) -> _Triplets:
    u_Brl, s_Bl, v_Bml = triplets
    return u_Brl[..., :k], s_Bl[..., :k], v_Bml[..., :k]


def _random_columns(wide_Brm: Tensor, width: int, generator: torch.Generator | None = None) -> Tensor:
    generator = generator or torch.Generator().manual_seed(0)
    return torch.randn(wide_Brm.shape[-1], width, generator=generator).to(wide_Brm)


def _eigenvectors(whole: Gram, k: int) -> Tensor:
    return torch.linalg.eigh(whole.matrix_Brr).eigenvectors[..., -k:]


def _at_least_float32(wide_Brm: Tensor) -> Tensor:
    return wide_Brm.to(torch.promote_types(wide_Brm.dtype, torch.float32))


def _finite(wide_Brm: Tensor, finite_B: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The matrices with those that are not finite replaced by 0 (factorisations would raise), and which are finite."""
    finite_B = wide_Brm.isfinite().flatten(1).all(1) if finite_B is None else finite_B
    return (wide_Brm if bool(finite_B.all()) else wide_Brm.masked_fill(~finite_B[:, None, None], 0.0)), finite_B


def _columns(k: int, oversample: int, rank: int) -> tuple[int, int]:
    if k < 1 or oversample < 0:
        raise ValueError(f"k must be at least 1 and oversample at least 0, got {k} and {oversample}")
    return min(k, rank), min(k + oversample, rank)


def _is_exact(rank: int, width: int) -> bool:
    return rank <= EXACT_SIDE or 2 * (_DEPTH + 1) * width > rank
