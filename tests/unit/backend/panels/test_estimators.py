"""The estimator and the error beside every spectral number."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, vectors

from opdboard.domain.measures import ESTIMATOR_STATISTIC, MODULE_SPECTRA
from opdboard.panels import estimators, module_allocation
from opdboard.panels.gathering import means
from opdboard.panels.series import RunSeries


def made_by(*codes: float) -> RunSeries:
    """A run of four modules whose snapshot at step 4 was made by these."""
    run = drawn_run(layers=1, modules=list(drawn_run(layers=1).modules)[:4])
    step = np.array([4])
    certainty = {
        ESTIMATOR_STATISTIC: vectors(step, np.array([codes])),
        "effective_rank_error": vectors(step, np.array([[1e-9, 2e-4, 4e-3, 5e-3]])),
        "subspace_residual": vectors(step, np.array([[1e-7, 1e-6, 3e-6, 4e-6]])),
    }
    return replace(run, vectors={**run.vectors, **certainty})


def test_each_measure_names_what_made_it_and_how_far_it_may_be_off():
    run = made_by(0, 1, 2, np.nan)
    assert estimators.per_module(run, "effective_rank", 4) == [
        "gram_float64, off by 1e-09 of it at most",
        "gram_float32, off by 0.0002 of it at most",
        "lanczos_quadrature, off by 0.004 of it at most",
        "",
    ]
    assert estimators.per_module(run, "stable_rank", 4) == [
        "gram_float64",
        "gram_float32",
        "block_krylov, residual 3e-06",
        "",
    ]


@pytest.mark.parametrize("statistic", ["update_norm", "visible_sparsity", "effective_rank_error", "subspace_residual"])
def test_what_no_estimator_made_names_none(statistic: str):
    assert estimators.needs(statistic) == ()
    assert estimators.per_module(made_by(0, 1, 2, 0), statistic, 4) == [""] * 4


def test_a_step_without_a_snapshot_and_a_run_without_estimators_name_none():
    run = made_by(0, 1, 2, 0)
    assert estimators.per_module(run, "effective_rank", 5) == [""] * 4
    none = vectors(np.empty(0, int), np.empty((0, 4)))
    run = replace(run, vectors={**run.vectors, ESTIMATOR_STATISTIC: none})
    assert estimators.per_module(run, "effective_rank", 4) == [""] * 4
    assert estimators.summary([run]) is None


def test_the_summary_counts_modules_where_estimators_differ():
    assert estimators.summary([made_by(2, 2, 2, 2)]) == "lanczos_quadrature"
    assert estimators.summary([made_by(2, 0, 2, np.nan)]) == "lanczos_quadrature (2), gram_float64 (1)"


def test_a_group_names_the_estimator_that_all_members_share():
    members = [replace(made_by(0, 2, 2, 1), group="g"), replace(made_by(0, 0, 2, 2), id="other", group="g")]
    (mean,) = means(members)
    assert mean.vectors[ESTIMATOR_STATISTIC].values.tolist()[0] == pytest.approx([0, np.nan, 2, np.nan], nan_ok=True)


def test_the_heatmap_says_it_beside_the_number():
    run = made_by(2, 2, 2, 2)
    figure: Any = module_allocation.figure(
        [run], module_allocation.ModuleAllocationParams(statistic="effective_rank", step=4)
    )
    texts = [cell[2] for trace in figure.data if trace.type == "heatmap" for row in trace.customdata for cell in row]
    assert any("<br>lanczos_quadrature<br>off by 0.004" in text for text in texts)


def test_error_and_residual_are_among_the_measures():
    assert {"effective_rank_error", "subspace_residual"} <= set(MODULE_SPECTRA)
