"""The mean over seeds and its 95% interval."""

import numpy as np

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
