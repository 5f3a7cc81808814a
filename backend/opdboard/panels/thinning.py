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
    count = len(steps)
    bins = steps >> exponent
    starts = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
    sizes = np.diff(np.r_[starts, count])
    finite = np.isfinite(values)
    kept = np.zeros(count, bool)
    kept[[0, -1]] = True
    for reduce, filler in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        filled = np.where(finite, values, filler)
        extremes = np.repeat(reduce.reduceat(filled, starts), sizes)
        kept |= _first_per_bin(finite & (filled == extremes), starts)
    for odd in (np.isnan(values), np.isposinf(values), np.isneginf(values)):
        kept |= _first_per_bin(odd, starts)
    return np.flatnonzero(kept)


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
    """Of the chosen points, the first in each bin."""
    positions = np.where(chosen, np.arange(len(chosen)), len(chosen))
    firsts = np.minimum.reduceat(positions, starts)
    kept = np.zeros(len(chosen), bool)
    kept[firsts[firsts < len(chosen)]] = True
    return kept
