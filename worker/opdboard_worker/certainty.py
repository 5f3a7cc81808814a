"""What made the spectral measures of a group of modules and how far they may be off, as statistics to store beside them."""

import torch
from torch import Tensor

from opdboard.domain.measures import ESTIMATOR_STATISTIC, ESTIMATORS
from opdboard_worker.core.spectral import Panel


def certainty(panel: Panel) -> dict[str, Tensor]:
    """Statistics (B,): bound of the effective rank's relative error, residual of the leading subspace, the estimator's number."""
    estimator = ESTIMATORS.index(panel.estimators["effective_rank"])
    return {
        "effective_rank_error": panel.error_bounds["effective_rank"],
        "subspace_residual": panel.subspace.residual_B,
        ESTIMATOR_STATISTIC: torch.full_like(panel.error_bounds["effective_rank"], estimator),
    }
