"""Which workers there are, and what they are busy with."""

import time

from opdboard.api.context import Context
from opdboard.api.runs.service import summary
from opdboard.api.workers.schemas import WorkerList, WorkerLoad, WorkerOut
from opdboard.db import runs, workers
from opdboard.db.tables import Run, Worker
from opdboard.domain.errors import Conflict


def list_all(context: Context) -> WorkerList:
    """Workers by their last sign of life, with the runs that they hold."""
    lease = context.settings.lease_seconds
    oldest = time.time() - lease
    with context.database.read() as session:
        found = workers.all_workers(session)
        held = {run.worker_id: run for run in runs.held_by(session, [worker.id for worker in found])}
        listed = [_worker(worker, held.get(worker.id), alive=worker.heartbeat_at >= oldest) for worker in found]
    return WorkerList(workers=listed, lease_seconds=lease)


def _worker(row: Worker, run: Run | None, *, alive: bool) -> WorkerOut:
    return WorkerOut(
        id=row.id,
        host=row.host,
        pid=row.pid,
        queues=row.queues,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        alive=alive,
        run=summary(run) if run else None,
        load=WorkerLoad.model_validate(row.load),
    )


def forget(context: Context, worker_id: str) -> None:
    """Remove a silent worker; NotFound when there is none, Conflict while it lives or a run still names it."""
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
