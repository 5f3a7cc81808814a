"""Interventions on a short real run: what is scored, that it is paired, and that nothing is done twice."""

import shutil
from pathlib import Path

import pytest
import torch
from support.short_run import CONFIG, found, no_runs

from opdboard.db import runs
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import BadInput, ModelProblem
from opdboard.domain.interventions import INTERVENTIONS, Evaluation
from opdboard.domain.records import VariantRecord
from opdboard.lifecycle import births, claims, recording
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.analysis import interventions
from opdboard_worker.analysis.bench import make_bench
from opdboard_worker.analysis.job import do_job
from opdboard_worker.analysis.subject import Updates

SCORING = {"evaluation": {"prompts": 8, "samples": 2}}

pytestmark = pytest.mark.slow


def score(record: VariantRecord, measure: str = "reverse_kl"):
    return next(one for one in record.scores if one.measure == measure)


def test_scaling_to_the_full_norm_is_the_trained_model_and_to_none_the_base(analyse, subject, sqlite_database):
    base, final, none, half, full = analyse("scale_final", step=4, factors=[0, 0.5, 1], **SCORING)
    assert [base.family, final.family, half.family] == ["base", "final", "scaled"]
    assert score(none).per_prompt == score(base).per_prompt
    assert score(full).per_prompt == pytest.approx(score(final).per_prompt)
    assert half.norm == pytest.approx(final.norm / 2, rel=1e-5)
    assert base.norm == none.norm == 0
    assert (score(full).recovery.value, score(none).recovery.value) == pytest.approx((1.0, 0.0))
    kl = score(half)
    assert kl.over_base.value == pytest.approx(kl.score.value - score(base).score.value)
    assert kl.over_final.value == pytest.approx(kl.score.value - score(final).score.value)
    assert kl.over_base.low <= kl.over_base.value <= kl.over_base.high
    assert {one.measure for one in half.scores} == {"accuracy", "reverse_kl"}
    assert len(kl.per_prompt) == 8
    with sqlite_database.read() as session:
        assert runs.get(session, subject).topics["analyses"] >= 5


def test_the_beta_sweep_begins_at_the_early_checkpoint_and_the_same_checkpoint_is_the_trained_model(analyse):
    records = analyse("rescale_early", step=4, early_step=1, betas=[0, 1], **SCORING)
    checkpoints = analyse("norm_vs_score", steps=[1, 4], **SCORING)
    early = next(one for one in checkpoints if one.family == "checkpoint")
    assert score(records[2]).per_prompt == pytest.approx(score(early).per_prompt)
    assert records[2].norm == pytest.approx(early.norm)
    assert records[3].norm == pytest.approx(records[1].norm, rel=1e-5)


def test_the_whole_rank_is_all_of_the_matrices_and_windows_over_all_layers_are_its_two_halves(analyse):
    rank = analyse("rank", step=4, percents=[10, 100], **SCORING)
    by = {(one.family, one.x): one for one in rank}
    assert by["top", 100].norm == pytest.approx(by["bottom", 100].norm, rel=1e-4)
    assert by["top", 10].norm == pytest.approx(by["top", 100].norm, rel=1e-4)
    assert by["bottom", 10].norm < 0.5 * by["top", 100].norm
    windows = {(one.family, one.x): one for one in analyse("sliding_window", step=4, half_width=6, every=5, **SCORING)}
    assert [key for key in windows if key[0] in ("mlp", "attention")] == [
        ("mlp", 0), ("mlp", 5), ("attention", 0), ("attention", 5)
    ]  # fmt: skip
    halves = windows["mlp", 0].norm ** 2 + windows["attention", 5].norm ** 2
    assert halves == pytest.approx(by["top", 100].norm ** 2, rel=1e-4)


def test_embeddings_are_put_back_alone_and_together(analyse):
    _base, final, *reset = analyse("reset_embeddings", step=4, **SCORING)
    assert [one.label for one in reset] == ["input embeddings reset", "output embeddings reset", "both reset"]
    lost = [final.norm**2 - one.norm**2 for one in reset]
    assert lost[0] + lost[1] == pytest.approx(lost[2], rel=1e-3)
    assert min(lost) > 0


def test_the_shift_is_of_the_tokens_that_were_sampled(analyse):
    first, second = analyse("embedding_shift", step=4, **SCORING)
    assert (first.family, second.family) == ("input", "output")
    details = first.details
    assert set(details["tokens"]) <= {*"0123456789", "+", "=", "<eos>", "<bos>", "<pad>"} | set(details["tokens"][-3:])
    assert details["counts"] == sorted(details["counts"], reverse=True)
    assert sum(details["counts"]) >= 16
    assert details["distinct"] + len(details["unused_one_minus_cosine"]) == details["vocabulary"] == 15
    assert all(0 <= shift < 0.1 for shift in details["one_minus_cosine"])


