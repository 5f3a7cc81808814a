"""Decisions of a run, with numbers that JSON can hold."""

from bisect import bisect_left

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.decisions.schemas import CandidateOut, DecisionList, DecisionOut, HeldOut
from opdboard.db import evidence, runs, series
from opdboard.db.tables import Candidate, Decision
from opdboard.domain.finite import finite

_KL, _ACCURACY = "eval/reverse_kl", "eval/accuracy"


def decisions(context: Context, run_id: str, after: int) -> DecisionList:
    """Decisions written or changed after a sequence number."""
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        found = evidence.decisions_of(session, run_id, after=after)
        evaluations = _evaluations(session, run_id) if found else []
        return DecisionList(seq=run.seq, decisions=[_decision(row, evaluations) for row in found])


def _evaluations(session: Session, run_id: str) -> list[HeldOut]:
    stored = series.read_scalars(session, run_id, [_KL, _ACCURACY])
    kl, accuracy = (
        dict(zip(points.steps.tolist(), points.values.tolist(), strict=True)) if points is not None else {}
        for points in (stored.get(_KL), stored.get(_ACCURACY))
    )
    return [
        HeldOut(step=at, reverse_kl=finite(kl.get(at)), accuracy=finite(accuracy.get(at)))
        for at in sorted({*kl, *accuracy})
    ]


def _decision(row: Decision, evaluations: list[HeldOut]) -> DecisionOut:
    later = bisect_left(evaluations, row.step, key=lambda one: one.step)
    return DecisionOut(
        step=row.step,
        strategy=row.strategy,
        trigger=row.trigger,
        anchor_step=row.anchor_step,
        direction_norm=finite(row.direction_norm),
        validation_size=row.validation_size,
        score_name=row.score_name,
        accepted_factor=row.accepted_factor,
        outcome=row.outcome,
        tokens=row.tokens,
        seconds=row.seconds,
        vetoed=row.vetoed,
        overridden=row.overridden,
        displacement_norm=finite(abs(row.accepted_factor) * row.direction_norm),
        weights_kept=row.weights_path is not None,
        weights_bytes=row.weights_bytes,
        before=evaluations[later - 1] if later > 0 else None,
        after=evaluations[later] if later < len(evaluations) else None,
        candidates=[_candidate(candidate) for candidate in row.candidates],
    )


def _candidate(row: Candidate) -> CandidateOut:
    return CandidateOut(
        factor=row.factor,
        score=finite(row.score),
        accuracy=finite(row.accuracy),
        reverse_kl=finite(row.reverse_kl),
        gain=finite(row.gain),
        gain_low=finite(row.gain_low),
        gain_high=finite(row.gain_high),
        kl_to_start=finite(row.kl_to_start),
        accepted=row.accepted,
        reason=row.reason,
        tokens=row.tokens,
        seconds=row.seconds,
    )
