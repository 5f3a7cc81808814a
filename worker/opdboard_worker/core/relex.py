"""RELEX (arXiv:2605.21468): each tensor's update keeps to one direction, along which it grows linearly in time.

For checkpoints W_1 .. W_T of a tensor taken at steps t_1 .. t_T, with rows r_i = vec(W_i - W_0): the top direction v
over time, its coefficient c_i = <r_i, v>, a straight line c(t) = a + b t through the c_i by least squares, and the
prediction W_0 + c(t*) v at a later step t*. v lies in the span of the rows, so the T x T Gram matrix K = R R^T is all
that is needed: with K e = lambda e of the largest lambda, v = R^T e / sqrt(lambda) and c_i = sqrt(lambda) e_i.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from opdboard_worker.core.statistics import pieces


def gram_over_time(updates: Sequence[Tensor]) -> Tensor:
    """K = R R^T of T updates of one tensor, (T, T) float64, on the CPU; no float64 copy of a whole update is made."""
    count = len(updates)
    gram_TT = torch.zeros(count, count, dtype=torch.float64)
    for parts in zip(*(pieces(update) for update in updates), strict=True):
        rows_Tn = torch.stack([part.reshape(-1).double() for part in parts])
        gram_TT += (rows_Tn @ rows_Tn.mT).cpu()
    return gram_TT


def mixture(gram_TT: Tensor, steps: Sequence[float], at: float) -> Tensor:
    """Weights m (T,), float64, such that sum_i m_i r_i = c(t*) v is the predicted update at step t* = `at`.

    All zero for a tensor that has not moved. ValueError with fewer than two different steps: no line goes through one.
    """
    if len(set(steps)) < 2 or len(steps) != len(gram_TT):
        raise ValueError(f"need {len(gram_TT)} steps, at least two of them different, got {list(steps)}")
    values_T, vectors_TT = torch.linalg.eigh(gram_TT)
    largest = float(values_T[-1])
    if not (largest > 0.0 and math.isfinite(largest)):
        return torch.zeros_like(values_T) if largest == 0.0 else torch.full_like(values_T, math.nan)
    leading_T, step_T = vectors_TT[:, -1], torch.tensor(steps, dtype=torch.float64)
    centred_T = step_T - step_T.mean()
    slope = (centred_T * leading_T).sum() / centred_T.square().sum()
    return leading_T * float(leading_T.mean() + slope * (at - step_T.mean()))


def predicted_update(updates: Sequence[Tensor], steps: Sequence[float], at: float) -> Tensor:
    """c(t*) v in the updates' shape and dtype. See `mixture` for errors."""
    weights_T = mixture(gram_over_time(updates), steps, at)
    total = torch.zeros_like(updates[0], dtype=torch.promote_types(updates[0].dtype, torch.float32))
    for weight, update in zip(weights_T.tolist(), updates, strict=True):
        total.add_(update.to(total.dtype), alpha=weight)
    return total.to(updates[0].dtype)
