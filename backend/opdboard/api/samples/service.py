"""Samples of a run, unpacked."""

import numpy as np

from opdboard.api.arrays import finite
from opdboard.api.context import Context
from opdboard.api.samples.schemas import SampleList, SampleOut
from opdboard.db import evidence, runs
from opdboard.db.tables import Sample


def samples(context: Context, run_id: str, step: int | None) -> SampleList:
    """The samples of a step, or of the latest that has any."""
    with context.database.snapshot() as session:
        runs.get(session, run_id)
        steps = evidence.sample_steps(session, run_id)
        found = evidence.samples_at(session, run_id, step)
    shown = step if step is not None else steps[-1] if steps else None
    return SampleList(step=shown, steps=steps, samples=[_sample(row) for row in found])


def _sample(row: Sample) -> SampleOut:
    return SampleOut(
        index=row.index,
        prompt=row.prompt,
        answer=row.answer,
        response=row.response,
        tokens=row.tokens,
        token_kl=_numbers(row.token_kl),
        token_advantage=_numbers(row.token_advantage),
        correct=row.correct,
        truncated=row.truncated,
    )


def _numbers(packed: bytes) -> list[float | None]:
    return [finite(value) for value in np.frombuffer(packed, "<f4").tolist()]
