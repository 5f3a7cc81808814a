"""The line below which a distance to the teacher means nothing."""

from dataclasses import replace

import numpy as np
import pytest

from opdboard.panels import scalars
from opdboard.panels.scalars import ScalarParams
from opdboard.panels.series import Points, RunSeries

STEPS = np.arange(4)
CURVE = Points(STEPS, np.array([0.8, 0.4, 0.2, 0.1]), STEPS)


def run(floor: float | None, key: str = "eval/reverse_kl", name: str = "a", **more) -> RunSeries:
    return RunSeries(id=name, name=name, color=0, scalars={key: CURVE}, noise_floor=floor, **more)


def drawn(series: list[RunSeries], **params):
    figure = scalars.figure(series, ScalarParams.model_validate(params))
    lines = [shape.y0 for shape in figure.layout.shapes if shape.y0 == shape.y1]
    return lines, [one.text for one in figure.layout.annotations], figure.layout.meta["note"] or ""


def test_it_is_drawn_with_its_name_and_told_below() -> None:
    lines, texts, note = drawn([run(0.02)])
    assert lines == [0.02] and "noise floor" in texts and "noise floor of the teacher: 0.02 nats/token" in note


def test_on_a_logarithmic_axis_the_label_lies_on_the_line() -> None:
    figure = scalars.figure([run(0.02)], ScalarParams(log=True))
    label = next(one for one in figure.layout.annotations if one.text == "noise floor")
    assert label.y == pytest.approx(np.log10(0.02))
    assert [shape.y0 for shape in figure.layout.shapes] == [0.02]


@pytest.mark.parametrize("floor", [None, 0.0])
def test_a_teacher_that_repeats_itself_has_none(floor: float | None) -> None:
    lines, texts, note = drawn([run(floor)])
    assert lines == [] and "noise floor" not in texts and "noise" not in note


def test_one_far_below_the_curve_is_told_and_not_drawn() -> None:
    lines, _, note = drawn([run(1e-6)])
    assert lines == [] and "1e-06 nats/token" in note


def test_it_belongs_to_distances_of_a_few_runs_on_their_own() -> None:
    assert drawn([run(0.02, "loss")], keys="loss")[0] == []
    assert drawn([replace(run(0.02), group="g")])[0] == []
    assert drawn([run(0.02, name="a"), run(0.03, name="b")])[0] == [0.02, 0.03]
