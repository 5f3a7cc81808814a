"""Samples of a run, unpacked; by step, and by prompt."""

import hashlib
from typing import Any

import numpy as np

from opdboard.api.context import Context
from opdboard.api.samples.schemas import (
    PromptHistory,
    PromptList,
    PromptOut,
    PromptPoint,
    SampleAtStep,
    SampleList,
    SampleOut,
)
from opdboard.db import evidence, runs
from opdboard.db.tables import Sample
from opdboard.domain.errors import NotFound
from opdboard.domain.finite import finite


def samples(context: Context, run_id: str, step: int | None) -> SampleList:
    """The samples of a step, or of the latest that has any."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        steps = evidence.sample_steps(session, run_id)
        found = evidence.samples_at(session, run_id, step)
    shown = step if step is not None else steps[-1] if steps else None
    return SampleList(step=shown, steps=steps, samples=[SampleOut(**_fields(row)) for row in found])


def prompts(context: Context, run_id: str) -> PromptList:
    """Every prompt of the run's samples."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        found = evidence.sampled_prompts(session, run_id)
    return PromptList(
        prompts=[
            PromptOut(prompt_id=prompt_id(prompt), prompt=prompt, answer=answer, responses=count)
            for prompt, answer, count in found
        ]
    )


def history(context: Context, run_id: str, wanted: str, most: int) -> PromptHistory:
    """One prompt over the training; NotFound when the run has no response to it."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        known = {prompt_id(prompt): prompt for prompt, _, _ in evidence.sampled_prompts(session, run_id)}
        if wanted not in known:
            raise NotFound(f"run {run_id} has no response to prompt {wanted}", where="prompt_id")
        rows = evidence.samples_of_prompt(session, run_id, known[wanted])
    chosen = sorted({round(place) for place in np.linspace(0, len(rows) - 1, min(most, len(rows)))})
    return PromptHistory(
        prompt_id=wanted,
        prompt=known[wanted],
        answer=rows[-1].answer,
        points=[_point(row) for row in rows],
        samples=[SampleAtStep(step=rows[place].step, **_fields(rows[place])) for place in chosen],
    )


def prompt_id(prompt: str) -> str:
    """The same for the same text in every run."""
    return hashlib.blake2s(prompt.encode(), digest_size=8).hexdigest()


def _fields(row: Sample) -> dict[str, Any]:
    return {
        "index": row.index,
        "prompt_id": prompt_id(row.prompt),
        "prompt": row.prompt,
        "answer": row.answer,
        "response": row.response,
        "tokens": row.tokens,
        "token_kl": [finite(value) for value in _numbers(row.token_kl)],
        "token_advantage": [finite(value) for value in _numbers(row.token_advantage)],
        "correct": row.correct,
        "truncated": row.truncated,
    }


def _point(row: Sample) -> PromptPoint:
    known = [value for value in _numbers(row.token_kl) if np.isfinite(value)]
    return PromptPoint(
        step=row.step,
        mean_kl=float(np.mean(known)) if known else None,
        correct=row.correct,
        truncated=row.truncated,
        tokens=len(row.tokens),
    )


def _numbers(packed: bytes) -> list[float]:
    return np.frombuffer(packed, "<f4").tolist()
