"""Queueing analyses, and what they found."""

from opdboard.api.analyses.asked import completed
from opdboard.api.analyses.schemas import (
    AnalysisCreate,
    AnalysisDetail,
    AnalysisList,
    AnalysisOut,
    EstimateOut,
    InterventionOut,
    ScoreOut,
    VariantOut,
)
from opdboard.api.context import Context
from opdboard.api.parameters import split_list
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.db import analyses, groups, runs
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound
from opdboard.domain.finite import finite
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun


def create(context: Context, wanted: AnalysisCreate) -> RunDetail:
    """Store the analysis as a run of its own and, once that is committed, tell the workers."""
    runs_service.check_text(wanted.config.model_dump(mode="json"))
    with context.database.write() as session:
        config = completed(session, wanted.config)
        run = births.add(session, NewRun(config, wanted.group, wanted.tags, wanted.notes))
        analyses.touch_subject(session, run)
        made = runs_service.rendered(session, run)
    send(context.queue, made.id)
    return made


def interventions() -> list[InterventionOut]:
    """Every kind, in the order of the list that offers them."""
    return [
        InterventionOut(
            kind=one.kind,
            title=one.title,
            description=one.description,
            panel=one.panel,
            parameters_schema=one.parameters.model_json_schema(),
        )
        for one in INTERVENTIONS.values()
    ]


def listed(context: Context, run_ids: str) -> AnalysisList:
    """The analyses of runs and of the members of groups."""
    wanted = split_list(run_ids, where="runs", at_most=1000)
    with context.database.read() as session:
        members = [run.id for entry in groups.resolve(session, wanted, lazily=True) for run in entry.runs]
        return AnalysisList(analyses=[AnalysisOut(**_summary(run)) for run in analyses.of_runs(session, members)])


def detail(context: Context, run_id: str) -> AnalysisDetail:
    """One analysis; NotFound for a run of another kind."""
    with context.database.read() as session:
        run = runs.get(session, run_id)
        if run.kind != RunKind.ANALYSIS:
            raise NotFound(
                f"run {run_id} is no analysis; the analyses of a run: /api/analyses?runs={run_id}", where=run_id
            )
        found = [_variant(analyses.record_of(row)) for row in analyses.variants_of(session, run_id)]
        return AnalysisDetail(**_summary(run), variants=found)


def _summary(run: Run) -> dict:
    return {
        "id": run.id,
        "name": run.name,
        "kind": run.method,
        "run_id": run.config["run_id"],
        "state": RunState(run.state),
        "step": run.step,
        "total_steps": run.total_steps,
        "error": run.error,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
        "parameters": run.config["parameters"],
    }


def _variant(record: VariantRecord) -> VariantOut:
    return VariantOut(
        index=record.index,
        family=record.family,
        x=record.x,
        label=record.label,
        norm=None if record.norm is None else finite(record.norm),
        scores=[_score(score) for score in record.scores],
        details=record.details,
    )


def _score(record: ScoreRecord) -> ScoreOut:
    return ScoreOut(
        measure=record.measure,
        score=_estimate(record.score),
        over_base=_estimate(record.over_base),
        over_final=_estimate(record.over_final),
        recovery=_estimate(record.recovery),
        per_prompt=list(record.per_prompt),
    )


def _estimate(estimate: Estimate) -> EstimateOut:
    return EstimateOut(value=finite(estimate.value), low=finite(estimate.low), high=finite(estimate.high))
