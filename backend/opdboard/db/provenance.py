"""What the attempts at runs were made with."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from opdboard.db.tables import Attempt
from opdboard.domain.provenance import Provenance

Told = tuple[Attempt, Provenance]


def of_runs(session: Session, run_ids: Sequence[str]) -> dict[str, list[Told]]:
    """Run -> the attempts that told it, oldest first; those that tell the same as the one before are passed over."""
    found: dict[str, list[Told]] = {run_id: [] for run_id in run_ids}
    query = select(Attempt).where(Attempt.run_id.in_(run_ids), Attempt.provenance.is_not(None))
    for attempt in session.scalars(query.order_by(Attempt.run_id, Attempt.number)):
        told, before = Provenance.model_validate(attempt.provenance), found[attempt.run_id]
        if not before or before[-1][1] != told:
            before.append((attempt, told))
    return found


def store(session: Session, run_id: str, number: int, told: Provenance) -> Provenance | None:
    """Note what an attempt is made with; what the one before it was, where that told it."""
    before = of_runs(session, [run_id])[run_id]
    session.get_one(Attempt, (run_id, number)).provenance = told.model_dump(mode="json")
    return before[-1][1] if before else None
