"""Log lines of a run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.context import Ctx
from opdboard.api.logs.schemas import LogLineOut, LogLines, LogMatches, LogQuery, LogSearch
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.db import logs, runs

MOST_MATCHES = 10_000

router = APIRouter(prefix="/api/runs/{run_id}/logs", tags=["logs"])


@router.get("")
def read_logs(context: Ctx, run_id: RunId, query: Annotated[LogQuery, Query()]) -> LogLines:
    """The newest lines, oldest first; ask again with the last id to follow, or with an offset for an earlier page."""
    wanted = query.wanted()
    with context.database.read() as session:
        runs.get(session, run_id)
        if query.offset is None:
            lines = logs.read(session, run_id, after=query.after, limit=query.limit, wanted=wanted)
        else:
            lines = logs.page(session, run_id, offset=query.offset, limit=query.limit, wanted=wanted)
        total = logs.count(session, run_id, wanted)
        attempts = logs.attempts(session, run_id)
    return LogLines(lines=[filled(LogLineOut, line) for line in lines], total=total, attempts=attempts)


@router.get("/matches")
def search_logs(context: Ctx, run_id: RunId, query: Annotated[LogSearch, Query()]) -> LogMatches:
    """Where a text is in the whole log."""
    with context.database.read() as session:
        runs.get(session, run_id)
        positions, total = logs.matches(session, run_id, query.search, most=MOST_MATCHES, wanted=query.wanted())
    return LogMatches(positions=positions, total=total)
