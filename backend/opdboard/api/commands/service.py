"""Asking a run to do something."""

from opdboard.api.commands.schemas import CommandOut
from opdboard.api.context import Context
from opdboard.api.rows import filled
from opdboard.api.sending import send
from opdboard.db import runs
from opdboard.db.tables import CommandRow
from opdboard.domain.commands import AnyRequest
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import steering


def command_out(row: CommandRow) -> CommandOut:
    """A stored command as it travels."""
    return filled(CommandOut, row, command=row.kind)


def ask(context: Context, run_id: str, request: AnyRequest, *, actor: str) -> CommandOut:
    """Record the command; a run that goes back into the queue by it is sent after the commit."""
    with context.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        asked = command_out(steering.ask(session, run, request, actor=actor))
        queued = run.state == RunState.QUEUED
    if queued:
        send(context.queue, run_id)
    return asked
