"""What can be done with changed weights, by name; each is made ready from its configuration and then done as a job."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from opdboard.db import analyses, evidence, runs, series
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import BadInput
from opdboard.domain.interventions import INTERVENTIONS as ASKED
from opdboard.domain.model_sources import RunModel
from opdboard.domain.modules import Module
from opdboard_worker.analysis.bench import Bench, make_bench
from opdboard_worker.analysis.evaluation import scored_steps
from opdboard_worker.analysis.exports import export_job
from opdboard_worker.analysis.harness import lm_eval_job
from opdboard_worker.analysis.job import Job
from opdboard_worker.analysis.observed import shift_steps, trajectory_steps
from opdboard_worker.analysis.subject import Updates
from opdboard_worker.analysis.variants import PLANNERS
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
    with attempt.database.read() as session:
        run = runs.get(session, config.run_id)
        subject, launched = runs.config_of(run), datetime.fromtimestamp(run.created_at, UTC)

    def run_folder(source: RunModel) -> Path:
        with attempt.database.read() as session:
            return attempt.settings.root / evidence.weights_path(session, source)

    return make_bench(subject, asked.evaluation, config.device, attempt.settings, run_folder, launched)


def _updates(attempt: Attempt, run_id: str, bench: Bench) -> Updates:
    with attempt.database.read() as session:
        found = evidence.checkpoints_of(session, run_id)
        stored = series.read_vectors(session, run_id, "update_norm")
    folders = {one.step: attempt.settings.root / one.path for one in found if not one.removed}
    wholes = np.linalg.norm(stored.values.astype(np.float64), axis=1).tolist() if len(stored.steps) else []
    measured = dict(zip(stored.steps.tolist(), wholes, strict=True))
    return Updates(bench.base, folders, bench.weights_in, bench.held, measured)


INTERVENTIONS: Mapping[str, Callable[[Attempt, AnalysisConfig], Job]] = {
    **dict.fromkeys(PLANNERS, _scored),
    "embedding_shift": _shift,
    "rank_one_trajectory": _trajectory,
    "lm_eval": lm_eval_job,
    "export_model": export_job,
    "export_adapter": export_job,
}
