"""Steering commands and a run's history as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Parameters
from opdboard.domain.commands import Command
from opdboard.domain.run_state import RunState


class CommandCreate(Parameters):
    """What the trainer is asked to do between two steps."""

    command: Command


class CommandOut(BaseModel):
    """A command and what came of it."""

    id: int
    command: Command
    actor: str
    created_at: float
    done_at: float | None = Field(description="Null while the trainer has not got to it.")
    ok: bool | None
    result: str | None


class StateChangeOut(BaseModel):
    """One line of a run's history."""

    at: float
    from_state: RunState | None
    to_state: RunState
    reason: str


class AttemptOut(BaseModel):
    """One try at the run."""

    number: int
    worker_id: str
    started_at: float
    ended_at: float | None
    resumed_from: int | None = Field(description="Checkpoint step it went on from; null at the beginning.")
    outcome: str | None


class RunHistory(BaseModel):
    """Everything that happened to a run, oldest first."""

    changes: list[StateChangeOut]
    attempts: list[AttemptOut]
    commands: list[CommandOut]
