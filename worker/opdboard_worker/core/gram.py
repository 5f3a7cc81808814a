"""The Gram matrix of a matrix' short side, and the singular values that its eigenvalues give.

Formed in float32 it cannot tell singular values under 3e-4 of the largest from zero; in float64 that bound is 1e-8.
How far rounding moves its eigenvalues is bounded by way of Hoffman and Wielandt (1953): sum_i (l_i(G + E) - l_i(G))^2
<= ||E||_F^2. Shapes: B matrices, r the short and m the long side of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.entropy import Perturbation

_ROWS, _COLUMNS = 192, 2048
"""Tile of the product: tiles above the diagonal are mirrored, and converted copies are few columns wide."""

_ORDINARY = 1e-7, 1e3
"""Between these largest entries G's squares, and what is 1e-6 of them, are within the range of float32."""


PRODUCT, SOLVER, DEFLATION = 16.0, 64.0, 4.0
"""Largest ||E||_F of a product A A^T, of a solver's backward error and of a deflation, in units of eps ||G||_F.

On random, positive, constant, sign, sparse, row-scaled, low-rank and trained-like matrices of sides 300 to 1536 the
first two were 12 and 56 at most in float32, both on matrices of which all entries are equal in size; else 3 and 24.
"""


@dataclass(frozen=True)
class Gram:
    """G = A A^T / unit^2 of each matrix, with powers of two as units, so that no square leaves the range of float32.

    Where none would, the unit is 1 and A is taken as it is.
    """

    matrix_Brr: Tensor
    """Symmetric, in the precision of its products; 0 for a matrix that is not finite."""
    unit_B: Tensor
    """float64."""
    finite_B: Tensor
    """Whether all entries of A are."""

    @property
    def frobenius_B(self) -> Tensor:
        """||A||_F, (B,), float64; NaN for a matrix that is not finite."""
        trace_B = self.matrix_Brr.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64)
        return (trace_B.sqrt() * self.unit_B).masked_fill(~self.finite_B, math.nan)

    @property
    def norm_B(self) -> Tensor:
        """||G||_F, (B,), float64, in units."""
        return torch.linalg.vector_norm(self.matrix_Brr, dim=(-2, -1)).double()

    def singular_values(self) -> Tensor:
        """All of them, (B, r), float64, descending; NaN for a matrix that is not finite."""
        return self.singular(torch.linalg.eigvalsh(self.matrix_Brr))

    def singular(self, eigenvalues_Br: Tensor) -> Tensor:
        """Singular values of A, descending, from ascending eigenvalues of G."""
        sigma_Br = eigenvalues_Br.double().clamp(min=0.0).sqrt().flip(-1) * self.unit_B[:, None]
        return sigma_Br.masked_fill(~self.finite_B[:, None], math.nan)


def wide(matrix_BMN: Tensor) -> Tensor:
    """The matrices, transposed if they are tall, as (B, r, m) with r <= m; a view. ValueError if there is no batch."""
    if matrix_BMN.ndim != 3:
        raise ValueError(f"need a batch of matrices (B, M, N), got shape {tuple(matrix_BMN.shape)}")
    return matrix_BMN.detach() if matrix_BMN.shape[-2] <= matrix_BMN.shape[-1] else matrix_BMN.detach().mT


def largest_entries(wide_Brm: Tensor) -> Tensor:
    """Largest magnitude of each matrix, (B,); not finite if one of its entries is not."""
    return torch.maximum(-wide_Brm.amin((-2, -1)), wide_Brm.amax((-2, -1)))


