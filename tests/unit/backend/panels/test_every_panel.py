"""What holds for every panel: the look, stable names of traces, and live extension."""

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from plotly.utils import PlotlyJSONEncoder
from support.drawn_runs import SEQ_OF_STEP, drawn_run, empty_run, loaded

from opdboard.panels import registry
from opdboard.panels.extension import Extension, as_json, extend
from opdboard.panels.panel import Panel
from opdboard.panels.series import RunSeries
from opdboard.panels.table import Table

CASES: list[tuple[str, dict[str, Any], int]] = [
    ("scalars", {}, 1),
    ("scalars", {"keys": "loss,eval/reverse_kl", "smoothing": 0.6}, 2),
    ("scalars", {"keys": "loss", "x": "tokens", "log": True}, 3),
    ("scalars", {"keys": "loss,eval/reverse_kl,tokens", "x": "seconds"}, 2),
    ("module_allocation", {}, 1),
    ("module_allocation", {"scale": "linear", "step": 3}, 3),
    ("module_allocation", {"mode": "over_time", "order": "depth"}, 2),
    ("module_allocation", {"statistic": "effective_rank"}, 1),
    ("module_allocation", {"normalise": "step_total"}, 2),
    ("module_allocation", {"normalise": "own_latest", "scale": "linear"}, 1),
    ("module_allocation", {"relative_to": "run0", "normalise": "size"}, 2),
    ("module_allocation", {"relative_to": "run0", "mode": "over_time"}, 3),
    ("module_history", {"module": "L1 up"}, 2),
    ("alignment", {}, 1),
    ("alignment", {"grouping": "kind", "x": "log2"}, 1),
    ("alignment", {"module": "L1 up", "threshold": 0.5}, 2),
    ("alignment", {"measure": "direction_cosine", "grouping": "depth"}, 3),
    ("alignment", {"measure": "paired_cosine", "k": 5, "reference_step": 16}, 1),
    ("decisions", {}, 1),
    ("decisions", {"x": "linear"}, 2),
    ("decision_tree", {}, 1),
    ("decision_tree", {"step": 4}, 1),
    ("decision_line", {}, 1),
    ("decision_line", {"step": 4}, 1),
    ("spectrum", {}, 1),
    ("spectrum", {"grouping": "all", "statistic": "spectral_norm"}, 3),
    ("spectrum", {"numbers": "latest"}, 2),
    ("set_scores", {}, 2),
    ("set_scores", {"set": "trivia", "against": "base"}, 1),
    ("set_scores", {"measure": "length"}, 1),
    ("health", {}, 1),
    ("health", {"view": "entropy"}, 2),
    ("health", {"view": "kl"}, 1),
    ("position", {}, 2),
    ("difference", {}, 2),
    ("difference", {"mode": "difference", "step": 4}, 2),
    ("scale_final", {}, 2),
    ("scale_final", {"x": "place", "measure": "kl_recovery"}, 1),
    ("rescale_early", {}, 1),
    ("rescale_early", {"measure": "accuracy"}, 2),
    ("rank", {}, 1),
    ("rank", {"measure": "reverse_kl"}, 2),
    ("sliding_window", {}, 1),
    ("sliding_window", {"measure": "accuracy"}, 2),
    ("reset_embeddings", {}, 2),
    ("embedding_shift", {}, 2),
    ("rank_one_trajectory", {}, 2),
    ("export_adapter", {}, 2),
    ("evaluate", {}, 1),
    ("evaluate", {"measure": "pass", "set": "sums"}, 2),
    ("lm_eval", {}, 1),
    ("lm_eval", {}, 2),
    ("rank_one_trajectory", {"layer": 0}, 1),
    ("first_last_cosine", {}, 2),
    ("lock_in", {}, 1),
    ("lock_in", {"threshold": 0.5}, 2),
]


