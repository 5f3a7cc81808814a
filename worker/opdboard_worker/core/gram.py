"""The Gram matrix of a matrix' short side in float64, and the singular values that its eigenvalues give.

A float32 Gram matrix cannot tell singular values under 3e-4 of the largest from zero; in float64 that bound is 1e-8.
Shapes: B matrices, r the short and m the long side of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_ROWS, _COLUMNS = 192, 1024
"""Tile of the product: tiles above the diagonal are skipped, and float64 copies are few columns wide."""


ROUNDING = 8.0
"""Error allowed to eigenvalues of G, in units of eps ||G||_F, in which norm solvers are backward stable.

On random, sign, sparse and trained-like matrices of sides 300 to 1536, LAPACK's were off by up to 6 units in float32.
"""


def wide(matrix_BMN: Tensor) -> Tensor:
    """The matrices, transposed if they are tall, as (B, r, m) with r <= m; a view. ValueError if there is no batch."""
    if matrix_BMN.ndim != 3:
        raise ValueError(f"need a batch of matrices (B, M, N), got shape {tuple(matrix_BMN.shape)}")
    return matrix_BMN.detach() if matrix_BMN.shape[-2] <= matrix_BMN.shape[-1] else matrix_BMN.detach().mT


def gram_lower(wide_Brm: Tensor) -> tuple[Tensor, Tensor]:
    """The lower triangle of A A^T, (B, r, r) float64, and which matrices are finite, (B,); the others' is set to 0."""
    batch, rank, _ = wide_Brm.shape
    gram_Brr = torch.zeros(batch, rank, rank, dtype=torch.float64, device=wide_Brm.device)
    for columns in wide_Brm.split(_COLUMNS, dim=-1):
        slab = columns.double()
        for start in range(0, rank, _ROWS):
            stop = min(start + _ROWS, rank)
            gram_Brr[:, start:stop, :stop] += slab[:, start:stop] @ slab[:, :stop].mT
    finite_B = gram_Brr.diagonal(dim1=-2, dim2=-1).isfinite().all(-1)
    return gram_Brr.masked_fill_(~finite_B[:, None, None], 0.0), finite_B


def gram_singular_values(gram_Brr: Tensor, finite_B: Tensor) -> Tensor:
    """Descending singular values, (B, r), from what `gram_lower` returned; NaN for a matrix that is not finite."""
    return singular(torch.linalg.eigvalsh(gram_Brr, UPLO="L"), finite_B)


def singular(eigenvalues_Br: Tensor, finite_B: Tensor) -> Tensor:
    """Singular values, descending, from ascending eigenvalues of A A^T; NaN for a matrix that is not finite."""
    return eigenvalues_Br.clamp(min=0.0).sqrt().flip(-1).masked_fill(~finite_B[:, None], math.nan)


def trace(gram_Brr: Tensor) -> Tensor:
    """||A||_F^2, (B,)."""
    return gram_Brr.diagonal(dim1=-2, dim2=-1).sum(-1)


def whole(gram_lower_Brr: Tensor) -> Tensor:
    """The symmetric matrix of which the lower triangle is given."""
    return gram_lower_Brr.tril() + gram_lower_Brr.tril(-1).mT


@dataclass(frozen=True)
class Deflated:
    """A Gram matrix G split by k orthonormal columns U, nearly invariant: U^T G U, and what is left outside of U."""

    u_Brk: Tensor
    known_Bk: Tensor
    """Eigenvalues of U^T G U, descending."""
    rest_Brr: Tensor
    """(1 - U U^T) G (1 - U U^T), whole."""
    coupling_B: Tensor
    """||(1 - U U^T) G U||_F. Eigenvalues of the two parts are those of G but for its square over their distance."""


def deflated(gram_Brr: Tensor, u_Brk: Tensor) -> Deflated:
    """The leading part of what `gram_lower` returned taken out, in float64. Columns u may be of lower precision."""
    rest_Brr = whole(gram_Brr)
    u_Brk = torch.linalg.qr(u_Brk.double()).Q
    image_Brk = rest_Brr @ u_Brk
    inner_Bkk = u_Brk.mT @ image_Brk
    coupling_Brk = image_Brk - u_Brk @ inner_Bkk
    half_Brk = coupling_Brk + 0.5 * (u_Brk @ inner_Bkk)
    rest_Brr.baddbmm_(half_Brk, u_Brk.mT, alpha=-1.0).baddbmm_(u_Brk, half_Brk.mT, alpha=-1.0)
    known_Bk = torch.linalg.eigvalsh(inner_Bkk).clamp(min=0.0).flip(-1)
    return Deflated(u_Brk, known_Bk, rest_Brr, torch.linalg.vector_norm(coupling_Brk, dim=(-2, -1)))
