"""Commands: those that wait, what became of them, and all as an audit trail."""

import time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from opdboard.db.tables import CommandRow
from opdboard.domain.commands import Command
from opdboard.domain.records import CommandResult


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
