"""Experts in the allocation picture, held against numpy: a column per kind, one by one, and over time."""

from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from support.drawn_runs import SEQ_OF_STEP, drawn_run, loaded, vectors

from opdboard.domain.modules import Module, module_of, told_apart
from opdboard.panels import module_allocation, module_experts, module_grid
from opdboard.panels.extension import as_json, extend
from opdboard.panels.series import RunSeries

NAMES = {
    "qwen": ("mlp.experts.{expert}.gate_proj", "mlp.experts.{expert}.up_proj", "mlp.experts.{expert}.down_proj"),
    "mixtral": tuple(f"block_sparse_moe.experts.{{expert}}.w{leaf}" for leaf in (1, 3, 2)),
}


def modules_of(family: str, experts: dict[int, int], layers: int = 3, *, beside: tuple[str, ...] = ()) -> list[Module]:
    """Attention's q in each layer, experts where `experts` says how many, a dense MLP's gate elsewhere."""
    names = []
    for layer in range(layers):
        inside = ["self_attn.q_proj", "mlp.gate", "block_sparse_moe.gate", "mlp.shared_expert_gate", *beside]
        inside += [] if layer in experts else ["mlp.gate_proj"]
        inside += [name.format(expert=one) for name in NAMES[family] for one in range(experts.get(layer, 0))]
        names += [f"model.layers.{layer}.{name}.weight" for name in inside]
    found = [module_of(name, (4, 4)) for name in names]
    return told_apart([module for module in found if module is not None])


def run_of(modules: list[Module], values: np.ndarray, statistic: str = "update_norm") -> RunSeries:
    run = drawn_run(modules=modules)
    return RunSeries("run0", "Run 0", 0, modules=modules, vectors={**run.vectors, statistic: vectors(np.arange(1, 1 + len(values)), values)})  # fmt: skip


def allocation(run: RunSeries, **params: Any) -> Any:
    return module_allocation.figure(
        [run], module_allocation.ModuleAllocationParams.model_validate({"scale": "linear"} | params)
    )


def traces(figure: Any) -> dict[str, Any]:
    return {trace.uid.removeprefix("run0:"): trace for trace in figure.data}


def of(modules: list[Module], values: np.ndarray, layer: int, kind: str) -> np.ndarray:
    chosen = [one.expert is not None and (one.layer, one.kind) == (layer, kind) for one in modules]
    return values[np.array(chosen)].astype(float)


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 64])
def test_a_column_per_kind_tells_median_largest_and_share_of_the_top_eight(family: str, count: int):
    modules = modules_of(family, {0: count, 2: count})
    values = np.random.default_rng(count).lognormal(size=len(modules)).astype(np.float32)
    run = run_of(modules, values[None])
    drawn = {by: traces(allocation(run, experts=by))["experts"] for by in ("median", "max", "top")}
    assert drawn["top"].coloraxis == "coloraxis2"
    named = {
        rule.format(layer=at, expert=one)
        for rule in drawn["top"].meta["columns"]
        for at in (0, 2)
        for one in range(count)
    }
    assert named == {module.name for module in modules if module.expert is not None}
    total = (values.astype(float) ** 2).sum()
    for layer in (0, 2):
        for column, kind in enumerate(("gate", "up", "down")):
            own = of(modules, values, layer, kind)
            assert len(own) == count
            squares = np.sort(own**2)
            share = squares[-8:].sum() / squares.sum()
            assert drawn["median"].z[layer][column] == pytest.approx(np.median(own), rel=1e-6)
            assert drawn["max"].z[layer][column] == pytest.approx(own.max(), rel=1e-6)
            assert 10 ** drawn["top"].z[layer][column] == pytest.approx(share, rel=1e-5)
            assert (share == 1) == (count <= 8)
            told = drawn["median"].customdata[layer][column]
            assert list(told[:2]) == ["", f"L{layer} {kind}, {count} expert{'s' * (count > 1)}"]
            assert told[2] == f"median {np.median(own):.4g}"
            assert told[3] == f"largest {own.max():.4g} (e{own.argmax()})"
            assert told[4] == f"top 8: {share:.1%} of the squares<br>all: {squares.sum() / total:.2%} of the model's"
    assert np.isnan(drawn["median"].z[1]).all()  # a dense layer between


