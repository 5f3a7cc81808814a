"""Steering commands and a run's history as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.domain.commands import Command
from opdboard.domain.provenance import Provenance
from opdboard.domain.run_state import RunState


class CommandOut(BaseModel):
    """A command and what came of it."""

    id: int
    command: Command
    arguments: dict[str, Any] = Field(description="As given; a veto names the jump that it takes back.")
    actor: str = Field(description="web, cli or api, with the name that came along: 'Ada (web)'.")
    created_at: float
    asked_step: int | None = Field(description="The last step done when it was asked.")
    done_at: float | None = Field(description="Null while the trainer has not got to it.")
    obeyed_step: int | None = Field(description="The step after whose update it was obeyed.")
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


class ProvenanceOut(Provenance):
    """What the run was made with from an attempt on, until the next of these."""

    attempt: int
    from_step: int = Field(description="The last step done before.")


class RunHistory(BaseModel):
    """Everything that happened to a run, oldest first."""

    changes: list[StateChangeOut]
    attempts: list[AttemptOut]
    commands: list[CommandOut]
    provenance: list[ProvenanceOut] = Field(
        description="More than one where it was resumed with other versions; empty where nobody told."
    )
