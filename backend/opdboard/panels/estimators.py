"""What made the spectral measures of a snapshot, and how far they may be off, in words."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from opdboard.domain.measures import ESTIMATOR_STATISTIC, ESTIMATORS, MODULE_SPECTRA, NOT_ESTIMATED, estimator_of
from opdboard.panels import look
from opdboard.panels.series import RunSeries, VectorNeed

_CERTAINTY = ("effective_rank_error", "subspace_residual")


def needs(statistic: str) -> tuple[VectorNeed, ...]:
    """The vectors that `per_module` reads."""
    if statistic not in MODULE_SPECTRA or statistic in NOT_ESTIMATED:
        return ()
    return tuple(VectorNeed(name) for name in (ESTIMATOR_STATISTIC, *_CERTAINTY))


def per_module(run: RunSeries, statistic: str, step: int) -> list[str]:
    """Of each module's value at a step: its estimator and its error; empty where that is not known or not asked."""
    unknown = [""] * len(run.modules)
    if not needs(statistic):
        return unknown
    codes, errors, residuals = (_at(run, name, step) for name in (ESTIMATOR_STATISTIC, *_CERTAINTY))
    if codes is None or errors is None or residuals is None:
        return unknown
    found = []
    for code, error, residual in zip(codes, errors, residuals, strict=True):
        name = estimator_of(statistic, code)
        if name and statistic == "effective_rank":
            found.append(f"{name}, off by {look.number(float(error))} of it at most")
        elif name == "block_krylov":
            found.append(f"{name}, residual {look.number(float(residual))}")
        else:
            found.append(name)
    return found


def summary(runs: Sequence[RunSeries]) -> str | None:
    """The estimators of the latest snapshot of each run and how many modules each served; None where not known."""
    counted: Counter[str] = Counter()
    for run in runs:
        rows = run.vectors[ESTIMATOR_STATISTIC]
        if len(rows.steps):
            counted.update(ESTIMATORS[int(code)] for code in rows.values[-1] if np.isfinite(code))
    if len(counted) == 1:
        return next(iter(counted))
    return ", ".join(f"{name} ({number})" for name, number in counted.most_common()) or None


def _at(run: RunSeries, name: str, step: int) -> np.ndarray | None:
    rows = run.vectors[name]
    place = int(np.searchsorted(rows.steps, step))
    return rows.values[place] if place < len(rows.steps) and rows.steps[place] == step else None
