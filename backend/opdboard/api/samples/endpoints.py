"""Sample responses of a run."""

from typing import Annotated

from fastapi import APIRouter, Query

from opdboard.api.context import Ctx
from opdboard.api.parameters import RunId
from opdboard.api.samples import service
from opdboard.api.samples.schemas import PromptHistory, PromptId, PromptList, PromptQuery, SampleList, SampleQuery

router = APIRouter(prefix="/api/runs/{run_id}/samples", tags=["samples"])


@router.get("")
def list_samples(context: Ctx, run_id: RunId, query: Annotated[SampleQuery, Query()]) -> SampleList:
    """Responses at a step with their KL token by token."""
    return service.samples(context, run_id, query.step)


@router.get("/prompts")
def list_prompts(context: Ctx, run_id: RunId) -> PromptList:
    """The prompts that responses are stored for."""
    return service.prompts(context, run_id)


@router.get("/prompts/{prompt_id}")
def follow_prompt(
    context: Ctx, run_id: RunId, prompt_id: PromptId, query: Annotated[PromptQuery, Query()]
) -> PromptHistory:
    """One prompt over the training: its mean KL and verdict at every step, and responses in full at some."""
    return service.history(context, run_id, prompt_id, query.most)
