"""Checkpoints of a run, with what each was worth on the held-out prompts."""

from opdboard.api.checkpoints.schemas import CheckpointList, CheckpointOut
from opdboard.api.context import Context
from opdboard.db import evidence, runs, series
from opdboard.db.tables import Checkpoint
from opdboard.domain.finite import finite
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.selection import is_gain


def checkpoints(context: Context, run_id: str) -> CheckpointList:
    """All checkpoints ever written, by step."""
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        found = evidence.checkpoints_of(session, run_id)
        metric = runs.config_of(run).selection_metric if run.kind == RunKind.TRAINED else None
        stored = {} if metric is None else series.read_scalars(session, run_id, [metric])
    points = stored.get(metric) if metric is not None else None
    values = {} if points is None else dict(zip(points.steps.tolist(), points.values.tolist(), strict=True))
    best: Checkpoint | None = None
    for row in found:
        if metric is None or row.step not in values or row.removed:
            continue
        if is_gain(metric, values[row.step], None if best is None else values[best.step]):
            best = row
    return CheckpointList(
        metric=metric,
        checkpoints=[
            CheckpointOut(
                step=row.step,
                path=row.path,
                bytes=row.bytes,
                reason=row.reason,
                created_at=row.created_at,
                held_out=finite(values.get(row.step)),
                best=row is best,
                removed=row.removed,
            )
            for row in found
        ],
    )
