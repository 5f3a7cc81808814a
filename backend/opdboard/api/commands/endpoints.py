"""Steering a run and reading its history."""

from fastapi import APIRouter

from opdboard.api.bodies import JsonRoute
from opdboard.api.commands import service
from opdboard.api.commands.actor import Actor
from opdboard.api.commands.schemas import AttemptOut, CommandOut, ProvenanceOut, RunHistory, StateChangeOut
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.db import commands, provenance, runs
from opdboard.domain.commands import AnyRequest

router = APIRouter(prefix="/api/runs/{run_id}", tags=["commands"], route_class=JsonRoute)


@router.post("/commands", status_code=201)
def ask_command(context: Ctx, run_id: RunId, body: AnyRequest, actor: Actor) -> CommandOut:
    """Ask the trainer to do something between two steps; 409 says why when it makes no sense now."""
    return service.ask(context, run_id, body, actor=actor)


@router.get("/history")
def read_history(context: Ctx, run_id: RunId) -> RunHistory:
    """Every state, attempt and command of the run."""
    with context.database.read() as session:
        runs.get(session, run_id)
        return RunHistory(
            changes=[filled(StateChangeOut, change) for change in runs.history(session, run_id)],
            attempts=[filled(AttemptOut, attempt) for attempt in runs.attempts(session, run_id)],
            commands=[service.command_out(row) for row in commands.audit(session, run_id)],
            provenance=[
                ProvenanceOut(attempt=attempt.number, from_step=attempt.resumed_from or 0, **dict(told))
                for attempt, told in provenance.of_runs(session, [run_id])[run_id]
            ],
        )
