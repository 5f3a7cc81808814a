"""Analyses of a run's checkpoints: which there are, what they found; as runs they are steered and deleted like any other."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from opdboard.api.analyses.asked import completed
from opdboard.api.analyses.schemas import (
    AnalysisCreate,
    AnalysisDetail,
    AnalysisList,
    AnalysisOut,
    ExportOut,
    InterventionOut,
)
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId, Runs
from opdboard.api.parameters import split_list
from opdboard.api.rows import filled
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.db import analyses, groups
from opdboard.db import runs as stored_runs
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.run_kinds import RunKind
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun

router = APIRouter(prefix="/api/analyses", tags=["analyses"], route_class=JsonRoute)


@router.get("")
def list_analyses(context: Ctx, runs: Runs) -> AnalysisList:
    """The analyses of some runs, the latest first."""
    wanted = split_list(runs, where="runs", at_most=1000)
    with context.database.read() as session:
        members = [run.id for entry in groups.resolve(session, wanted, lazily=True) for run in entry.runs]
        found = analyses.of_runs(session, members)
        written = analyses.exported(session, [run.id for run in found])
        return AnalysisList(analyses=[filled(AnalysisOut, run, **_of_run(run, written)) for run in found])


@router.get("/interventions")
def list_interventions() -> list[InterventionOut]:
    """Every kind of analysis with the schema of its parameters."""
    return [
        filled(InterventionOut, one, parameters_schema=one.parameters.model_json_schema())
        for one in INTERVENTIONS.values()
    ]


@router.get("/{run_id}")
def read_analysis(context: Ctx, run_id: RunId) -> AnalysisDetail:
    """One analysis with its variants and their scores."""
    with context.database.read() as session:
        run = stored_runs.get(session, run_id)
        if run.kind != RunKind.ANALYSIS:
            raise NotFound(
                f"run {run_id} is no analysis; the analyses of a run: /api/analyses?runs={run_id}", where=run_id
            )
        found = [analyses.record_of(row) for row in analyses.variants_of(session, run_id)]
        written = analyses.exported(session, [run_id])
        return filled(AnalysisDetail, run, variants=found, **_of_run(run, written))


@router.post("", status_code=201)
def create_analysis(context: Ctx, body: AnalysisCreate) -> RunDetail:
    """Queue an analysis; it is a run of kind 'analysis', which the runs table lists where a query asks for that kind."""
    runs_service.check_text(body.config.model_dump(mode="json"))
    with context.database.write() as session:
        config = completed(session, body.config)
        run = births.add(session, NewRun(config, body.group, body.tags, body.notes))
        analyses.touch_subject(session, run)
        made = runs_service.rendered(session, run)
    send(context.queue, made.id)
    return made


def _of_run(run: Run, exported: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What an analysis is called otherwise than its run, and what an export has written."""
    written = exported.get(run.id)
    return {
        "kind": run.method,
        "run_id": run.config["run_id"],
        "parameters": run.config["parameters"],
        "written": written and ExportOut.model_validate(dict.fromkeys(ExportOut.model_fields) | dict(written)),
    }
