"""Intervals over prompts: how far a score could differ had other prompts been drawn.

Means and differences have the intervals of `paired` and `binary_interval`; ratios of gains a percentile bootstrap.

Scores of two sets of weights come from the same prompts and the same random numbers, so prompts are drawn anew for both
together. Score vectors have one value per prompt, (N,), in the same order; draws come from `seed` alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.binary_interval import gain_interval, share_interval
from opdboard_worker.core.paired import paired_interval, student

RESAMPLES = 2000
CONFIDENCE = 0.95
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95% interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


def mean(score_N: Tensor, *, shares: bool = False) -> Interval:
    """Mean score.

    shares: scores are shares of right answers. Those that are all 0 or 1 have the exact interval of a share, prompts that all
    agree that of as many single answers, and no interval goes beyond 0 and 1.
    """
    count = score_N.numel()
    binary = bool(((score_N == 0) | (score_N == 1)).all())
    if shares and count > 1 and (binary or bool((score_N == score_N[0]).all())):
        right = float(score_N.sum())
        return Interval(right / count, *share_interval(right, count, CONFIDENCE))
    found = difference(score_N, torch.zeros_like(score_N))
    return Interval(found.value, max(found.low, 0.0), min(found.high, 1.0)) if shares and count > 1 else found


def difference(score_N: Tensor, reference_N: Tensor, *, shares: bool = False) -> Interval:
    """Mean of score - reference, paired. One prompt has no interval (NaN), none no value either.

    shares: scores are shares of right answers: prompts that all gain the same, be it nothing, then leave the room that as many
    pairs of single answers would, and no interval goes beyond -1 and 1.
    """
    gain_N = _paired(score_N, reference_N)
    if gain_N.numel() < 2:
        return Interval(float(gain_N.mean()) if gain_N.numel() else math.nan, math.nan, math.nan)
    if shares and float((gain_N - gain_N[0]).abs().max()) < _ROUNDING:
        count, gain = gain_N.numel(), float(gain_N[0])
        won, lost = max(gain, 0.0) * count, max(-gain, 0.0) * count
        return Interval(gain, *gain_interval(won, lost, count, student(CONFIDENCE, count)))
    ones_N = torch.ones_like(gain_N)
    # Without weights 0 and 1 are taken for verdicts, which lengths and KLs of 0 or 1 are none of.
    found = Interval(*paired_interval(score_N, reference_N, CONFIDENCE, weights=None if shares else (ones_N, ones_N)))
    return Interval(found.value, max(found.low, -1.0), min(found.high, 1.0)) if shares else found


def recovery(score_N: Tensor, base_N: Tensor, final_N: Tensor, *, seed: int = 0) -> Interval:
    """(score - base) / (final - base) of the means: the share of the whole gain; NaN where base and final are equal.

    A resample in which they are equal says nothing and is left out; where the gain's sign is in doubt the interval is wide.
    """
    gains_2N = torch.stack([_paired(score_N, base_N), _paired(final_N, base_N)])
    gain, whole = gains_2N.mean(1).tolist() if gains_2N.shape[1] else (math.nan, math.nan)
    value = gain / whole if whole else math.nan
    if gains_2N.shape[1] < 2:
        return Interval(value, math.nan, math.nan)
    generator = torch.Generator().manual_seed(seed)
    drawn_RN = torch.randint(gains_2N.shape[1], (RESAMPLES, gains_2N.shape[1]), generator=generator)
    gain_R, whole_R = (gain_N[drawn_RN].mean(1) for gain_N in gains_2N.cpu())
    share_R = gain_R / whole_R
    share_R = share_R[share_R.isfinite()]
    if not share_R.numel():
        return Interval(value, math.nan, math.nan)
    tail = (1.0 - CONFIDENCE) / 2
    return Interval(value, *torch.quantile(share_R, torch.tensor([tail, 1.0 - tail], dtype=torch.float64)).tolist())


def _paired(a_N: Tensor, b_N: Tensor) -> Tensor:
    if a_N.shape != b_N.shape or a_N.ndim != 1:
        raise ValueError(f"paired scores need one value per prompt each: {tuple(a_N.shape)} and {tuple(b_N.shape)}")
    return a_N.double() - b_N.double()
