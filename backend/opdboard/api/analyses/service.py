"""Queueing analyses, and what they found."""

from typing import Any

from opdboard.api.analyses.asked import completed
from opdboard.api.analyses.schemas import AnalysisCreate, AnalysisDetail, AnalysisList, AnalysisOut, InterventionOut
from opdboard.api.context import Context
from opdboard.api.parameters import split_list
from opdboard.api.rows import filled
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.db import analyses, groups, runs
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.run_kinds import RunKind
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
        filled(InterventionOut, one, parameters_schema=one.parameters.model_json_schema())
        for one in INTERVENTIONS.values()
    ]


def listed(context: Context, run_ids: str) -> AnalysisList:
    """The analyses of runs and of the members of groups."""
    wanted = split_list(run_ids, where="runs", at_most=1000)
    with context.database.read() as session:
        members = [run.id for entry in groups.resolve(session, wanted, lazily=True) for run in entry.runs]
        return AnalysisList(
            analyses=[filled(AnalysisOut, run, **_of_run(run)) for run in analyses.of_runs(session, members)]
        )


def detail(context: Context, run_id: str) -> AnalysisDetail:
    """One analysis; NotFound for a run of another kind."""
    with context.database.read() as session:
        run = runs.get(session, run_id)
        if run.kind != RunKind.ANALYSIS:
            raise NotFound(
                f"run {run_id} is no analysis; the analyses of a run: /api/analyses?runs={run_id}", where=run_id
            )
        found = [analyses.record_of(row) for row in analyses.variants_of(session, run_id)]
        return filled(AnalysisDetail, run, variants=found, **_of_run(run))


def _of_run(run: Run) -> dict[str, Any]:
    """What an analysis is called otherwise than its run."""
    return {"kind": run.method, "run_id": run.config["run_id"], "parameters": run.config["parameters"]}
