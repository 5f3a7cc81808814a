"""The Gram matrix of a matrix' short side in float64, and the singular values that its eigenvalues give.

A float32 Gram matrix cannot tell singular values under 3e-4 of the largest from zero; in float64 that bound is 1e-8.
Shapes: B matrices, r the short and m the long side of each.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_ROWS, _COLUMNS = 192, 1024
"""Tile of the product: tiles above the diagonal are skipped, and float64 copies are few columns wide."""


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
    values_Br = torch.linalg.eigvalsh(gram_Brr, UPLO="L").clamp(min=0.0).sqrt().flip(-1)
    return values_Br.masked_fill(~finite_B[:, None], math.nan)
