"""The paper's spectral measures (arXiv:2605.11739) of dW = U S V^T, by their formulas."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def spectral_measures(singular_values_Br: Tensor, frobenius_B: Tensor | None = None) -> dict[str, Tensor]:
    """From all singular values sigma_1 >= ... >= sigma_r of each matrix; (B,), float64.

    spectral_norm             sigma_1
    spectral_frobenius_ratio  sigma_1 / ||dW||_F
    stable_rank               ||dW||_F^2 / sigma_1^2
    effective_rank            exp(-sum_i p_i log p_i), p_i = sigma_i / sum_j sigma_j
    top1pct_norm_ratio        sqrt(sum_{i <= k} sigma_i^2) / ||dW||_F, k = ceil(r / 100)

    ||dW||_F is sqrt(sum_i sigma_i^2) unless frobenius_B is given. A zero update has spectral norm 0 and NaN
    elsewhere.
    """
    sigma_Br = singular_values_Br.double()
    squares_B = sigma_Br.square().sum(-1)
    frobenius_B = squares_B.sqrt() if frobenius_B is None else frobenius_B.double()
    largest_B = sigma_Br[:, 0]
    share_Br = sigma_Br / sigma_Br.sum(-1, keepdim=True)
    leading = one_percent(sigma_Br.shape[-1])
    return {
        "spectral_norm": largest_B,
        "spectral_frobenius_ratio": largest_B / frobenius_B,
        "stable_rank": (frobenius_B / largest_B).square(),
        "effective_rank": torch.special.entr(share_Br).sum(-1).exp(),
        "top1pct_norm_ratio": sigma_Br[:, :leading].square().sum(-1).sqrt() / frobenius_B,
    }


def one_percent(rank: int) -> int:
    """How many singular values the top percent is, at least one."""
    return math.ceil(rank / 100)
