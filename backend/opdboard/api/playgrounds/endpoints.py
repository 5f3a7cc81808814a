"""Playgrounds: opened for a run, kept alive by the pages that show them, asked, and read piece by piece as live events say."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from opdboard.api.bodies import JsonRoute
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.parameters import LARGEST_INTEGER, RUN_ID_PATTERN
from opdboard.api.playgrounds import service
from opdboard.api.playgrounds.schemas import PlaygroundBeat, PlaygroundOut, QuestionIn, QuestionOut, TalkOut, TalkQuery

PlaygroundId = Annotated[str, Path(pattern=RUN_ID_PATTERN, description="Id of a playground.")]
QuestionId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Id of a question.")]

router = APIRouter(prefix="/api", tags=["playgrounds"], route_class=JsonRoute)


@router.get("/runs/{run_id}/playground")
def read_playground(context: Ctx, run_id: RunId) -> PlaygroundOut:
    """The run's latest playground; 404 where none was opened, or all have been gone for long."""
    return service.latest(context, run_id)


@router.post("/runs/{run_id}/playground", status_code=201)
def open_playground(context: Ctx, run_id: RunId) -> PlaygroundOut:
    """The run's live playground, or a new one, a run of kind 'playground' that a worker has to take; gone an hour after it has ended."""
    return service.open_one(context, run_id)


@router.post("/playgrounds/{playground_id}/beats", status_code=204)
def beat_playground(context: Ctx, playground_id: PlaygroundId, body: PlaygroundBeat) -> None:
    """Say that a page shows it, or closes."""
    service.beat(context, playground_id, leaving=body.leaving)


@router.get("/playgrounds/{playground_id}/talk")
def read_talk(context: Ctx, playground_id: PlaygroundId, query: Annotated[TalkQuery, Query()]) -> TalkOut:
    """Questions and pieces of answers behind those that are known; the topic `talk` of its live events says when there are some."""
    return service.talk(context, playground_id, query)


@router.post("/playgrounds/{playground_id}/questions", status_code=201)
def ask_question(context: Ctx, playground_id: PlaygroundId, body: QuestionIn) -> QuestionOut:
    """Ask up to four voices; 409 where the models have been let go of."""
    return service.ask(context, playground_id, body)


@router.post("/playgrounds/{playground_id}/questions/{question_id}/stop")
def stop_question(context: Ctx, playground_id: PlaygroundId, question_id: QuestionId) -> QuestionOut:
    """End its answers where they are."""
    return service.stop(context, playground_id, question_id)
