"""Analyses of a run's checkpoints; what becomes of them is read as of any run."""

from fastapi import APIRouter

from opdboard.api.analyses import service
from opdboard.api.analyses.schemas import AnalysisCreate
from opdboard.api.context import Ctx
from opdboard.api.runs.schemas import RunDetail

router = APIRouter(prefix="/api/analyses", tags=["analyses"])


@router.post("", status_code=201)
def create_analysis(context: Ctx, body: AnalysisCreate) -> RunDetail:
    """Queue an analysis; it is a run of kind 'analysis', which the runs table lists where a query asks for that kind."""
    return service.create(context, body)
