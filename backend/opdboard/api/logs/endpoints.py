"""Log lines of a run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.context import Ctx
from opdboard.api.logs.schemas import LogLineOut, LogLines, LogQuery
from opdboard.api.parameters import RunId
from opdboard.db import logs, runs

router = APIRouter(prefix="/api/runs/{run_id}/logs", tags=["logs"])


@router.get("")
def read_logs(context: Ctx, run_id: RunId, query: Annotated[LogQuery, Query()]) -> LogLines:
    """The newest lines, oldest first; ask again with the last id to follow."""
    with context.database.read() as session:
        runs.get(session, run_id)
        lines = logs.read(session, run_id, after=query.after, limit=query.limit)
        total = logs.count(session, run_id)
    return LogLines(lines=[LogLineOut.model_validate(line, from_attributes=True) for line in lines], total=total)
