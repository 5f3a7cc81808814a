"""Sample responses as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters


class SampleQuery(Parameters):
    """Which step's samples to read."""

    step: Count | None = Field(default=None, description="Empty takes the latest step that has samples.")


class SampleOut(BaseModel):
    """One response, cut into tokens; one KL (nats) and one advantage per token."""

    index: int
    prompt: str
    answer: str
    response: str
    tokens: list[str]
    token_kl: list[float | None]
    token_advantage: list[float | None]
    correct: bool | None
    truncated: bool


class SampleList(BaseModel):
    """Samples of one step, and which steps have some."""

    step: int | None
    steps: list[int]
    samples: list[SampleOut]
