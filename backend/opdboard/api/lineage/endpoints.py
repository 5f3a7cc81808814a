"""Which runs a run comes from, and which come from it."""

from fastapi import APIRouter

from opdboard.api.context import Ctx
from opdboard.api.lineage.schemas import LineageLink, LineageOut, LineageRun
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.db import lineage, runs

router = APIRouter(prefix="/api/runs/{run_id}/lineage", tags=["runs"])


@router.get("")
def read_lineage(context: Ctx, run_id: RunId) -> LineageOut:
    """Sources up to the first, and everything made from the run down to the last."""
    with context.database.read() as session:
        runs.get(session, run_id)
        links = lineage.around(session, run_id)
        named = {run_id, *(link.run_id for link in links), *(link.source_id for link in links)}
        found = lineage.existing(session, named)
    return LineageOut(
        runs=[filled(LineageRun, run) for run in found],
        links=[filled(LineageLink, link, run=link.run_id, source=link.source_id) for link in links],
    )
