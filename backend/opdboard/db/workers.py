"""Worker processes and their sign of life."""

import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from opdboard.db.tables import Worker
from opdboard.domain.errors import NotFound


def beat(
    session: Session,
    worker_id: str,
    *,
    host: str,
    pid: int,
    started_at: float,
    queues: list[str],
    run_id: str | None,
    load: dict[str, Any],
) -> None:
    """Register the worker or refresh its entry; started_at is its process's creation time."""
    worker = session.get(Worker, worker_id)
    if worker is None:
        worker = Worker(id=worker_id, host=host, pid=pid, queues=queues, started_at=started_at)
        session.add(worker)
    worker.heartbeat_at, worker.run_id, worker.load = time.time(), run_id, load


def get(session: Session, worker_id: str) -> Worker:
    """The worker; NotFound names the id."""
    worker = session.get(Worker, worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id!r}", where=worker_id)
    return worker


def all_workers(session: Session) -> list[Worker]:
    """Every worker known, latest sign of life first."""
    return list(session.scalars(select(Worker).order_by(Worker.heartbeat_at.desc())))


def alive(session: Session, since: float) -> list[Worker]:
    """Workers that gave a sign of life at or after the moment."""
    return list(session.scalars(select(Worker).where(Worker.heartbeat_at >= since).order_by(Worker.id)))


def on_host(session: Session, host: str) -> list[Worker]:
    """Workers that said they live on this host."""
    return list(session.scalars(select(Worker).where(Worker.host == host)))


def forget(session: Session, worker_id: str) -> None:
    """Remove a worker that has gone."""
    worker = session.get(Worker, worker_id)
    if worker is not None:
        session.delete(worker)
