"""Spectral measures of weight updates dW = U S V^T, without a full SVD.

The paper (arXiv:2605.11739) takes full SVDs of every matrix at every checkpoint. Here all singular values come from
the eigenvalues of the short side's Gram matrix in float64, in about a tenth of the time, and leading subspaces from
block Krylov iteration. `spectrum` gives both from one Gram matrix. Shapes: B matrices (M, N) of one shape, r = min(M,
N).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from opdboard_worker.core.gram import gram_lower, gram_singular_values, wide
from opdboard_worker.core.krylov import Subspace, leading_subspace, spectrum

__all__ = ["Subspace", "group_by_shape", "leading_subspace", "singular_values", "spectral_measures", "spectrum"]


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
    leading = math.ceil(sigma_Br.shape[-1] / 100)
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