def test_bars_hold_all_experts_of_a_layer_and_of_a_kind():
    modules = modules_of("qwen", {1: 16, 2: 16})
    values = np.random.default_rng(1).lognormal(size=len(modules)).astype(np.float32)
    drawn = traces(allocation(run_of(modules, values[None])))
    layers = np.array([module.layer for module in modules])
    squares = values.astype(float) ** 2
    np.testing.assert_allclose(drawn["layers"].x, np.sqrt([squares[layers == layer].sum() for layer in range(3)]))
    columns = [(module.kind, module.expert is not None) for module in modules]
    wanted = [("q", False), ("gate", False), ("gate", True), ("up", True), ("down", True)]
    sums = [squares[[column == one for column in columns]].sum() for one in wanted]
    np.testing.assert_allclose(drawn["kinds"].y, np.sqrt(sums))
    shares = traces(allocation(run_of(modules, values[None], "norm_share"), statistic="norm_share"))
    np.testing.assert_allclose(shares["layers"].x, [values[layers == layer].astype(float).sum() for layer in range(3)])
    top = np.sort(of(modules, values, 1, "up"))
    assert shares["experts"].customdata[1][1][4].startswith(f"top 8: {top[-8:].sum() / top.sum():.1%} of the total")


def test_an_expert_that_is_not_finite_is_crossed_and_left_out_of_the_numbers():
    modules = modules_of("qwen", {0: 10, 1: 10, 2: 10})
    values = np.random.default_rng(2).lognormal(size=len(modules)).astype(np.float32)
    lost = [index for index, one in enumerate(modules) if one.layer == 1 and one.kind == "up"]
    values[lost[3]], values[lost[5]] = np.nan, np.inf
    values[[index for index, one in enumerate(modules) if one.layer == 2 and one.kind == "down"]] = np.nan
    drawn = traces(allocation(run_of(modules, values[None])))
    own = of(modules, values, 1, "up")
    own = own[np.isfinite(own)]
    assert drawn["experts"].z[1][1] == pytest.approx(np.median(own), rel=1e-6)
    assert f"top 8: {1:.1%}" in drawn["experts"].customdata[1][1][4]
    assert list(drawn["odd"].text) == ["2 of 10 experts, not a number", "10 of 10 experts, not a number"]
    assert np.isnan(drawn["experts"].z[2][2]) and drawn["experts"].customdata[2][2][2] == "none is finite"
    over_time = traces(allocation(run_of(modules, values[None]), mode="over_time"))
    assert list(zip(over_time["odd"].y, over_time["odd"].text, strict=True)) == [
        ("L2 down ×10", "not a number"), ("L1 up ×10", "of some experts"),
    ]  # fmt: skip


def test_experts_that_did_not_move_have_no_share():
    modules = modules_of("qwen", {0: 10, 1: 10, 2: 10})
    values = np.ones(len(modules), np.float32)
    values[[index for index, one in enumerate(modules) if one.layer == 0 and one.expert is not None]] = 0
    drawn = traces(allocation(run_of(modules, values[None])))["experts"]
    assert drawn.z[0].tolist() == [0, 0, 0] and drawn.customdata[0][0][4] == ""
    top = traces(allocation(run_of(modules, values[None]), experts="top"))["experts"]
    assert np.isnan(top.z[0]).all() and 10 ** top.z[1][0] == pytest.approx(0.8)
    assert np.isnan(traces(allocation(run_of(modules, 0 * values[None]), scale="log"))["experts"].z).all()


