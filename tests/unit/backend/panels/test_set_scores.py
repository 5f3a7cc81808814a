"""Scores on evaluation sets: drawn as they were found, and compared prompt by prompt where the same was asked."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.scored_sets import scored_set

from opdboard.domain.records import Estimate, VariantRecord
from opdboard.panels.series import IN_TRAINING, Analysis, RunSeries
from opdboard.panels.set_scores import PANEL


def run(number: int, *records: VariantRecord, group: str = "") -> RunSeries:
    seqs = np.arange(len(records))
    return RunSeries(
        f"run{number}", f"Run {number}", number, analyses={IN_TRAINING: Analysis("", {}, records, seqs)}, group=group
    )


def drawn(*series: RunSeries, **params: Any) -> tuple[dict[str, Any], str]:
    """Line by uid, and the note."""
    figure: Any = PANEL.draw(series, PANEL.params.model_validate(params))
    return {trace.uid: trace for trace in figure.data}, figure.layout.meta["note"]


OVER = Estimate(0.25, 0.1, 0.4)
BASE, LATER = scored_set(0, [0, 1, 2, 3]), scored_set(4, [1, 2, 3, 4], over=OVER)


def test_scores_and_gains_of_a_run_are_those_that_its_worker_found():
    lines, note = drawn(run(0, BASE, LATER))
    assert (lines["run0"].x.tolist(), lines["run0"].y.tolist()) == ([0, 4], [0.375, 0.625])
    np.testing.assert_allclose(lines["run0:band"].y, [0.425, 0.675, 0.575, 0.325])
    assert note == "4 prompts, 4 answers to each; 95% intervals over prompts"
    lines, _ = drawn(run(0, BASE, LATER), against="base")
    assert (lines["run0"].x.tolist(), lines["run0"].y.tolist()) == ([4], [0.25])
    np.testing.assert_allclose(lines["run0:band"].y, [0.4, 0.1])


def test_a_difference_to_another_run_is_of_the_prompts_that_both_were_asked():
    """The other run trains on the first prompt, so it is not asked there; one prompt of each has no answer."""
    ours = run(0, scored_set(0, [0, 1, -1, 3, 2]), scored_set(4, [1, 4, -1, 4, 4]))
    keys = ["p1", "p2", "p3", "p4"]
    theirs = run(1, scored_set(0, [1, -1, 3, 2], keys=keys), scored_set(4, [2, -1, 3, 4], keys=keys))
    lines, note = drawn(theirs, ours, against="reference", measure="avg")
    assert lines.keys() == {"run0", "run0:band"}
    assert lines["run0"].x.tolist() == [0, 4]
    np.testing.assert_allclose(lines["run0"].y, [0.0, (0.5 + 0.25 + 0.0) / 3])
    assert "Run 0: over the 3 of 4 prompts that both were asked" in note
    chosen, _ = drawn(theirs, ours, against="reference", reference="run0")
    np.testing.assert_allclose(chosen["run1"].y, -lines["run0"].y)
    longer, _ = drawn(theirs, ours, against="reference", measure="length")
    np.testing.assert_allclose(longer["run0"].y, [1.0, 1.0])  # of all four prompts, each one place later


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"samples": 8}, "the answers per prompt are 8 and 4"),
        ({"max_response_tokens": 32}, "the response limits are 32 and 64"),
        ({"keys": ["a", "b", "c", "d"]}, "they share no prompt that is told and judged alike"),
    ],
)
def test_what_is_not_the_same_set_is_not_paired_and_why_is_told(changes: dict[str, Any], why: str):
    other = run(1, scored_set(0, [0, 1, 2, 3], **changes), scored_set(4, [1, 2, 3, 4], **changes))
    lines, note = drawn(run(0, BASE, LATER), other, against="reference")
    assert not lines and f"Run 1 is not compared with Run 0: {why}" in note
    without = replace(other, analyses={})
    _, note = drawn(run(0, BASE, LATER), without)
    assert "Run 1 has no scores on sums" in note


def test_runs_that_are_asked_otherwise_are_drawn_and_told_of():
    other = run(1, *(replace_pass(scored_set(step, [1, 2, 3, 4], samples=8)) for step in (0, 4)))
    figure: Any = PANEL.draw((run(0, BASE, LATER), other), PANEL.params.model_validate({"measure": "pass"}))
    assert figure.layout.yaxis.title.text == "pass@n [share]"
    assert "Run 1 is not asked as Run 0 is: the answers per prompt are 8 and 4" in figure.layout.meta["note"]
    _, note = drawn(run(0, BASE, LATER), run(1, replace(BASE, details=BASE.details | {"fingerprint": "g"})))
    assert "Run 1 is not asked as Run 0 is: the prompts differ" in note


def replace_pass(record: VariantRecord) -> VariantRecord:
    renamed = [replace(one, measure="pass@8") if one.measure == "pass@4" else one for one in record.scores]
    return replace(record, scores=renamed)


@pytest.mark.parametrize("right", [[4, 4, 4, 4], [4, 4]])
def test_prompts_of_data_that_changed_before_a_resume_are_not_paired_with_those_of_the_base(right: list[int]):
    """Scores of later steps are of prompts whose keys nobody knows: by the base's they would be of the wrong ones."""
    resumed = run(1, BASE, LATER, scored_set(8, right, fingerprint="changed"))
    ours = run(0, BASE, LATER, scored_set(8, [1, 2, 3, 4]))
    lines, note = drawn(ours, resumed, against="reference")
    assert lines["run1"].x.tolist() == [0, 4]
    assert "Run 1 answers other prompts from step 8 on, as its data have changed" in note
    lines, _ = drawn(ours, resumed)
    assert lines["run1"].x.tolist() == [0, 4, 8]


def test_a_group_is_its_mean_over_seeds_and_compared_by_the_mean_of_each_prompt():
    members = [run(0, BASE, LATER, group="g"), run(1, BASE, scored_set(4, [3, 2, 3, 4]), group="g")]
    lines, note = drawn(*members, run(2, BASE, LATER))
    assert lines["group:g"].y.tolist() == [0.375, (0.625 + 0.75) / 2]
    assert "of a group over its members" in note
    lines, _ = drawn(run(2, BASE, LATER), *members, against="reference")
    np.testing.assert_allclose(lines["group:g"].y, [0.0, 0.25 / 4])
