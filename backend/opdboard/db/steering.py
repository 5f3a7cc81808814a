"""Commands: asked by users, obeyed by trainers, kept as an audit trail."""

import time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from opdboard.db import evidence, runs
from opdboard.db.tables import CommandRow, Run
from opdboard.domain.commands import AnyRequest, Command, Veto, check_possible
from opdboard.domain.errors import Conflict
from opdboard.domain.events import Topic
from opdboard.domain.records import CommandResult
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState


def ask(session: Session, run: Run, request: AnyRequest, *, actor: str) -> CommandRow:
    """Record a command for a live run; a run that no worker holds is stopped or resumed on the spot.

    Raises Conflict with the reason when the command makes no sense in the run's state.
    """
    state = RunState(run.state)
    now = time.time()
    kind = request.command
    row = CommandRow(
        run_id=run.id,
        kind=kind,
        arguments=request.arguments(),
        actor=actor,
        created_at=now,
        asked_step=run.step,
    )
    check_possible(RunKind(run.kind), state, kind, run_id=run.id)
    if run.kind == RunKind.REPORTED:
        # Its trainer hears of it when its next write is refused.
        runs.transition(session, run, RunState.STOPPED, reason=f"stop asked by {actor}")
        row.done_at, row.ok, row.result = now, True, "what its trainer reports from now on is refused"
    elif kind is Command.STOP and state is RunState.QUEUED:
        runs.transition(session, run, RunState.STOPPED, reason=f"stopped by {actor} before it began")
        row.done_at, row.ok, row.result = now, True, "stopped before it began"
    elif kind is Command.RESUME and state in (RunState.STOPPED, RunState.FAILED):
        run.fruitless_attempts = 0
        runs.transition(session, run, RunState.QUEUED, reason=f"resumed by {actor}")
        row.done_at, row.ok, row.result = (
            now,
            True,
            "queued again; continues from "
            + ("the last stored step" if RunKind(run.kind).is_job else "the last checkpoint"),
        )
    else:
        if isinstance(request, Veto):
            row.arguments = {"step": _jump_to_veto(session, run, request.step)}
        if kind is Command.STOP:
            runs.transition(session, run, RunState.STOPPING, reason=f"stop asked by {actor}")
    session.add(row)
    runs.touch(run, Topic.COMMANDS)
    session.flush()
    return row


def _jump_to_veto(session: Session, run: Run, step: int | None) -> int:
    """The step of the last jump, so that a veto never takes back one that came after it was asked for."""
    jump = evidence.last_jump(session, run.id)
    if jump is None or jump.vetoed:
        taken = f"the last jump, of step {jump.step}, was taken back already" if jump else "this run has not jumped"
        raise Conflict(f"there is no jump to take back: {taken}", where=run.id)
    if step not in (None, jump.step):
        raise Conflict(
            f"only the last jump can be taken back, that of step {jump.step}; "
            f"to do without the one of step {step}, fork from a checkpoint before it",
            where=run.id,
        )
    return jump.step


def pending(session: Session, run_id: str) -> list[CommandRow]:
    """Commands not yet obeyed, oldest first."""
    query = select(CommandRow).where(CommandRow.run_id == run_id, CommandRow.done_at.is_(None)).order_by(CommandRow.id)
    return list(session.scalars(query))


def finish(session: Session, result: CommandResult, step: int) -> None:
    """Write down what was done with a command, and at which step."""
    row = session.get(CommandRow, result.command_id)
    if row is not None:
        row.done_at, row.ok, row.result, row.obeyed_step = time.time(), result.ok, result.result, step


def reopen_lost(session: Session, run_id: str, step: int) -> None:
    """What changed the weights after the step that a new attempt begins at is lost: it is to be done again, at its step."""
    session.execute(
        update(CommandRow)
        .where(CommandRow.run_id == run_id, CommandRow.obeyed_step > step, CommandRow.done_at.is_not(None))
        .where(CommandRow.kind.in_([Command.EXTRAPOLATE, Command.VETO]), CommandRow.ok.is_(True))
        .values(done_at=None, ok=None, result=None)
    )


def drop_pending(session: Session, run_id: str, reason: str) -> None:
    """Close the commands that an ended run can no longer obey."""
    for row in pending(session, run_id):
        row.done_at, row.ok, row.result = time.time(), False, reason


def audit(session: Session, run_id: str) -> list[CommandRow]:
    """Every command ever given to the run, oldest first."""
    return list(session.scalars(select(CommandRow).where(CommandRow.run_id == run_id).order_by(CommandRow.id)))
