"""The mean over seeds and its 95% interval."""

import numpy as np

from opdboard.domain.records import Estimate
from opdboard.domain.seed_ratios import t_975


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

    shares: values are shares of right answers. Where all prompts agree the interval is Tango's score interval of as many pairs
    of single answers, of which none changed: +- t^2 / (N + t^2), since so many agreeing prompts do not show that none differs.
    """
    gain_N = np.asarray(values_N, np.float64) - np.asarray(reference_N, np.float64)
    count = len(gain_N)
    if count < 2:
        return Estimate(float(gain_N[0]) if count else np.nan, np.nan, np.nan)
    mean, half = (float(one) for one in mean_and_half_width(gain_N))
    if shares and not gain_N.any():
        t = t_975(count - 1)
        half = t**2 / (count + t**2)
    return Estimate(mean, mean - half, mean + half)
