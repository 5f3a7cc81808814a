"""Thinning of long series that hides no spike: minimum and maximum per power-of-two bin of steps."""

import numpy as np


def keep_extremes(steps: np.ndarray, values: np.ndarray, max_points: int) -> np.ndarray:
    """Indices, ascending, of the points to show: all of them when they are at most max_points.

    Otherwise the finite minimum and maximum of each bin of 2^n consecutive steps, with the smallest n for which the bins
    that have points number at most max_points / 2; in addition the first non-finite point of each kind (NaN, +inf, -inf)
    per bin, and the very first and last points. Bins begin at multiples of 2^n, so points do not jump as a series grows.
    """
    if len(steps) <= max_points:
        return np.arange(len(steps))
    return _extremes(steps, values, _exponent(steps, max_points))


def keep_extremes_live(steps: np.ndarray, values: np.ndarray, max_points: int) -> np.ndarray:
    """The same, with the last 16 bins at most in full: most often a few new points only add to what is shown."""
    if len(steps) <= max_points:
        return np.arange(len(steps))
    exponent = _exponent(steps, max_points)
    tail_step = (int(steps[-1]) >> (exponent + 4)) << (exponent + 4)
    tail = int(np.searchsorted(steps, tail_step))
    head = _extremes(steps[:tail], values[:tail], exponent) if tail else np.arange(0)
    return np.concatenate([head, np.arange(tail, len(steps))])


def _extremes(steps: np.ndarray, values: np.ndarray, exponent: int) -> np.ndarray:
    bins = steps >> exponent
    starts = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
    finite = np.isfinite(values)
    every = bool(finite.all())
    kept = [np.array([0, len(steps) - 1])]
    for reduce, filler in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        filled = values if every else np.where(finite, values, filler)
        extremes = reduce.reduceat(filled, starts)
        attained = np.flatnonzero(filled == np.repeat(extremes, np.diff(np.r_[starts, len(steps)])))
        kept.append(_first_per_bin(attained if every else attained[finite[attained]], starts))
    if not every:
        kept += [
            _first_per_bin(np.flatnonzero(odd), starts)
            for odd in (np.isnan(values), np.isposinf(values), np.isneginf(values))
        ]
    return np.unique(np.concatenate(kept))


def _exponent(steps: np.ndarray, max_points: int) -> int:
    """The smallest n for which bins of 2^n steps leave at most max_points points, two per bin (or one bin is left).

    Steps are distinct, so that k bins of 2^n hold at most k 2^n points: no smaller n than the first can do.
    """
    exponent = max(0, (2 * len(steps) // max_points).bit_length() - 1)
    while True:
        bins = steps >> exponent
        filled = 1 + int(np.count_nonzero(bins[1:] != bins[:-1]))
        if filled * 2 <= max_points or filled == 1:
            return exponent
        exponent += 1


def _first_per_bin(chosen: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of the chosen indices, ascending, the first in each bin."""
    bins = np.searchsorted(starts, chosen, side="right")
    return chosen[np.r_[True, bins[1:] != bins[:-1]]] if len(chosen) else chosen
