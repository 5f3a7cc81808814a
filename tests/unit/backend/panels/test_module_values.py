"""Normalised statistics, and statistics relative to another run."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, empty_run, vectors
from support.stored_runs import some_modules

from opdboard.domain.errors import BadInput
from opdboard.domain.measures import MODULE_STATISTICS
from opdboard.domain.modules import Module
from opdboard.panels import module_allocation
from opdboard.panels.module_values import normalised
from opdboard.panels.series import RunSeries

NORM = MODULE_STATISTICS["update_norm"]
MODULES = [Module("a", 0, "q", (2, 8)), Module("b", 0, "up", (4, 4))]


def rows(values: list[list[float]]) -> Any:
    return vectors(np.arange(len(values)), np.array(values, np.float32))


def allocation(series: list[RunSeries], **params: Any) -> Any:
    return module_allocation.figure(series, module_allocation.ModuleAllocationParams.model_validate(params))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("none", [[3, 4], [6, np.inf]]),
        ("step_total", [[9 / 25, 16 / 25], [1, np.inf]]),
        ("own_latest", [[0.5, 1], [1, np.inf]]),
        ("own_largest", [[0.5, 1], [1, np.inf]]),
        ("size", [[0.75, 1], [1.5, np.inf]]),
    ],
)
def test_each_way_to_normalise(how: str, expected: list[list[float]]):
    made = normalised(rows([[3, 4], [6, np.inf]]), MODULES, NORM, how)
    np.testing.assert_allclose(made.values, expected)


def test_ranks_are_of_the_full_rank_and_shares_of_a_whole_have_no_size():
    rank = normalised(rows([[1, 2]]), MODULES, MODULE_STATISTICS["effective_rank"], "size")
    np.testing.assert_allclose(rank.values, [[0.5, 0.5]])
    share = normalised(rows([[0.25, 0.5]]), MODULES, MODULE_STATISTICS["visible_sparsity"], "size")
    np.testing.assert_allclose(share.values, [[0.25, 0.5]])


def test_nothing_is_divided_by_zero():
    made = normalised(rows([[0, 0], [0, 0]]), MODULES, NORM, "own_latest")
    assert np.isnan(made.values).all()
    assert normalised(rows([]), MODULES, NORM, "step_total").values.size == 0


def test_relative_is_the_log_ratio_at_the_same_or_nearest_earlier_step():
    run, other = drawn_run(1), drawn_run(0)
    sparse = other.vectors["update_norm"]
    kept = np.isin(sparse.steps, [4, 8])
    other = replace(other, vectors={"update_norm": vectors(sparse.steps[kept], sparse.values[kept])})
    figure = allocation([run, other], relative_to="run0", step=9)
    assert {trace.uid.split(":")[0] for trace in figure.data} == {"run1"}
    z = np.concatenate([np.ravel(trace.z) for trace in figure.data if trace.type == "heatmap"])
    np.testing.assert_allclose(z, np.log2(2 * np.sqrt(9 / 8)), rtol=1e-5)  # run 1 is twice run 0; step 9 against step 8
    assert figure.layout.coloraxis.cmin == -figure.layout.coloraxis.cmax
    assert "Run 1 at step 9 against Run 0 at step 8" in figure.layout.meta["note"]
    before = allocation([run, other], relative_to="run0", step=3)
    assert all(np.isnan(trace.z).all() for trace in before.data if trace.type == "heatmap")
    over_time = allocation([run, other], relative_to="run0", mode="over_time")
    assert np.isnan(over_time.data[0].z[:, :3]).all()
    np.testing.assert_allclose(over_time.data[0].z[:, 3], 1.0, rtol=1e-5)


def test_it_says_when_modules_do_not_match_and_when_nothing_can_be_compared():
    note = allocation([drawn_run(0, layers=3), drawn_run(1, layers=2)], relative_to="run1").layout.meta["note"]
    assert "4 of 12 modules of Run 0 do not exist in Run 1" in note
    none = allocation([drawn_run(0), replace(empty_run(9), modules=some_modules())], relative_to="run9")
    assert "has no value at these steps or before" in none.layout.meta["note"]


def test_the_other_run_must_be_asked_for():
    for series, other in (([drawn_run(0)], "run0"), ([drawn_run(0), drawn_run(1)], "run7")):
        with pytest.raises(BadInput, match="relative_to names run"):
            allocation(series, relative_to=other)


def test_a_value_that_is_not_finite_is_named_where_it_is_marked():
    run = drawn_run()
    values = run.vectors["update_norm"].values.copy()
    values[-1, 5], values[3, 0] = -np.inf, np.nan
    run = replace(run, vectors={"update_norm": vectors(run.vectors["update_norm"].steps, values)})
    marks = {trace.uid: trace for trace in allocation([run]).data}["run0:odd"]
    assert list(marks.text) == ["−infinity"]
    marks = {trace.uid: trace for trace in allocation([run], mode="over_time").data}["run0:odd"]
    assert list(zip(marks.x, marks.y, marks.text, strict=True)) == [
        (4.0, "L0 q", "not a number"),
        (20.0, "L1 o", "−infinity"),
    ]