@pytest.mark.parametrize("sort", ["total", "layer", "number"])
def test_a_kind_is_opened_to_its_experts(sort: str):
    modules = modules_of("mixtral", {0: 12, 2: 12})
    values = np.random.default_rng(3).lognormal(size=len(modules)).astype(np.float32)
    run = run_of(modules, values[None])
    figure = allocation(run, experts_of="up", sort=sort)
    drawn = traces(figure)["expert"]
    rule = drawn.meta["module"]
    names = {module.name: value for module, value in zip(modules, values, strict=True)}
    ranks = {name: 1 + place for place, name in enumerate(sorted(names, key=lambda name: -names[name]))}
    for layer in (0, 2):
        for expert, value, z, rank in zip(drawn.text[layer], drawn.customdata[layer], drawn.z[layer], drawn.hovertext[layer], strict=True):  # fmt: skip
            name = rule.format(layer=layer, expert=expert)
            assert (z, value, rank) == (names[name], names[name], ranks[name])
    assert sorted(drawn.text[0]) == sorted(drawn.text[2]) == list(range(12))
    assert drawn.text[1].tolist() == [-1] * 12 and np.isnan(drawn.z[1]).all()
    squares = np.array([of(modules, values, layer, "up") for layer in (0, 2)]) ** 2
    if sort == "total":
        assert drawn.text[0].tolist() == np.argsort(-squares.sum(0)).tolist()
    elif sort == "layer":
        assert all((np.diff(drawn.z[layer]) <= 0).all() for layer in (0, 2))
    else:
        assert drawn.text[0].tolist() == list(range(12))
    kinds = np.sqrt(np.nansum(np.asarray(drawn.customdata, float) ** 2, 0))
    np.testing.assert_allclose(traces(figure)["kinds"].y, kinds, rtol=1e-6)
    assert figure.layout.meta["opened"]["parameter"] == "experts_of"
    assert figure.layout.meta["choices"]["experts_of"] == ["", "gate", "up", "down"]


def test_an_expert_has_its_unit_only_where_the_stored_value_is_told():
    modules = modules_of("qwen", {0: 4})
    run = run_of(modules, np.linspace(0.1, 0.9, len(modules))[None], "norm_share")
    told = [
        traces(allocation(run, statistic="norm_share", experts_of="up", normalise=how))["expert"].hovertemplate
        for how in ("none", "own_largest")
    ]
    assert ["share" in one for one in told] == [True, False]


def test_a_step_that_comes_live_replaces_the_cells_of_the_experts():
    modules = modules_of("qwen", {0: 12, 1: 12, 2: 12})
    values = np.random.default_rng(5).lognormal(size=(3, len(modules)))
    run = loaded(run_of(modules, values), module_allocation.PANEL.needs(module_allocation.ModuleAllocationParams()))
    for params in ({}, {"experts": "top", "color_range": "this_step"}, {"experts_of": "gate"}):
        wanted = module_allocation.ModuleAllocationParams.model_validate(params)
        made = extend(module_allocation.PANEL, [run], wanted, [2 + SEQ_OF_STEP])
        figure: Any = module_allocation.figure([run], wanted)
        drawn = {trace.uid: trace for trace in figure.data}
        assert not made.reset and made.meta is not None and made.meta["step"] == 3
        for trace in made.traces:
            assert as_json(go.Figure([drawn[trace["uid"]]]))["data"] == [trace]
        assert {trace["uid"] for trace in made.traces} == drawn.keys() - {"run0:odd"}


def test_half_of_the_experts_untouched_still_tell_the_others():
    modules = modules_of("qwen", {0: 4}, layers=1)
    values = np.ones(len(modules), np.float32)
    gates = [index for index, one in enumerate(modules) if one.kind == "gate"]
    values[gates] = [0, 0, 0, 2]
    drawn = traces(allocation(run_of(modules, values[None]), scale="log"))["experts"]
    assert np.isnan(drawn.z[0][0]) and drawn.hoverongaps
    assert list(drawn.customdata[0][0][2:4]) == ["median 0", "largest 2 (e3)"]


def test_names_that_follow_no_rule_are_told_by_labels():
    modules = modules_of("qwen", {0: 2, 1: 2}, layers=2)
    own = [one for one in modules if one.expert is not None and one.kind == "up"]
    assert module_experts.named(own, "up") == "model.layers.{layer}.mlp.experts.{expert}.up_proj.weight"
    odd = [replace(one, name=one.name.replace("model", "{a}" * (1 + one.layer))) for one in own]
    assert module_experts.named(odd, "up") == "L{layer} e{expert} up"


