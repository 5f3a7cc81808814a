"""Analyses of a run's checkpoints: which there are, what they found; as runs they are steered and deleted like any other."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.analyses import service
from opdboard.api.analyses.schemas import AnalysisCreate, AnalysisDetail, AnalysisList, InterventionOut
from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId
from opdboard.api.runs.schemas import RunDetail

router = APIRouter(prefix="/api/analyses", tags=["analyses"], route_class=JsonRoute)

Runs = Annotated[
    str, Query(max_length=2000, description="Comma-separated run ids; group:NAME stands for all runs of a group.")
]


@router.get("")
def list_analyses(context: Ctx, runs: Runs) -> AnalysisList:
    """The analyses of some runs, the latest first."""
    return service.listed(context, runs)


@router.get("/interventions")
def list_interventions() -> list[InterventionOut]:
    """Every kind of analysis with the schema of its parameters."""
    return service.interventions()


@router.get("/{run_id}")
def read_analysis(context: Ctx, run_id: RunId) -> AnalysisDetail:
    """One analysis with its variants and their scores."""
    return service.detail(context, run_id)


@router.post("", status_code=201)
def create_analysis(context: Ctx, body: AnalysisCreate) -> RunDetail:
    """Queue an analysis; it is a run of kind 'analysis', which the runs table lists where a query asks for that kind."""
    return service.create(context, body)
