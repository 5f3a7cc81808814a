"""The path of an update's leading direction over the checkpoints: is it a line? (arXiv:2605.11739, rank-1 trajectory.)"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_STILL = 1e-6
"""Mean square by which unit vectors differ that is rounding only: they are kept in half precision, which makes 1e-7."""
_CONSTANT = 1e-12
"""Standard deviation of a coordinate that does not move."""


@dataclass(frozen=True)
class Trajectory:
    """Paths of B modules over T checkpoints, projected onto their own two leading principal components."""

    points_BT2: Tensor
    """Coordinates, around the mean of the path; of each component's two signs the one that the last checkpoint is positive in."""
    evr_B: Tensor
    """EVR_{0:2}: share of the variance in these two components, float64; NaN where nothing varies."""
    squares_BTT: Tensor
    """Squared distances between the checkpoints, float64, in all components."""


def rank_one_trajectory(u_BTM: Tensor, *, standardised: bool = False) -> Trajectory:
    """PCA of the centred matrix of u_1 over checkpoints, EVR_{0:2} = (l_1 + l_2) / sum_i l_i, l its eigenvalues.

    u_BTM: the leading left singular vector of each module at each checkpoint, in time's order. A singular vector's sign is
    arbitrary, so each is first turned to the one before it. By the T x T Gram matrix, in float64. A checkpoint with a NaN
    makes all of its module NaN. ValueError for less than two checkpoints.

    standardised: every coordinate is divided by its standard deviation over the checkpoints first, as the authors' code
    does; then a coordinate that hardly moves weighs as much as one that carries the path. The paper's formula has none.
    """
    if u_BTM.ndim != 3 or u_BTM.shape[1] < 2:
        raise ValueError(f"need (modules, at least 2 checkpoints, rows), got shape {tuple(u_BTM.shape)}")
    u_BTM = aligned_signs(u_BTM.double())
    broken_B = ~u_BTM.isfinite().flatten(1).all(1)
    centred_BTM = (u_BTM - u_BTM.mean(1, keepdim=True)).masked_fill(broken_B[:, None, None], 0.0)
    moves_B = centred_BTM.square().sum((-2, -1)) > _STILL * u_BTM.shape[1]
    if standardised:
        deviation_B1M = centred_BTM.square().mean(1, keepdim=True).sqrt()
        centred_BTM = torch.where(deviation_B1M > _CONSTANT, centred_BTM / deviation_B1M, 0.0)
    eigenvalues_BT, vectors_BTT = torch.linalg.eigh(centred_BTM @ centred_BTM.mT)
    eigenvalues_BT = eigenvalues_BT.clamp(min=0.0).flip(-1)
    points_BT2 = vectors_BTT.flip(-1)[..., :2] * eigenvalues_BT[:, None, :2].sqrt()
    sign_B12 = torch.where(points_BT2[:, -1:] < 0, -1.0, 1.0)
    total_B = eigenvalues_BT.sum(-1)
    evr_B = torch.where(moves_B, eigenvalues_BT[:, :2].sum(-1) / total_B, math.nan)
    return Trajectory(
        (points_BT2 * sign_B12).masked_fill(broken_B[:, None, None], math.nan),
        evr_B.masked_fill(broken_B, math.nan),
        torch.cdist(u_BTM, u_BTM).square(),
    )


def aligned_signs(u_BTM: Tensor) -> Tensor:
    """Each vector turned so that it does not point away from the one before it."""
    inner_BT = (u_BTM[:, 1:] * u_BTM[:, :-1]).sum(-1)
    sign_BT = torch.where(inner_BT < 0, -1.0, 1.0).to(u_BTM.dtype).cumprod(1)
    return torch.cat([u_BTM[:, :1], u_BTM[:, 1:] * sign_BT[..., None]], 1)
