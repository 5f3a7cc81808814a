"""The Gram matrix of a matrix' short side, and the singular values that its eigenvalues give.

Formed in float32 it cannot tell singular values under 3e-4 of the largest from zero; in float64 that bound is 1e-8.
How far rounding moves its eigenvalues is bounded by way of Hoffman and Wielandt (1953): sum_i (l_i(G + E) - l_i(G))^2
<= ||E||_F^2. Shapes: B matrices, r the short and m the long side of each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from opdboard_worker.core.spectral.entropy import Perturbation

_COLUMNS = 2048
"""Columns of a converted copy."""

_ORDINARY = 1e-7, 1e3
"""Between these largest entries G's squares, and what is 1e-6 of them, are within the range of float32."""

_BLOCK = 256
"""Columns whose squares are summed in the precision of the product; their sums are added in float64."""

SOLVER, DEFLATION = 64.0, 4.0
"""Largest ||E||_F of a solver's backward error and of a deflation, in units of eps ||G||_F.

On random, positive, constant, sign, sparse, row-scaled, low-rank and trained-like matrices of sides 300 to 1536 the
first was 56 at most in float32, on a matrix of which all entries are equal in size; else 24.
"""

_PRODUCT, _OF_DIAGONAL = 8.0, 2.0
"""Largest ||E||_F of a product A A^T: so many eps ||G||_F, and so many times the relative error of its diagonal.

A diagonal is a sum of squares, in which errors of one sign add up as in no other entry. On the same matrices with 330 to
30,000 columns the product's error was 3 at most, or 1.2 times the diagonal's, which entries of equal size made 52.
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
    rounded_B: Tensor
    """Bound of the root of the sum of squares by which rounding moved the eigenvalues, float64, in units."""

    @property
    def frobenius_B(self) -> Tensor:
        """||A||_F, (B,), float64; NaN for a matrix that is not finite."""
        trace_B = self.matrix_Brr.diagonal(dim1=-2, dim2=-1).sum(-1, dtype=torch.float64)
        return (trace_B.sqrt() * self.unit_B).masked_fill(~self.finite_B, math.nan)

    @property
    def norm_B(self) -> Tensor:
        """||G||_F, (B,), float64, in units."""
        return _norms(self.matrix_Brr)

    def singular_values(self) -> Tensor:
        """All of them, (B, r), float64, descending; NaN for a matrix that is not finite."""
        if self.matrix_Brr.device.type != "cpu" or self.matrix_Brr.dtype != torch.float64:
            return self.singular(torch.linalg.eigvalsh(self.matrix_Brr))
        # NumPy's LAPACK takes a fifth to a third less than torch's from 256 rows on.
        return self.singular(torch.from_numpy(np.linalg.eigvalsh(self.matrix_Brr.numpy())))

    def singular(self, eigenvalues_Br: Tensor) -> Tensor:
        """Singular values of A, descending, from ascending eigenvalues of G."""
        sigma_Br = eigenvalues_Br.double().clamp(min=0.0).sqrt().flip(-1) * self.unit_B[:, None]
        return sigma_Br.masked_fill(~self.finite_B[:, None], math.nan)


def wide(matrix_BMN: Tensor) -> Tensor:
    """The matrices, transposed if they are tall, as (B, r, m) with r <= m; a view. ValueError if there is no batch."""
    if matrix_BMN.ndim != 3:
        raise ValueError(f"need a batch of matrices (B, M, N), got shape {tuple(matrix_BMN.shape)}")
    return matrix_BMN.detach() if matrix_BMN.shape[-2] <= matrix_BMN.shape[-1] else matrix_BMN.detach().mT


def units(wide_Brm: Tensor) -> tuple[Tensor, Tensor]:
    """Power of two, float64, in which to take each matrix so that its squares stay in range; and whether it is finite.

    1 where they are in range anyway, and for a matrix that is zero or not finite.
    """
    largest_B = torch.maximum(-wide_Brm.amin((-2, -1)), wide_Brm.amax((-2, -1)))
    finite_B = largest_B.isfinite()
    ordinary_B = ~finite_B | (largest_B == 0) | ((largest_B > _ORDINARY[0]) & (largest_B < _ORDINARY[1]))
    least = torch.finfo(wide_Brm.dtype).tiny
    return largest_B.double().masked_fill(ordinary_B, 1.0).clamp(min=least).log2().floor().exp2(), finite_B


def gram(wide_Brm: Tensor, precision: torch.dtype = torch.float64) -> Gram:
    """The Gram matrix, its products taken in a precision of which float32 costs half as much as float64."""
    unit_B, finite_B = units(wide_Brm)
    in_range = bool((unit_B == 1.0).all())
    as_it_is = in_range and wide_Brm.dtype == precision
    squares_Br, matrix_Brr = torch.zeros(()), None
    for columns in wide_Brm.split(wide_Brm.shape[-1] if as_it_is else _COLUMNS, dim=-1):
        slab = columns.to(precision)
        slab = slab if in_range else slab / unit_B.to(precision)[:, None, None]
        squares_Br = squares_Br + _row_squares(slab)
        product_Brr = _product_with_itself(slab)
        matrix_Brr = product_Brr if matrix_Brr is None else matrix_Brr.add_(product_Brr)
    assert matrix_Brr is not None
    matrix_Brr.masked_fill_(~finite_B[:, None, None], 0.0)
    diagonal_Br, squares_Br = matrix_Brr.diagonal(dim1=-2, dim2=-1), squares_Br.masked_fill(~finite_B[:, None], 0.0)
    off_B = torch.linalg.vector_norm(diagonal_Br - squares_Br, dim=-1) / torch.linalg.vector_norm(squares_Br, dim=-1)
    diagonal_Br.copy_(squares_Br)
    share_B = torch.clamp(_OF_DIAGONAL * off_B, min=_PRODUCT * torch.finfo(precision).eps).nan_to_num(0.0)
    return Gram(matrix_Brr, unit_B, finite_B, share_B * _norms(matrix_Brr))


def _norms(matrix_Brr: Tensor) -> Tensor:
    return torch.linalg.vector_norm(matrix_Brr, dim=(-2, -1)).double()


def _row_squares(slab_Brm: Tensor) -> Tensor:
    """Sum of the squares of each row, (B, r), float64."""
    blocks = [block.square().sum(-1) for block in slab_Brm.split(_BLOCK, dim=-1)]
    return torch.stack(blocks).sum(0, dtype=torch.float64)


def _product_with_itself(slab_Brm: Tensor) -> Tensor:
    """A A^T of each matrix. On a CPU by NumPy, which calls BLAS' syrk for it: half the work, and torch has no way to it."""
    if slab_Brm.device.type != "cpu":
        return slab_Brm @ slab_Brm.mT
    slab = slab_Brm.numpy()
    return torch.from_numpy(slab @ slab.swapaxes(-2, -1))