def drawing(name: str, params: dict[str, Any], series: list[RunSeries]) -> Any:
    panel = registry.panel(name)
    validated = panel.params.model_validate(params)
    return panel.figure([loaded(run, panel.needs(validated)) for run in series], validated)


def telling(name: str, params: dict[str, Any], series: list[RunSeries]) -> Table:
    panel = registry.panel(name)
    validated = panel.params.model_validate(params)
    return panel.tell([loaded(run, panel.needs(validated)) for run in series], validated)


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
def test_it_has_the_common_look(name: str, params: dict[str, Any], runs: int):
    figure = as_json(drawing(name, params, [drawn_run(number) for number in range(runs)]))
    layout = figure["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert layout["uirevision"]
    assert "title" not in layout
    assert layout["template"] == {"data": {}} or all(
        not any(one.keys() - {"type"} for one in each) for each in layout["template"]["data"].values()
    )
    assert "color" not in json.dumps([value for key, value in walk(layout) if key in ("font", "tickfont", "gridcolor")])
    uids = [trace.get("uid") for trace in figure["data"]]
    assert all(uids)
    assert len(set(uids)) == len(uids)
    assert layout["meta"]["empty"] is False
    json.loads(json.dumps(figure, cls=PlotlyJSONEncoder), parse_constant=pytest.fail)


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
def test_it_tells_its_numbers(name: str, params: dict[str, Any], runs: int):
    table = telling(name, params, [drawn_run(number) for number in range(runs)])
    rows = [tuple(row) for row in table.rows()]
    assert table.count == len(rows) > 0
    headings = [column.heading for column in table.columns]
    assert len(set(headings)) == len(headings) and all(headings)
    for row in rows:
        for column, cell in zip(table.columns, row, strict=True):
            assert cell is None or isinstance(cell, str) != column.numeric, (column, cell)
            assert type(cell) in (str, int, float, type(None))
    params = {key: value for key, value in params.items() if key not in ("module", "relative_to")}
    nothing = telling(name, params, [empty_run(number) for number in range(runs)])
    assert (nothing.count, list(nothing.rows())) == (0, [])


def walk(value: Any):
    """(key, value) of every entry of nested dicts and lists."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield key, inner
        yield from walk(inner)


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
def test_numbers_travel_as_base64(name: str, params: dict[str, Any], runs: int):
    figure = as_json(drawing(name, params, [drawn_run(number) for number in range(runs)]))
    for trace in figure["data"]:
        for axis in {"x", "y", "z"} & trace.keys():
            values = trace[axis]
            assert isinstance(values, dict) or not values or isinstance(values[0], str), (trace["uid"], axis)


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
def test_runs_that_have_not_begun_are_drawn_as_nothing_yet(name: str, params: dict[str, Any], runs: int):
    params = {key: value for key, value in params.items() if key not in ("module", "relative_to")}
    figure = drawing(name, params, [empty_run(number) for number in range(runs)])
    assert figure.layout.meta["empty"] is True
    assert len(figure.layout.annotations) == 1
    mixed = drawing(name, params, [drawn_run(0), *(empty_run(number) for number in range(1, runs))])
    assert mixed.layout.meta["empty"] is (name == "difference")


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
@pytest.mark.parametrize("after_step", [-1, 0, 1, 4, 7, 15, 19, 20])
def test_the_old_figure_and_its_extension_are_the_new_figure(
    name: str, params: dict[str, Any], runs: int, after_step: int
):
    panel = registry.panel(name)
    validated = panel.params.model_validate(params)
    series = [loaded(drawn_run(number), panel.needs(validated)) for number in range(runs)]
    after = [after_step + SEQ_OF_STEP] * runs
    made = extend(panel, series, validated, after)
    if made.reset:
        assert after_step < 16, "late in a run a picture grows without being fetched anew"
        return
    old = panel.figure([run.until(seq) for run, seq in zip(series, after, strict=True)], validated)
    check_equal(applied(as_json(old), made), as_json(panel.figure(series, validated)))


def applied(figure: dict[str, Any], made: Extension) -> dict[str, Any]:
    """What a browser does with an extension."""
    traces = {trace["uid"]: trace for trace in figure["data"]}
    for uid, (x, y) in made.append.items():
        old = traces[uid]
        traces[uid] = {**old, "x": np.concatenate([decoded(old["x"]), x]), "y": np.concatenate([decoded(old["y"]), y])}
    for trace in made.traces:
        traces[trace["uid"]] = trace
    layout = merged(figure["layout"], made.layout)
    return {"data": list(traces.values()), "layout": layout}


def merged(old: dict[str, Any], new: Any) -> dict[str, Any]:
    both = {**old, **new}
    return {
        key: merged(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
        for key, value in both.items()
    }


def decoded(value: Any) -> np.ndarray:
    if isinstance(value, dict):
        return np.frombuffer(base64.b64decode(value["bdata"]), f"<{value['dtype']}").astype(np.float64)
    return np.asarray(value, np.float64)


def check_equal(got: dict[str, Any], wanted: dict[str, Any]) -> None:
    by_uid = {trace["uid"]: trace for trace in got["data"]}
    assert by_uid.keys() == {trace["uid"] for trace in wanted["data"]}
    for trace in wanted["data"]:
        other = by_uid[trace["uid"]]
        for key in trace.keys() | other.keys():
            same = other[key] == trace[key] if not isinstance(other[key], np.ndarray) else None
            if same is not True:
                np.testing.assert_array_equal(decoded(other[key]), decoded(trace[key]), err_msg=f"{trace['uid']} {key}")
    drop = ("meta",)
    assert {k: v for k, v in got["layout"].items() if k not in drop} == {
        k: v for k, v in wanted["layout"].items() if k not in drop
    }


@pytest.mark.parametrize(("name", "params", "runs"), CASES)
def test_nothing_new_is_nothing_to_do(name: str, params: dict[str, Any], runs: int):
    panel = registry.panel(name)
    series = [drawn_run(number) for number in range(runs)]
    assert extend(panel, series, panel.params.model_validate(params), [1000] * runs) == Extension()


def test_growing_curves_send_only_their_new_points():
    panel = registry.panel("scalars")
    params = panel.params.model_validate({"keys": "loss"})
    made = extend(panel, [loaded(drawn_run(), panel.needs(params))], params, [15 + SEQ_OF_STEP])
    assert not made.traces
    x, y = made.append["run0:loss"]
    assert x.tolist() == [16, 17, 18, 19, 20]
    np.testing.assert_allclose(y, np.exp(-x / 10))


def test_first_data_newer_alignments_and_vetoes_ask_for_the_whole_figure():
    for name, after_step in (("module_allocation", 0), ("alignment", 15), ("decisions", 7)):
        panel = registry.panel(name)
        run = loaded(drawn_run(), panel.needs(panel.params()))
        assert extend(panel, [run], panel.params(), [after_step + SEQ_OF_STEP]).reset, name


@pytest.mark.parametrize("panel", registry.PANELS, ids=lambda panel: panel.name)
def test_it_draws_and_tells_groups(panel: Panel[Any]):
    params = panel.params()
    groups = [
        replace(loaded(drawn_run(2 * number + member), panel.needs(params)), group=f"g{number}")
        for number in range(panel.min_runs)
        for member in range(2)
    ]
    assert panel.draw(groups, params).layout.meta["empty"] is False
    assert panel.tell(groups, params).count > 0


def test_the_parameters_draw_controls():
    for panel in registry.PANELS:
        schema = panel.params.model_json_schema()
        for name, field in schema.get("properties", {}).items():
            assert field.get("description"), (panel.name, name)
            assert field.get("type") or field.get("enum") or field.get("anyOf") or field.get("$ref"), (panel.name, name)
        assert panel.title.endswith("?")
        assert 1 <= panel.min_runs <= panel.max_runs
