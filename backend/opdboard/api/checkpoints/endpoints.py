"""Checkpoints of a run."""

from fastapi import APIRouter

from opdboard.api.checkpoints.schemas import CheckpointList, CheckpointOut
from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId
from opdboard.db import evidence, runs

router = APIRouter(prefix="/api/runs/{run_id}/checkpoints", tags=["checkpoints"])


@router.get("")
def list_checkpoints(context: Ctx, run_id: RunId) -> CheckpointList:
    """All checkpoints ever written, by step; removed ones are marked."""
    with context.database.read() as session:
        runs.get(session, run_id)
        found = evidence.checkpoints_of(session, run_id)
    return CheckpointList(checkpoints=[CheckpointOut.model_validate(row, from_attributes=True) for row in found])
