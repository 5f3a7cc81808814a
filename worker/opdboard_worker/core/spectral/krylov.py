"""Leading singular subspaces by restarted block Krylov iteration (after Musco and Musco, arXiv:1504.05477).

From a block X of k + 8 columns: an orthonormal basis Q of [X, (A A^T) X, ..., (A A^T)^4 X], the singular
triplets of Q Q^T A (Rayleigh-Ritz), and again from the leading ones, until each ||A v_i - s_i u_i|| is small against
its own s_i. Where s_k and s_(k+1) differ by a share g, an error of e s_i turns the subspace by about e / g: where
they nearly coincide the subspace is ill-defined, for every method. Shapes: B matrices (M, N), k columns; in the
iteration r is the short and m the long side, l the columns of a block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from opdboard_worker.core.spectral.gram import Gram, gram, units, wide

_EXACT_SIDE = 256
"""Up to this short side eigenvectors of the Gram matrix cost no more than the iteration."""

_DEPTH = 4
"""Powers of A A^T in one basis."""

_OVERSAMPLE = 8
"""Columns of a block beyond k."""

_ITERATIONS, _TOLERANCE = 6, 2e-3
"""At most so many restarts, until every error of a triplet is so small relative to its s."""

_LOST = 64.0
"""Singular values under so many eps of the largest are what rounding made."""

_ROUNDED = 0.3
"""Root mean square of what rounding does to a number, in eps of its size: 0.21 for mantissas that are spread evenly."""

_NEARLY = 3e-3
"""Largest error of a singular triplet, relative to s, whose u counts as a direction of an invariant space."""


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

    @property
    def numerical_rank_B(self) -> Tensor:
        """How many of the k directions are there: those whose s is no rounding of float32, in which updates are taken.

        0 for a matrix that is zero or not finite.
        """
        least_B1 = _LOST * torch.finfo(torch.float32).eps * self.s_Bk[..., :1]
        return (self.s_Bk > least_B1).sum(-1)


def without_rounding(subspace: Subspace, weight_norm_B: Tensor) -> Subspace:
    """The subspace of an update W_t - W_0, with s = 0 where the rounding of W_t to float32 makes singular values as large.

    weight_norm_B: ||W||_F. Rounding moves an entry w by about 0.2 eps |w|, and a matrix of independent errors of size e has
    singular values up to e (sqrt(M) + sqrt(N)): a low-rank update that was added to the weights has full rank by it.
    """
    rows, columns = subspace.u_BMk.shape[-2], subspace.v_BNk.shape[-2]
    error_B = _ROUNDED * torch.finfo(torch.float32).eps * weight_norm_B.double() / math.sqrt(rows * columns)
    noise_B1 = (error_B * (math.sqrt(rows) + math.sqrt(columns)))[:, None].to(subspace.s_Bk)
    return replace(subspace, s_Bk=subspace.s_Bk.masked_fill(subspace.s_Bk <= noise_B1, 0.0))


@dataclass(frozen=True)
class Leading:
    """The leading subspace, and what else its computation from a Gram matrix gives."""

    subspace: Subspace
    invariant_Brd: Tensor
    """Orthonormal columns on the short side, d >= k, that span a nearly invariant space of A A^T."""
    all_Br: Tensor | None
    """All singular values where the Gram matrix was decomposed whole."""


def leading_subspace(matrix_BMN: Tensor, k: int) -> Subspace:
    """The min(k, M, N) leading singular triplets of each matrix, in float32 (float64 for float64 input).

    By iteration on the matrix itself, or from its Gram matrix where that is short. Iterates until ||A v_i - s_i u_i|| is
    small against every s_i (those lost in rounding aside), but not for ever; for a flat spectrum that may not do: see
    `residual_B`. The first block is random, drawn on the CPU from seed 0: equal input gives equal output.
    """
    wide_Brm = wide(matrix_BMN)
    if is_decomposed_whole(wide_Brm.shape[-2], k):
        return subspace_from_gram(matrix_BMN, gram(wide_Brm), k).subspace
    unit_B, finite_B = units(wide_Brm)
    wide_Brm = _prepared(wide_Brm, unit_B, finite_B)
    ritz = _iterated(wide_Brm, wide_Brm @ _random_columns(wide_Brm, k), k)
    return _subspace(matrix_BMN, ritz.leading(k), unit_B, finite_B, "block_krylov")


def subspace_from_gram(matrix_BMN: Tensor, whole: Gram, k: int) -> Leading:
    """The leading subspace as of `leading_subspace`, by way of the Gram matrix: decomposed whole if it is short.

    Else the iteration runs on the Gram matrix, in float32. Where that is too coarse for the k-th direction (sigma_k
    under some 1e-3 of sigma_1) its error on the matrix itself says so, and the iteration goes on there.
    """
    wide_Brm = _prepared(wide(matrix_BMN), whole.unit_B, whole.finite_B)
    rank = wide_Brm.shape[-2]
    if is_decomposed_whole(rank, k):
        k = min(k, rank)
        eigenvalues_Br, vectors_Brr = torch.linalg.eigh(whole.matrix_Brr)
        ritz = _ritz(wide_Brm, vectors_Brr[..., -k:])
        subspace = _subspace(matrix_BMN, ritz, whole.unit_B, whole.finite_B, "gram")
        return Leading(subspace, ritz.u_Brl, whole.singular(eigenvalues_Br))
    gram_Brr = whole.matrix_Brr.to(wide_Brm.dtype)
    start_Brl = gram_Brr @ _random_columns(gram_Brr, k)
    of_gram = _iterated(gram_Brr, start_Brl, k, symmetric=True)
    ritz = _ritz(wide_Brm, of_gram.u_Brl[..., : start_Brl.shape[-1]])
    if not ritz.leading(k).within(_TOLERANCE):
        ritz = _iterated(wide_Brm, ritz.u_Brl, k)
    subspace = _subspace(matrix_BMN, ritz.leading(k), whole.unit_B, whole.finite_B, "block_krylov")
    return Leading(subspace, of_gram.invariant(k), None)


def is_decomposed_whole(rank: int, k: int) -> bool:
    """Whether all eigenvectors of a Gram matrix of this side cost no more than the iteration. ValueError for k below 1."""
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return rank <= _EXACT_SIDE or 2 * (_DEPTH + 1) * (k + _OVERSAMPLE) > rank


def _prepared(wide_Brm: Tensor, unit_B: Tensor, finite_B: Tensor) -> Tensor:
    """In float32 at least and in units; 0 instead of what is not finite, for which factorisations would raise."""
    wide_Brm = wide_Brm.to(torch.promote_types(wide_Brm.dtype, torch.float32))
    if not bool((unit_B == 1.0).all()):
        wide_Brm = wide_Brm / unit_B.to(wide_Brm)[:, None, None]
    return wide_Brm if bool(finite_B.all()) else wide_Brm.masked_fill(~finite_B[:, None, None], 0.0)


@dataclass(frozen=True)
class _Ritz:
    """Singular triplets of Q Q^T A for an orthonormal basis Q, s descending: those of A where its range contains them."""

    u_Brl: Tensor
    s_Bl: Tensor
    v_Bml: Tensor
    error_Bl: Tensor
    """||A v_i - s_i u_i||."""

    def leading(self, k: int) -> _Ritz:
        return _Ritz(self.u_Brl[..., :k], self.s_Bl[..., :k], self.v_Bml[..., :k], self.error_Bl[..., :k])

    def within(self, tolerance: float) -> bool:
        """Whether every error is, relative to s, but for directions whose s is lost in rounding."""
        lost_Bl = self.s_Bl <= _LOST * torch.finfo(self.s_Bl.dtype).eps * self.s_Bl[:, :1]
        return bool((lost_Bl | (self.error_Bl <= tolerance * self.s_Bl)).all())

    def invariant(self, k: int) -> Tensor:
        """The leading u, k at least, as long as those of all matrices have small errors."""
        near_l = (self.error_Bl <= _NEARLY * self.s_Bl).all(0)
        return self.u_Brl[..., : max(k, int(near_l.long().cumprod(0).sum()))]

    def residual_B(self) -> Tensor:
        error_B = torch.linalg.vector_norm(self.error_Bl, dim=-1)
        scale_B = torch.linalg.vector_norm(self.s_Bl, dim=-1)
        return torch.where(scale_B > 0, error_B / scale_B, error_B)


def _iterated(wide_Brm: Tensor, block_Brl: Tensor, k: int, *, symmetric: bool = False) -> _Ritz:
    """Triplets on the last Krylov basis, of which the k leading ones are within tolerance or as good as they got.

    The basis of a symmetric matrix, which has no negative eigenvalues, is made of its own powers.
    """
    iteration = 0
    while True:
        blocks = [torch.linalg.qr(block_Brl).Q]
        for _ in range(_DEPTH):
            image_Bml = blocks[-1] if symmetric else wide_Brm.mT @ blocks[-1]
            blocks.append(torch.linalg.qr(wide_Brm @ image_Bml).Q)
        basis_Brl = torch.linalg.qr(torch.cat(blocks, dim=-1)).Q
        ritz = _symmetric_ritz(wide_Brm, basis_Brl) if symmetric else _ritz(wide_Brm, basis_Brl)
        iteration += 1
        if iteration >= _ITERATIONS or ritz.leading(k).within(_TOLERANCE):
            return ritz
        block_Brl = ritz.u_Brl[..., : block_Brl.shape[-1]]


def _ritz(wide_Brm: Tensor, basis_Brl: Tensor) -> _Ritz:
    basis_Brl = basis_Brl.to(wide_Brm.dtype)
    # Few columns go through a long matrix faster from the left.
    right_Bml, triangle_Bll = torch.linalg.qr((basis_Brl.mT @ wide_Brm).mT)
    left_Bll, s_Bl, rightT_Bll = torch.linalg.svd(triangle_Bll.double())
    u_Brl, v_Bml = basis_Brl @ rightT_Bll.mT.to(basis_Brl.dtype), right_Bml @ left_Bll.to(basis_Brl.dtype)
    s_Bl = s_Bl.to(basis_Brl.dtype)
    error_Bl = torch.linalg.vector_norm((v_Bml.mT @ wide_Brm.mT).mT - u_Brl * s_Bl[:, None, :], dim=-2)
    return _Ritz(u_Brl, s_Bl, v_Bml, error_Bl)


def _symmetric_ritz(matrix_Brr: Tensor, basis_Brl: Tensor) -> _Ritz:
    image_Brl = matrix_Brr @ basis_Brl
    eigenvalue_Bl, turn_Bll = torch.linalg.eigh((basis_Brl.mT @ image_Brl).double())
    s_Bl = eigenvalue_Bl.clamp(min=0.0).flip(-1).to(basis_Brl.dtype)
    turn_Bll = turn_Bll.flip(-1).to(basis_Brl.dtype)
    u_Brl = basis_Brl @ turn_Bll
    return _Ritz(u_Brl, s_Bl, u_Brl, torch.linalg.vector_norm(image_Brl @ turn_Bll - u_Brl * s_Bl[:, None, :], dim=-2))


def _subspace(matrix_BMN: Tensor, ritz: _Ritz, unit_B: Tensor, finite_B: Tensor, estimator: str) -> Subspace:
    """Give the triplets the matrix' own orientation and size, fixed signs, and NaN where the matrix was not finite."""
    as_it_is = matrix_BMN.shape[-2] <= matrix_BMN.shape[-1]
    u_BMk, v_BNk = (ritz.u_Brl, ritz.v_Bml) if as_it_is else (ritz.v_Bml, ritz.u_Brl)
    largest_B1k = u_BMk.gather(-2, u_BMk.abs().argmax(dim=-2, keepdim=True))
    sign_B1k = torch.where(largest_B1k < 0, -1.0, 1.0).to(u_BMk.dtype)
    broken_B = ~finite_B
    return Subspace(
        u_BMk=(u_BMk * sign_B1k).masked_fill(broken_B[:, None, None], math.nan),
        s_Bk=(ritz.s_Bl * unit_B.to(ritz.s_Bl)[:, None]).masked_fill(broken_B[:, None], math.nan),
        v_BNk=(v_BNk * sign_B1k).masked_fill(broken_B[:, None, None], math.nan),
        residual_B=ritz.residual_B().masked_fill(broken_B, math.nan),
        estimator=estimator,
    )


def _random_columns(wide_Brm: Tensor, k: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(wide_Brm.shape[-1], k + _OVERSAMPLE, generator=generator).to(wide_Brm)
