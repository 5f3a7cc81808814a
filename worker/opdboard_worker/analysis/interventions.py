"""What can be done with changed weights, by name; each is made ready from its configuration and then done as a job."""

from collections.abc import Callable, Mapping
from typing import Any

from opdboard.db import analyses, runs
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import BadInput
from opdboard.domain.interventions import INTERVENTIONS as ASKED
from opdboard.domain.modules import Module
from opdboard_worker.analysis.bench import Bench, make_bench
from opdboard_worker.analysis.evaluation import scored_steps
from opdboard_worker.analysis.exports import export_job
from opdboard_worker.analysis.harness import lm_eval_job
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.observed import shift_steps, trajectory_steps
from opdboard_worker.analysis.subject import Updates, subject_of
from opdboard_worker.analysis.variants import PLANNERS
from opdboard_worker.evaluation.job import evaluate_job
from opdboard_worker.measuring.snapshots import Snapshots
from opdboard_worker.process import Attempt


def prepare(attempt: Attempt, stored: dict[str, Any]) -> Job:
    """The job of an analysis run; BadInput names the analyses there are."""
    config = AnalysisConfig.model_validate(stored)
    make = INTERVENTIONS.get(config.kind)
    if make is None:
        known = ", ".join(INTERVENTIONS) or "none"
        raise BadInput(f"this worker knows no analysis {config.kind!r}; it knows: {known}", where="kind")
    return make(attempt, config)


def _scored(attempt: Attempt, config: AnalysisConfig) -> Job:
    """One that scores variants."""
    asked = ASKED[config.kind].read(config.parameters)
    bench = _bench(attempt, config, asked)
    updates = _updates(attempt, config.run_id, bench)
    variants = PLANNERS[config.kind](asked, bench, updates)
    with attempt.database.read() as session:
        found = [analyses.record_of(row) for row in analyses.variants_of(session, attempt.run_id)]
    return Job(scored_steps(variants, bench, found), len(variants), device=str(bench.scorer.student.device))


def _shift(attempt: Attempt, config: AnalysisConfig) -> Job:
    asked = ASKED[config.kind].read(config.parameters)
    bench = _bench(attempt, config, asked)
    updates = _updates(attempt, config.run_id, bench)
    steps = shift_steps(bench, updates, asked.step)
    return Job(steps, len(bench.embeddings()), device=str(bench.scorer.student.device))


def _trajectory(attempt: Attempt, config: AnalysisConfig) -> Job:
    with attempt.database.read() as session:
        subject = runs.get(session, config.run_id)
    modules = [Module.from_json(one) for one in subject.modules]
    snapshots = Snapshots(attempt.settings.run_folder(config.run_id) / "snapshots")
    return Job(*trajectory_steps(snapshots, modules, config.run_id))


def _bench(attempt: Attempt, config: AnalysisConfig, asked: Any) -> Bench:
    subject = subject_of(attempt, config.run_id)
    return make_bench(
        subject.config, asked.evaluation, config.device, attempt.settings, subject.run_folder, subject.launched
    )


def _updates(attempt: Attempt, run_id: str, bench: Bench) -> Updates:
    subject = subject_of(attempt, run_id)
    return Updates(bench.base, subject.checkpoints, bench.weights_in, bench.held, subject.norms)


INTERVENTIONS: Mapping[str, Callable[[Attempt, AnalysisConfig], Job]] = {
    **dict.fromkeys(PLANNERS, _scored),
    "evaluate": evaluate_job,
    "embedding_shift": _shift,
    "rank_one_trajectory": _trajectory,
    "lm_eval": lm_eval_job,
    "export_model": export_job,
    "export_gguf": export_job,
    "export_adapter": export_job,
}