@dataclass(frozen=True)
class Deflated:
    """G = A A^T split by k orthonormal columns U, nearly invariant: U^T G U, and what is left outside of U."""

    u_Brk: Tensor
    known_Bk: Tensor
    """Eigenvalues of U^T G U, float64, descending, in G's units."""
    coupling_Bk: Tensor
    """||(1 - U U^T) G U w|| of each of their eigenvectors w, float64."""
    rest: Gram
    """(1 - U U^T) G (1 - U U^T); its bound holds for both parts."""

    def perturbation(self, solver: torch.dtype, largest_B: Tensor) -> Perturbation:
        """How far sigma^2 may be off, in units, when the eigenvalues of the parts are taken for those of G.

        solver: precision of the rest's eigenvalues, of which largest_B is the largest. To first order: a pair that is
        coupled by c over a distance d drifts apart by c^2 / d. Where d is not even c, coupling counts as rounding does.
        """
        apart_Bk = self.known_Bk - largest_B[:, None]
        close_Bk = apart_Bk <= self.coupling_Bk
        drift_Bk = (self.coupling_Bk.square() / apart_Bk).masked_fill(close_Bk, 0.0)
        close_B = torch.linalg.vector_norm(self.coupling_Bk.masked_fill(~close_Bk, 0.0), dim=-1)
        rounded_B = self.rest.rounded_B + SOLVER * torch.finfo(solver).eps * self.rest.norm_B
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
        Gram(
            rest_Brr,
            whole.unit_B,
            whole.finite_B,
            whole.rounded_B + DEFLATION * torch.finfo(matrix_Brr.dtype).eps * whole.norm_B,
        ),
    )
