"""Playgrounds as they travel over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from opdboard.api.parameters import Count, Parameters
from opdboard.domain.playground import About, Piece, Question
from opdboard.domain.run_state import RunState


class PlaygroundOut(BaseModel):
    """The job that holds the models; as a run it is read, stopped and deleted under /api/runs."""

    id: str
    run_id: str = Field(description="The run whose weights it holds.")
    state: RunState
    created_at: float
    waits_for: str = Field(description="Why no worker has taken it yet, in a sentence; empty once one has.")
    why_ended: str = Field(description="Empty while it has not.")
    error: dict[str, Any] | None
    about: About | None = Field(description="Null until the models are loaded.")
    idle_minutes: float = Field(description="Without a question, after which the models are let go of.")


class PlaygroundBeat(Parameters):
    """A sign of life of a page that shows a playground; every 15 s, since 150 s without one end it."""

    leaving: bool = Field(default=False, description="The page closes; the models are let go of unless it comes back.")


class QuestionIn(Question, Parameters):
    """A question to ask."""


class QuestionOut(BaseModel):
    """A question that was asked."""

    id: int
    created_at: float
    done: bool = Field(description="All voices have ended.")
    question: Question


class PieceOut(Piece):
    """A piece of an answer."""

    id: int
    question: int


class TalkQuery(Parameters):
    """What is known already."""

    after: Count = Field(default=0, description="Id of the last piece that is known.")
    asked_after: Count = Field(default=0, description="Id of the last question that is known.")
    limit: int = Field(default=1000, ge=1, le=5000, description="Pieces at most.")


class TalkOut(BaseModel):
    """Questions and pieces behind those that are known, each in their order."""

    questions: list[QuestionOut]
    pieces: list[PieceOut]
    more: bool = Field(description="Whether there are pieces beyond the limit.")
