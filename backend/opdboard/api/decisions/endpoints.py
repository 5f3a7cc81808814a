"""Extrapolation decisions of a run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.context import Ctx
from opdboard.api.decisions import service
from opdboard.api.decisions.schemas import DecisionList, DecisionQuery
from opdboard.api.parameters import RunId

router = APIRouter(prefix="/api/runs/{run_id}/decisions", tags=["decisions"])


@router.get("")
def list_decisions(context: Ctx, run_id: RunId, query: Annotated[DecisionQuery, Query()]) -> DecisionList:
    """Every trigger with every candidate that was tried, and why it was taken or refused."""
    return service.decisions(context, run_id, query.after)
