"""Runs: creation, queries, the one function that changes a state, and the fence that every write of a trainer passes."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, defer
from sqlalchemy.orm.interfaces import ORMOption

from opdboard.db import alerts, lineage
from opdboard.db.tables import Attempt, CommandRow, DeletedRun, Run, StateChange
from opdboard.domain.alerts import AlertKind
from opdboard.domain.commands import Command
from opdboard.domain.errors import Conflict, NotFound, StaleAttempt
from opdboard.domain.events import Topic
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_sources import describe_source, describe_teacher, sources_of
from opdboard.domain.run_state import ACTIVE, RunState, check_transition

COLORS = 8
MAX_FRUITLESS_ATTEMPTS = 3

_LOCKED = (
    select(Run)
    .where(Run.id == bindparam("run"))
    .options(defer(Run.modules))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def create(
    session: Session,
    config: RunConfig,
    *,
    group: str = "",
    tags: Sequence[str] = (),
    notes: str = "",
    forked: RunModel | None = None,
    copied_from: str | None = None,
) -> Run:
    """A new QUEUED run with the next colour; send its task after the commit.

    forked: the weights of another run that it goes on from. copied_from: the run whose configuration it has.
    """
    run = add(
        session,
        NewRun(
            kind=RunKind.TRAINED,
            name=config.name,
            method=config.method,
            total_steps=config.budget.steps,
            config=config.model_dump(mode="json"),
            student=describe_source(config.student),
            teacher=describe_teacher(config),
            group=group,
            tags=tags,
            notes=notes,
        ),
    )
    if forked is not None:
        run.forked_from, run.forked_step, run.forked_factor = forked.run_id, forked.step, forked.factor
    lineage.record(session, run.id, config, copied_from=copied_from)
    return run


@dataclass(frozen=True)
class NewRun:
    """What is known of a run of any kind before its first point; an empty name becomes method and time."""

    kind: RunKind
    name: str
    method: str
    total_steps: int
    config: dict[str, Any]
    student: str = ""
    teacher: str = ""
    group: str = ""
    tags: Sequence[str] = ()
    notes: str = ""


def add(session: Session, wanted: NewRun) -> Run:
    """A QUEUED run with the next colour and without lineage."""
    now = time.time()
    run = Run(
        id=secrets.token_hex(4),
        kind=wanted.kind,
        name=wanted.name or f"{wanted.method}-{time.strftime('%m%d-%H%M%S', time.gmtime(now))}",
        method=wanted.method,
        state=RunState.QUEUED,
        config=wanted.config,
        student=wanted.student,
        teacher=wanted.teacher,
        group=wanted.group,
        tags=list(wanted.tags),
        notes=wanted.notes,
        color=(session.scalar(select(func.count()).select_from(Run)) or 0) % COLORS,
        created_at=now,
        total_steps=wanted.total_steps,
        latest={},
        modules=[],
        seq=0,
        topics={},
        updated_at=now,
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
        raise Conflict(f"run {run.id} is an {kind}: it trains nothing, so there is nothing to launch", where=run.id)
    return RunConfig.model_validate(run.config)


def get_many(session: Session, run_ids: Sequence[str]) -> list[Run]:
    """Several runs in the order asked for."""
    return [get(session, run_id) for run_id in run_ids]


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


def transition(
    session: Session, run: Run, to: RunState, *, reason: str = "", error: dict[str, Any] | None = None
) -> None:
    """The only way a run's state changes; IllegalTransition when the table does not allow it."""
    current = RunState(run.state)
    check_transition(current, to)
    now = time.time()
    run.state = to
    run.error = error
    if to.ended:
        run.ended_at = now
    elif to is RunState.QUEUED:
        run.ended_at = None
        run.worker_id = None
        run.sent_at = None
    if to.ended or to is RunState.QUEUED:
        _close_attempt(session, run, reason or to.value, now)
        alerts.clear_stall(session, run)
    session.add(StateChange(run_id=run.id, at=now, from_state=current, to_state=to, reason=reason))
    if to is RunState.FAILED:
        alerts.add_failure(session, run, touch(run, Topic.STATE, Topic.ALERTS))
    elif current is RunState.FAILED:
        alerts.clear_failures(session, run)
        touch(run, Topic.STATE, Topic.ALERTS)
    else:
        touch(run, Topic.STATE)


def _close_attempt(session: Session, run: Run, outcome: str, now: float) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.run_id == run.id, Attempt.number == run.attempt, Attempt.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome)
    )


def claim(session: Session, run_id: str, worker_id: str) -> int | None:
    """Begin an attempt at a QUEUED run; its number, or None when someone else has it, it has ended, or its sources are not ready."""
    run = session.get(Run, run_id, with_for_update=True)
    if run is None or run.state != RunState.QUEUED or not _sources_ready(session, run):
        return None
    transition(session, run, RunState.STARTING, reason=f"taken by {worker_id}")
    now = time.time()
    run.attempt += 1
    run.fruitless_attempts += 1
    run.worker_id = worker_id
    run.heartbeat_at = now
    run.started_at = run.started_at or now
    session.add(Attempt(run_id=run.id, number=run.attempt, worker_id=worker_id, started_at=now))
    return run.attempt


