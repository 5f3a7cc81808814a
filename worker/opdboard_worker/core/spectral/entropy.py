"""The entropy of singular values, whose exponential is the effective rank, and how far rounding can move it.

Shapes: B matrices, q singular values, each standing for a number of equal ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def weighted_entropy(sigma_Bq: Tensor, number_Bq: Tensor) -> tuple[Tensor, Tensor]:
    """-sum_i n_i p_i log p_i with p_i = sigma_i / sum_j n_j sigma_j, nats, (B,), and that sum, (B,)."""
    total_B = (number_Bq * sigma_Bq).sum(-1)
    return (number_Bq * torch.special.entr(sigma_Bq / total_B[:, None])).sum(-1), total_B


@dataclass(frozen=True)
class Perturbation:
    """How far the squares sigma^2 of each matrix may be off; (B,), float64."""

    rounded_B: Tensor
    """Root of the sum of squares of their errors by rounding, see `gram`."""
    shifted_B: Tensor
    """Sum of their errors on top of that: parts of a matrix that were taken as if they were uncoupled."""

    def times(self, factor_B: Tensor) -> Perturbation:
        """The same for factor sigma^2."""
        return Perturbation(self.rounded_B * factor_B, self.shifted_B * factor_B)


def entropy_bound(sigma_Bq: Tensor, number_Bq: Tensor, off: Perturbation) -> Tensor:
    """How far the entropy may be off, (B,), nats, to first order in what the squares are off by.

    sigma changes the entropy by |log p + entropy| / sum sigma times its own change, which is d / sigma at most for a
    square that is off by d, and sqrt(d) where the square itself is lost in d. Cauchy and Schwarz bound the sum of the
    first kind for rounding, the largest factor that for shifts; of n lost ones the worst cases are n^(3/4)
    sqrt(rounded) and sqrt(n shifted).
    """
    entropy_B, total_B = weighted_entropy(sigma_Bq, number_Bq)
    lost_Bq = sigma_Bq.square() <= (off.rounded_B + off.shifted_B)[:, None]
    lost_B = number_Bq.masked_fill(~lost_Bq, 0.0).sum(-1)
    per_lost_B = lost_B.clamp(min=1.0)
    noise_B = (off.rounded_B / per_lost_B.sqrt()).sqrt() + (off.shifted_B / per_lost_B).sqrt()
    seen_Bq = sigma_Bq + noise_B[:, None].masked_fill(~lost_Bq, 0.0)
    slope_Bq = ((seen_Bq / total_B[:, None]).log() + entropy_B[:, None]).abs() / total_B[:, None]
    kept_Bq = (slope_Bq / sigma_Bq).masked_fill(lost_Bq, 0.0)
    worst_B = slope_Bq.masked_fill(~lost_Bq, 0.0).amax(-1)
    return (
        off.rounded_B * (number_Bq * kept_Bq.square()).sum(-1).sqrt()
        + off.shifted_B * kept_Bq.amax(-1)
        + worst_B * (lost_B.pow(0.75) * off.rounded_B.sqrt() + (lost_B * off.shifted_B).sqrt())
    )
