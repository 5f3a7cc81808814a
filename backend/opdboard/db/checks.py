"""What was found of runs before their first step."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from opdboard.db.analysis_tables import CheckRow
from opdboard.db.json_values import JsonValues
from opdboard.db.tables import Run
from opdboard.domain.check import Check
from opdboard.domain.run_kinds import RunKind


def store(session: Session, run_id: str, check: Check) -> None:
    """The run's check, in place of an earlier attempt's."""
    session.merge(CheckRow(run_id=run_id, document=check.model_dump(mode="json")))


def of_runs(session: Session, run_ids: Sequence[str]) -> dict[str, Check]:
    """Run -> its check, of those that have one."""
    query = select(CheckRow).where(CheckRow.run_id.in_(run_ids))
    return {row.run_id: Check.model_validate(row.document) for row in session.scalars(query)}


def asked_before(session: Session, moment: float) -> list[str]:
    """Runs of kind 'check' that ended before the moment."""
    return list(session.scalars(select(Run.id).where(Run.kind == RunKind.CHECK, Run.ended_at < moment)))


def noise_floors(session: Session, run_ids: Sequence[str]) -> dict[str, float | None]:
    """Run -> mean distance of two scorings by its teacher, nats per token, of those that have a check."""
    floor = JsonValues(session).number(CheckRow.document, ["repeatability", "mean"])
    query = select(CheckRow.run_id, floor).where(CheckRow.run_id.in_(run_ids))
    return dict(session.execute(query).tuples().all())