def test_paths_are_those_of_every_module_over_the_snapshots(analyse):
    records = analyse("rank_one_trajectory")
    assert len(records) == 42
    assert records[0].details["steps"] == [1, 2, 4]
    assert all(record.details["evr"] == pytest.approx(1.0) for record in records)  # three points lie in a plane
    assert all(len(record.details["x"]) == 3 for record in records)
    assert all(record.details["tsne_x"] == [None] * 3 for record in records)  # three points are all neighbours


def test_a_path_leaves_damaged_snapshots_out(analyse, subject, trained, settings):
    folder = settings.run_folder(subject)
    folder.unlink()
    shutil.copytree(trained / "runs" / "subject", folder)
    (folder / "snapshots" / "step-000002.safetensors").write_bytes(b"damaged")
    assert analyse("rank_one_trajectory")[0].details["steps"] == [1, 4]


def test_a_variant_that_is_stored_is_not_scored_again(subject, attempt, sqlite_database, monkeypatch):
    asked = INTERVENTIONS["scale_final"].read({"step": 4, "factors": [0.3, 0.6], **SCORING}).model_dump(mode="json")
    with sqlite_database.write() as session:
        run_id = births.add(session, NewRun(AnalysisConfig(kind="scale_final", run_id=subject, parameters=asked))).id
    whole = record_at = recording.record

    def dying(session, run_id, attempt, batch, **about):
        if batch.step == 4:
            raise KeyboardInterrupt
        return record_at(session, run_id, attempt, batch, **about)

    monkeypatch.setattr(recording, "record", dying)
    with pytest.raises(KeyboardInterrupt):
        do_job(attempt(run_id), interventions.prepare)
    monkeypatch.setattr(recording, "record", whole)
    before = found(sqlite_database, run_id)
    assert [one.index for one in before] == [1, 2, 3]
    with sqlite_database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "killed")
    assert do_job(attempt(run_id), interventions.prepare) == 0
    after = found(sqlite_database, run_id)
    assert repr(after[:3]) == repr(before)  # NaN is not equal to itself
    assert [one.index for one in after] == [1, 2, 3, 4]
    assert score(after[3]).over_base.value == pytest.approx(score(after[3]).score.value - score(before[0]).score.value)


def test_the_student_is_back_at_the_base_whatever_happened(trained: Path):
    bench = make_bench(CONFIG, Evaluation(prompts=4), "cpu", Settings(data_dir=trained), no_runs)
    folder = trained / "runs" / "subject" / "checkpoints" / "step-000004"
    update = Updates(bench.base, {4: folder}, bench.weights_in, bench.held).at(4)
    live = dict(bench.scorer.student.model.named_parameters())

    def interrupted() -> None:
        with bench.standing_at(update):
            assert not torch.equal(live["lm_head.weight"], bench.base["lm_head.weight"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    for name, parameter in bench.scorer.student.model.named_parameters():
        assert torch.equal(parameter, bench.base[name])


def test_checkpoints_that_are_gone_or_of_another_base_are_refused(trained: Path):
    bench = make_bench(CONFIG, Evaluation(prompts=4), "cpu", Settings(data_dir=trained), no_runs)
    base, read, held = bench.base, bench.weights_in, bench.held
    with pytest.raises(ModelProblem, match="no longer on disk"):
        Updates(base, {}, read, held).at(3)
    folder = trained / "runs" / "subject" / "checkpoints" / "step-000004"
    update = Updates(base, {4: folder}, read, held).at(4)
    measured = {4: sum(float(update[name].norm()) ** 2 for name in held) ** 0.5}
    at_all = [Updates(base, {4: folder}, read, held, known).norms_at(4) for known in (measured, None)]
    assert at_all[0] == at_all[1]
    other = {name: tensor + 1 for name, tensor in base.items()}
    with pytest.raises(ModelProblem, match="not those this run began with"):
        Updates(other, {4: folder}, read, held, measured).at(4)


def test_a_path_needs_two_snapshots(subject, attempt, settings, sqlite_database):
    with sqlite_database.write() as session:
        other = births.add(session, NewRun(CONFIG)).id
        run_id = births.add(session, NewRun(AnalysisConfig(kind="rank_one_trajectory", run_id=other))).id
    with pytest.raises(BadInput, match="two snapshots"):
        do_job(attempt(run_id), interventions.prepare)
