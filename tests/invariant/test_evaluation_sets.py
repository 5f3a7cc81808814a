"""Evaluation sets of a training run: scored when they are due, on nothing but their own numbers, whatever else happens."""

import json
from collections.abc import Sequence

import pytest
import torch
from invariant.conftest import PLAIN, after, equal, go_on, tiny_config

from opdboard.domain.cadence import Cadence
from opdboard.domain.data import ArithmeticData, FileData
from opdboard.domain.errors import DataProblem
from opdboard.domain.evaluation import MOST_SETS, EvaluationSet
from opdboard.domain.objectives import Sft
from opdboard.domain.records import VariantRecord
from opdboard.domain.run_config import RunConfig
from opdboard.domain.selection import Selection
from opdboard.domain.teachers import NoTeacher
from opdboard_worker.core import bootstrap
from opdboard_worker.data.answered import check_answers
from opdboard_worker.data.examples import Example
from opdboard_worker.sinks import MemorySink

TARGET = EvaluationSet(name="sums", prompts=6, samples=2, max_response_tokens=6)
OTHER = EvaluationSet(
    name="short", data=ArithmeticData(digits=2), prompts=5, samples=1, max_response_tokens=5, forgetting=True
)
BOTH = Cadence(sets=(TARGET, OTHER), every=3)


def records(sink: MemorySink) -> list[VariantRecord]:
    return [record for batch in sink.batches for record in batch.set_scores]


def score_of(record: VariantRecord, measure: str) -> Sequence[float]:
    return next(one.per_prompt for one in record.scores if one.measure == measure)


def test_base_cadence_and_last_step_are_scored_and_nothing_else_changes(train):
    plain, plain_sink = train(tiny_config(steps=4))
    training, sink = train(tiny_config(steps=4, evaluation=BOTH))
    assert equal(training.parts.trained.parameters, plain.parts.trained.parameters)
    assert sink.series("loss") == plain_sink.series("loss")
    told = [(one.details["set"], one.family, one.x) for one in records(sink)]
    at = ((0.0, "base"), (3.0, "checkpoint"), (4.0, "checkpoint"))
    assert told == [(name, family, x) for x, family in at for name in ("sums", "short")]
    assert len({one.index for one in records(sink)}) == 6
    assert sink.series("eval/sums/avg@2").keys() == sink.series("eval/forgetting/short/avg@1").keys() == {0, 3, 4}
    keys = {key for batch in sink.batches for key in batch.scalars if key.startswith("eval/sums/")}
    assert keys == {f"eval/sums/{one}" for one in ("avg@2", "pass@2", "maj@2", "truncated", "length")}
    assert "eval/forgetting/short/maj@1" not in {key for batch in sink.batches for key in batch.scalars}
    spent = training.clock.spent
    assert training.clock.counted == pytest.approx(sum(spent[name] for name in training.clock.COUNTED))
    assert sink.series("seconds")[4] <= training.clock.counted  # no second of a set is among them
    for step in (0, 3, 4):  # the step's own points come first
        assert not next(batch for batch in sink.batches if batch.step == step and batch.scalars).set_scores
    assert _base_and_gain_are_told(*records(sink)[::2][:2])
    of_another_seed, other_sink = train(tiny_config(steps=1, evaluation=BOTH, seed=1))
    assert records(other_sink)[:2] == records(sink)[:2] and of_another_seed.config.seed == 1


def _base_and_gain_are_told(base: VariantRecord, later: VariantRecord) -> bool:
    assert base.details["prompts"] == len(base.details["keys"]) == 6 and "keys" not in later.details
    assert base.details["fingerprint"] == later.details["fingerprint"]
    for record in (base, later):
        assert set(score_of(record, "avg")) <= {0.0, 0.5, 1.0}
        average = next(one for one in record.scores if one.measure == "avg")
        assert average.score.value == pytest.approx(sum(average.per_prompt) / 6)
    ours, theirs = (torch.tensor(score_of(one, "avg"), dtype=torch.float64) for one in (later, base))
    gain = next(one for one in later.scores if one.measure == "avg").over_base
    return vars(gain) == vars(bootstrap.difference(ours, theirs, shares=True))


def test_a_resumed_run_neither_repeats_nor_loses_a_score(train):
    config = tiny_config(steps=4, evaluation=BOTH.model_copy(update={"every": 2}), checkpoint_every=1)
    _, whole_sink = train(config)
    first, first_sink = train(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 2})}))
    _, sink = train(config, before=go_on(first, 2))
    assert after(2, whole_sink) == sink.series("loss") != {}
    assert records(first_sink) + records(sink) == records(whole_sink)  # gains over the base among them
    assert [one.index for one in records(sink)] == [4 * MOST_SETS + 1, 4 * MOST_SETS + 2]


