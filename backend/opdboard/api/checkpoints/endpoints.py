"""Checkpoints of a run."""

from fastapi import APIRouter

from opdboard.api.checkpoints import service
from opdboard.api.checkpoints.schemas import CheckpointList
from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId

router = APIRouter(prefix="/api/runs/{run_id}/checkpoints", tags=["checkpoints"])


@router.get("")
def list_checkpoints(context: Ctx, run_id: RunId) -> CheckpointList:
    """All checkpoints ever written, by step; removed ones are marked."""
    return service.checkpoints(context, run_id)
