"""The picture of an evaluation: levels, differences between runs, and what was forgotten."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.analysed import answered
from support.drawn_runs import drawn_run

from opdboard.panels import registry
from opdboard.panels.intervals import paired
from opdboard.panels.series import RunSeries
from opdboard_worker.core.binary_interval import gain_interval
from opdboard_worker.core.paired import paired_interval

NAMES = ("run0", "run1")


def evaluated(number: int = 0, **changes: Any) -> RunSeries:
    run = drawn_run(number)
    about = {"variants": answered(number, **changes)}
    return replace(run, analyses={"evaluate": replace(run.analyses["evaluate"], **about)})


def figure(*series: RunSeries, **params: Any) -> Any:
    panel = registry.panel("evaluate")
    return panel.draw(series, panel.params.model_validate(params))


def rows(*series: RunSeries, **params: Any) -> list[dict[str, Any]]:
    panel = registry.panel("evaluate")
    told = panel.tell(series, panel.params.model_validate(params))
    titles = [column.title for column in told.columns]
    return [dict(zip(titles, row, strict=True)) for row in told.rows()]


def trace(drawn: Any, uid: str) -> Any:
    return next(one for one in drawn.data if one.uid == uid)


def test_scores_go_from_the_base_through_the_checkpoints_between_levels_of_base_and_teacher():
    drawn = figure(evaluated())
    line = trace(drawn, "run0:sums")
    assert (line.x.tolist(), line.y.tolist()) == ([0, 8, 16], pytest.approx([0.2, 0.5, 0.7]))
    teacher = trace(drawn, "run0:sums:teacher: demo teacher")
    assert (teacher.x.tolist(), teacher.y.tolist(), teacher.name) == ([0, 16], [0.9, 0.9], "sums, teacher")
    assert trace(drawn, "run0:sums:base weights").line.dash == "dot"
    assert drawn.layout.meta["choices"] == {"set": ["", "sums", "facts"]}
    only = figure(evaluated(), set="facts", measure="pass")
    assert {one.uid.split(":")[1] for one in only.data} == {"facts"}
    assert trace(only, "run0:facts").y.tolist() == pytest.approx([0.85, 0.55, 0.35])


def test_the_scores_of_a_run_on_its_own_have_its_colour_and_shape():
    line = trace(figure(replace(evaluated(), color=2)), "run0:sums")
    assert (line.line.color, line.marker.symbol) == ("#009E73", "triangle-up")


def test_a_level_that_runs_have_in_common_is_drawn_once_and_in_no_runs_colour():
    both = figure(evaluated(0), replace(evaluated(0), id="other", name="Other"), set="sums")
    assert [one.uid for one in both.data if one.mode] == [
        "run0:sums:band", "run0:sums", "run0:sums:teacher: demo teacher", "other:sums:band", "other:sums"
    ]  # fmt: skip
    apart = figure(evaluated(0), evaluated(1), set="sums")
    levels = [one for one in apart.data if one.name == "sums, teacher"]
    assert [one.y[0] for one in levels] == pytest.approx([0.9, 0.91])
    assert {one.line.color for one in levels} == {"#808080"}


def test_forgetting_is_told_in_words_and_in_the_table():
    assert "Run 0 has forgotten some of facts" in figure(evaluated()).layout.meta["note"]
    told = [row["forgotten"] for row in rows(evaluated(), set="facts")]
    assert told == ["", "", "yes", "yes"]
    assert {row["forgotten"] for row in rows(evaluated(), set="sums")} == {""}


def test_runs_are_compared_prompt_by_prompt_where_they_answered_the_same():
    note = figure(evaluated(0), evaluated(1), set="sums").layout.meta["note"]
    assert "Run 1 − Run 0 on sums: +0.01 (−0.988 to +0.988)" in note
    difference = rows(evaluated(0), evaluated(1), set="sums")[-1]
    assert (difference["run"], difference["set"]) == ("Run 1 − Run 0", "sums")
    assert difference["avg"] == pytest.approx(0.01)
    assert difference["pass@2 over base"] is None


def test_two_runs_of_one_name_have_a_row_of_differences_each():
    namesakes = [replace(evaluated(number), name="twin") for number in (1, 3)]
    told = [row["avg"] for row in rows(evaluated(0), *namesakes, set="sums") if row["run"] == "twin − Run 0"]
    assert told == pytest.approx([0.01, 0.03])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"fingerprint": "other"}, "the prompts differ"),
        ({"seed": 1}, "the seeds are 0 and 1"),
        ({"temperature": 0.5}, "the temperatures are 1 and 0.5"),
        ({"samples": 4}, "the answers per prompt are 2 and 4"),
        ({"max_response_tokens": 9}, "the response limits are 8 and 9"),
    ],
)
def test_what_cannot_be_paired_is_said(change, why):
    other = evaluated(1)
    analysis = other.analyses["evaluate"]
    if "seed" in change:
        analysis = replace(analysis, parameters={**analysis.parameters, **change})
    else:
        analysis = replace(analysis, variants=[replace(one, details=one.details | change) for one in analysis.variants])
    both = evaluated(0), replace(other, analyses={"evaluate": analysis})
    note = figure(*both, set="sums").layout.meta["note"]
    assert f"Run 1 and Run 0 are not compared prompt by prompt on sums: {why}" in note
    assert all("−" not in row["run"] for row in rows(*both))


def test_a_group_is_the_mean_over_its_members():
    group = [replace(evaluated(number), group="seeds", group_color=3) for number in (0, 2)]
    drawn = figure(*group)
    assert trace(drawn, "group:seeds:sums").y.tolist() == pytest.approx([0.21, 0.51, 0.71])
    assert trace(drawn, "group:seeds:sums:base weights").y.tolist() == pytest.approx([0.21, 0.21])
    assert "over its members" in drawn.layout.meta["note"]


def test_intervals_of_differences_are_the_workers():
    generator = np.random.default_rng(0)
    a, b = generator.random(200), generator.random(200)
    ours, (gain, low, high) = paired(a, b), paired_interval(*map(_tensor, (a, b)))
    assert (ours.value, ours.low, ours.high) == pytest.approx((gain, low, high), abs=0.01)
    wide = paired(np.array([1.0, 1.0, 0.0]), np.zeros(3), shares=True)
    assert (wide.high, paired(np.array([1.0, 1.0, 0.0]), np.zeros(3)).high > 1) == (1.0, True)
    agree = paired(np.ones(64), np.ones(64), shares=True)
    assert (agree.low, agree.high) == pytest.approx(gain_interval(0, 0, 64, 1.9983405), abs=1e-5)
    assert paired(np.ones(64), np.ones(64)).high == 0
    for count, t in ((2, 12.7062047), (5, 2.7764451), (64, 1.9983405)):
        for gain in (0.25, 1 / 3, 0.9, 1.0):
            up, down = (paired(sign * np.full(count, gain), np.zeros(count), shares=True) for sign in (1, -1))
            assert (up.low, up.high) == pytest.approx(gain_interval(gain * count, 0, count, t), abs=1e-5)
            assert (down.low, down.high) == pytest.approx((-up.high, -up.low))
    assert np.isnan(paired(np.ones(1), np.zeros(1)).low)


def _tensor(values: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(values)
