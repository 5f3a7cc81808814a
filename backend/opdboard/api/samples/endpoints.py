"""Sample responses of a run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId
from opdboard.api.samples import service
from opdboard.api.samples.schemas import SampleList, SampleQuery

router = APIRouter(prefix="/api/runs/{run_id}/samples", tags=["samples"])


@router.get("")
def list_samples(context: Ctx, run_id: RunId, query: Annotated[SampleQuery, Query()]) -> SampleList:
    """Responses at a step with their KL token by token."""
    return service.samples(context, run_id, query.step)
