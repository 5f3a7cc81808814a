"""Exact t-SNE (van der Maaten and Hinton, JMLR 9, 2008) of a few points, by scikit-learn.

A path of an update has tens of checkpoints, so all pairs of points are taken. Shapes: B sets of T points.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_PERPLEXITY = 30.0
"""Neighbours that count; a third of the others where there are fewer than 90."""

_EXAGGERATION, _RATE = 4.0, 10.0
"""Gentler than usual (12, 50): those are for thousands of points and throw ten apart before they can be sorted."""

_START = 1e-4
"""Standard deviation of the first coordinates along the first component."""

_COINCIDE = 1e-12
"""Squared distance that is rounding only."""

FEWEST = 4
"""Points with neighbours to choose among."""


def tsne(squares_BTT: Tensor, start_BT2: Tensor) -> Tensor:
    """Coordinates of each set's points in the plane, (B, T, 2), float64, centred: who is whose neighbour is kept.

    squares: squared distances between the points. start: coordinates to start from, such as the leading principal
    components; equal input gives equal output. Distances between groups and sizes of groups mean little in t-SNE. All is NaN
    for a set with a NaN, for one whose points coincide, and for fewer than FEWEST points.
    """
    squares_BTT, start_BT2 = squares_BTT.double().cpu(), start_BT2.double().cpu()
    count = squares_BTT.shape[-1]
    found_BT2 = torch.full((*squares_BTT.shape[:2], 2), math.nan, dtype=torch.float64)
    usable_B = (squares_BTT.flatten(1).amax(1) > _COINCIDE) & squares_BTT.isfinite().flatten(1).all(1)
    if count >= FEWEST:
        for b in usable_B.nonzero().flatten().tolist():
            # Onto the principal axes, in both of which the last point is positive: the objective knows no orientation.
            left_T2, s_2, _ = torch.linalg.svd(_descended(squares_BTT[b], start_BT2[b]), full_matrices=False)
            found_BT2[b] = left_T2 * s_2 * torch.where(left_T2[-1:] < 0, -1.0, 1.0)
    return found_BT2


def _descended(squares_TT: Tensor, start_T2: Tensor) -> Tensor:
    """Lengths do not matter, so they are scaled for the single precision that scikit-learn searches the widths in."""
    from sklearn.manifold import TSNE  # late: no start of anything waits for it

    kind: Any = TSNE  # whose types are guessed from its defaults
    descent = kind(
        perplexity=min(_PERPLEXITY, (len(squares_TT) - 1) / 3),
        early_exaggeration=_EXAGGERATION,
        learning_rate=_RATE,
        metric="precomputed",
        init=(_START * start_T2 / start_T2.std(0, correction=0).amax()).numpy(),
        method="exact",
    )
    y_T2 = torch.from_numpy(descent.fit_transform((squares_TT / squares_TT.amax()).sqrt().numpy())).double()
    return y_T2 - y_T2.mean(0)
