"""Comparisons as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.api.parameters import NO_NUL, Parameters


class CompareQuery(Parameters):
    """Which runs to compare."""

    runs: str = Field(max_length=2000, pattern=NO_NUL, description="Comma-separated run ids.")


class DifferingKey(BaseModel):
    """A configuration key that is not the same in all runs."""

    path: str
    values: dict[str, Any] = Field(description="Run id -> value; runs without the key are left out.")


class SameKey(BaseModel):
    """A configuration key with one value in all runs."""

    path: str
    value: Any


class ConfigDifference(BaseModel):
    """Configurations side by side, keys as dotted paths."""

    differing: list[DifferingKey]
    same: list[SameKey]


class SpeedupQuery(Parameters):
    """What to measure the speed-up by."""

    runs: str = Field(max_length=2000, pattern=NO_NUL, description="Comma-separated run ids.")
    reference: str = Field(
        default="", max_length=32, pattern=NO_NUL, description="The run that sets the target; empty takes the first."
    )
    metric: str = Field(
        default="eval/reverse_kl", max_length=128, pattern=NO_NUL, description="A scalar with a better direction."
    )
    share: float = Field(
        default=1.0, gt=0, le=1, description="Share of the reference's way from its first to its last value."
    )


class SpeedupRowOut(BaseModel):
    """What a run spent until its metric first reached the target; ratios are the reference's cost over the run's."""

    run: str
    reached: bool
    step: int | None
    tokens: float | None
    seconds: float | None
    search_seconds: float | None = Field(description="Part of the seconds that the search took.")
    ratio_steps: float | None
    ratio_tokens: float | None
    ratio_seconds: float | None


class SpeedupOut(BaseModel):
    """The speed-up meter."""

    metric: str
    target: float | None = Field(description="Null when the reference has no finite value.")
    smoothing: str = Field(description="'none': targets are reached by single evaluations.")
    rows: list[SpeedupRowOut]
