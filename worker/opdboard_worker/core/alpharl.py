"""AlphaRL-style prediction of the final update from early ones: our reading of arXiv:2510.00553.

Per 2-D matrix, with dW_i = W_i - W_0 at checkpoints i = 1..T that scored y_i: the leading singular triplet (sigma_1,
u_1, v_1) of each, z_i = sigma_1 u_1 with signs aligned, partial least squares of z on y with one component, solved for
the score y* to be reached, and the predicted update z(y*) v_1^T with the latest v_1. As in the authors' code, the
regression sees each coordinate of z at unit variance over the checkpoints, so that one that moves little in absolute terms
weighs as much as one that moves far; without that scaling the prediction is another one, by a third on our demo. The
paper that names "AlphaOPD" as a baseline does not define it; what stands for score 1 here is our reading.

Partial least squares does not change under y -> a y + b, so "relative accuracy 1" may be given as the accuracy that
stands for 1, and a share of the KL that is gone as minus the KL, to become 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard_worker.core.spectral.krylov import leading_subspace


@dataclass(frozen=True)
class Leading:
    """Rank-1 part of one update, sigma_1 u_1 v_1^T: z_M = sigma_1 u_1 and the unit vector v_N."""

    z_M: Tensor
    v_N: Tensor


def leading_part(update_MN: Tensor) -> Leading:
    """The best rank-1 approximation of an update; z is 0 where nothing moved, NaN for an update that is not finite."""
    subspace = leading_subspace(update_MN.unsqueeze(0), 1)
    return Leading(subspace.u_BMk[0, :, 0] * subspace.s_Bk[0, 0], subspace.v_BNk[0, :, 0])


def aligned(part: Leading, reference: Leading) -> Leading:
    """The same product with the sign for which v points the reference's way."""
    flip = float((part.v_N * reference.v_N).sum()) < 0
    return Leading(-part.z_M, -part.v_N) if flip else part


def pls_solve(z_TM: Tensor, y_T: Tensor, wanted: float, *, scaled: bool = True) -> Tensor:
    """z (M,) at which one-component partial least squares of z_TM on y_T predicts the score `wanted`; float64 inside.

    scaled: each coordinate of z is divided by its standard deviation first and multiplied by it again afterwards; one
    that does not vary stays what it is. With centred Z and y: w = Z^T y / ||Z^T y||, scores s = Z w, loadings p = Z^T s / s^T s and q = y^T s / s^T s; then
    z = mean z + p (wanted - mean y) / q. ValueError when scores or checkpoints do not vary: nothing to extrapolate.
    """
    z_TM, y_T = z_TM.double(), y_T.double()
    centred_TM, centred_T = z_TM - z_TM.mean(0), y_T - y_T.mean()
    size_M = centred_TM.std(0)
    size_M = torch.where(size_M > 0, size_M, 1.0) if scaled else torch.ones_like(size_M)
    centred_TM = centred_TM / size_M
    weight_M = centred_TM.mT @ centred_T
    size = float(torch.linalg.vector_norm(weight_M))
    if not (size > 0.0 and math.isfinite(size)):
        raise ValueError("scores and updates of the checkpoints do not vary together")
    score_T = centred_TM @ (weight_M / size)
    power = score_T @ score_T
    loading_M, slope = centred_TM.mT @ score_T / power, centred_T @ score_T / power
    return z_TM.mean(0) + size_M * loading_M * (wanted - y_T.mean()) / slope


def predicted_update(parts: list[Leading], y_T: Tensor, wanted: float, *, scaled: bool = True) -> Tensor:
    """z(y*) v_1^T, (M, N), float32, from the parts of at least two checkpoints of one matrix, the latest one last.

    `scaled` and ValueError: see `pls_solve`.
    """
    latest = parts[-1]
    z_TM = torch.stack([aligned(part, latest).z_M for part in parts])
    z_M = pls_solve(z_TM, y_T.to(z_TM.device), wanted, scaled=scaled)
    return torch.outer(z_M, latest.v_N.double()).float()
