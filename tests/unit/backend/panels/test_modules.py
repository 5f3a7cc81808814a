"""Pictures of modules: allocation at a step and over time, one module's history, the difference of two runs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, vectors
from support.stored_runs import some_modules

from opdboard.domain.modules import Module, module_of, told_apart
from opdboard.panels import difference, module_allocation, module_grid, module_history
from opdboard.panels.module_timeline import MAX_COLUMNS, columns, lines_bottom_up
from opdboard.panels.series import RunSeries


def allocation(series: list[RunSeries], **params: Any) -> Any:
    return module_allocation.figure(series, module_allocation.ModuleAllocationParams.model_validate(params))


def by_uid(figure: Any) -> dict[str, Any]:
    return {trace.uid: trace for trace in figure.data}


def test_every_cell_is_its_modules_value():
    run = drawn_run()
    drawn = by_uid(allocation([run], step=9))
    values = run.vectors["update_norm"].values[8].astype(float)
    for group in ("attention", "mlp"):
        trace = drawn[f"run0:{group}"]
        for layer in range(3):
            for column, cell in enumerate(trace.customdata[layer]):
                index = next(number for number, module in enumerate(run.modules) if module.name == cell[0])
                assert run.modules[index].layer == layer == trace.y[layer]
                assert trace.z[layer][column] == pytest.approx(np.log10(values[index]))
                assert f"{values[index]:.4g}" in cell[2]


def test_the_note_names_the_module_that_moved_most():
    run = drawn_run()
    values = run.vectors["update_norm"].values[8].astype(float)
    most = run.modules[int(values.argmax())]
    assert f"largest: {most.label}, {values.max():.4g}" in allocation([run], step=9).layout.meta["note"]
    rows = run.vectors["update_norm"]
    for values in (np.full_like(rows.values, np.nan), np.ones_like(rows.values)):
        alike = replace(run, vectors=dict(run.vectors) | {"update_norm": replace(rows, values=values)})
        assert "largest" not in (allocation([alike]).layout.meta.get("note") or "")


def test_layers_rise_and_a_gap_parts_attention_from_mlp():
    figure = allocation([drawn_run()])
    assert list(figure.layout.xaxis.ticktext) == ["q", "o", "up", "down"]
    gaps = np.diff(figure.layout.xaxis.tickvals)
    assert gaps.tolist() == [1, 1.5, 1]
    assert tuple(figure.layout.yaxis.range) == (-0.5, 2.5)


def test_shares_and_ranks_are_of_all_modules():
    run = drawn_run()
    drawn = by_uid(allocation([run]))
    told = [cell for group in ("attention", "mlp") for row in drawn[f"run0:{group}"].customdata for cell in row]
    shares = [float(cell[3].removesuffix("% of the squares")) for cell in told]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    squares = run.vectors["update_norm"].values[-1].astype(float) ** 2
    assert max(shares) == pytest.approx(100 * squares.max() / squares.sum(), abs=0.01)
    assert sorted(int(cell[4].split()[1]) for cell in told) == list(range(1, 13))


@pytest.mark.parametrize(
    ("statistic", "together"),
    [
        ("update_norm", lambda values, axis: np.sqrt((values**2).sum(axis))),
        ("norm_share", np.sum),
        ("relative_update_norm", np.mean),
        ("effective_rank", np.mean),
    ],
)
def test_bars_are_norms_or_sums_of_all_together_and_means_where_there_is_no_total(statistic: str, together: Any):
    run = drawn_run()
    values = run.vectors[statistic].values[-1].astype(float).reshape(3, 4)
    drawn = by_uid(allocation([run], statistic=statistic))
    np.testing.assert_allclose(drawn["run0:layers"].x, together(values, axis=1))
    np.testing.assert_allclose(drawn["run0:kinds"].y, together(values, axis=0))
    assert drawn["run0:kinds"].x.tolist() == [0, 1, 2.5, 3.5]
    assert drawn["run0:kinds"].width == drawn["run0:layers"].width == 1


def test_the_colour_scale_stands_still_over_steps_and_runs():
    runs = [drawn_run(0), drawn_run(5)]
    ends = {
        (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax)
        for step in (1, 7, 20)
        for figure in [allocation(runs, step=step)]
    }
    assert len(ends) == 1
    low, high = ends.pop()
    assert allocation(runs).layout.coloraxis.colorbar.title.text == "Update norm, ‖ΔW‖F · colours: whole run"
    values = np.concatenate([run.vectors["update_norm"].values.ravel() for run in runs])
    assert 10**low <= values.min()
    assert values.max() <= 10**high
    assert (low * 2, high * 2) == (int(low * 2), int(high * 2))  # halves of a decade


def test_the_latest_step_or_the_nearest_before_is_shown():
    run = drawn_run()
    assert allocation([run]).layout.meta["step"] == 20
    latest = allocation([run], statistic="effective_rank").layout.meta
    assert (latest["steps"], latest["step"], latest["empty"]) == ([1, 2, 4, 8, 16], 16, False)
    assert allocation([run], statistic="effective_rank", step=11).layout.meta["step"] == 8
    uneven = allocation([run, drawn_run(1, steps=6)], step=None)
    assert uneven.layout.meta["note"] == "steps shown: 20, 6"


def test_what_is_not_finite_is_a_crossed_gap():
    run = drawn_run()
    values = run.vectors["update_norm"].values.copy()
    values[-1, 5] = np.nan
    run = replace(run, vectors={"update_norm": vectors(run.vectors["update_norm"].steps, values)})
    drawn = by_uid(allocation([run]))
    assert np.isnan(drawn["run0:attention"].z[1][1])  # layer 1, o
    assert (drawn["run0:odd"].x.tolist(), drawn["run0:odd"].y.tolist()) == ([1.0], [1.0])


def test_all_zero_updates_are_drawn_as_nothing_on_a_logarithmic_scale():
    run = replace(drawn_run(), vectors={"update_norm": vectors(np.array([0]), np.zeros((1, 12)))})
    drawn = by_uid(allocation([run]))
    assert np.isnan(drawn["run0:mlp"].z).all()
    assert drawn["run0:odd"].x.size == 0
    assert (by_uid(allocation([run], scale="linear"))["run0:mlp"].z == 0).all()


def test_models_without_some_kinds_or_layers_have_gaps():
    modules = [Module("a", 0, "qkv", (2, 2)), Module("b", 2, "qkv", (2, 2)), Module("c", 2, "down", (2, 2))]
    drawn = by_uid(allocation([drawn_run(modules=modules)], scale="linear"))
    assert np.isnan(drawn["run0:attention"].z).ravel().tolist() == [False, True, False]
    assert np.isnan(drawn["run0:mlp"].z).ravel().tolist() == [True, True, False]


def test_over_time_each_row_is_a_modules_history():
    run = drawn_run()
    figure = allocation([run], mode="over_time", scale="linear")
    trace = figure.data[0]
    assert trace.x.tolist() == list(range(1, 21))
    for row, label in enumerate(trace.y):
        index = next(number for number, module in enumerate(run.modules) if module.label == label)
        np.testing.assert_array_equal(trace.z[row], run.vectors["update_norm"].values[:, index])


def test_rows_are_gathered_by_kind_or_by_depth_with_the_last_layer_on_top():
    modules = some_modules(2)
    assert [line.label for line in reversed(lines_bottom_up(modules, "kind"))] == [
        "L1 q", "L0 q", "L1 o", "L0 o", "L1 up", "L0 up", "L1 down", "L0 down",
    ]  # fmt: skip
    assert [line.label for line in reversed(lines_bottom_up(modules, "depth"))] == [
        "L1 q", "L1 o", "L1 up", "L1 down", "L0 q", "L0 o", "L0 up", "L0 down",
    ]  # fmt: skip


def test_many_steps_share_columns_that_show_the_largest():
    steps = np.arange(2000)
    values = np.zeros((2000, 3), np.float32)
    values[777, 1] = 5.0
    values[900] = np.nan
    shown, z, width = columns(vectors(steps, values))
    assert (len(shown), width) == (500, 4)
    assert len(shown) <= MAX_COLUMNS
    assert z[777 // 4, 1] == 5.0
    assert np.isfinite(z[900 // 4]).all()


def test_a_modules_history_is_found_by_name_or_label():
    run = drawn_run()
    params = module_history.ModuleHistoryParams
    index = 6  # layer 1, up
    for wanted in (run.modules[index].name, "L1 up"):
        figure = module_history.figure([run, drawn_run(1)], params(module=wanted))
        np.testing.assert_array_equal(
            by_uid(figure)["run0"].y, run.vectors["update_norm"].values[:, index].astype(float)
        )
        assert figure.layout.meta["note"] == "L1 up"
    assert module_history.figure([run], params()).layout.meta["note"] == "L0 q"
    missing = module_history.figure([run, drawn_run(1, layers=1)], params(module="L1 up"))
    assert list(by_uid(missing)) == ["run0", "run0:odd"]
    assert "Run 1" in missing.layout.meta["note"]


def test_the_difference_is_the_log_ratio_of_second_over_first():
    params = difference.DifferenceParams
    figure: Any = difference.figure([drawn_run(0), drawn_run(3)], params())
    for trace in figure.data[:2]:
        np.testing.assert_allclose(trace.z, 2.0, rtol=1e-5)  # four times as large
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-2.0, 2.0)
    plain: Any = difference.figure([drawn_run(3), drawn_run(0)], params(mode="difference", step=4))
    assert plain.layout.meta["step"] == 4
    assert (plain.data[0].z < 0).all()
    assert plain.layout.coloraxis.cmin == -plain.layout.coloraxis.cmax
    assert plain.layout.meta["note"].startswith("Run 0 at step 4 against Run 3 at step 4; red: larger in Run 0")


def test_the_colours_of_a_difference_fit_the_step_and_not_its_outlier():
    run, other = drawn_run(0), drawn_run(0)
    values = run.vectors["update_norm"].values.astype(np.float64)
    changed = values * 1.1
    changed[0] *= 1000  # another step, which is not drawn
    changed[-1, 0] *= 1000
    other = replace(other, vectors={**other.vectors, "update_norm": vectors(run.vectors["update_norm"].steps, changed)})
    coloraxis = difference.figure([run, other], difference.DifferenceParams()).layout.coloraxis
    assert coloraxis.cmax == 0.2, "log2(1.1) = 0.14"
    assert coloraxis.colorbar.ticktext[-1] == "≥ +0.2 ▸"


def test_only_shared_steps_and_modules_are_compared():
    params = difference.DifferenceParams
    figure: Any = difference.figure(
        [drawn_run(0, layers=1), drawn_run(1, layers=3, steps=8)], params(statistic="effective_rank")
    )
    assert figure.layout.meta["steps"] == [1, 2, 4, 8]
    assert len(figure.data[0].y) == 1
    other = [Module(f"other.{number}", 0, kind, (2, 2)) for number, kind in enumerate(("q", "up"))]
    nothing = difference.figure([drawn_run(0), drawn_run(1, modules=other)], params())
    assert nothing.layout.meta["empty"]
    assert "no module of the same name" in nothing.layout.meta["note"]


def test_what_is_zero_or_not_finite_cannot_be_compared():
    left, right = np.array([[1.0, 0.0, np.inf, 2.0]]), np.array([[2.0, 1.0, 1.0, np.nan]])
    np.testing.assert_allclose(difference.compare(left, right, "log_ratio"), [[1.0, np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(difference.compare(left, right, "difference"), [[1.0, 1.0, np.nan, np.nan]])


def test_towers_are_kept_apart_and_one_is_shown():
    names = ["vision.layers.0.mlp.fc1", "model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"]
    found = [module_of(f"{name}.weight", (4, 4)) for name in names]
    modules = told_apart([module for module in found if module is not None])
    (language,) = module_grid.blocks(modules)
    assert language.members[..., 0].tolist() == [[1], [2]] and language.columns == ("up",)
    (vision,) = module_grid.blocks(modules, "vision")
    assert vision.members[..., 0].tolist() == [[0]]
    assert module_grid.blocks(modules, "audio")[0].members.tolist() == language.members.tolist()


def test_matrices_of_one_kind_in_a_block_have_columns_of_their_own():
    found = [module_of(f"model.layers.0.{name}.q_proj.weight", (4, 4)) for name in ("self_attn", "encoder_attn")]
    (block,) = module_grid.blocks(told_apart([module for module in found if module is not None]))
    assert sorted(block.members.ravel().tolist()) == [0, 1]
    assert block.columns == ("q encoder_attn", "q self_attn")


def test_the_colours_of_one_step_reach_from_its_smallest_to_its_largest():
    run = drawn_run()
    axis = allocation([run], step=4, color_range="this_step", scale="linear").layout.coloraxis
    values = run.vectors["update_norm"].values[3]
    assert axis.cmin <= values.min() and values.max() <= axis.cmax < run.vectors["update_norm"].values.max()
    assert axis.colorbar.title.text.endswith("colours: step 4")


@pytest.mark.parametrize(
    ("layers", "gap", "lines"), [(20, 1, []), (24, 1, [9.5, 19.5]), (41, 0, [9.5, 19.5, 29.5, 39.5])]
)
def test_deep_models_have_no_gaps_between_rows_but_a_line_every_ten_layers(layers: int, gap: int, lines: list[float]):
    figure = allocation([drawn_run(layers=layers)])
    assert by_uid(figure)["run0:mlp"].ygap == gap
    assert [shape.y0 for shape in figure.layout.shapes] == lines
