"""Means over seeds and curves at matched teacher KL, in closed form."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, points, vectors

from opdboard.panels.curves import Curve, curve, matched, mean_curve, scalars_for
from opdboard.panels.gathering import means
from opdboard.panels.intervals import mean_and_half_width
from opdboard.panels.scalars import PANEL, ScalarParams
from opdboard.panels.series import RunSeries


def line(x: list[float], y: list[float]) -> Curve:
    return Curve(np.arange(len(x)), np.array(x, float), np.array(y, float))


def seeds(count: int, *, key: str = "eval/reverse_kl", slope: float = 1.0) -> list[RunSeries]:
    """Members of group g: seed i has 1 - slope * step / 100 + i / 100 at even steps, 10 tokens a step times i + 1."""
    steps = np.arange(0, 21, 2)
    return [
        replace(
            drawn_run(number),
            id=f"seed{number}",
            group="g",
            group_color=3,
            scalars={
                key: points(steps, 1 - slope * steps / 100 + number / 100),
                "tokens": points(steps, steps * 10.0 * (number + 1)),
            },
        )
        for number in range(count)
    ]


def drawn_of(series: list[RunSeries], **params: Any) -> Any:
    return PANEL.draw(series, ScalarParams.model_validate(params))


def test_tokens_are_those_of_the_search_too():
    """Counted at the same step, or when they were last told; a trainer that reports none has none."""
    steps = np.array([0, 4, 8])
    scalars = {"loss": points(steps, [3.0, 2.0, 1.0]), "tokens": points(steps, [0.0, 40.0, 80.0])}
    run = replace(drawn_run(), scalars=scalars)
    np.testing.assert_array_equal(curve(run, "loss", "tokens").x, [0, 40, 80])
    for searched, expected in (([0.0, 5.0, 25.0], [0, 45, 105]), ([0.0, 5.0], [0, 45, 85])):
        told = {"search_tokens": points(steps[: len(searched)], searched)}
        np.testing.assert_array_equal(curve(replace(run, scalars=scalars | told), "loss", "tokens").x, expected)
    assert scalars_for(("loss",), "tokens") == ("loss", "tokens", "search_tokens")


def test_the_interval_of_three_known_numbers():
    mean, half = mean_and_half_width(np.array([[1.0, 5.0], [2.0, 5.0], [3.0, np.nan]]))
    assert mean[0] == 2.0
    assert half[0] == pytest.approx(4.302653 * 1.0 / np.sqrt(3))
    assert np.isnan([mean[1], half[1]]).all()


def test_one_member_has_a_mean_and_no_interval():
    mean, half = mean_and_half_width(np.array([[1.0, 2.0]]))
    assert mean.tolist() == [1.0, 2.0]
    assert np.isnan(half).all()


def test_on_steps_the_mean_is_taken_where_all_members_have_points():
    one = Curve(np.array([0, 2, 4]), np.array([0.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0]))
    other = Curve(np.array([0, 4, 6]), np.array([0.0, 4.0, 6.0]), np.array([3.0, 5.0, 9.0]))
    mean = mean_curve([one, other, line([], [])], "steps")
    assert (mean.x.tolist(), mean.y.tolist()) == ([0.0, 4.0], [2.0, 5.0])
    assert mean.high[0] == pytest.approx(2 + 12.706205 * np.sqrt(2) / np.sqrt(2))
    assert mean.low[1] == mean.high[1] == 5.0


def test_over_a_cost_members_are_interpolated_inside_the_range_that_all_cover():
    mean = mean_curve([line([0, 10, 20], [0, 1, 2]), line([5, 15, 25], [1, 2, 3])], "tokens")
    assert mean.x.tolist() == [5.0, 10.0, 15.0, 20.0]
    np.testing.assert_allclose(mean.y, [0.75, 1.25, 1.75, 2.25])


def test_matched_kl_keeps_the_evaluations_that_came_nearer_than_all_before():
    steps = np.arange(6)
    kl = points(steps, [0.7, 0.5, 0.6, np.nan, 0.5, 0.3])
    accuracy = points(steps, [0.1, 0.2, 0.9, 0.9, 0.9, 0.5])
    found = matched(kl, accuracy)
    assert (found.steps.tolist(), found.x.tolist(), found.y.tolist()) == ([0, 1, 5], [0.7, 0.5, 0.3], [0.1, 0.2, 0.5])
    assert not len(matched(None, accuracy).x)


def test_means_at_matched_kl_fall_to_the_right():
    mean = mean_curve([line([0.8, 0.4], [0, 4]), line([0.6, 0.2], [2, 6])], "teacher_kl")
    np.testing.assert_allclose(mean.x, [0.6, 0.4])
    np.testing.assert_allclose(mean.y, [2.0, 4.0])


def test_the_norm_of_the_whole_update_is_put_together_from_the_modules():
    run = replace(
        drawn_run(), scalars={}, vectors={"update_norm": vectors(np.array([1, 2]), np.array([[3, 4], [6, 8]]))}
    )
    drawn = curve(run, "update_norm", "steps")
    assert (drawn.x.tolist(), drawn.y.tolist()) == ([1.0, 2.0], [5.0, 10.0])


def test_a_group_is_drawn_as_its_mean_in_a_band_with_its_members_on_demand():
    figure = drawn_of(seeds(3))
    drawn = {trace.uid: trace for trace in figure.data}
    mean, low, high = (drawn[f"group:g:eval/reverse_kl{end}"] for end in ("", ":low", ":high"))
    np.testing.assert_allclose(mean.y, 1.01 - np.arange(0, 21, 2) / 100)
    np.testing.assert_allclose((high.y - low.y) / 2, 4.302653 * 0.01 / np.sqrt(3))
    assert (mean.line.color, mean.name, high.fill) == ("#CC79A7", "g (n = 3)", "tonexty")
    assert "t-interval" in figure.layout.meta["note"]
    members = {trace.uid for trace in drawn_of(seeds(3), members=True).data}
    assert members - drawn.keys() == {f"group:g:eval/reverse_kl/seed{number}" for number in range(3)}


def test_a_run_may_stand_beside_the_group_it_belongs_to():
    alone = replace(seeds(1)[0], group="")
    uids = [trace.uid for trace in drawn_of([alone, *seeds(2)]).data]
    assert len(uids) == len(set(uids))
    assert {"seed0:eval/reverse_kl", "group:g:eval/reverse_kl"} <= set(uids)


def test_fifty_runs_stay_light_and_without_a_legend():
    steps = np.arange(2000)
    many = [
        replace(
            drawn_run(number), id=f"run{number}", triggers=[], scalars={"loss": points(steps, np.sin(steps + number))}
        )
        for number in range(50)
    ]
    figure = drawn_of(many, keys=("loss",))
    assert sum(len(trace.x) for trace in figure.data) < 25_000
    assert figure.layout.meta["note"].startswith("showing ")
    assert not figure.layout.showlegend
    assert not figure.layout.annotations


def test_gpu_seconds_say_who_used_no_gpu():
    with_gpu = drawn_run(0)
    with_gpu = replace(with_gpu, scalars={**with_gpu.scalars, "gpu_seconds": with_gpu.scalars["seconds"]})
    without = drawn_run(1)
    without = replace(without, scalars={**without.scalars, "gpu_seconds": points(np.empty(0), [])})
    mixed = drawn_of([with_gpu, without], x="gpu_seconds").layout.meta
    assert (mixed["note"], mixed["empty"]) == ("no GPU was used by Run 1", False)
    none = drawn_of([without], x="gpu_seconds").layout.meta
    assert none["empty"]
    assert "none of these runs has used a GPU" in none["note"]


def test_at_matched_kl_the_axis_falls_to_the_right_and_zooms_that_way():
    figure = drawn_of([drawn_run()], x="teacher_kl", keys=("tokens",))
    assert figure.layout.xaxis.autorange == "reversed"
    assert not figure.layout.shapes
    near = drawn_of([drawn_run()], x="teacher_kl", keys=("tokens",), x_from=0.5, x_to=0.2)
    assert tuple(near.layout.xaxis.range) == (0.5, 0.2)
    assert 0 < len(near.data[0].x) <= len(figure.data[0].x)


def test_the_mean_of_a_group_is_drawn_like_a_run():
    first, second = (replace(drawn_run(number), id=f"s{number}", group="g", group_color=5) for number in (0, 2))
    (mean,) = means([first, second])
    assert (mean.id, mean.name, mean.color, len(mean.triggers)) == ("group:g", "g (n = 2)", 5, 6)
    np.testing.assert_allclose(
        mean.vectors["update_norm"].values,
        (first.vectors["update_norm"].values + second.vectors["update_norm"].values) / 2,
        rtol=1e-6,
    )


def test_means_match_modules_by_name_and_end_where_a_member_ends():
    first = replace(drawn_run(0, layers=3), id="a", group="g")
    second = replace(drawn_run(0, layers=2, steps=8), id="b", group="g")
    (mean,) = means([first, second])
    assert [module.name for module in mean.modules] == [module.name for module in second.modules]
    assert mean.vectors["update_norm"].steps.tolist() == list(range(1, 9))
    np.testing.assert_allclose(mean.vectors["update_norm"].values, second.vectors["update_norm"].values, rtol=1e-6)
