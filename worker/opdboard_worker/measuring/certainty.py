"""What made the spectral measures of a group of modules and how far they may be off, as statistics to store beside them."""

import math

import torch
from torch import Tensor

from opdboard.domain.measures import ESTIMATOR_STATISTIC, ESTIMATORS
from opdboard_worker.core.spectral.krylov import Subspace
from opdboard_worker.core.spectral.panel import Panel

_STORED = 2.0**-23
"""Values and their bounds are stored in float32, which moves each by half of this relative to itself at most."""


def certainty(panel: Panel, subspace: Subspace) -> dict[str, Tensor]:
    """Statistics (B,): bound of the effective rank's relative error as it is stored, residual of the leading subspace, how
    many of its directions are there, its share of the update's norm, the estimator's number.

    subspace: the panel's, without what rounding made.
    """
    captured_B = torch.linalg.vector_norm(subspace.s_Bk.double(), dim=-1) / panel.values["update_norm"]
    estimator = ESTIMATORS.index(panel.estimators["effective_rank"])
    return {
        "effective_rank_error": panel.error_bounds["effective_rank"] + _STORED,
        "subspace_residual": subspace.residual_B,
        "numerical_rank": subspace.numerical_rank_B.double().masked_fill(~panel.finite_B, math.nan),
        "captured_norm_ratio": captured_B.clamp(max=1.0),
        ESTIMATOR_STATISTIC: torch.full_like(panel.error_bounds["effective_rank"], estimator),
    }