def test_a_sets_average_may_tell_the_best_state_and_a_plateau_is_the_last_step(train):
    still = Selection(evaluation_set="sums", patience=1, least_gain=2.0)
    config = tiny_config(steps=9, evaluation=Cadence(sets=(TARGET,), every=2), selection=still)
    training, sink = train(config)
    assert training.progress.step == 2 and training.progress.best_step == 0
    assert training.progress.best_value == sink.series("eval/sums/avg@2")[0]

    held_out = tiny_config(
        steps=9, evaluation=Cadence(sets=(TARGET,), every=8), selection=Selection(patience=1, least_gain=9.0)
    )
    training, sink = train(held_out)
    assert training.progress.step == 2 and sink.series("eval/sums/avg@2").keys() == {0, 2}


def test_prompts_that_are_trained_on_are_left_out_and_told(train):
    """All sums of one digit are trained on but those held out."""
    easy = EvaluationSet(name="easy", data=ArithmeticData(digits=1), prompts=50, samples=1, max_response_tokens=3)
    config = tiny_config(steps=1, data=ArithmeticData(digits=1), evaluation=Cadence(sets=(easy,)))
    training, sink = train(config)
    (read,) = training.parts.check.sets
    assert (read.prompts, read.trained_on, read.max_response_tokens) == (8, 92, 3)
    assert records(sink)[0].details["trained_on"] == 92
    assert not [
        one for one in training.parts.check.warnings if one.about == "sets"
    ]  # sums are drawn, of whatever they are


def test_a_long_set_shows_that_the_trainer_is_at_work(train, monkeypatch):
    monkeypatch.setattr("opdboard_worker.training.loop.SIGN_SECONDS", 0.0)
    _, sink = train(tiny_config(steps=1, evaluation=Cadence(sets=(TARGET,)), batch_size=2))
    signs = [batch for batch in sink.batches if batch.at_work]
    assert len(signs) == 2 * 6 and not any(
        batch.scalars for batch in signs
    )  # two scorings of six prompts, two answers at a time


def test_broken_data_is_refused_before_the_first_step_with_file_and_row(train, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"prompt": "001+002=", "answer": "3"}) + "\n{broken\n")
    broken = EvaluationSet(name="bench", data=FileData(path=str(rows)))
    with pytest.raises(DataProblem, match="evaluation set 'bench': the row is not valid JSON") as problem:
        train(tiny_config(evaluation=Cadence(sets=(TARGET, broken)), reading=PLAIN))
    assert problem.value.where == f"{rows}:2"
    missing = EvaluationSet(name="bench", data=FileData(path=str(tmp_path / "none.jsonl")))
    with pytest.raises(DataProblem, match="evaluation set 'bench': there is no file"):
        train(tiny_config(evaluation=Cadence(sets=(missing,)), reading=PLAIN))


def test_a_set_without_answers_tells_no_best_state_and_another_does_so_without_held_out_ones(train, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "001+002=", "answer": null}\n')
    bench = EvaluationSet(name="bench", data=FileData(path=str(rows), verifier="exact", instruction=""), samples=1)
    chosen = Selection(evaluation_set="bench", keep_best=True)
    with pytest.raises(DataProblem, match="no prompt of the evaluation set 'bench' has an answer") as problem:
        train(tiny_config(evaluation=Cadence(sets=(bench,)), reading=PLAIN, selection=chosen))
    assert problem.value.where == "selection.evaluation_set"
    config = RunConfig(
        selection=Selection(evaluation_set="sums", keep_best=True),
        evaluation=Cadence(sets=(TARGET,)),
        teacher=NoTeacher(),
        objective=Sft(),
    )
    unanswered = [Example(0, "1+1=", None, "2")]
    check_answers(config, unanswered, unanswered)
    with pytest.raises(DataProblem, match="selection can tell no best state"):
        check_answers(config.model_copy(update={"selection": Selection(keep_best=True)}), unanswered, unanswered)


def test_a_set_and_who_reads_it_belong_together():
    wrong = {"evaluation": {"sets": [{"name": "bench", "data": {"kind": "file", "path": "x.jsonl"}}]}}
    with pytest.raises(ValueError, match=r"evaluation\.sets\.0\.data\.kind 'file'"):
        RunConfig.model_validate(wrong)
    with pytest.raises(ValueError, match=r"selection\.evaluation_set 'other' is none of"):
        RunConfig.model_validate({"evaluation": {"sets": [{"name": "one"}]}, "selection": {"evaluation_set": "other"}})
    chosen = {"evaluation_set": "one", "metric": "eval/accuracy"}
    with pytest.raises(ValueError, match="exclude one another"):
        RunConfig.model_validate({"evaluation": {"sets": [{"name": "one"}]}, "selection": chosen})
