"""What people ask of runs: possible or refused, done on the spot or left to the trainer."""

import time

from sqlalchemy.orm import Session

from opdboard.db import evidence, runs
from opdboard.db.tables import CommandRow, Run
from opdboard.domain.commands import AnyRequest, Command, Veto, check_possible
from opdboard.domain.errors import Conflict
from opdboard.domain.events import Topic
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import transitions


def ask(session: Session, run: Run, request: AnyRequest, *, actor: str) -> CommandRow:
    """Record a command for a live run; a run that no worker holds is stopped or resumed on the spot.

    Raises Conflict with the reason when the command makes no sense in the run's state.
    """
    state = RunState(run.state)
    now = time.time()
    kind = request.command
    row = CommandRow(
        run_id=run.id, kind=kind, arguments=request.arguments(), actor=actor, created_at=now, asked_step=run.step
    )
    check_possible(RunKind(run.kind), state, kind, run_id=run.id)
    if run.kind == RunKind.REPORTED:
        # Its trainer hears of it when its next write is refused.
        transitions.transition(session, run, RunState.STOPPED, reason=f"stop asked by {actor}")
        row.done_at, row.ok, row.result = now, True, "what its trainer reports from now on is refused"
    elif kind is Command.STOP and state is RunState.QUEUED:
        transitions.transition(session, run, RunState.STOPPED, reason=f"stopped by {actor} before it began")
        row.done_at, row.ok, row.result = now, True, "stopped before it began"
    elif kind is Command.RESUME and state in (RunState.STOPPED, RunState.FAILED):
        run.fruitless_attempts = 0
        transitions.transition(session, run, RunState.QUEUED, reason=f"resumed by {actor}")
        place = "stored step" if RunKind(run.kind).is_job else "checkpoint"
        row.done_at, row.ok, row.result = now, True, f"queued again; continues from the last {place}"
    else:
        if isinstance(request, Veto):
            row.arguments = {"step": _asked_veto(session, run.id, request.step)}
        if kind is Command.STOP:
            transitions.transition(session, run, RunState.STOPPING, reason=f"stop asked by {actor}")
    session.add(row)
    runs.touch(run, Topic.COMMANDS)
    session.flush()
    return row


def jump_to_veto(session: Session, run_id: str) -> tuple[int | None, str | None]:
    """The step of the jump that a veto would take back, or why there is none."""
    jump = evidence.last_jump(session, run_id)
    if jump is None:
        return None, "this run has not jumped"
    return (None, f"the last jump, of step {jump.step}, was taken back already") if jump.vetoed else (jump.step, None)


def _asked_veto(session: Session, run_id: str, step: int | None) -> int:
    """The step of the last jump, so that a veto never takes back one that came after it was asked for."""
    last, why_not = jump_to_veto(session, run_id)
    if last is None:
        raise Conflict(f"there is no jump to take back: {why_not}", where=run_id)
    if step not in (None, last):
        raise Conflict(
            f"only the last jump can be taken back, that of step {last}; "
            f"to do without the one of step {step}, fork from a checkpoint before it",
            where=run_id,
        )
    return last