def test_a_kind_that_there_is_not_is_none():
    modules = modules_of("qwen", {0: 4})
    run = run_of(modules, np.ones((1, len(modules))))
    assert "opened" not in allocation(run, experts_of="q").layout.meta
    assert "experts_of" in allocation(drawn_run()).layout.meta["unused"]
    note = allocation(run, experts="top", statistic="effective_rank").layout.meta["note"]
    assert "this measure has no shares: the median expert is shown" in note


def test_over_time_the_experts_of_a_layer_are_one_row_of_a_block():
    modules = modules_of("qwen", {1: 12, 2: 12})
    values = np.random.default_rng(4).lognormal(size=(5, len(modules))).astype(np.float32)
    run = run_of(modules, values)
    figure = allocation(run, mode="over_time")
    rows = dict(zip(traces(figure)["history"].y, traces(figure)["history"].z, strict=True))
    medians = [np.median(of(modules, step, 2, "down")) for step in values]
    np.testing.assert_allclose(rows["L2 down ×12"], medians, rtol=1e-6)
    assert [(note.text, note.y) for note in figure.layout.annotations] == [
        ("experts down", 0.5), ("experts up", 2.5), ("experts gate", 4.5), ("gate", 6), ("q", 8),
    ]  # fmt: skip
    assert [shape.y0 for shape in figure.layout.shapes] == [1.5, 3.5, 5.5, 6.5]
    tops = traces(allocation(run, mode="over_time", experts="top"))
    shares = dict(zip(tops["shares"].y, tops["shares"].z, strict=True))
    squares = [np.sort(of(modules, step, 1, "up") ** 2) for step in values]
    np.testing.assert_allclose(10 ** shares["L1 up ×12"], [one[-8:].sum() / one.sum() for one in squares], rtol=1e-5)
    assert np.isnan(shares["L0 q"]).all()
    assert figure.layout.meta["unused"] == ["color_range", "experts_of", "sort"]


def test_steps_without_a_share_are_no_crosses_over_time():
    modules = modules_of("qwen", {0: 10})
    values = np.random.default_rng(5).lognormal(size=(600, len(modules))).astype(np.float32)
    values[:4] = 0  # nothing has moved yet
    values[8:12, [one.label for one in modules].index("L0 e9 down")] = np.nan
    drawn = traces(allocation(run_of(modules, values), mode="over_time", experts="top"))
    assert set(zip(drawn["odd"].x, drawn["odd"].y, drawn["odd"].text, strict=True)) == {
        (10.0, "L0 down ×10", "of some experts")
    }


def test_an_mlp_beside_the_experts_has_a_column_of_its_own():
    modules = modules_of("qwen", {1: 2, 2: 2}, beside=("mlp.shared_expert.gate_proj",))
    assert len({module.label for module in modules}) == len(modules)
    grid = module_grid.blocks(modules)
    assert [(block.group, block.columns) for block in grid] == [
        ("attention", ("q",)), ("mlp", ("gate", "gate shared")), ("experts", ("gate", "up", "down")),
    ]  # fmt: skip
    members = np.concatenate([block.members.ravel() for block in grid])
    assert sorted(members[members >= 0].tolist()) == list(range(len(modules)))
    x, _ = module_grid.grid_axes(grid, (0, 1), titled=True)
    assert x["ticktext"] == ["q", "gate", "gate<br>shared", "gate", "up<br>2 experts", "down"]


def test_pictures_of_one_number_show_the_expert_in_the_middle():
    modules = modules_of("qwen", {0: 4}, layers=1)
    (_, experts) = module_grid.blocks(modules)
    z = np.full(len(modules), np.nan)
    z[experts.members[0, 0]] = [4.0, 1.0, 3.0, np.nan]
    hovers = [(module.name, module.label) for module in modules]
    drawn: Any = module_grid.heatmap("uid", experts, z, hovers, "%{customdata[1]}", ("x", "y"))
    assert drawn.z[0][0] == 3.0 and np.isnan(drawn.z[0][1])
    assert drawn.customdata[0][0][1] == "L0 e2 gate, the median of 4"
