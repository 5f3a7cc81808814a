"""Sample responses of a run, by step and by prompt."""

import hashlib
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Query

from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.api.samples.schemas import (
    PromptHistory,
    PromptList,
    PromptOut,
    PromptPoint,
    PromptQuery,
    SampleAtStep,
    SampleList,
    SampleOut,
    SampleQuery,
)
from opdboard.db import evidence, runs
from opdboard.db.tables import Sample
from opdboard.domain.errors import NotFound

PromptId = Annotated[
    str, Path(pattern=r"^[0-9a-f]{16}$", description="Id of a prompt: the same text has the same id in every run.")
]

router = APIRouter(prefix="/api/runs/{run_id}/samples", tags=["samples"])


@router.get("")
def list_samples(context: Ctx, run_id: RunId, query: Annotated[SampleQuery, Query()]) -> SampleList:
    """Responses at a step with their KL token by token."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        steps = evidence.sample_steps(session, run_id)
        found = evidence.samples_at(session, run_id, query.step)
    shown = query.step if query.step is not None else steps[-1] if steps else None
    return SampleList(step=shown, steps=steps, samples=[filled(SampleOut, row, **_unpacked(row)) for row in found])


@router.get("/prompts")
def list_prompts(context: Ctx, run_id: RunId) -> PromptList:
    """The prompts that responses are stored for."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        found = evidence.sampled_prompts(session, run_id)
    return PromptList(
        prompts=[
            PromptOut(prompt_id=_prompt_id(prompt), prompt=prompt, answer=answer, responses=count)
            for prompt, answer, count in found
        ]
    )


@router.get("/prompts/{prompt_id}")
def follow_prompt(
    context: Ctx, run_id: RunId, prompt_id: PromptId, query: Annotated[PromptQuery, Query()]
) -> PromptHistory:
    """One prompt over the training: its mean KL and verdict at every step, and responses in full at some."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        known = {_prompt_id(prompt): prompt for prompt, _, _ in evidence.sampled_prompts(session, run_id)}
        if prompt_id not in known:
            raise NotFound(f"run {run_id} has no response to prompt {prompt_id}", where="prompt_id")
        rows = evidence.samples_of_prompt(session, run_id, known[prompt_id])
    chosen = sorted({round(place) for place in np.linspace(0, len(rows) - 1, min(query.most, len(rows)))})
    return PromptHistory(
        prompt_id=prompt_id,
        prompt=known[prompt_id],
        answer=rows[-1].answer,
        points=[_point(row) for row in rows],
        samples=[filled(SampleAtStep, rows[place], **_unpacked(rows[place])) for place in chosen],
    )


def _prompt_id(prompt: str) -> str:
    """The same for the same text in every run."""
    return hashlib.blake2s(prompt.encode(), digest_size=8).hexdigest()


def _unpacked(row: Sample) -> dict[str, Any]:
    return {
        "prompt_id": _prompt_id(row.prompt),
        "token_kl": np.frombuffer(row.token_kl, "<f4").tolist(),
        "token_advantage": np.frombuffer(row.token_advantage, "<f4").tolist(),
    }


def _point(row: Sample) -> PromptPoint:
    kl = np.frombuffer(row.token_kl, "<f4").astype(float)
    known = kl[np.isfinite(kl)]
    return filled(PromptPoint, row, mean_kl=float(known.mean()) if len(known) else None, tokens=len(row.tokens))
