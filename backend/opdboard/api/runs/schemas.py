"""Runs as they travel over HTTP. Times are seconds since the epoch (UTC)."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, computed_field

from opdboard.api.commands.schemas import CommandOut
from opdboard.api.parameters import NO_NUL, RUN_ID_PATTERN, Parameters
from opdboard.domain.commands import Command
from opdboard.domain.failures import field_of, may_pass
from opdboard.domain.finite import Finite
from opdboard.domain.methods import looks_ahead, method_name
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.domain.transfer import Transfer

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
Group = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]], Field(max_length=50)]
Notes = Annotated[str, Field(max_length=100_000, pattern=NO_NUL)]

Source = Annotated[
    str | None, Field(pattern=RUN_ID_PATTERN, description="The run whose configuration this one was begun from.")
]


class RunSummary(BaseModel):
    """A run as tables and live events show it."""

    id: str
    name: str
    kind: RunKind = Field(
        description="Trained by a worker, or by somebody else's trainer that reports over HTTP; or a worker's job on checkpoints that are there: an import, an analysis; or a check of what is to be launched."
    )
    is_job: bool = Field(
        description="Whether it trains nothing, so that there are neither samples nor weights to act on."
    )
    method: str = Field(description="opd, effopd, ...: what a reader of the papers would call it.")
    state: RunState
    possible: list[Command] = Field(description="What can be asked of it now; a veto also needs a jump to take back.")
    student: str
    teacher: str
    group: str
    tags: list[str]
    note: str = Field(description="How the notes begin.")
    color: int = Field(description="Index into the eight run colours.")
    created_at: float
    started_at: float | None
    ended_at: float | None
    error: dict[str, Any] | None = Field(description="Why it failed: error, detail, where.")
    attempt: int
    worker_id: str | None
    device: str | None
    heartbeat_at: float | None = Field(description="Last sign of life of the trainer's process.")
    progressed_at: float | None = Field(description="When training last got further.")
    transfer: Transfer | None = Field(description="What it waits for from the hub, or pushes there, at the moment.")
    step: int
    total_steps: int
    latest: dict[str, Finite] = Field(description="Newest value of every scalar; null where it is not finite.")
    seq: int = Field(description="Grows with every write to the run.")
    rewound_seq: int = Field(description="Series read at an earlier sequence than this must be read again.")
    topics: dict[str, int] = Field(description="Sequence at which each kind of data last moved.")
    forked_from: str | None
    forked_step: int | None
    forked_factor: float | None = Field(
        description="Set when it goes on from a candidate of that step's extrapolation."
    )
    learning_rate: Finite = Field(description="The configured peak; null where a reported run names none.")
    seconds_left: float | None = Field(description="At the mean pace so far; null when unknown or ended.")

    @computed_field
    @property
    def method_name(self) -> str:
        """The method in words, as in 'GRPO + EffOPD'."""
        return method_name(self.method)

    @computed_field
    @property
    def looks_ahead(self) -> bool:
        """Whether its method has a strategy that looks ahead by itself."""
        return looks_ahead(self.method)

    @computed_field
    @property
    def begin_again(self) -> bool:
        """Whether a failed run is worth beginning again as it is: what failed may pass, or there is no form to change it in."""
        return self.state is RunState.FAILED and (self.kind is not RunKind.TRAINED or may_pass(self.error))


class RunDetail(RunSummary):
    """A run with its configuration and what it was asked and has not yet done."""

    config: RunConfig | None = Field(description="What the worker trains by; null where none trains.")
    reported_config: dict[str, Any] | None = Field(description="What a reported run says of itself; null for others.")
    job_config: dict[str, Any] | None = Field(
        description="What an import or an analysis does, or a check looks at; null for others."
    )
    notes: str
    commands: list[Command] = Field(description="What can be asked of runs of its kind, now or at another time.")
    commands_pending: list[CommandOut]

    @computed_field
    @property
    def wrong_field(self) -> str | None:
        """Dotted path of the field of its configuration that the error is about; null where it knows none."""
        config = self.job_config if self.config is None else self.config.model_dump(mode="json")
        return field_of(self.error, config or {})


class Labels(Parameters):
    """What is written on a new run, of any kind."""

    group: Group = ""
    tags: Tags = Field(default=[])
    notes: Notes = ""


class RunCreate(Labels):
    """A run to launch."""

    config: RunConfig
    copied_from: Source = None


class RunChange(Parameters):
    """What to change of a run; left out = as it is."""

    name: Name | None = None
    notes: Notes | None = None
    tags: Tags | None = None
    group: Group | None = None
