"""Who holds a run: taken from the queue, given back, and the fence that every write of an attempt passes."""

import time

from sqlalchemy.orm import Session

from opdboard.db import commands, lineage, runs
from opdboard.db.tables import Attempt, CommandRow, Run
from opdboard.domain.commands import Command
from opdboard.domain.errors import NotFound, StaleAttempt
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import transitions

MAX_FRUITLESS_ATTEMPTS = 3


def claim(session: Session, run_id: str, worker_id: str) -> int | None:
    """Begin an attempt at a QUEUED run; its number, or None when someone else has it, it has ended, or its sources are not ready."""
    run = session.get(Run, run_id, with_for_update=True)
    if run is None or run.state != RunState.QUEUED or not _sources_ready(session, run):
        return None
    transitions.transition(session, run, RunState.STARTING, reason=f"taken by {worker_id}")
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
        for source in (session.get(Run, one.run_id) for _, one in config.runs_loaded if one.step is None)
        if source is not None and source.state == RunState.FAILED and (source.ended_at or 0) > run.created_at
    ]
    if failed:
        detail = f"its weights were to come from run {failed[0].name}, which failed; resume that run, then this one"
        error = {"error": "SourceFailed", "detail": detail, "where": failed[0].id}
        transitions.transition(session, run, RunState.FAILED, reason=f"run {failed[0].name} failed", error=error)
        return False
    try:
        return lineage.waits_for(session, config) is None
    except NotFound:
        return True  # the trainer will say what is gone


def fence(session: Session, run_id: str, attempt: int) -> Run:
    """The run, locked, for a write of this attempt; StaleAttempt when a newer one owns it or it has left the worker.

    Its modules are read when they are asked for.
    """
    run = runs.locked(session, run_id)
    check_owner(run, attempt)
    return run


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
    died = {"error": "TrainerDied", "where": run.id}
    if run.state == RunState.STOPPING:
        detail = f"its process ended before it had stopped by itself ({reason}); what it did since its last checkpoint is done again when it is resumed"
        transitions.transition(session, run, RunState.STOPPED, reason=reason, error=died | {"detail": detail})
    elif run.fruitless_attempts >= MAX_FRUITLESS_ATTEMPTS:
        detail = f"its process died {run.fruitless_attempts} times without finishing a step ({reason}); read the end of the log"
        transitions.transition(session, run, RunState.FAILED, reason=reason, error=died | {"detail": detail})
    else:
        transitions.transition(session, run, RunState.QUEUED, reason=reason)
        if paused:
            again = {"kind": Command.PAUSE, "actor": "opdboard", "created_at": time.time(), "asked_step": run.step}
            session.add(CommandRow(run_id=run.id, **again))
    if RunState(run.state).ended:
        commands.drop_pending(session, run.id, f"the run has {run.state} before this was obeyed")
    return RunState(run.state)


def beat(session: Session, run_id: str, attempt: int) -> Run:
    """The trainer's process is alive; its run."""
    run = fence(session, run_id, attempt)
    run.heartbeat_at = time.time()
    return run


def ready(session: Session, sent_before: float) -> list[Run]:
    """Runs that wait for a worker, no message on its way, whose weights can be loaded, or never will be."""
    return [run for run in runs.waiting(session, sent_before) if _sources_ready(session, run)]
