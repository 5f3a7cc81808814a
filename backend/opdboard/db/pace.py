"""How past runs went: what a new one of their kind may take."""

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import Run, Worker
from opdboard.domain.run_kinds import RunKind

FEWEST_STEPS = 2
MOST_RUNS = 50


def past_runs(session: Session, student: str) -> list[Run]:
    """The latest trained runs of this student that got anywhere, newest first, without their module lists."""
    query = (
        select(Run)
        .where(Run.student == student, Run.kind == RunKind.TRAINED, Run.step >= FEWEST_STEPS)
        .options(defer(Run.modules))
        .order_by(Run.created_at.desc())
        .limit(MOST_RUNS)
    )
    return list(session.scalars(query))


def listening(session: Session, queue: str, *, alive_since: float) -> list[Worker]:
    """Workers that take runs of this queue and gave a sign of life since the moment."""
    found = session.scalars(select(Worker).where(Worker.heartbeat_at >= alive_since))
    return [worker for worker in found if queue in worker.queues]
