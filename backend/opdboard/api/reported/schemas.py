"""Reports of other trainers as they travel over HTTP. Steps are whole numbers from 0; times are seconds since the epoch."""

import time
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from opdboard.api.parameters import NO_NUL, Count, Parameters
from opdboard.api.runs.schemas import Labels, Name
from opdboard.domain.provenance import Provenance

MOST_POINTS = 100_000
MOST_CONFIG = 1_000_000
MOST_PROVENANCE = 20_000
Key = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00,]+$")]
Label = Annotated[str, Field(max_length=200, pattern=NO_NUL)]


def _short(told: Provenance | None) -> Provenance | None:
    if told is not None and len(told.model_dump_json()) > MOST_PROVENANCE:
        raise ValueError(f"must not be longer than {MOST_PROVENANCE} characters of JSON")
    return told


Number = Annotated[float | None, Field(description="null, or the string NaN, is a number that is not one.")]


MadeWith = Annotated[
    Provenance | None,
    AfterValidator(_short),
    Field(description="Versions, models and files as texts; `opdboard.client` tells the versions by itself."),
]


class ReportedModule(Parameters):
    """An attention or MLP matrix by its Hugging Face parameter name; module statistics follow the order of these."""

    name: Annotated[str, Field(max_length=300, pattern=NO_NUL)]
    shape: tuple[Count, Count]


class ReportedRunCreate(Labels):
    """A run that somebody else's trainer is about to report."""

    name: Name
    method: Annotated[str, Field(min_length=1, max_length=32, pattern=NO_NUL, description="For example trl-gkd.")]
    total_steps: Annotated[int, Field(ge=1, le=2**31 - 1)]
    config: dict[str, Any] = Field(
        default={}, description="Whatever describes the run, as a JSON object of a million characters at most."
    )
    student: Label = ""
    teacher: Label = ""
    device: Label = ""
    made_with: MadeWith = None
    modules: list[ReportedModule] = Field(default=[], max_length=20_000)


class AttemptBegun(BaseModel):
    """Which run to write to, and the attempt that every write names."""

    run_id: str
    attempt: int


class AttemptCreate(Parameters):
    """A trainer that begins again."""

    step: Count = Field(default=0, description="The step it goes on after; points beyond are dropped. 0 begins anew.")
    made_with: MadeWith = None


class PointColumns(BaseModel):
    """Points of one key: steps ascending, a value for each."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=True)

    steps: Annotated[list[Count], Field(fail_fast=True, min_length=1, max_length=MOST_POINTS)]
    values: Annotated[list[Number], Field(fail_fast=True, max_length=MOST_POINTS)]
    times: Annotated[list[float], Field(fail_fast=True)] | None = Field(
        default=None, description="When each was measured; now when left out."
    )

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if len(self.values) != len(self.steps) or (self.times is not None and len(self.times) != len(self.steps)):
            raise ValueError("steps, values and times must have the same length")
        if any(later <= earlier for earlier, later in zip(self.steps, self.steps[1:], strict=False)):
            raise ValueError("steps must be ascending, each once")
        return self

    def numbers(self) -> list[float]:
        """The values, NaN for null."""
        return [float("nan") if value is None else value for value in self.values]

    def moments(self) -> list[float]:
        """When each point was measured."""
        return [time.time()] * len(self.steps) if self.times is None else self.times


class ReportedVector(BaseModel):
    """One statistic of all modules at one step, in the order of the run's modules."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=True)

    statistic: Annotated[str, Field(max_length=64)]
    step: Count
    values: Annotated[list[Number], Field(fail_fast=True)]
    reference_step: Count | None = None


class PointsCreate(BaseModel):
    """Points and module statistics that become visible at once; with neither it is a sign of life."""

    model_config = ConfigDict(extra="forbid")

    attempt: Count
    series: dict[Key, PointColumns] = Field(default={}, max_length=2000)
    vectors: list[ReportedVector] = Field(default=[], max_length=2000)


class PointsAdded(BaseModel):
    """What became of a report."""

    seq: int
    added: int
    repeated: int = Field(description="Points that were stored before, with the same value; they are stored once.")


class ReportedEnd(Parameters):
    """How a reported run ended."""

    attempt: Count
    state: Literal["finished", "stopped", "failed"] = "finished"
    detail: Annotated[str, Field(max_length=10_000, pattern=NO_NUL)] = ""
