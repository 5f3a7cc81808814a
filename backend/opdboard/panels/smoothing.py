"""Exponential moving average with the start-up bias taken out."""

import numpy as np


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    """s_n = (w s_{n-1} + (1 - w) x_n), divided by 1 - w^n; gaps (NaN) stay gaps and do not count. Causal."""
    result = np.full(len(values), np.nan)
    average, mass = 0.0, 0.0
    for index in np.flatnonzero(~np.isnan(values)):
        average = weight * average + (1 - weight) * float(values[index])
        mass = weight * mass + (1 - weight)
        result[index] = average / mass
    return result
