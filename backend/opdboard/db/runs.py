"""Runs, their attempts and the states they have been in."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, defer
from sqlalchemy.orm.interfaces import ORMOption

from opdboard.db.tables import Attempt, DeletedRun, Run, StateChange, Table
from opdboard.domain.errors import Conflict, NotFound
from opdboard.domain.events import Topic
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import ACTIVE, RunState

COLORS = 8

_LOCKED = (
    select(Run)
    .where(Run.id == bindparam("run"))
    .options(defer(Run.modules))
    .with_for_update()
    .execution_options(populate_existing=True)
)

_ATTEMPTS = Table.metadata.tables[Attempt.__tablename__]
_COUNT = (
    update(_ATTEMPTS)
    .where(
        _ATTEMPTS.c.run_id == bindparam("run"),
        _ATTEMPTS.c.number == bindparam("of"),
        _ATTEMPTS.c.batches < bindparam("batch"),
    )
    .values(batches=bindparam("batch"))
)


def add(session: Session, *, name: str, method: str, **facts: Any) -> Run:
    """A QUEUED run with the next colour; an empty name becomes method and time."""
    now = time.time()
    run = Run(
        id=secrets.token_hex(4),
        name=name or f"{method}-{time.strftime('%m%d-%H%M%S', time.gmtime(now))}",
        method=method,
        state=RunState.QUEUED,
        color=(session.scalar(select(func.count()).select_from(Run)) or 0) % COLORS,
        created_at=now,
        latest={},
        modules=[],
        seq=0,
        topics={},
        updated_at=now,
        **facts,
    )
    session.add(run)
    session.flush()
    session.add(StateChange(run_id=run.id, at=now, from_state=None, to_state=RunState.QUEUED, reason="created"))
    return run


def get(session: Session, run_id: str, *, lock: bool = False, without: Sequence[ORMOption] = ()) -> Run:
    """The run, locked for this transaction when asked; NotFound names the id. without: columns left for later."""
    run = session.get(Run, run_id, with_for_update=lock or None, options=without)
    if run is None:
        raise NotFound(f"there is no run {run_id!r}", where=run_id)
    return run


def config_of(run: Run) -> RunConfig:
    """What a worker would train by; Conflict for a run that no worker trains."""
    kind = RunKind(run.kind)
    if kind is RunKind.REPORTED:
        raise Conflict(
            f"run {run.id} is reported by another trainer, whose configuration cannot be launched", where=run.id
        )
    if kind.is_job:
        raise Conflict(
            f"run {run.id} is of kind {kind}: it trains nothing, so there is nothing to launch", where=run.id
        )
    return RunConfig.model_validate(run.config)


def delete_run(session: Session, run_id: str) -> None:
    """Remove a run and everything stored of it (rows only; files are the caller's); browsers will be told."""
    session.execute(delete(Run).where(Run.id == run_id))
    session.merge(DeletedRun(run_id=run_id, at=time.time()))


def history(session: Session, run_id: str) -> list[StateChange]:
    """Every state the run has been in, oldest first."""
    return list(session.scalars(select(StateChange).where(StateChange.run_id == run_id).order_by(StateChange.id)))


def attempts(session: Session, run_id: str) -> list[Attempt]:
    """All attempts, first to latest."""
    return list(session.scalars(select(Attempt).where(Attempt.run_id == run_id).order_by(Attempt.number)))


def touch(run: Run, *topics: Topic) -> int:
    """Move the run's sequence and say which topics moved with it; returns the new sequence number."""
    run.seq += 1
    run.topics = {**run.topics, **{topic.value: run.seq for topic in topics}}
    run.updated_at = time.time()
    return run.seq


def locked(session: Session, run_id: str) -> Run:
    """The run, locked; NotFound names the id. Its modules are read when they are asked for."""
    run = session.scalars(_LOCKED, {"run": run_id}).one_or_none()
    return run or get(session, run_id)  # which says that there is none


def close_attempt(session: Session, run: Run, outcome: str, now: float) -> None:
    """The attempt at the run has ended, unless it had before."""
    session.execute(
        update(Attempt)
        .where(Attempt.run_id == run.id, Attempt.number == run.attempt, Attempt.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome)
    )


def count_batch(session: Session, run_id: str, attempt: int, number: int) -> bool:
    """Note that the attempt has written its batch of this number; False where it had before."""
    of_it = {"run": run_id, "of": attempt, "batch": number}
    return bool(session.connection().execute(_COUNT, of_it).rowcount)


def held_by(session: Session, worker_ids: Sequence[str]) -> list[Run]:
    """Active runs that these workers hold."""
    return list(session.scalars(select(Run).where(Run.worker_id.in_(worker_ids), Run.state.in_(ACTIVE))))


def held(session: Session) -> list[Run]:
    """Every active run that some worker holds; reported runs are nobody's here."""
    return list(session.scalars(select(Run).where(Run.state.in_(ACTIVE), Run.kind != RunKind.REPORTED)))


def silent(session: Session, moment: float) -> list[Run]:
    """Reported runs without a sign of life since the moment, locked."""
    query = select(Run).where(Run.kind == RunKind.REPORTED, Run.state.in_(ACTIVE), Run.heartbeat_at < moment)
    return list(session.scalars(query.options(defer(Run.modules)).with_for_update()))


def waiting(session: Session, sent_before: float) -> list[Run]:
    """QUEUED runs that no message is on its way for, oldest first."""
    in_future = Run.sent_at > time.time() + 1  # the clock was set back since
    condition = or_(Run.sent_at.is_(None), Run.sent_at < sent_before, in_future)
    return list(session.scalars(select(Run).where(Run.state == RunState.QUEUED, condition).order_by(Run.created_at)))
