"""Curves: what is drawn is what is stored."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, points

from opdboard.panels import scalars
from opdboard.panels.scalars import MAX_POINTS
from opdboard.panels.series import RunSeries


def figure(series: list[RunSeries], **params: Any) -> Any:
    return scalars.figure(series, scalars.ScalarParams.model_validate(params))


def traces(series: list[RunSeries], **params: Any) -> dict[str, Any]:
    return {trace.uid: trace for trace in figure(series, **params).data}


def test_values_are_the_stored_ones_and_gaps_stay_gaps():
    run = drawn_run()
    drawn = traces([run], keys="loss")
    stored = run.scalars["loss"]
    np.testing.assert_array_equal(drawn["run0:loss"].x, stored.steps)
    np.testing.assert_array_equal(drawn["run0:loss"].y, np.where(np.isfinite(stored.values), stored.values, np.nan))
    assert not drawn["run0:loss"].connectgaps


def test_what_is_not_finite_is_marked_at_the_edge():
    marks = traces([drawn_run()], keys="loss")["run0:loss:odd"]
    assert (marks.x.tolist(), marks.y.tolist(), marks.yaxis) == ([5, 7], [1, 1], "y2")


def test_a_logarithmic_axis_marks_what_it_cannot_show():
    run = replace(drawn_run(), scalars={"loss": points(np.arange(4), [1.0, 0.0, -2.0, 0.5])})
    drawn = traces([run], keys="loss", log=True)
    np.testing.assert_array_equal(drawn["run0:loss"].y, [1.0, np.nan, np.nan, 0.5])
    assert (drawn["run0:loss:odd"].x.tolist(), drawn["run0:loss:odd"].y.tolist()) == ([1, 2], [0, 0])


def y_axis(key: str, values: list[float], **params: Any) -> Any:
    run = replace(drawn_run(), scalars={key: points(np.arange(len(values)), values)})
    return figure([run], keys=key, **params).layout.yaxis


def test_a_level_line_is_not_lost_in_an_axis_of_one_unit_to_each_side():
    assert y_axis("learning_rate", [1e-5, 1e-5, 1e-5]).rangemode == "tozero"
    assert y_axis("learning_rate", [1e-5, np.nan, 1e-5]).rangemode == "tozero"
    assert y_axis("learning_rate", [1e-5, 2e-5, 3e-5]).rangemode is None
    assert y_axis("learning_rate", [np.nan, np.nan, np.nan]).rangemode is None


def test_an_axis_ends_where_its_measure_ends_unless_a_value_lies_beyond():
    share = y_axis("eval/accuracy", [0.0, 0.0]).autorangeoptions
    assert (share.clipmin, share.clipmax) == (pytest.approx(-0.02), pytest.approx(1.02))
    kl = y_axis("reverse_kl", [0.5, 1.5]).autorangeoptions
    assert (kl.clipmin, kl.clipmax) == (pytest.approx(-0.02), None)
    assert y_axis("reverse_kl", [-0.5, 1.5]).autorangeoptions.clipmin is None
    assert y_axis("reverse_kl_k1", [0.5, 1.5]).autorangeoptions.clipmin is None
    assert y_axis("eval/teacher_accuracy", [0.5, 1.5]).autorangeoptions.clipmax is None


def test_a_logarithmic_axis_is_marked_at_1_2_and_5_while_it_spans_few_decades():
    assert y_axis("reverse_kl", [0.01, 1.0], log=True).dtick == "D2"
    assert y_axis("reverse_kl", [1e-6, 1.0], log=True).dtick is None
    assert y_axis("reverse_kl", [0.4, 0.9], log=True).dtick is None


def test_steps_run_from_0_to_the_last_whatever_names_stand_beside_the_lines():
    options = figure([drawn_run(0), drawn_run(1)], keys="loss").layout.xaxis.autorangeoptions
    last = float(drawn_run().scalars["loss"].steps[-1])
    assert (options.minallowed, options.maxallowed) == pytest.approx((-0.02 * last, 1.02 * last))


@pytest.mark.parametrize(("x", "per_step"), [("steps", 1.0), ("tokens", 64.0), ("seconds", 0.5)])
def test_curves_run_over_steps_tokens_or_seconds(x: str, per_step: float):
    drawn = traces([drawn_run()], x=x)["run0:eval/reverse_kl"]
    assert drawn.x.tolist() == [0.0, 4 * per_step, 8 * per_step, 12 * per_step, 16 * per_step, 20 * per_step]


def test_a_point_waits_until_its_cost_is_known():
    run = drawn_run()
    run = replace(run, scalars={**run.scalars, "tokens": points(np.arange(10), np.arange(10) * 64.0)})
    assert traces([run], x="tokens")["run0:eval/reverse_kl"].x.tolist() == [0, 256, 512]
    assert (
        traces([replace(run, scalars={"eval/reverse_kl": run.scalars["loss"]})], x="tokens")[
            "run0:eval/reverse_kl"
        ].x.size
        == 0
    )


def test_smoothing_keeps_the_raw_curve_faint():
    run = replace(drawn_run(), scalars={"loss": points(np.arange(4), [1.0, 0.0, np.nan, 4.0])})
    drawn = traces([run], keys="loss", smoothing=0.5)
    np.testing.assert_array_equal(drawn["run0:loss:raw"].y, [1.0, 0.0, np.nan, 4.0])
    assert drawn["run0:loss:raw"].opacity < 0.5
    np.testing.assert_allclose(drawn["run0:loss"].y, [1.0, (0.5 * 0.5) / 0.75, np.nan, (0.125 + 2.0) / 0.875])


def test_jumps_are_dashed_verticals_but_not_those_taken_back():
    drawn = figure([drawn_run()], x="tokens")
    assert [(shape.x0, shape.line.dash) for shape in drawn.layout.shapes] == [(2 * 64.0, "dash")]


def test_runs_keep_their_colours_and_keys_get_dashes():
    drawn = traces([drawn_run(0), drawn_run(1)], keys="loss,eval/reverse_kl")
    assert drawn["run0:loss"].line.color == drawn["run0:eval/reverse_kl"].line.color == "#0072B2"
    assert drawn["run1:loss"].line.color == "#E69F00"
    assert drawn["run0:loss"].line.dash != drawn["run0:eval/reverse_kl"].line.dash


def test_few_lines_are_named_at_their_ends_and_many_in_a_legend():
    few = figure([drawn_run(0), drawn_run(1, name="A rather long name of a run")])
    assert not few.layout.showlegend
    assert [annotation.text.split("</span> ")[1] for annotation in few.layout.annotations] == [
        "Run 0",
        "A rather long name of a r…",
    ]
    many = figure([drawn_run(number) for number in range(5)])
    assert many.layout.showlegend
    assert not many.layout.annotations
    assert not figure([drawn_run()]).layout.annotations


def test_labels_of_lines_that_end_together_are_moved_apart():
    drawn = figure([replace(drawn_run(0), id=name) for name in "abc"])
    shifts = sorted(annotation.yshift for annotation in drawn.layout.annotations)
    assert np.diff(shifts) == pytest.approx([14, 14])


def test_long_series_are_thinned_and_say_so():
    steps = np.arange(50_000)
    values = np.sin(steps / 1000)
    values[31_234] = 50.0
    run = replace(drawn_run(), scalars={"loss": points(steps, values)}, triggers=[])
    drawn = figure([run], keys="loss")
    curve = drawn.data[0]
    assert MAX_POINTS / 4 < len(curve.x) <= 2 * MAX_POINTS
    assert np.nanmax(curve.y) == 50.0
    assert curve.x[-1] == 49_999
    assert "of 50,000 points" in drawn.layout.meta["note"]


def test_a_view_shows_its_points_in_full_and_one_neighbour_on_each_side():
    steps = np.arange(50_000)
    run = replace(drawn_run(), scalars={"loss": points(steps, np.sin(steps / 1000))}, triggers=[])
    drawn = figure([run], keys="loss", x_from=1000.5, x_to=1100)
    assert drawn.data[0].x.tolist() == list(range(1000, 1102))
    assert drawn.layout.xaxis.range == (1000.5, 1100)
    assert drawn.layout.meta["note"] is None
    wide = figure([run], keys="loss", x_from=10_000)
    assert wide.data[0].x[0] == 9999 and wide.data[0].x[-1] == 49_999
    assert "of 40,000 in view" in wide.layout.meta["note"]
    assert wide.layout.uirevision == drawn.layout.uirevision
    assert figure([run], keys="loss", x_from=60_000).data[0].x.tolist() == [49_999]


def test_a_view_over_tokens_is_in_tokens():
    drawn = traces([drawn_run()], keys="loss", x="tokens", x_from=64 * 3, x_to=64 * 5)["run0:loss"]
    assert drawn.x.tolist() == [64.0 * step for step in range(2, 7)]
    with pytest.raises(ValueError, match="left of"):
        figure([drawn_run()], x_from=2, x_to=2)


def test_the_keys_that_are_stored_can_be_chosen():
    meta = figure([drawn_run()]).layout.meta
    assert meta["choices"]["keys"] == ["eval/reverse_kl", "loss", "update_norm", "custom"]


def test_a_key_nobody_has_is_an_empty_curve():
    drawn = traces([drawn_run()], keys="loss,my/own")
    assert drawn["run0:my/own"].x.size == 0


def test_a_run_keeps_its_colour_and_shape_when_several_of_its_curves_are_drawn():
    green = replace(drawn_run(), color=2)
    drawn = traces([green], keys="loss,eval/reverse_kl")
    first, second = drawn["run0:loss"], drawn["run0:eval/reverse_kl"]
    assert first.line.color == second.line.color == "#009E73"
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert second.marker.symbol == "triangle-up"


def test_lines_of_several_runs_are_marked_at_a_few_of_their_points():
    drawn = traces([drawn_run(0), drawn_run(1)], keys="loss")
    assert {drawn[f"run{number}:loss"].marker.symbol for number in (0, 1)} == {"circle", "square"}
    assert all(0 < drawn[f"run{number}:loss"].marker.maxdisplayed < 30 for number in (0, 1))
    assert traces([drawn_run(0)], keys="loss")["run0:loss"].mode == "lines"
