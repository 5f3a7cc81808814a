"""Alerts: raised once, reopened when they come back soon, cleared when their condition ends, seen by people."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, defer

from opdboard.db import webhooks
from opdboard.db.tables import Alert, Run
from opdboard.domain.alerts import AlertKind
from opdboard.domain.run_state import ACTIVE

# Told of what happened to a run rather than of what its data say: kept when data are rewound.
OF_THE_RUN = (
    AlertKind.RUN_FAILED,
    AlertKind.VOCABULARY_MISMATCH,
    AlertKind.STALLED,
    AlertKind.DAMAGED_CHECKPOINT,
    AlertKind.DAMAGED_SNAPSHOT,
    AlertKind.OTHER_VERSIONS,
)

_RECENT = (
    select(Alert)
    .where(
        Alert.run_id == bindparam("run"),
        Alert.kind.not_in(OF_THE_RUN),
        or_(Alert.cleared_step.is_(None), Alert.cleared_step > bindparam("since_step")),
    )
    .order_by(Alert.id)
)


def add(session: Session, run: Run, seq: int, **fields: Any) -> Alert:
    """A new alert (fields: columns of its table), and one delivery of it to each enabled webhook."""
    alert = Alert(run_id=run.id, seq=seq, at=time.time(), **fields)
    session.add(alert)
    session.flush()
    webhooks.enqueue(session, alert.id)
    return alert


def clear(session: Session, run: Run, *kinds: AlertKind) -> None:
    """What of these kinds holds is over."""
    session.execute(
        update(Alert)
        .where(Alert.run_id == run.id, Alert.kind.in_(kinds), Alert.cleared_step.is_(None))
        .values(cleared_step=run.step)
    )


def holds(session: Session, run: Run, kind: AlertKind) -> bool:
    """Whether one of the kind is not over."""
    query = select(Alert.id).where(Alert.run_id == run.id, Alert.kind == kind, Alert.cleared_step.is_(None))
    return session.scalar(query.limit(1)) is not None


def recent(session: Session, run_id: str, since_step: int) -> list[Alert]:
    """Alerts on the run's data that hold, or were cleared after a step; oldest first."""
    return list(session.scalars(_RECENT, {"run": run_id, "since_step": since_step}))


def rewind(session: Session, run_id: str, step: int) -> None:
    """Drop what was raised on data after the step; what was cleared after it holds again."""
    of_data = (Alert.run_id == run_id) & Alert.kind.not_in(OF_THE_RUN)
    session.execute(delete(Alert).where(of_data, Alert.step > step))
    session.execute(update(Alert).where(of_data, Alert.cleared_step > step).values(cleared_step=None))


def find(
    session: Session,
    *,
    run: str | None = None,
    kind: str | None = None,
    severity: str | None = None,
    unseen: bool = False,
    holding: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> tuple[list[tuple[Alert, Run]], int]:
    """(alert, its run without the module list), newest first, with an id below `before`; and how many match in all.

    holding: of runs that go on, those whose condition still holds.
    """
    conditions: list[ColumnElement[bool]] = []
    for column, wanted in ((Alert.run_id, run), (Alert.kind, kind), (Alert.severity, severity)):
        if wanted:
            conditions.append(column == wanted)
    if unseen:
        conditions.append(Alert.seen_at.is_(None))
    if holding:
        goes_on = select(Run.id).where(Run.state.in_(ACTIVE))
        conditions += [Alert.cleared_step.is_(None), Alert.run_id.in_(goes_on)]
    total = session.scalar(select(func.count()).select_from(Alert).where(*conditions)) or 0
    if before is not None:
        conditions.append(Alert.id < before)
    query = select(Alert, Run).join(Run, Run.id == Alert.run_id).where(*conditions).options(defer(Run.modules))
    rows = session.execute(query.order_by(Alert.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows], total


def of_run(session: Session, run_id: str) -> list[Alert]:
    """All alerts of a run by step."""
    return list(session.scalars(select(Alert).where(Alert.run_id == run_id).order_by(Alert.step, Alert.id)))


def unseen_counts(session: Session) -> dict[str, int]:
    """How many alerts nobody has seen, by severity."""
    query = select(Alert.severity, func.count()).where(Alert.seen_at.is_(None)).group_by(Alert.severity)
    return {row[0]: row[1] for row in session.execute(query)}


def mark_seen(session: Session, *, ids: Sequence[int] | None = None, run_id: str | None = None) -> list[str]:
    """Mark unseen alerts as seen: these, those of a run, or all; the runs they belong to."""
    condition = Alert.seen_at.is_(None)
    if ids is not None:
        condition &= Alert.id.in_(ids)
    if run_id is not None:
        condition &= Alert.run_id == run_id
    affected = list(session.scalars(select(Alert.run_id).where(condition).distinct()))
    values: dict[str, Any] = {"seen_at": time.time()}
    session.execute(update(Alert).where(condition).values(values).execution_options(synchronize_session=False))
    return affected
