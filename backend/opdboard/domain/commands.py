"""What a user can ask of a run, with which arguments, and when. The trainer reads commands between two steps."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from opdboard.domain.errors import Conflict
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState

LARGEST_FACTOR = 1000.0
"""Nothing that a strategy tries by itself is farther from W_t, in units of the way made."""


def _leads_somewhere(factor: float) -> float:
    if factor == 0:
        raise ValueError("factor 0 is W_t itself: there is nothing to try")
    return factor


Factor = Annotated[float, Field(gt=-1, le=LARGEST_FACTOR), AfterValidator(_leads_somewhere)]
"""Of W_t + factor D: ahead above 0, a part of the way back below; -1 would be the anchor."""


class Command(StrEnum):
    """A steering action; each is stored with who asked, when, and what the trainer did."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    CHECKPOINT = "checkpoint"
    EXTRAPOLATE = "extrapolate"
    VETO = "veto"


_OPEN = frozenset({RunState.RUNNING, RunState.PAUSED})
_POSSIBLE: dict[Command, frozenset[RunState]] = {
    Command.PAUSE: frozenset({RunState.STARTING, RunState.RUNNING}),
    Command.RESUME: frozenset({RunState.PAUSED, RunState.STOPPED, RunState.FAILED}),
    Command.STOP: _OPEN | {RunState.QUEUED, RunState.STARTING},
    Command.CHECKPOINT: _OPEN,
    Command.EXTRAPOLATE: _OPEN,
    Command.VETO: _OPEN,
}
_ASKED_OF: dict[RunKind, tuple[Command, ...]] = {
    RunKind.TRAINED: tuple(Command),
    RunKind.REPORTED: (Command.STOP,),
    RunKind.IMPORT: (Command.PAUSE, Command.RESUME, Command.STOP),
    RunKind.ANALYSIS: (Command.PAUSE, Command.RESUME, Command.STOP),
    RunKind.CHECK: (Command.STOP,),
    RunKind.PLAYGROUND: (Command.STOP,),
}


def asked_of(kind: RunKind) -> tuple[Command, ...]:
    """The commands that make sense for runs of that kind at some time."""
    return _ASKED_OF[kind]


def possible(kind: RunKind, state: RunState) -> list[Command]:
    """The commands that can be asked now; a veto also needs a jump to take back."""
    return [command for command in asked_of(kind) if state in _POSSIBLE[command]]


def check_possible(kind: RunKind, state: RunState, command: Command, *, run_id: str) -> None:
    """Conflict, with the reason, unless the command can be asked of such a run now."""
    if command in possible(kind, state):
        return
    if kind is RunKind.REPORTED:
        why = f"run {run_id} is reported by another trainer: while it runs it can be stopped, nothing else"
    elif command not in asked_of(kind):
        why = f"'{command}' is possible for a run that trains; this one is an {kind}"
    else:
        states = " or ".join(sorted(_POSSIBLE[command]))
        why = f"'{command}' is possible for a run that is {states}; this one is {state}"
    raise Conflict(why, where=run_id)


class Request(BaseModel):
    """Base of what is asked: the command and its arguments, closed to unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def arguments(self) -> dict[str, Any]:
        """The arguments that were given, as JSON."""
        return self.model_dump(mode="json", exclude={"command"}, exclude_none=True, exclude_defaults=True)


class Pause(Request):
    """Hold after this step, with everything in memory."""

    command: Literal[Command.PAUSE]


class Resume(Request):
    """Go on: from memory when paused, from the last checkpoint when stopped or failed."""

    command: Literal[Command.RESUME]


class Stop(Request):
    """Write a checkpoint after this step and end."""

    command: Literal[Command.STOP]


class CheckpointNow(Request):
    """Write a complete checkpoint after this step."""

    command: Literal[Command.CHECKPOINT]


class Extrapolate(Request):
    """Look ahead along W_t - anchor after this step."""

    command: Literal[Command.EXTRAPOLATE]
    factor: Factor | None = Field(
        default=None,
        description="Try W_t + factor D alone, below 0 a part of the way back; empty searches as at a trigger. One such try per step; at a step of the "
        "schedule it takes the place of the search.",
    )
    override: bool = Field(
        default=False,
        description="Take the factor even if validation refuses it; only a score that is not finite is still refused.",
    )

    @model_validator(mode="after")
    def _only_a_factor_can_be_forced(self) -> "Extrapolate":
        if self.override and self.factor is None:
            raise ValueError("override needs a factor: a search takes only what validation accepts")
        return self


class Veto(Request):
    """Take the last accepted jump back, keeping what was trained since."""

    command: Literal[Command.VETO]
    step: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Step of the jump that is meant; empty means the last one. Refused when another jump came since.",
    )


AnyRequest = Annotated[
    Pause | Resume | Stop | CheckpointNow | Extrapolate | Veto,
    Field(discriminator="command"),
]
_ADAPTER: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)


def request_of(command: str, arguments: Mapping[str, Any] | None = None) -> AnyRequest:
    """A command and its arguments as stored; pydantic's ValidationError when they do not fit."""
    return _ADAPTER.validate_python({"command": command, **(arguments or {})})
