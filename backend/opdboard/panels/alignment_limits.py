"""What an alignment is to be read against: chance, the directions that are there, and what the kept ones leave out."""

import math

import numpy as np

from opdboard.panels.series import RunSeries, Vectors

_HALF = float(np.finfo(np.float16).eps)
"""What the precision in which columns are kept does to a cosine."""


def chance_level(run: RunSeries, rows: Vectors, measure: str, k: int) -> float:
    """Mean over modules of what unrelated directions have: of k directions of R^M each, as far as there are k, M the rows.

    Subspaces spanned at random have the affinity k / M. |<u, v>| of unit vectors at random is Gamma(M/2) / (sqrt(pi)
    Gamma((M + 1)/2)) on average, about sqrt(2 / (pi M)). A direction cosine, which has a sign, is 0.
    """
    sides = [module.shape[0] for module in run.modules]
    if measure == "direction_cosine" or not sides:
        return 0.0
    if measure == "paired_cosine":
        return float(np.mean([_cosine_at_random(side) for side in sides]))
    used = np.minimum(_directions(run, rows), k)
    there = used > 0
    return float((used / sides)[there].mean()) if there.any() else 0.0


def _cosine_at_random(rows: int) -> float:
    return math.exp(math.lgamma(rows / 2) - math.lgamma((rows + 1) / 2)) / math.sqrt(math.pi)


def direction_cosine_bound(estimate: np.ndarray, captured: np.ndarray) -> np.ndarray:
    """How far a direction cosine may be off that was measured with the directions kept; captured: their share ||S|| / ||A||_F.

    What is left out of A has the norm sqrt(1 - captured^2) ||A|| and is orthogonal to every u_i v_i^T. Of B no more than
    sqrt(1 - (estimate / captured)^2) ||B|| is orthogonal to them all, by Cauchy and Schwarz; nor is their product larger.
    On top comes what half precision does to the columns kept. NaN where either is.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.clip(estimate / captured, -1.0, 1.0)
        return np.sqrt((1.0 - np.clip(captured, 0.0, 1.0) ** 2) * (1.0 - along**2)) + _HALF


def sentences(run: RunSeries, rows: Vectors, measure: str, k: int) -> list[str]:
    """Where k was cut to the directions that are there; how far the direction cosine may be off for those not kept."""
    return _cosine_bound(run, rows) if measure == "direction_cosine" else _cut(run, rows, k)


def _cut(run: RunSeries, rows: Vectors, k: int) -> list[str]:
    used = _directions(run, rows)
    fewer = used[used < np.minimum(k, [min(module.shape) for module in run.modules])]
    if not len(fewer) or not len(run.vectors["numerical_rank"].steps):
        return []
    counts = f"{int(fewer.min())}" if fewer.min() == fewer.max() else f"{int(fewer.min())} to {int(fewer.max())}"
    return [f"k is cut to the {counts} directions that there are in {len(fewer)} of {len(used)} matrices"]


def _directions(run: RunSeries, rows: Vectors) -> np.ndarray:
    """By module: the fewest that the reference and a snapshot compared with it have; a side of the matrix where not told."""
    sides = np.array([min(module.shape) for module in run.modules], np.float64)
    rank = run.vectors["numerical_rank"]
    if not len(rank.steps) or not len(rows.steps):
        return sides
    steps = np.concatenate([rows.steps, rows.references[-1:]])
    told = np.stack([rank.values[rank.row_at(int(step))] for step in steps]).astype(np.float64)
    return np.fmin(sides, np.where(np.isfinite(told), told, np.inf).min(axis=0))


def _cosine_bound(run: RunSeries, rows: Vectors) -> list[str]:
    captured = run.vectors["captured_norm_ratio"]
    earlier = np.flatnonzero(rows.steps < rows.references)
    if not len(captured.steps) or not len(earlier):
        return []
    kept = np.stack([captured.values[captured.row_at(int(rows.steps[row]))] for row in earlier]).astype(np.float64)
    bound = direction_cosine_bound(rows.values[earlier], kept)
    if not np.isfinite(bound).any():
        return []
    return [f"of the directions kept; the whole update's cosine is within {np.nanmax(bound):.2g} of it"]
