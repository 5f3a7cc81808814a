"""Base, teacher and checkpoints of a short real run on named sets: one after the other, paired, and resumed."""

import shutil
from dataclasses import replace

import pytest
import torch
from support.short_run import CONFIG, found, no_runs

from opdboard.db import runs
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import DataProblem, ModelProblem
from opdboard.domain.evaluation import Evaluate
from opdboard.domain.records import VariantRecord
from opdboard.lifecycle import births, claims, recording
from opdboard.lifecycle.births import NewRun
from opdboard_worker.analysis import interventions
from opdboard_worker.analysis.job import do_job
from opdboard_worker.data.examples import load_examples, split
from opdboard_worker.evaluation import job
from opdboard_worker.evaluation.ready import ready_set
from opdboard_worker.evaluation.scoring import Answerer, score
from opdboard_worker.models.demo import load_demo
from opdboard_worker.models.loading import weights_like
from opdboard_worker.models.pair import eos_token_ids
from opdboard_worker.training.policy import Policy

SUMS = {"name": "sums", "prompts": 12, "samples": 2, "max_response_tokens": 6}
SMALL = {"name": "small", "prompts": 5, "samples": 1, "max_response_tokens": 4, "forgetting": True}
SMALL["data"] = {"kind": "arithmetic", "digits": 2}

pytestmark = pytest.mark.slow


def by_weights(records):
    """(first word of the label, set) -> measure -> score."""
    return {
        (one.family if one.x in (None, 0) else one.x, one.details["set"]): {each.measure: each for each in one.scores}
        for one in records
    }


def test_base_teacher_and_checkpoints_answer_every_set(analyse, settings, subject):
    records = analyse("evaluate", sets=[SUMS, SMALL], steps=[1, 4], teacher=True, seed=3)
    assert [(one.family, one.x, one.details["set"]) for one in records] == [
        ("base", 0, "sums"), ("base", 0, "small"), ("teacher", None, "sums"), ("teacher", None, "small"),
        ("checkpoint", 1, "sums"), ("checkpoint", 1, "small"), ("checkpoint", 4, "sums"), ("checkpoint", 4, "small"),
    ]  # fmt: skip
    scores = by_weights(records)
    assert list(scores["base", "sums"]) == ["avg", "pass@1", "pass@2", "maj", "truncated", "length"]
    base, last = scores["base", "sums"]["avg"], scores[4, "sums"]["avg"]
    assert len(base.per_prompt) == 12
    assert last.over_base.value == pytest.approx(last.score.value - base.score.value)
    assert last.over_base.low <= last.over_base.value <= last.over_base.high
    assert scores["teacher", "sums"]["avg"].score.value > base.score.value
    details = records[1].details
    assert (details["prompts"], details["judged"], details["samples"], details["forgetting"]) == (5, 5, 1, True)
    assert details["trained_on"] == 0 < records[0].details["trained_on"] < 500

    # What plain models with the same weights answer, without anything of a run around them.
    asked = Evaluate.model_validate({"sets": [SUMS]}).sets[0]
    train, _ = split(load_examples(CONFIG.data), 16)
    made = ready_set(asked, CONFIG, load_demo("base"), settings, no_runs, trained_on=train)
    assert made.fingerprint == records[0].details["fingerprint"]
    loaded = load_demo("base")
    policy = Policy(loaded, torch.device("cpu"), "float32")
    checkpoint = weights_like(loaded.model, settings.run_folder(subject) / "checkpoints" / "step-000004")
    for weights, of in ((None, "base"), (checkpoint, 4)):
        if weights is not None:
            with torch.no_grad():
                for name, one in loaded.model.named_parameters():
                    one.copy_(weights[name])
        plain = score(made, Answerer.of(policy, eos_token_ids(loaded)), seed=3, pass_size=100).per_prompt()
        for measure, values in plain.items():
            assert scores[of, "sums"][measure].per_prompt == values.tolist()


def test_what_is_stored_is_not_answered_again(subject, attempt, sqlite_database, monkeypatch):
    asked = {"sets": [SUMS, SMALL], "steps": [4]}
    with sqlite_database.write() as session:
        parameters = Evaluate.model_validate(asked).model_dump(mode="json")
        run_id = births.add(session, NewRun(AnalysisConfig(kind="evaluate", run_id=subject, parameters=parameters))).id
    record_at = recording.record

    def dying(session, run_id, attempt, batch, **about):
        if batch.step == 4:
            raise KeyboardInterrupt
        return record_at(session, run_id, attempt, batch, **about)

    monkeypatch.setattr(recording, "record", dying)
    with pytest.raises(KeyboardInterrupt):
        do_job(attempt(run_id), interventions.prepare)
    monkeypatch.setattr(recording, "record", record_at)
    before = found(sqlite_database, run_id)
    with sqlite_database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "killed")
    answered = []
    scored = job.score_in_parts

    def counted(ready, *args, **kwargs):
        answered.append(ready.asked.name)
        return scored(ready, *args, **kwargs)

    monkeypatch.setattr(job, "score_in_parts", counted)
    assert do_job(attempt(run_id), interventions.prepare) == 0
    assert answered == ["small"]
    *stored, last = found(sqlite_database, run_id)
    assert repr(stored) == repr(before)  # NaN is not equal to itself
    length, of_base = (next(one for one in record.scores if one.measure == "length") for record in (last, before[1]))
    assert length.over_base.value == pytest.approx(length.score.value - of_base.score.value)


def test_data_that_changed_since_the_base_answered_are_not_paired(settings):
    asked = Evaluate.model_validate({"sets": [SMALL]}).sets[0]
    made = ready_set(asked, CONFIG, load_demo("base"), settings, no_runs)
    base = VariantRecord(1, "base", 0.0, "base weights", None, (), {"fingerprint": made.fingerprint, "set": "small"})
    assert job._scores_of_base(made, base) == {}
    with pytest.raises(DataProblem, match="its data have changed since"):
        job._scores_of_base(replace(made, examples=made.examples[:-1]), base)


def test_a_checkpoint_that_is_gone_is_named(analyse, subject, trained, settings):
    folder = settings.run_folder(subject)
    folder.unlink()
    shutil.copytree(trained / "runs" / "subject", folder)
    shutil.rmtree(folder / "checkpoints" / "step-000004")
    with pytest.raises(ModelProblem, match="the checkpoint of step 4 is no longer on disk"):
        analyse("evaluate", sets=[SMALL], steps=[4])


def test_a_card_tells_the_evaluation_of_the_weights_that_are_exported(analyse, settings):
    def card(step: int, precision: str = "float32") -> str:
        (record,) = analyse("export_model", step=step, precision=precision)
        return (settings.root / record.details["folder"] / "README.md").read_text()

    assert "## Evaluation" not in card(4)
    records = analyse("evaluate", sets=[SMALL], steps=[4])
    told = card(4)
    score = {one.measure: one for one in records[1].scores}["avg"]
    shown = f"{score.score.value:.1%} ({score.score.low:.1%} to {score.score.high:.1%})"
    assert f"| small | checkpoint of step 4 | {shown} |" in told
    assert "| small | base weights |" in told
    assert "`small`: 5 prompts, n = 1, temperature 1, at most 4 tokens; training is not about it." in told
    rounded = "The checkpoint was evaluated before its weights were rounded to bf16."
    assert rounded not in told and rounded in card(4, "bf16")
    assert "## Evaluation" not in card(1)  # what step 4 scored is not its own
