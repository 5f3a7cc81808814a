"""Exact t-SNE (van der Maaten and Hinton, JMLR 9, 2008) of a few points, for many sets at once.

A path of an update has tens of checkpoints, and a model has hundreds of paths: all pairs of points are taken, and every
step of the descent moves the points of all sets. Shapes: B sets of T points.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_PERPLEXITY = 30.0
"""Neighbours that count; a third of the others where there are fewer than 90."""

_ITERATIONS, _EXAGGERATED = 1000, 250
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
    squares_BTT = squares_BTT.double()
    count = squares_BTT.shape[-1]
    found_BT2 = torch.full((*squares_BTT.shape[:2], 2), math.nan, dtype=torch.float64, device=squares_BTT.device)
    usable_B = (squares_BTT.flatten(1).amax(1) > _COINCIDE) & squares_BTT.isfinite().flatten(1).all(1)
    if count < FEWEST or not bool(usable_B.any()):
        return found_BT2
    p_BTT = _joint(_conditional(squares_BTT[usable_B], min(_PERPLEXITY, (count - 1) / 3)))
    y_BT2 = start_BT2[usable_B].double()
    y_BT2 = _START * y_BT2 / y_BT2.std(1, correction=0).amax(-1)[:, None, None]
    found_BT2[usable_B] = _descended(p_BTT, y_BT2)
    return found_BT2


def _conditional(squares_BTT: Tensor, perplexity: float) -> Tensor:
    """p(j | i): Gaussians around each point, as wide as makes exp(entropy) the perplexity; the diagonal is 0."""
    itself = torch.eye(squares_BTT.shape[-1], dtype=torch.bool, device=squares_BTT.device)
    others_BTT = squares_BTT.masked_fill(itself, math.inf)
    nearest_BT1 = others_BTT.amin(-1, keepdim=True)
    scale_BT1 = squares_BTT.amax(-1, keepdim=True).clamp(min=torch.finfo(squares_BTT.dtype).tiny)
    away_BTT = (others_BTT - nearest_BT1) / scale_BT1
    low_BT1, high_BT1 = torch.full_like(scale_BT1, -30.0), torch.full_like(scale_BT1, 30.0)
    p_BTT = away_BTT
    for _ in range(60):
        middle_BT1 = 0.5 * (low_BT1 + high_BT1)
        p_BTT = torch.softmax(-middle_BT1.exp() * away_BTT, -1)
        wide_BT1 = torch.special.entr(p_BTT).sum(-1, keepdim=True) > math.log(perplexity)
        low_BT1, high_BT1 = torch.where(wide_BT1, middle_BT1, low_BT1), torch.where(wide_BT1, high_BT1, middle_BT1)
    return p_BTT


def _joint(conditional_BTT: Tensor) -> Tensor:
    return (conditional_BTT + conditional_BTT.mT) / (2.0 * conditional_BTT.shape[-1])


def _descended(p_BTT: Tensor, y_BT2: Tensor) -> Tensor:
    """Gradient descent on KL(P || Q), Q of Student's t, with momentum and gains as its authors do it."""
    velocity_BT2, gain_BT2 = torch.zeros_like(y_BT2), torch.ones_like(y_BT2)
    for iteration in range(_ITERATIONS):
        early = iteration < _EXAGGERATED
        gradient_BT2 = _gradient(p_BTT * (_EXAGGERATION if early else 1.0), y_BT2)
        onward_BT2 = velocity_BT2 * gradient_BT2 < 0
        gain_BT2 = torch.where(onward_BT2, gain_BT2 + 0.2, gain_BT2 * 0.8).clamp(min=0.01)
        velocity_BT2 = (0.5 if early else 0.8) * velocity_BT2 - _RATE * gain_BT2 * gradient_BT2
        y_BT2 = y_BT2 + velocity_BT2
    return _turned(y_BT2 - y_BT2.mean(1, keepdim=True))


def _turned(y_BT2: Tensor) -> Tensor:
    """Onto the principal axes, in both of which the last point is positive: the objective knows no orientation."""
    left_BT2, s_B2, _ = torch.linalg.svd(y_BT2, full_matrices=False)
    return left_BT2 * s_B2[:, None] * torch.where(left_BT2[:, -1:] < 0, -1.0, 1.0)


def _gradient(p_BTT: Tensor, y_BT2: Tensor) -> Tensor:
    """Of KL(P || Q) by the coordinates (equation 5 of the paper)."""
    away_BTT2 = y_BT2[:, :, None] - y_BT2[:, None]
    near_BTT = 1.0 / (1.0 + away_BTT2.square().sum(-1))
    near_BTT = near_BTT - torch.diag_embed(near_BTT.diagonal(dim1=-2, dim2=-1))
    q_BTT = near_BTT / near_BTT.sum((-2, -1), keepdim=True)
    return 4.0 * (((p_BTT - q_BTT) * near_BTT)[..., None] * away_BTT2).sum(2)
