"""The mean over seeds and its 95% interval."""

import math

import numpy as np

from opdboard.domain.records import Estimate
from opdboard.domain.seed_ratios import t_975

_ROUNDING = 1e-9


def mean_and_half_width(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over axis 0 and t(0.975, n - 1) s / sqrt(n); NaN where a value is not finite, no width from a single one."""
    count = len(values)
    finite = np.isfinite(values).all(axis=0)
    known = np.where(finite, values, 0.0)
    means = np.where(finite, known.mean(axis=0), np.nan)
    if count < 2:
        return means, np.full(means.shape, np.nan)
    spread = known.std(axis=0, ddof=1)
    return means, np.where(finite, t_975(count - 1) * spread / np.sqrt(count), np.nan)


def paired(values_N: np.ndarray, reference_N: np.ndarray, *, shares: bool = False) -> Estimate:
    """Mean of values - reference over prompts, with Student's 95% interval of it; NaN ends for fewer than two prompts.

    shares: values are shares of right answers. Where all prompts gain the same, be it nothing, the interval is Tango's score
    interval of as many pairs of single answers, since so many agreeing prompts do not show that none differs.
    """
    gain_N = np.asarray(values_N, np.float64) - np.asarray(reference_N, np.float64)
    count = len(gain_N)
    if count < 2:
        return Estimate(float(gain_N[0]) if count else np.nan, np.nan, np.nan)
    mean, half = (float(one) for one in mean_and_half_width(gain_N))
    if shares and np.ptp(gain_N) < _ROUNDING:
        return Estimate(mean, *_of_pairs(mean, count, t_975(count - 1)))
    low, high = (max(mean - half, -1.0), min(mean + half, 1.0)) if shares else (mean - half, mean + half)
    return Estimate(mean, low, high)


def _of_pairs(gain: float, count: int, t: float) -> tuple[float, float]:
    """Tango's score interval where gain of the pairs were won and none lost (the other way round below 0), solved by hand."""
    if gain < 0:
        low, high = _of_pairs(-gain, count, t)
        return -high, -low
    share = t**2 / count
    middle, half = gain + share / 2, math.sqrt(share * gain * (1 - gain) + share**2 / 4)
    low = (gain - share) / (
        1 + share
    )  # where some may be lost after all; else the bound is Wilson's, as the upper one is
    return low if low <= gain / (2 - gain) else (middle - half) / (1 + share), (middle + half) / (1 + share)
