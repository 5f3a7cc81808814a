"""Steering a run and reading its history."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header

from opdboard.api.commands import service
from opdboard.api.commands.schemas import CommandOut, RunHistory
from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId
from opdboard.domain.commands import AnyRequest

router = APIRouter(prefix="/api/runs/{run_id}", tags=["commands"])


@router.post("/commands", status_code=201)
def ask_command(
    context: Ctx,
    run_id: RunId,
    body: AnyRequest,
    x_opdboard_client: Annotated[Literal["web", "cli", "api"], Header(description="What asks.")] = "api",
    x_opdboard_user: Annotated[
        str, Header(max_length=200, description="Who asks, percent-encoded; taken on trust, for the audit trail.")
    ] = "",
) -> CommandOut:
    """Ask the trainer to do something between two steps; 409 says why when it makes no sense now."""
    return service.ask(context, run_id, body, actor=service.actor(x_opdboard_client, x_opdboard_user))


@router.get("/history")
def read_history(context: Ctx, run_id: RunId) -> RunHistory:
    """Every state, attempt and command of the run."""
    return service.history(context, run_id)
