"""Extrapolation decisions of a run."""

from bisect import bisect_left
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from opdboard.api.context import Ctx
from opdboard.api.decisions.schemas import DecisionList, DecisionOut, DecisionQuery, HeldOut
from opdboard.api.named_runs import RunId
from opdboard.api.rows import filled
from opdboard.db import evidence, runs, series
from opdboard.db.tables import Decision
from opdboard.lifecycle import steering

router = APIRouter(prefix="/api/runs/{run_id}/decisions", tags=["decisions"])
_KL, _ACCURACY = "eval/reverse_kl", "eval/accuracy"


@router.get("")
def list_decisions(context: Ctx, run_id: RunId, query: Annotated[DecisionQuery, Query()]) -> DecisionList:
    """Every trigger with every candidate that was tried, and why it was taken or refused."""
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        found = evidence.decisions_of(session, run_id, after=query.after)
        evaluations = _evaluations(session, run_id) if found else []
        step, why_not = steering.jump_to_veto(session, run_id)
        listed = [_decision(row, evaluations) for row in found]
        return DecisionList(seq=run.seq, decisions=listed, veto_step=step, no_veto=why_not)


def _evaluations(session: Session, run_id: str) -> list[HeldOut]:
    stored = series.read_scalars(session, run_id, [_KL, _ACCURACY])
    kl, accuracy = (stored[key].by_step() if key in stored else {} for key in (_KL, _ACCURACY))
    return [HeldOut(step=at, reverse_kl=kl.get(at), accuracy=accuracy.get(at)) for at in sorted({*kl, *accuracy})]


def _decision(row: Decision, evaluations: list[HeldOut]) -> DecisionOut:
    later = bisect_left(evaluations, row.step, key=lambda one: one.step)
    return filled(
        DecisionOut,
        row,
        displacement_norm=abs(row.accepted_factor) * row.direction_norm,
        weights_kept=row.weights_path is not None,
        before=evaluations[later - 1] if later > 0 else None,
        after=evaluations[later] if later < len(evaluations) else None,
    )
