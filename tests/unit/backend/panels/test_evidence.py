"""Alignments, decisions, spectra and positions: what is drawn is what is stored."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import drawn_run, points
from support.stored_runs import candidate, decision

from opdboard.domain.measures import MODULE_SPECTRA
from opdboard.panels import alignment, alignment_limits, decision_line, decision_tree, decisions, position, spectrum
from opdboard.panels.grouping import finite_extremes, finite_mean, groups
from opdboard.panels.locking import LockIn, lock_in
from opdboard.panels.scales import linear_ends, log_ends, symmetric_end
from opdboard.panels.series import Trigger


def by_uid(figure: Any) -> dict[str, Any]:
    return {trace.uid: trace for trace in figure.data}


def test_an_alignment_line_is_the_mean_of_its_group_and_the_band_its_extremes():
    run = drawn_run()
    drawn = by_uid(alignment.figure([run], alignment.AlignmentParams()))
    values = run.vectors["subspace_affinity@20"].values.astype(float)
    attention = [index for index, module in enumerate(run.modules) if module.group == "attention"]
    np.testing.assert_allclose(drawn["run0:attention"].y, values[:, attention].mean(1))
    band = drawn["run0:attention:band"]
    np.testing.assert_allclose(band.y[:4], values[:, attention].max(1))
    np.testing.assert_allclose(band.y[4:][::-1], values[:, attention].min(1))
    assert band.fill == "toself"


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        ([0.1, 0.5, 0.85, 0.9], "from step 4"),
        ([0.9, 0.9, 0.9, 0.9], "from step 1"),
        ([0.9, 0.7, 0.9, 0.9], "from step 4"),
        ([0.9, 0.9, 0.7, 0.9], "from step 8 (not confirmed)"),
        ([0.9, 0.9, 0.9, 0.7], "None"),
        ([0.1, 0.1, 0.1, np.nan], "None"),
        ([0.8, 0.8, 0.8, 0.8], "from step 1"),
    ],
)
def test_the_direction_is_locked_in_from_the_first_step_it_stays(affinity, expected):
    steps = np.array([1, 2, 4, 8])
    assert str(lock_in(steps, np.array(affinity), np.full(4, 16))) == expected


def test_the_reference_itself_does_not_count_as_locked_in():
    steps = np.array([1, 2, 4])
    assert lock_in(steps, np.array([0.1, 0.2, 1.0]), np.full(3, 4)) is None
    assert lock_in(np.empty(0, int), np.empty(0), np.empty(0, int)) is None
    assert lock_in(np.array([16, 32]), np.array([0.9, 1.0]), np.full(2, 32)) == LockIn(16, confirmed=False)


def test_the_lock_in_step_is_marked():
    run = drawn_run()
    figure = alignment.figure([run], alignment.AlignmentParams())
    chance = alignment_limits.chance_level(run, run.vectors["subspace_affinity@20"], "subspace_affinity", 20)
    assert [(shape.x0, shape.y0) for shape in figure.layout.shapes] == [(0, 0.8), (0, chance), (8.0, 0)]
    assert any("from step 8" in annotation.text for annotation in figure.layout.annotations)
    assert figure.layout.meta["note"] == (
        "compared with the snapshot at step 16; "
        "locked in: attention from step 8 (not confirmed), mlp from step 8 (not confirmed)"
    )
    assert figure.layout.meta["choices"]["reference_step"] == [2, 4, 8, 16]
    diamond = by_uid(figure)["run0:attention:lock"]
    line = by_uid(figure)["run0:attention"]
    assert (diamond.x.tolist(), diamond.y.tolist()) == ([8.0], [line.y[list(line.x).index(8)]])


def test_a_lower_threshold_locks_in_earlier_and_an_unreachable_one_never():
    low = alignment.figure([drawn_run()], alignment.AlignmentParams(threshold=0.4))
    assert "attention from step 4" in low.layout.meta["note"]
    never = by_uid(alignment.figure([drawn_run()], alignment.AlignmentParams(threshold=1.0)))
    assert never["run0:mlp:lock"].x.size == 0


def test_a_pinned_module_has_its_own_alignment_line():
    run = drawn_run()
    for wanted in ("L1 up", run.modules[6].name):
        drawn = by_uid(alignment.figure([run], alignment.AlignmentParams(module=wanted)))
        np.testing.assert_allclose(drawn["run0:module"].y, run.vectors["subspace_affinity@20"].values[:, 6])
    assert "run0:module" not in by_uid(alignment.figure([run], alignment.AlignmentParams(module="nowhere")))


def test_steps_begin_at_0_and_end_at_the_last_one_drawn_whatever_is_written_beside_the_lines():
    runs = [drawn_run(0), drawn_run(1, steps=5)]
    layout = alignment.figure(runs, alignment.AlignmentParams()).layout
    assert layout.xaxis.range == layout.xaxis2.range == pytest.approx((0.0, 8.0), rel=0.03)
    log = alignment.figure(runs[:1], alignment.AlignmentParams(x="log2")).layout
    assert log.xaxis.range == pytest.approx((0.0, np.log10(8)), abs=0.03)


def test_a_logarithmic_step_axis_has_powers_of_two():
    figure = alignment.figure([drawn_run()], alignment.AlignmentParams(x="log2"))
    assert (figure.layout.xaxis.type, figure.layout.xaxis.dtick) == ("log", pytest.approx(np.log10(2)))


def test_modules_fall_into_groups_without_rest():
    modules = drawn_run().modules
    for grouping, names in (
        ("block", ["attention", "mlp"]),
        ("depth", ["early", "middle", "late"]),
        ("kind", ["q", "o", "up", "down"]),
        ("all", ["all modules"]),
    ):
        made = groups(modules, grouping)
        assert list(made) == names
        assert sorted(np.concatenate(list(made.values())).tolist()) == list(range(12))


def test_means_and_extremes_pass_over_what_is_not_finite():
    values = np.array([[1.0, np.nan, 3.0, np.inf], [np.nan, np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(finite_mean(values), [2.0, np.nan])
    low, high = finite_extremes(values)
    np.testing.assert_array_equal(low, [1.0, np.nan])
    np.testing.assert_array_equal(high, [3.0, np.nan])
    assert finite_mean(np.empty((2, 0))).tolist() == pytest.approx([np.nan] * 2, nan_ok=True)


def tried(gain: float, factor: float = 2.0, *, low: float | None = None, high: float | None = None) -> Any:
    """A refused candidate; without ends its interval is 0.1 wide."""
    one = candidate(factor, gain, accepted=False)
    return one if low is None or high is None else replace(one, gain_low=low, gain_high=high)


def with_tries(*candidates: Any) -> Any:
    """A run whose only trigger, at step 2, tried these."""
    return replace(drawn_run(), triggers=[Trigger(decision(2, 0.0, list(candidates)), vetoed=False, seq=1)])


def test_every_try_is_where_it_was_and_looks_like_what_became_of_it():
    figure = decisions.figure([drawn_run()], decisions.DecisionsParams())
    drawn = by_uid(figure)
    accepted, refused, chosen, back, outlined = (
        drawn[f"run0:{name}"] for name in ("accepted", "refused", "chosen", "taken back", "may be no gain")
    )

    def places(trace: Any) -> list[tuple[float, float]]:
        return [(step, round(2**height - 1, 9)) for step, height in zip(trace.x, trace.y, strict=True)]

    assert places(accepted) == [(2, 2), (2, 4), (8, 2)]
    assert places(refused) == [(2, 6), (4, 6)]
    assert places(chosen) == [(2, 4), (8, 2)]
    assert places(back) == [(8, 2)]
    assert places(outlined) == [], "all intervals are 0.05 to either side of gains of 0.1 and more"
    assert (accepted.marker.symbol, refused.marker.symbol) == ("circle", "circle-open")
    np.testing.assert_allclose(accepted.marker.color, [0.1, 0.2, 0.1])
    assert accepted.customdata[0] == [
        2,
        "step 2, factor 2: accepted, not taken; KL 0.02,…<br>gain over W_t +0.1 [+0.05, +0.15]<br>at least as good",
        2.0,
    ]
    assert figure.layout.coloraxis.colorbar.title.text == "gain over W_t: Accuracy"


def test_one_far_factor_leaves_room_for_the_others_and_ticks_say_the_factors():
    axis = decisions.figure(
        [with_tries(*(tried(0.1, factor) for factor in (97.0, 2.0, 1.0, -0.6, -0.99)))], decisions.DecisionsParams()
    ).layout.yaxis
    ticks = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert ticks["0"] == 0 and ticks["2"] == pytest.approx(np.log2(3)) and ticks["10"] == pytest.approx(np.log2(11))
    assert ticks["−0.9"] == pytest.approx(np.log2(0.1)) and ticks["−0.99"] == pytest.approx(np.log2(0.01))
    assert axis.range[0] < np.log2(0.01) and axis.range[1] > np.log2(98)
    places = sorted(ticks.values())
    assert min(np.diff(places)) >= (axis.range[1] - axis.range[0]) / 14, "no tick is written over another"
    one = decisions.figure([with_tries(tried(0.1, 1.0))], decisions.DecisionsParams()).layout.yaxis
    assert {"0", "1"} <= set(one.ticktext) and one.range[0] < 0 < 1 < one.range[1]


@pytest.mark.parametrize(
    ("gains", "end", "ends"),
    [
        ([0.1, 0.2, -0.1], 0.2, ("−0.2", "+0.2")),
        ([0.011, -0.012, 0.018, 4.4], 0.02, ("−0.02", "≥ +0.02 ▸")),
        ([0.011, -0.012, 0.018, -4.4], 0.02, ("◂ ≤ −0.02", "+0.02")),
        ([0.0, 0.0, 0.0], 1.0, ("−1", "+1")),
        ([0.0, 0.0, 0.3], 0.5, ("−0.5", "+0.5")),
        ([], 1.0, ("−1", "+1")),
        ([np.nan], 1.0, ("−1", "+1")),
    ],
)
def test_gains_are_coloured_around_zero_and_one_outlier_does_not_grey_all_others(gains, end, ends):
    run = with_tries(candidate(0, 0.0, accepted=True), *(tried(gain) for gain in gains))
    coloraxis = decisions.figure([run], decisions.DecisionsParams()).layout.coloraxis
    assert (coloraxis.cmin, coloraxis.cmid, coloraxis.cmax) == (-end, 0, end)
    assert (coloraxis.colorbar.ticktext[0], coloraxis.colorbar.ticktext[-1]) == ends


def test_a_gain_whose_interval_holds_0_or_is_not_known_is_outlined():
    run = with_tries(
        tried(0.1, 2), tried(0.1, 4, low=-0.1, high=0.3), tried(-0.1, 6, low=-0.2, high=-0.01), tried(0.1, 8, low=np.nan, high=np.nan)
    )  # fmt: skip
    drawn = by_uid(decisions.figure([run], decisions.DecisionsParams()))
    assert [mark[2] for mark in drawn["run0:may be no gain"].customdata] == [4, 8]
    assert "gain over W_t +0.1, no interval" in drawn["run0:refused"].customdata[3][1]


def test_a_gain_that_is_not_finite_and_a_reason_with_markup_are_drawn():
    run = with_tries(tried(np.nan), replace(tried(0.1, 4), reason="-0.4 < 0.5 <b>"))
    drawn = by_uid(decisions.figure([run], decisions.DecisionsParams()))
    assert drawn["run0:refused"].marker.color.tolist() == [0.1]
    assert "gain over W_t not known" in drawn["run0:no score"].customdata[0][1]
    assert "−0.4 &lt; 0.5 &lt;b>" in drawn["run0:refused"].customdata[0][1]


def test_hovers_are_three_lines_that_a_phone_shows_whole():
    one = replace(tried(-0.123456, -0.936), reason="negative reverse KL -0.612345 below the last accepted -0.600123")
    run = with_tries(one)
    for figure in (
        decisions.figure([run], decisions.DecisionsParams()),
        decision_tree.figure([run], decision_tree.DecisionTreeParams()),
    ):
        lines = by_uid(figure)["run0:refused"].customdata[0][1].split("<br>")
        assert len(lines) == 3 and max(map(len, lines)) <= 48
        assert lines[0].startswith("step 2, factor −0.936: refused") and "over W_t −0.123 [" in lines[1]


def test_the_line_shows_scores_with_the_interval_of_their_gain():
    figure = decision_line.figure([drawn_run()], decision_line.DecisionLineParams(step=2))
    drawn = by_uid(figure)
    np.testing.assert_allclose(2 ** drawn["run0:accepted"].x - 1, [0, 2, 4])
    np.testing.assert_allclose(drawn["run0:accepted"].y, [0.5, 0.6, 0.7])
    np.testing.assert_allclose(drawn["run0:accepted"].error_y.array, [0.05] * 3)
    np.testing.assert_allclose(drawn["run0:accepted"].error_y.arrayminus, [0.05] * 3)
    assert 2 ** drawn["run0:chosen"].x - 1 == pytest.approx([4.0])
    assert [shape.y0 for shape in figure.layout.shapes] == [0.5]
    assert figure.layout.meta["note"] == "step 2: jumped by 4; held-out KL 0.7 at step 0, 0.4692 at step 4"


def test_a_score_far_from_all_others_stands_at_the_edge_of_the_line():
    run = with_tries(
        candidate(0, 0.0, accepted=True), *(tried(gain, at) for at, gain in enumerate((0.01, 0.02, -9.0), 1))
    )
    figure = decision_line.figure([run], decision_line.DecisionLineParams())
    refused = by_uid(figure)["run0:refused"]
    np.testing.assert_allclose(refused.y, [0.51, 0.52, 0.47])
    assert list(refused.marker.symbol) == ["circle-open", "circle-open", "triangle-down-open"]
    assert list(refused.error_y.array) == pytest.approx([0.05, 0.05, 0])
    assert figure.layout.yaxis.range[0] < 0.47 < 0.53 < figure.layout.yaxis.range[1]


@pytest.mark.parametrize("gains", [(0.01, 0.025), (0.01, -0.5), (0.01, 0.02, 0.05), (0.01, 0.02, 0.05, -0.2)])
def test_scores_of_an_ordinary_line_stand_at_their_places(gains: tuple[float, ...]):
    run = with_tries(candidate(0, 0.0, accepted=True), *(tried(gain, at) for at, gain in enumerate(gains, 1)))
    figure = decision_line.figure([run], decision_line.DecisionLineParams())
    np.testing.assert_allclose(by_uid(figure)["run0:refused"].y, [0.5 + gain for gain in gains])
    assert figure.layout.yaxis.range is None


def test_a_line_without_scores_is_drawn():
    run = with_tries(replace(candidate(0, 0.0, accepted=True), score=np.nan), replace(tried(np.nan), score=np.nan))
    figure = decision_line.figure([run], decision_line.DecisionLineParams())
    assert not figure.layout.shapes and len(by_uid(figure)["run0:refused"].x) == 0


def test_the_way_of_training_goes_through_the_jumps_that_were_kept():
    drawn = by_uid(decision_tree.figure([drawn_run()], decision_tree.DecisionTreeParams(step=4)))
    # triggers 2 (factor 4 kept), 4 (refused) and 8 (factor 2 taken back); heights are log2(1 + factor)
    np.testing.assert_allclose(drawn["run0:training"].x, [-0.5, 0, 0.5, 1, 2, 3])
    np.testing.assert_allclose(drawn["run0:training"].y, [0, 0, np.log2(5), 0, 0, 0])
    assert [mark[0] for mark in drawn["run0:refused"].customdata] == [2, 4]
    assert [(mark[0], mark[2]) for mark in drawn["run0:taken"].customdata] == [(2, 4), (8, 2)]
    assert [mark[0] for mark in drawn["run0:taken back"].customdata] == [8]


def test_ways_back_stand_below_the_trunk_and_have_ticks_there():
    run = with_tries(tried(0.1, 1.5), tried(0.1, 2.5**-1 - 1))
    axis = decision_tree.figure([run], decision_tree.DecisionTreeParams()).layout.yaxis
    heights = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert heights["−0.5"] == -heights["1"] == -1.0
    one = decision_tree.figure([with_tries(tried(0.1))], decision_tree.DecisionTreeParams())
    assert one.layout.meta["note"] == "1 candidate at 1 trigger; 0 jumps kept"


def test_a_trigger_is_found_by_step_or_as_the_latest():
    triggers = drawn_run().triggers
    steps = {wanted: decision_line.trigger_at(triggers, wanted).record.step for wanted in (None, 0, 2, 3, 4, 7, 8, 99)}  # type: ignore[union-attr]
    assert steps == {None: 8, 0: 2, 2: 2, 3: 2, 4: 4, 7: 4, 8: 8, 99: 8}


def test_what_a_jump_did_is_known_only_after_the_next_evaluation():
    evaluated = points(np.array([0, 4, 8]), [3.0, 2.0, 1.0])
    assert decision_line.held_out_effect(evaluated, 4) == ((0, 3.0), (4, 2.0))
    assert decision_line.held_out_effect(evaluated, 9) is None
    assert decision_line.held_out_effect(evaluated, 0) is None
    assert decision_line.held_out_effect(None, 4) is None


def test_the_spectral_table_holds_means_over_all_modules_at_the_latest_snapshot():
    runs = [drawn_run(0), drawn_run(1, steps=5)]
    table = spectrum.latest(runs)
    rows = list(table.rows())
    of_sums = ["spectral_frobenius_ratio (of sums)", "top1pct_norm_ratio (of sums)"]
    assert [column.title for column in table.columns] == [
        "run",
        "step",
        *MODULE_SPECTRA,
        *of_sums,
        "spectral_estimator",
    ]
    first, share, top = (
        runs[0].vectors[name].values[-1].astype(float)
        for name in ("spectral_norm", "spectral_frobenius_ratio", "top1pct_norm_ratio")
    )
    norm = first / share
    assert rows[0][-3] == pytest.approx(first.sum() / norm.sum())
    assert rows[0][-2] == pytest.approx((top * norm).sum() / norm.sum())
    assert [row[-1] for row in rows] == ["gram_float64", "gram_float32"]
    assert [tuple(row[:2]) for row in rows] == [("Run 0", 16), ("Run 1", 4)]
    assert rows[0][2] == pytest.approx(first.mean())
    members = [replace(run, group="seeds") for run in (drawn_run(0), drawn_run(1))]
    told = spectrum.latest([*members, drawn_run(2)])
    assert not told.columns[2].numeric and [column.numeric for column in told.columns[:2]] == [False, True]
    norms = [run.vectors["spectral_norm"].values[-1].astype(float).mean() for run in members]
    half = 12.7062 * np.std(norms, ddof=1) / np.sqrt(2)
    assert [row[2] for row in told.rows()] == [f"{np.mean(norms):.4g} ± {half:.2g}", f"{first.mean() * 3:.4g}"]


def test_positions_are_tokens():
    run = drawn_run()
    figure = position.figure([run], position.PositionParams())
    line = by_uid(figure)["run0"]
    assert line.x[:2].tolist() == [3.5, 11.5]  # 256 tokens in 32 bins: 0..7, 8..15
    np.testing.assert_allclose(line.y[:2], [1 / 16, 1 / 32], rtol=1e-6)
    assert figure.layout.meta["step"] == 16
    short = by_uid(position.figure([replace(run, longest_response=6)], position.PositionParams(step=2)))["run0"]
    assert short.x.tolist() == [0, 1, 2, 3, 4, 5]  # and no bins that nothing can fall into
    assert len(short.y) == 6


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.012, 0.5], -2.0, 0.0),
        ([0.05], -1.5, -1.0),
        ([1.0], -0.5, 0.5),
        ([1e-12, 1.0], -6.0, 0.0),
        ([0.0, np.nan], -0.5, 0.5),
    ],
)
def test_logarithmic_ends_are_half_decades(values, low, high):
    assert log_ends([np.array(values)]) == (low, high)


@pytest.mark.parametrize(
    ("values", "low", "high"), [([3.0, 41.0], 0.0, 50.0), ([20.1, 42.0], 20.0, 50.0), ([0.31, 0.35], 0.31, 0.35), ([0.0], 0.0, 1.0), ([], 0.0, 1.0)]
)  # fmt: skip
def test_linear_ends_are_round(values, low, high):
    assert linear_ends([np.array(values)]) == pytest.approx((low, high))


def test_symmetric_ends_are_round():
    assert symmetric_end([np.array([-0.13, 0.07, np.inf])]) == 0.2
    assert symmetric_end([np.array([])]) == 1.0