def gram(wide_Brm: Tensor, precision: torch.dtype = torch.float64) -> Gram:
    """The Gram matrix, its products taken in a precision of which float32 costs half as much as float64."""
    batch, rank, _ = wide_Brm.shape
    largest_B = largest_entries(wide_Brm).double()
    finite_B = largest_B.isfinite()
    ordinary_B = ~finite_B | (largest_B == 0) | ((largest_B > _ORDINARY[0]) & (largest_B < _ORDINARY[1]))
    unit_B = torch.exp2(largest_B.masked_fill(ordinary_B, 1.0).clamp(min=torch.finfo(precision).tiny).log2().round())
    as_it_is = wide_Brm.dtype == precision and bool(ordinary_B.all())
    matrix_Brr = torch.zeros(batch, rank, rank, dtype=precision, device=wide_Brm.device)
    for columns in wide_Brm.split(wide_Brm.shape[-1] if as_it_is else _COLUMNS, dim=-1):
        slab = columns if as_it_is else columns.to(precision) / unit_B.to(precision)[:, None, None]
        for start in range(0, rank, _ROWS):
            stop = min(start + _ROWS, rank)
            matrix_Brr[:, start:stop, :stop] += slab[:, start:stop] @ slab[:, :stop].mT
    for start in range(_ROWS, rank, _ROWS):
        stop = min(start + _ROWS, rank)
        matrix_Brr[:, :start, start:stop] = matrix_Brr[:, start:stop, :start].mT
    return Gram(matrix_Brr.masked_fill_(~finite_B[:, None, None], 0.0), unit_B, finite_B)


@dataclass(frozen=True)
class Deflated:
    """G = A A^T split by k orthonormal columns U, nearly invariant: U^T G U, and what is left outside of U."""

    u_Brk: Tensor
    known_Bk: Tensor
    """Eigenvalues of U^T G U, float64, descending, in G's units."""
    coupling_Bk: Tensor
    """||(1 - U U^T) G U w|| of each of their eigenvectors w, float64."""
    rest: Gram
    """(1 - U U^T) G (1 - U U^T)."""
    product_B: Tensor
    """Bound of the root of the sum of squares by which rounding moved the eigenvalues of both parts, float64."""

    def perturbation(self, solver: torch.dtype, largest_B: Tensor) -> Perturbation:
        """How far sigma^2 may be off, in units, when the eigenvalues of the parts are taken for those of G.

        solver: precision of the rest's eigenvalues, of which largest_B is the largest. To first order: a pair that is
        coupled by c over a distance d drifts apart by c^2 / d. Where d is not even c, coupling counts as rounding does.
        """
        apart_Bk = self.known_Bk - largest_B[:, None]
        close_Bk = apart_Bk <= self.coupling_Bk
        drift_Bk = (self.coupling_Bk.square() / apart_Bk).masked_fill(close_Bk, 0.0)
        close_B = torch.linalg.vector_norm(self.coupling_Bk.masked_fill(~close_Bk, 0.0), dim=-1)
        rounded_B = self.product_B + SOLVER * torch.finfo(solver).eps * self.rest.norm_B
        return Perturbation(rounded_B + math.sqrt(2.0) * close_B, 2.0 * drift_Bk.sum(-1))


def deflated(whole: Gram, u_Brk: Tensor) -> Deflated:
    """The part of G that is spanned by the columns u taken out, in G's precision."""
    matrix_Brr = whole.matrix_Brr
    u_Brk = torch.linalg.qr(u_Brk.to(matrix_Brr.dtype)).Q
    image_Brk = matrix_Brr @ u_Brk
    inner_Bkk = u_Brk.mT @ image_Brk
    coupling_Brk = image_Brk - u_Brk @ inner_Bkk
    half_Brk = coupling_Brk + 0.5 * (u_Brk @ inner_Bkk)
    rest_Brr = torch.baddbmm(matrix_Brr, half_Brk, u_Brk.mT, alpha=-1.0).baddbmm_(u_Brk, half_Brk.mT, alpha=-1.0)
    known_Bk, turn_Bkk = torch.linalg.eigh(inner_Bkk.double())
    coupling_Bk = torch.linalg.vector_norm(coupling_Brk.double() @ turn_Bkk, dim=-2)
    return Deflated(
        u_Brk,
        known_Bk.clamp(min=0.0).flip(-1),
        coupling_Bk.flip(-1),
        Gram(rest_Brr, whole.unit_B, whole.finite_B),
        (PRODUCT + DEFLATION) * torch.finfo(matrix_Brr.dtype).eps * whole.norm_B,
    )
