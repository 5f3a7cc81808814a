"""Sample responses as they travel over HTTP."""

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters
from opdboard.domain.finite import Finite


class SampleQuery(Parameters):
    """Which step's samples to read."""

    step: Count | None = Field(default=None, description="Empty takes the latest step that has samples.")


class PromptQuery(Parameters):
    """How much of a prompt's history to read in full."""

    most: int = Field(
        default=32, ge=2, le=512, description="Responses in full at most: the first, the last, and evenly chosen ones."
    )


class SampleOut(BaseModel):
    """One response, cut into tokens; one KL (nats) and one advantage per token."""

    index: int
    prompt_id: str
    prompt: str
    answer: str | None
    response: str
    tokens: list[str]
    token_kl: list[Finite]
    token_advantage: list[Finite]
    correct: bool | None
    truncated: bool


class SampleList(BaseModel):
    """Samples of one step, and which steps have some."""

    step: int | None
    steps: list[int]
    samples: list[SampleOut]


class PromptOut(BaseModel):
    """A prompt that responses are stored for."""

    prompt_id: str
    prompt: str
    answer: str | None
    responses: int


class PromptList(BaseModel):
    """Prompts in the order of their first response."""

    prompts: list[PromptOut]


class PromptPoint(BaseModel):
    """What became of the prompt at a step; mean_kl in nats per token, over the finite ones."""

    step: int
    mean_kl: float | None
    correct: bool | None
    truncated: bool
    tokens: int


class SampleAtStep(SampleOut):
    """One response with the step it was given at."""

    step: int


class PromptHistory(BaseModel):
    """The same prompt over the training: every step in short, some in full."""

    prompt_id: str
    prompt: str
    answer: str | None
    points: list[PromptPoint]
    samples: list[SampleAtStep]