def _sources_ready(session: Session, run: Run) -> bool:
    """Whether its weights can be loaded; fails the run when the run that should make them failed while it waited."""
    if run.kind != RunKind.TRAINED:
        return True  # whoever makes it has its own, or says what is missing
    config = RunConfig.model_validate(run.config)
    failed = [
        source
        for source in (session.get(Run, one.run_id) for _, one in sources_of(config) if one.step is None)
        if source is not None and source.state == RunState.FAILED and (source.ended_at or 0) > run.created_at
    ]
    if failed:
        detail = f"its weights were to come from run {failed[0].name}, which failed; resume that run, then this one"
        error = {"error": "SourceFailed", "detail": detail, "where": failed[0].id}
        transition(session, run, RunState.FAILED, reason=f"run {failed[0].name} failed", error=error)
        return False
    try:
        return lineage.waits_for(session, config) is None
    except NotFound:
        return True  # the trainer will say what is gone


def fence(session: Session, run_id: str, attempt: int) -> Run:
    """The run, locked, for a write of this attempt; StaleAttempt when a newer one owns it or it has left the worker.

    Its modules are read when they are asked for.
    """
    run = locked(session, run_id)
    check_owner(run, attempt)
    return run


def locked(session: Session, run_id: str) -> Run:
    """The run, locked; NotFound names the id. Its modules are read when they are asked for."""
    run = session.scalars(_LOCKED, {"run": run_id}).one_or_none()
    return run or get(session, run_id)  # which says that there is none


def check_owner(run: Run, attempt: int) -> None:
    """StaleAttempt unless the attempt may write to the run, which is locked."""
    if run.attempt != attempt or not RunState(run.state).active:
        raise StaleAttempt(
            f"attempt {attempt} of run {run.id} no longer owns it (now attempt {run.attempt}, {run.state})",
            where=run.id,
        )


def adopted(session: Session, run_id: str, worker_id: str) -> int | None:
    """The attempt that this worker has begun without having heard so, its commit's answer being lost."""
    run = session.get(Run, run_id, with_for_update=True)
    mine = run is not None and run.state == RunState.STARTING and run.worker_id == worker_id
    return run.attempt if run is not None and mine else None


def give_back(session: Session, run: Run, reason: str) -> RunState:
    """Put the run of a lost worker back into the queue, or fail it after too many attempts without one step.

    A paused run is asked to pause again; a run that ends here can no longer obey what it was asked.
    """
    paused = run.state == RunState.PAUSED
    if run.state == RunState.STOPPING:
        detail = f"its process ended before it had stopped by itself ({reason}); what it did since its last checkpoint is done again when it is resumed"
        error = {"error": "TrainerDied", "detail": detail, "where": run.id}
        transition(session, run, RunState.STOPPED, reason=reason, error=error)
    elif run.fruitless_attempts >= MAX_FRUITLESS_ATTEMPTS:
        detail = f"its process died {run.fruitless_attempts} times without finishing a step ({reason}); read the end of the log"
        transition(
            session,
            run,
            RunState.FAILED,
            reason=reason,
            error={"error": "TrainerDied", "detail": detail, "where": run.id},
        )
    else:
        transition(session, run, RunState.QUEUED, reason=reason)
        if paused:
            session.add(
                CommandRow(
                    run_id=run.id, kind=Command.PAUSE, actor="opdboard", created_at=time.time(), asked_step=run.step
                )
            )
    if RunState(run.state).ended:
        _close_commands(session, run, f"the run has {run.state} before this was obeyed")
    return RunState(run.state)


def _close_commands(session: Session, run: Run, result: str) -> None:
    session.execute(
        update(CommandRow)
        .where(CommandRow.run_id == run.id, CommandRow.done_at.is_(None))
        .values(done_at=time.time(), ok=False, result=result)
    )


def beat(session: Session, run_id: str, attempt: int) -> Run:
    """The trainer's process is alive; its run."""
    run = fence(session, run_id, attempt)
    run.heartbeat_at = time.time()
    return run


def say_stalled(session: Session, run: Run, seconds: float) -> None:
    """Raise the alert that the run is alive without progress for so long."""
    doing = "while it was starting" if run.state == RunState.STARTING else f"since step {run.step}"
    alerts.add_stall(session, run, touch(run, Topic.ALERTS), f"no progress for {seconds:.0f} s {doing}", seconds)


def say_damaged(session: Session, run: Run, kind: AlertKind, message: str, step: int) -> None:
    """Raise the alert that checkpoints after the step, or snapshots, were of no use."""
    alerts.add_damage(session, run, touch(run, Topic.ALERTS), kind, message, step)


def say_moving(session: Session, run: Run) -> None:
    """Clear that alert."""
    alerts.clear_stall(session, run)
    touch(run, Topic.ALERTS)


def held_by(session: Session, worker_ids: Sequence[str]) -> list[Run]:
    """Active runs that these workers hold."""
    return list(session.scalars(select(Run).where(Run.worker_id.in_(worker_ids), Run.state.in_(ACTIVE))))


def held(session: Session) -> list[Run]:
    """Every active run that some worker holds; reported runs are nobody's here."""
    return list(session.scalars(select(Run).where(Run.state.in_(ACTIVE), Run.kind != RunKind.REPORTED)))


def ready(session: Session, sent_before: float) -> list[Run]:
    """Those of `waiting` whose weights can be loaded, or never will be."""
    return [run for run in waiting(session, sent_before) if _sources_ready(session, run)]


def waiting(session: Session, sent_before: float) -> list[Run]:
    """QUEUED runs that no message is on its way for, oldest first."""
    in_future = Run.sent_at > time.time() + 1  # the clock was set back since
    condition = or_(Run.sent_at.is_(None), Run.sent_at < sent_before, in_future)
    return list(session.scalars(select(Run).where(Run.state == RunState.QUEUED, condition).order_by(Run.created_at)))
