"""The entropy of singular values, whose exponential is the effective rank, and how far rounding can move it.

Shapes: B matrices, q singular values, each standing for a number of equal ones.
"""

from __future__ import annotations

import torch
from torch import Tensor


def weighted_entropy(sigma_Bq: Tensor, number_Bq: Tensor) -> tuple[Tensor, Tensor]:
    """-sum_i n_i p_i log p_i with p_i = sigma_i / sum_j n_j sigma_j, nats, (B,), and that sum, (B,)."""
    total_B = (number_Bq * sigma_Bq).sum(-1)
    return (number_Bq * torch.special.entr(sigma_Bq / total_B[:, None])).sum(-1), total_B


def rounding_bound(sigma_Bq: Tensor, number_Bq: Tensor, rounded_B: Tensor, moved_Bq: Tensor | None = None) -> Tensor:
    """How far the entropy may be off, (B,), nats, to first order in what the squares sigma^2 are off by.

    rounded_B bounds the root of the sum of squares of their errors (see `gram`); moved_Bq bounds each one's on top of
    that. sigma changes the entropy by |log p + entropy| / sum sigma times its own change, which is d / sigma for a
    square that is off by d, and sqrt(d) where the square itself is lost in rounding. The first kind adds up by Cauchy
    and Schwarz; of n lost ones the worst case is n^(3/4) sqrt(rounded_B).
    """
    moved_Bq = torch.zeros_like(sigma_Bq) if moved_Bq is None else moved_Bq
    rounded_B1 = rounded_B[:, None]
    entropy_B, total_B = weighted_entropy(sigma_Bq, number_Bq)
    lost_Bq = sigma_Bq.square() <= rounded_B1 + moved_Bq
    lost_B = number_Bq.masked_fill(~lost_Bq, 0.0).sum(-1)
    noise_B1 = (rounded_B / lost_B.clamp(min=1.0).sqrt()).sqrt()[:, None]
    seen_Bq = sigma_Bq + (noise_B1 + moved_Bq.sqrt()).masked_fill(~lost_Bq, 0.0)
    slope_Bq = ((seen_Bq / total_B[:, None]).log() + entropy_B[:, None]).abs() / total_B[:, None]
    kept_Bq = (slope_Bq / sigma_Bq).masked_fill(lost_Bq, 0.0)
    worst_B = slope_Bq.masked_fill(~lost_Bq, 0.0).amax(-1)
    return (
        rounded_B * (number_Bq * kept_Bq.square()).sum(-1).sqrt()
        + worst_B * lost_B.pow(0.75) * rounded_B.sqrt()
        + (number_Bq * kept_Bq * moved_Bq).sum(-1)
        + (number_Bq * slope_Bq * moved_Bq.sqrt()).masked_fill(~lost_Bq, 0.0).sum(-1)
    )
