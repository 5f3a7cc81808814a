"""Checkpoints of a run, with what each was worth on the held-out prompts."""

from fastapi import APIRouter

from opdboard.api.checkpoints.schemas import CheckpointList, CheckpointOut
from opdboard.api.context import Ctx
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.db import evidence, runs, series
from opdboard.db.tables import Checkpoint
from opdboard.domain.measure import Measure
from opdboard.domain.measures import scalar
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.selection import is_gain

router = APIRouter(prefix="/api/runs/{run_id}/checkpoints", tags=["checkpoints"])


@router.get("")
def list_checkpoints(context: Ctx, run_id: RunId) -> CheckpointList:
    """All checkpoints ever written, by step; removed ones are marked."""
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        found = evidence.checkpoints_of(session, run_id)
        metrics = runs.config_of(run).selection_metrics if run.kind == RunKind.TRAINED else ()
        stored = series.read_scalars(session, run_id, list(metrics)) if metrics else {}
    metric = next((name for name in metrics if name in stored), next(iter(metrics), None))
    values = stored[metric].by_step() if metric in stored else {}
    best: Checkpoint | None = None
    for row in found:
        if metric is None or row.step not in values or row.removed:
            continue
        if is_gain(metric, values[row.step], None if best is None else values[best.step]):
            best = row
    return CheckpointList(
        metric=metric,
        heading=None if metric is None else _heading(scalar(metric)),
        checkpoints=[filled(CheckpointOut, row, held_out=values.get(row.step), best=row is best) for row in found],
    )


def _heading(measure: Measure) -> str:
    return measure.brief + ("" if measure.unit == "share" else f" [{measure.unit}]")
