"""Which runs moved: the queries behind live updates. Module lists, which are long, are left unloaded."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import Run
from opdboard.domain.run_state import ACTIVE


def sequences(session: Session, moment: float) -> dict[str, int]:
    """Id -> sequence of every active run, and of every other one written to at or after the moment."""
    query = select(Run.id, Run.seq).where(or_(Run.state.in_(ACTIVE), Run.updated_at >= moment))
    return {row.id: row.seq for row in session.execute(query)}


def by_ids(session: Session, run_ids: Sequence[str]) -> list[Run]:
    """Those of the runs that exist, oldest change first."""
    if not run_ids:
        return []
    query = select(Run).where(Run.id.in_(run_ids)).order_by(Run.updated_at).options(defer(Run.modules))
    return list(session.scalars(query))


def active(session: Session) -> list[Run]:
    """Every run that a worker holds, oldest change first."""
    query = select(Run).where(Run.state.in_(ACTIVE)).order_by(Run.updated_at).options(defer(Run.modules))
    return list(session.scalars(query))


def changed_since(session: Session, moment: float) -> list[Run]:
    """Runs written to at or after the moment, oldest change first."""
    query = select(Run).where(Run.updated_at >= moment).order_by(Run.updated_at).options(defer(Run.modules))
    return list(session.scalars(query))
