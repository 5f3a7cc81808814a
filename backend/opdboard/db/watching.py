"""Which runs moved: the queries behind live updates. Module lists, which are long, are left unloaded."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import DeletedRun, Run, Worker
from opdboard.domain.run_state import ACTIVE


@dataclass(frozen=True)
class Pulse:
    """How far a run's data have moved, and the last sign of life of its trainer while it is active."""

    seq: int
    heartbeat_at: float | None


def pulses(session: Session, moment: float) -> dict[str, Pulse]:
    """Pulse of every active run, and of every other one written to at or after the moment, by id."""
    query = select(Run.id, Run.seq, Run.state, Run.heartbeat_at)
    moving = session.execute(query.where(or_(Run.state.in_(ACTIVE), Run.updated_at >= moment)))
    return {row.id: Pulse(row.seq, row.heartbeat_at if row.state in ACTIVE else None) for row in moving}


def alive_workers(session: Session, moment: float) -> list[str]:
    """Ids of the workers that gave a sign of life at or after the moment."""
    return list(session.scalars(select(Worker.id).where(Worker.heartbeat_at >= moment).order_by(Worker.id)))


def deleted_since(session: Session, moment: float) -> list[str]:
    """Ids of runs deleted at or after the moment, in that order."""
    query = select(DeletedRun.run_id).where(DeletedRun.at >= moment).order_by(DeletedRun.at)
    return list(session.scalars(query))


def by_ids(session: Session, run_ids: Sequence[str]) -> list[Run]:
    """Those of the runs that exist, oldest change first."""
    if not run_ids:
        return []
    query = select(Run).where(Run.id.in_(run_ids)).order_by(Run.updated_at).options(defer(Run.modules))
    return list(session.scalars(query))


def changed_since(session: Session, moment: float, *, active: bool = False) -> list[Run]:
    """Runs written to at or after the moment, and all that a worker holds when asked; oldest change first."""
    wanted = Run.updated_at >= moment
    if active:
        wanted |= Run.state.in_(ACTIVE)
    return list(session.scalars(select(Run).where(wanted).order_by(Run.updated_at).options(defer(Run.modules))))
