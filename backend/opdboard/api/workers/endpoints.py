"""Worker processes, and what they are busy with."""

import time
from typing import Annotated

from fastapi import APIRouter, Path

from opdboard.api.context import Ctx
from opdboard.api.rows import filled
from opdboard.api.runs.service import summary
from opdboard.api.workers.schemas import WorkerList, WorkerOut
from opdboard.db import runs, workers
from opdboard.domain.errors import Conflict

router = APIRouter(prefix="/api/workers", tags=["workers"])
WorkerId = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$", description="Id of a worker.")]


@router.get("")
def list_workers(context: Ctx) -> WorkerList:
    """Every worker known, and whether it still gives signs of life."""
    lease = context.settings.lease_seconds
    oldest = time.time() - lease
    with context.database.read() as session:
        found = workers.all_workers(session)
        held = {run.worker_id: summary(run) for run in runs.held_by(session, [worker.id for worker in found])}
    listed = [filled(WorkerOut, row, run=held.get(row.id), alive=row.heartbeat_at >= oldest) for row in found]
    return WorkerList(workers=listed, lease_seconds=lease)


@router.delete("/{worker_id}", status_code=204)
def forget_worker(context: Ctx, worker_id: WorkerId) -> None:
    """Take a silent worker off the list; its run, if it held one, goes back to the queue by itself."""
    oldest = time.time() - context.settings.lease_seconds
    with context.database.write() as session:
        worker = workers.get(session, worker_id)
        if worker.heartbeat_at >= oldest:
            raise Conflict(f"worker {worker_id} is alive; stop its process instead", where=worker_id)
        held = runs.held_by(session, [worker_id])
        if held:
            names = ", ".join(run.name for run in held)
            raise Conflict(
                f"worker {worker_id} still holds {names}; a live worker takes that over first", where=worker_id
            )
        workers.forget(session, worker_id)
