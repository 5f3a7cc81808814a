"""Pictures of analyses: which numbers are drawn, of runs and of groups."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.drawn_runs import analysis, drawn_run, vectors

from opdboard.domain.records import Estimate
from opdboard.panels import lock_in, registry, reset_embeddings, scores, sliding_window
from opdboard.panels.gathering import entries
from opdboard.panels.series import RunSeries


def drawn(name: str, series: list[RunSeries], **params: Any) -> Any:
    panel = registry.panel(name)
    return panel.figure(series, panel.params.model_validate(params))


def trace(figure: Any, uid: str) -> Any:
    return next(one for one in figure.data if one.uid == uid)


def group_of(*runs: RunSeries) -> list[RunSeries]:
    return [replace(run, group="seeds", group_color=3) for run in runs]


def test_scores_are_drawn_against_the_norm_from_base_to_final():
    figure = drawn("scale_final", [drawn_run()])
    line = trace(figure, "run0:scale_final")
    np.testing.assert_allclose(line.x, [0.1, 0.3, 0.4, 0.5, 0.2])  # the final weights were scored second, and come last
    np.testing.assert_allclose(line.y, [0.1, 0.25, 0.3, 0.35, 0.9])
    assert trace(figure, "run0:norm_vs_score").line.dash == "dot"
    placed = trace(drawn("scale_final", [drawn_run()], x="place"), "run0:scale_final")
    np.testing.assert_allclose(placed.x, [0, 0.25, 0.5, 0.75, 1])


def test_recoveries_of_base_and_trained_weights_are_zero_and_one_by_definition():
    (entry,) = entries([drawn_run()])
    found = scores.curve(entry, "scale_final", ("base", "scaled", "final"), "recovery")
    np.testing.assert_allclose(found.y[[0, -1]], [0, 1])
    np.testing.assert_allclose(found.y[1], (0.25 - 0.1) / 0.8)


def test_a_group_is_the_mean_of_its_members_with_the_interval_over_them():
    runs = group_of(drawn_run(0), drawn_run(2), replace(drawn_run(4), analyses={}))
    (entry,) = entries(runs)
    found = scores.curve(entry, "rank", ("top",), "accuracy")
    alone = scores.curve(entries([drawn_run(0)])[0], "rank", ("top",), "accuracy")
    np.testing.assert_allclose(found.y, alone.y + 0.01)
    np.testing.assert_allclose(found.high - found.y, 12.7062 * np.std([0, 0.02], ddof=1) / np.sqrt(2), rtol=1e-4)
    assert scores.level(entry, "rank", "final", "accuracy") == pytest.approx(0.91)


def test_members_are_compared_where_all_of_them_were_scored():
    short = drawn_run(1)
    kept = [one for one in short.analyses["rank"].variants if one.x != 10]
    short = replace(short, analyses={"rank": replace(short.analyses["rank"], variants=kept)})
    (entry,) = entries(group_of(drawn_run(0), short))
    assert scores.curve(entry, "rank", ("top",), "accuracy").x.tolist() == [5, 50, 100]


def test_putting_all_weights_back_loses_the_whole_gain():
    found = reset_embeddings.changes(drawn_run(), "accuracy")
    assert list(found) == ["part 3", "part 4", "part 5", "all weights"]
    assert found["all weights"].value == pytest.approx(-0.8)
    assert found["all weights"].low == pytest.approx(-0.85)
    assert found["part 3"].value == pytest.approx(0.25 - 0.9)


def test_bars_are_the_norms_of_a_layers_matrices_at_the_analysed_step():
    run = drawn_run()
    (entry,) = entries([run])
    rows = run.vectors["update_norm"]
    at = rows.values[rows.steps.tolist().index(16)].astype(np.float64)
    mlp = [index for index, module in enumerate(run.modules) if module.layer == 1 and module.group == "mlp"]
    assert sliding_window.layer_norms(entry, "mlp")[1] == pytest.approx(np.sqrt((at[mlp] ** 2).sum()))
    assert len(sliding_window.layer_norms(entry, "attention")) == 3


def test_a_run_that_was_not_analysed_has_no_cell():
    figure = drawn("sliding_window", [drawn_run(0), replace(drawn_run(1), analyses={})])
    assert {one.xaxis for one in figure.data} == {"x"} and "xaxis2" not in figure.layout.to_plotly_json()
    assert "no such analysis of Run 1 yet" in figure.layout.meta["note"]
    assert drawn("sliding_window", [replace(drawn_run(1), analyses={})]).layout.meta["empty"]


def test_the_note_says_who_is_missing_and_where_intervals_come_from():
    figure = drawn("rescale_early", [drawn_run(0), replace(drawn_run(1), analyses={})])
    assert "no such analysis of Run 1 yet" in figure.layout.meta["note"]
    assert "direction of step 2, norms of step 16" in figure.layout.meta["note"]
    assert "2 prompts" in figure.layout.meta["note"]
    panel = registry.panel("rescale_early")
    (row, *_) = panel.table([drawn_run(0)], panel.params()).rows()
    assert row[:3] == ("Run 0", "base 0", 0.1)


def test_a_shift_that_is_no_number_is_a_gap():
    figure = drawn("embedding_shift", [drawn_run()])
    np.testing.assert_array_equal(trace(figure, "run0:input").y, [1e-4, np.nan])
    assert "of 1 unused ones 1e-06" in figure.layout.meta["note"]


def test_paths_are_those_of_one_layer_and_ratios_of_all():
    figure = drawn("rank_one_trajectory", [drawn_run()])
    assert [one.uid for one in figure.data] == ["run0:module 1", "run0:evr"]
    assert trace(figure, "run0:evr").x.tolist() == [0, 1, 2]
    assert [one.uid for one in drawn("rank_one_trajectory", [drawn_run()], layer=7).data] == ["run0:evr"]


def test_paths_are_drawn_by_neighbours_too():
    run = drawn_run()
    figure = drawn("rank_one_trajectory", [run], projection="tsne")
    assert trace(figure, "run0:module 1").x.tolist() == [3.0, -1.0, -2.0]
    assert "t-SNE" in figure.layout.xaxis.title.text and "no t-SNE" not in figure.layout.meta["note"]
    whole = run.analyses["rank_one_trajectory"]
    older = [
        replace(one, details={name: value for name, value in one.details.items() if "tsne" not in name})
        for one in whole.variants
    ]
    run = replace(run, analyses={"rank_one_trajectory": replace(whole, variants=older)})
    figure = drawn("rank_one_trajectory", [run], projection="tsne")
    assert np.isnan(trace(figure, "run0:module 1").x).all()
    assert "no t-SNE, which needs four snapshots" in figure.layout.meta["note"]


def test_the_first_snapshot_is_compared_with_the_last():
    run = drawn_run()
    figure = drawn("first_last_cosine", [run])
    assert figure.layout.meta["note"].startswith("Run 0: step 1 against 16, mean")
    at_random = np.mean([np.sqrt(2 / (np.pi * module.shape[0])) for module in run.modules])
    assert float(figure.layout.meta["note"].split("by chance ")[1]) == pytest.approx(at_random, rel=0.1)
    first = run.vectors["paired_cosine@1"].values[0]
    np.testing.assert_allclose(np.nanmax(figure.data[0].z), first.max(), rtol=0.05)


def test_a_first_snapshot_that_is_the_last_or_has_no_direction_claims_nothing():
    run = drawn_run(layers=1)
    cosines = np.array([[0.9, np.nan, 0.7, np.nan]])
    turned = replace(run, vectors={"paired_cosine@1": vectors(np.array([1]), cosines, 8)})
    assert "mean 0.800 of 2 of 4 modules" in drawn("first_last_cosine", [turned]).layout.meta["note"]
    frozen = replace(run, vectors={"paired_cosine@1": vectors(np.array([1]), cosines * np.nan, 8)})
    assert "no module has a direction at both" in drawn("first_last_cosine", [frozen]).layout.meta["note"]
    alone = replace(run, vectors={"paired_cosine@1": vectors(np.array([8]), np.ones((1, 4)), 8)})
    assert drawn("first_last_cosine", [alone]).layout.meta["empty"]


def test_each_module_locks_in_at_its_own_step():
    run = drawn_run(layers=1)
    affinity = np.array([[0.9, 0.1, 0.9, 0.2], [0.9, 0.9, 0.1, 0.3], [0.9, 0.9, 0.9, 0.4]])
    run = replace(run, vectors={"subspace_affinity@20": vectors(np.array([1, 2, 4]), affinity, 8)})
    found = lock_in.lock_ins(run, lock_in.LockInParams())
    assert [str(one) for one in found] == ["from step 1", "from step 2", "from step 4 (not confirmed)", "None"]
    note = drawn("lock_in", [run]).layout.meta["note"]
    assert note == "Run 0: 3 of 4 matrices locked in, half of those by step 2; 1 not confirmed by a second snapshot"


def test_an_analysis_at_an_earlier_sequence_has_its_earlier_variants():
    whole = analysis("rank")
    assert [one.index for one in whole.until(int(whole.seqs[2])).variants] == [1, 2, 3]


def test_a_share_of_no_gain_is_said_to_say_nothing():
    run = drawn_run()
    worse = [
        replace(one, scores=[replace(score, over_base=Estimate(-0.1, -0.2, 0.0)) for score in one.scores])
        for one in run.analyses["rank"].variants
    ]
    run = replace(run, analyses={"rank": replace(run.analyses["rank"], variants=worse)})
    assert "no better than the base" in drawn("rank", [run]).layout.meta["note"]
    for measure, series in (("recovery", [drawn_run()]), ("accuracy", [run]), ("kl_recovery", [run])):
        assert "no better than the base" not in drawn("rank", series, measure=measure).layout.meta["note"]


def without(run: RunSeries, measure: str) -> RunSeries:
    """A run whose analyses did not score this."""

    def left(one: Any) -> Any:
        return replace(one, scores=[score for score in one.scores if score.measure != measure])

    found = {kind: replace(one, variants=[left(two) for two in one.variants]) for kind, one in run.analyses.items()}
    return replace(run, analyses=found)


@pytest.mark.parametrize("name", ["scale_final", "rank", "rescale_early", "sliding_window", "reset_embeddings"])
def test_a_picture_without_the_scores_that_it_shows_says_why(name):
    drawn_one = drawn_run()
    shown = {} if name == "reset_embeddings" else {"measure": "accuracy"}
    about = drawn(name, [without(drawn_one, "accuracy")], **shown).layout.meta
    assert (
        f"no answers are known to the prompts of {drawn_one.name}, so there is no accuracy: choose the KL"
        in about["note"]
    )
    norms_too = name == "sliding_window"
    assert about["empty"] or norms_too
    if shown:
        about = drawn(name, [without(drawn_one, "reverse_kl")], measure="kl_recovery").layout.meta
        assert "no teacher that tells whole distributions, so there is no KL" in about["note"]
        assert about["empty"] or norms_too
        assert not drawn(name, [without(drawn_one, "accuracy")], measure="reverse_kl").layout.meta["empty"]
