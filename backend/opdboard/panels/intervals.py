"""The mean over seeds and its 95% interval."""

import numpy as np

# Quantiles t(0.975) of Student's distribution for 1 to 49 degrees of freedom: groups have at most 50 runs.
T_975 = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423, 2.0395, 2.0369, 2.0345, 2.0322, 2.0301, 2.0281, 2.0262, 2.0244, 2.0227, 2.0211, 2.0195, 2.0181,
    2.0167, 2.0154, 2.0141, 2.0129, 2.0117, 2.0106, 2.0096,
)  # fmt: skip


def mean_and_half_width(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over axis 0 and t(0.975, n - 1) s / sqrt(n); NaN where a value is not finite, no width from a single one."""
    count = len(values)
    finite = np.isfinite(values).all(axis=0)
    known = np.where(finite, values, 0.0)
    means = np.where(finite, known.mean(axis=0), np.nan)
    if count < 2:
        return means, np.full(means.shape, np.nan)
    spread = known.std(axis=0, ddof=1)
    return means, np.where(finite, T_975[count - 2] * spread / np.sqrt(count), np.nan)
