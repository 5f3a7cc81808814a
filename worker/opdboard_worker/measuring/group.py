"""What is measured of a group of updates dW, B matrices of one shape: everything that is stored of them, by its names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from opdboard.domain.measures import ESTIMATOR_STATISTIC, ESTIMATORS
from opdboard_worker.core.spectral.krylov import Subspace, without_rounding
from opdboard_worker.core.spectral.panel import Panel, spectral_panel
from opdboard_worker.core.statistics import frobenius_norms, visible_sparsity
from opdboard_worker.measuring.snapshots import Kept, alignment, kept

_STORED = 2.0**-23
"""Values and their bounds are stored in float32, which moves each by half of this relative to itself at most."""


@dataclass(frozen=True)
class Moved:
    """A matrix (M, N) that training moved from W_0 to W_t."""

    update_MN: Tensor
    """dW, float32."""
    value_MN: Tensor
    """W_t, on the device of W_0."""
    base_MN: Tensor
    """W_0."""
    subtracted: bool
    """Whether dW is W_t - W_0, and so has what W_t was rounded by; LoRA's factors tell dW itself."""


@dataclass(frozen=True)
class Group:
    """The updates of B matrices, and what is wanted of their W_0 and W_t, which need not be held any longer."""

    update_BMN: Tensor
    base_norm_B: Tensor
    """||W_0||_F, float64."""
    visible_sparsity_B: Tensor
    subtracted_B: Tensor

    @classmethod
    def of(cls, moved: Iterable[Moved], device: torch.device, base_norm_B: Tensor | None = None) -> Group:
        """Of one matrix at least; each is let go of before the next is asked for. device: where they are measured;
        base_norm_B: where an earlier step of the same matrices told it.
        """
        updates, base_norms, visible, subtracted = [], [], [], []
        for one in moved:
            updates.append(one.update_MN.to(device))
            if base_norm_B is None:
                base_norms.append(frobenius_norms([one.base_MN])[0])
            visible.append(visible_sparsity(one.value_MN, one.base_MN))
            subtracted.append(one.subtracted)
            del one
        return cls(
            torch.stack(updates) if len(updates) > 1 else updates[0].unsqueeze(0),
            torch.stack(base_norms).to(device) if base_norm_B is None else base_norm_B,
            torch.tensor(visible, dtype=torch.float64),
            torch.tensor(subtracted, device=device),
        )


@dataclass(frozen=True)
class Measures:
    """What there is to store of a group."""

    values: dict[str, Tensor]
    """(B,) by statistic, float64, CPU."""
    aligned: dict[str, Tensor]
    """(S, B) likewise: of S earlier snapshots with this one; none without any."""
    kept: Kept
    estimator: str
    """Of the effective rank."""


@torch.no_grad()
def measure_group(group: Group, earlier: Iterable[Kept], *, k: int, tolerance: float) -> Measures:
    """Norms, spectra, how sure they are, and how well the k leading directions agree with earlier snapshots' of the group.

    tolerance: as of `spectral_panel`.
    """
    panel = spectral_panel(group.update_BMN, k, tolerance=tolerance)
    norm_B = frobenius_norms(list(group.update_BMN))  # of the entries, not of their Gram matrix
    subspace = without_rounding(panel.subspace, torch.where(group.subtracted_B, group.base_norm_B, norm_B))
    values = panel.values | _certainty(panel, subspace)
    values |= {
        "update_norm": norm_B,
        "relative_update_norm": norm_B / group.base_norm_B,
        "visible_sparsity": group.visible_sparsity_B,
    }
    return Measures(
        _to_store(values),
        _to_store(alignment(earlier, subspace, group.update_BMN, norm_B)),
        kept(subspace, norm_B),
        panel.estimators["effective_rank"],
    )


def _certainty(panel: Panel, subspace: Subspace) -> dict[str, Tensor]:
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


def _to_store(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.double().cpu() for name, value in values.items()}
