"""The home page as it travels over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.runs.schemas import RunSummary
from opdboard.domain.finite import Finite
from opdboard.domain.waiting import WaitReason


class SparklineOut(BaseModel):
    """One scalar over the steps so far, thinned to the extremes."""

    key: str
    title: str
    short: str = Field(description="What is written below it.")
    unit: str
    steps: list[int]
    values: list[Finite] = Field(description="null where the value is not finite.")


class RunningOut(BaseModel):
    """A run that a worker holds."""

    run: RunSummary
    sparkline: SparklineOut | None = Field(description="KL to the teacher; null before the first step.")


class WaitingOut(BaseModel):
    """A queued run, and what it waits for."""

    run: RunSummary
    reason: WaitReason
    detail: str = Field(description="The reason in a sentence.")
    behind: str | None = Field(description="Id of the run before it in the line, or of the one whose weights it needs.")
    resumes_from: int | None = Field(description="Step of the checkpoint that it goes on from.")


class EndedOut(BaseModel):
    """A run that has ended."""

    run: RunSummary
    resumes_from: int | None = Field(description="Step of its newest checkpoint; null starts at the beginning.")


class HomeOut(BaseModel):
    """The present, in one answer."""

    running: list[RunningOut]
    waiting: list[WaitingOut] = Field(description="In the order of the line.")
    failed: list[EndedOut] = Field(description="Those that failed within the last week, newest first.")
    ended: list[EndedOut] = Field(description="The last ones finished or stopped, newest first.")
    totals: dict[str, int] = Field(description="How many runs there are in each state.")
    unseen_alerts: int
