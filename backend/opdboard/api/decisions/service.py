"""Decisions of a run, with numbers that JSON can hold."""

from opdboard.api.arrays import finite
from opdboard.api.context import Context
from opdboard.api.decisions.schemas import CandidateOut, DecisionList, DecisionOut
from opdboard.db import evidence, runs
from opdboard.db.tables import Candidate, Decision


def decisions(context: Context, run_id: str, after: int) -> DecisionList:
    """Decisions written or changed after a sequence number."""
    with context.database.snapshot() as session:
        run = runs.get(session, run_id)
        found = evidence.decisions_of(session, run_id, after=after)
        return DecisionList(seq=run.seq, decisions=[_decision(row) for row in found])


def _decision(row: Decision) -> DecisionOut:
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
