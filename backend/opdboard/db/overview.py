"""The queries of the home page. Module lists, which are long, are left unloaded."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import Alert, Checkpoint, Run
from opdboard.domain.run_state import ACTIVE, RunState


def active(session: Session, limit: int) -> list[Run]:
    """Runs that a worker holds, the one started last first."""
    query = select(Run).where(Run.state.in_(ACTIVE)).order_by(Run.started_at.desc(), Run.id)
    return list(session.scalars(query.limit(limit).options(defer(Run.modules))))


def holders(session: Session) -> dict[str, str]:
    """Worker -> name of the run that it holds."""
    held = session.execute(select(Run.worker_id, Run.name).where(Run.state.in_(ACTIVE)))
    return {worker_id: name for worker_id, name in held if worker_id is not None}


def queued(session: Session) -> list[Run]:
    """Runs that wait for a worker, oldest first."""
    query = select(Run).where(Run.state == RunState.QUEUED).order_by(Run.created_at, Run.id)
    return list(session.scalars(query.options(defer(Run.modules))))


def ended(session: Session, states: Collection[RunState], limit: int, *, after: float = 0.0) -> list[Run]:
    """Runs that ended in one of the states after a moment, the last one first."""
    query = select(Run).where(Run.state.in_(states), Run.ended_at > after).order_by(Run.ended_at.desc(), Run.id)
    return list(session.scalars(query.limit(limit).options(defer(Run.modules))))


def totals(session: Session) -> dict[str, int]:
    """How many runs are in each state; states without any are left out."""
    rows = session.execute(select(Run.state, func.count().label("number")).group_by(Run.state))
    return {row.state: row.number for row in rows}


def newest_checkpoints(session: Session, run_ids: Sequence[str]) -> dict[str, int]:
    """Step of each run's newest checkpoint on disk; runs without one are left out."""
    query = (
        select(Checkpoint.run_id, func.max(Checkpoint.step).label("step"))
        .where(Checkpoint.run_id.in_(run_ids), Checkpoint.removed.is_(False))
        .group_by(Checkpoint.run_id)
    )
    return {row.run_id: row.step for row in session.execute(query)}


def unseen_alerts(session: Session) -> int:
    """How many alerts nobody has looked at."""
    return session.scalar(select(func.count()).select_from(Alert).where(Alert.seen_at.is_(None))) or 0


def checkpoint_bytes(session: Session) -> int:
    """What the checkpoints on disk take up."""
    return session.scalar(select(func.sum(Checkpoint.bytes)).where(Checkpoint.removed.is_(False))) or 0
