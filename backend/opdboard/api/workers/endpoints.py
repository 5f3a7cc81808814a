"""Worker processes."""

import time

from fastapi import APIRouter

from opdboard.api.context import Ctx
from opdboard.api.workers.schemas import WorkerList, WorkerOut
from opdboard.db import workers
from opdboard.db.tables import Worker

router = APIRouter(prefix="/api/workers", tags=["workers"])


@router.get("")
def list_workers(context: Ctx) -> WorkerList:
    """Every worker known, and whether it still gives signs of life."""
    oldest = time.time() - context.settings.lease_seconds
    with context.database.read() as session:
        found = workers.all_workers(session)
    return WorkerList(workers=[_worker(row, alive=row.heartbeat_at >= oldest) for row in found])


def _worker(row: Worker, *, alive: bool) -> WorkerOut:
    return WorkerOut(
        id=row.id,
        host=row.host,
        pid=row.pid,
        queues=row.queues,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        alive=alive,
        run_id=row.run_id,
        load=row.load,
    )
