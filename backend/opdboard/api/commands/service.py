"""Asking a run to do something, and what it was asked so far."""

from opdboard.api.commands.schemas import AttemptOut, CommandOut, RunHistory, StateChangeOut
from opdboard.api.context import Context
from opdboard.api.sending import send
from opdboard.db import commands, runs
from opdboard.db.tables import CommandRow
from opdboard.domain.commands import AnyRequest, Command
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import steering


def command_out(row: CommandRow) -> CommandOut:
    """A stored command as it travels."""
    return CommandOut(
        id=row.id,
        command=Command(row.kind),
        arguments=row.arguments,
        actor=row.actor,
        created_at=row.created_at,
        asked_step=row.asked_step,
        done_at=row.done_at,
        obeyed_step=row.obeyed_step,
        ok=row.ok,
        result=row.result,
    )


def ask(context: Context, run_id: str, request: AnyRequest, *, actor: str) -> CommandOut:
    """Record the command; a run that goes back into the queue by it is sent after the commit."""
    with context.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        asked = command_out(steering.ask(session, run, request, actor=actor))
        queued = run.state == RunState.QUEUED
    if queued:
        send(context.queue, run_id)
    return asked


def history(context: Context, run_id: str) -> RunHistory:
    """States, attempts and commands of a run."""
    with context.database.read() as session:
        runs.get(session, run_id)
        return RunHistory(
            changes=[
                StateChangeOut(
                    at=change.at,
                    from_state=RunState(change.from_state) if change.from_state else None,
                    to_state=RunState(change.to_state),
                    reason=change.reason,
                )
                for change in runs.history(session, run_id)
            ],
            attempts=[
                AttemptOut(
                    number=attempt.number,
                    worker_id=attempt.worker_id,
                    started_at=attempt.started_at,
                    ended_at=attempt.ended_at,
                    resumed_from=attempt.resumed_from,
                    outcome=attempt.outcome,
                )
                for attempt in runs.attempts(session, run_id)
            ],
            commands=[command_out(row) for row in commands.audit(session, run_id)],
        )
