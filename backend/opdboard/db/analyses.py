"""What analyses found: variants of a run's weights with their scores, and the analyses that a run has."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from opdboard.db import runs
from opdboard.db.tables import Lineage, Run, VariantRow, VariantScore
from opdboard.domain.events import Topic
from opdboard.domain.records import Estimate, ScoreRecord, VariantRecord
from opdboard.domain.run_kinds import RunKind


def add(session: Session, analysis: Run, variants: Sequence[VariantRecord]) -> None:
    """Store variants of an analysis; the run that it is about moves, so that its pictures are drawn anew."""
    if not variants:
        return
    add_own(session, analysis.id, touch_subject(session, analysis), variants)


def add_own(session: Session, run_id: str, subject_seq: int, variants: Sequence[VariantRecord]) -> None:
    """Store variants that a run has found, of itself where it trains: what its weights scored on evaluation sets."""
    for record in variants:
        fields = vars(record) | {"scores": [_row(score) for score in record.scores]}
        session.add(VariantRow(run_id=run_id, subject_seq=subject_seq, **fields))


def touch_subject(session: Session, analysis: Run) -> int:
    """Say of the run that an analysis is about that its analyses moved; its sequence number, 0 when it has been deleted."""
    subject = session.get(Run, analysis.config["run_id"], with_for_update=True)
    return 0 if subject is None else runs.touch(subject, Topic.ANALYSES)


def _row(score: ScoreRecord) -> VariantScore:
    return VariantScore(
        measure=score.measure,
        value=score.score.value,
        low=score.score.low,
        high=score.score.high,
        over_base=score.over_base.value,
        over_base_low=score.over_base.low,
        over_base_high=score.over_base.high,
        over_final=score.over_final.value,
        over_final_low=score.over_final.low,
        over_final_high=score.over_final.high,
        recovery=score.recovery.value,
        recovery_low=score.recovery.low,
        recovery_high=score.recovery.high,
        per_prompt=np.asarray(score.per_prompt, "<f8").tobytes(),
    )


def rewind(session: Session, run: Run, step: int) -> None:
    """Drop the variants behind a step, which is their place in an analysis and x while training: they are made again."""
    at = VariantRow.x if run.kind == RunKind.TRAINED else VariantRow.index
    later = select(VariantRow.id).where(VariantRow.run_id == run.id, at > step)
    session.execute(delete(VariantScore).where(VariantScore.variant_id.in_(later)))
    session.execute(delete(VariantRow).where(VariantRow.run_id == run.id, at > step))


def of_runs(session: Session, run_ids: Sequence[str]) -> list[Run]:
    """Analyses of these runs, the latest first."""
    about = select(Lineage.run_id).where(Lineage.source_id.in_(run_ids))
    query = select(Run).where(Run.id.in_(about), Run.kind == RunKind.ANALYSIS)
    return list(session.scalars(query.order_by(Run.created_at.desc(), Run.id)))


def with_results(session: Session, run_ids: Sequence[str], kinds: Sequence[str]) -> list[Run]:
    """Those of the runs' analyses of these kinds that have found anything, the latest first."""
    some = select(VariantRow.run_id).distinct()
    about = select(Lineage.run_id).where(Lineage.source_id.in_(run_ids))
    query = select(Run).where(Run.id.in_(about), Run.id.in_(some), Run.kind == RunKind.ANALYSIS, Run.method.in_(kinds))
    return list(session.scalars(query.order_by(Run.created_at.desc(), Run.id)))


def variants_of(session: Session, analysis_id: str) -> list[VariantRow]:
    """Everything the analysis has found so far, in its order."""
    query = select(VariantRow).where(VariantRow.run_id == analysis_id).order_by(VariantRow.index)
    return list(session.scalars(query))


def exported(session: Session, analysis_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Export -> what it says of the folder that it has written, and of where it was pushed to."""
    query = select(VariantRow.run_id, VariantRow.details).where(
        VariantRow.run_id.in_(analysis_ids), VariantRow.family.in_(("written", "pushed"))
    )
    found: dict[str, dict[str, Any]] = {}
    for analysis_id, details in session.execute(query.order_by(VariantRow.index)):
        found[analysis_id] = found.get(analysis_id, {}) | details
    return found


def record_of(row: VariantRow) -> VariantRecord:
    """The variant as its worker reported it."""
    return VariantRecord(
        index=row.index,
        family=row.family,
        x=row.x,
        label=row.label,
        norm=row.norm,
        scores=[
            ScoreRecord(
                measure=score.measure,
                score=Estimate(score.value, score.low, score.high),
                over_base=Estimate(score.over_base, score.over_base_low, score.over_base_high),
                over_final=Estimate(score.over_final, score.over_final_low, score.over_final_high),
                recovery=Estimate(score.recovery, score.recovery_low, score.recovery_high),
                per_prompt=np.frombuffer(score.per_prompt, "<f8").tolist(),
            )
            for score in row.scores
        ],
        details=row.details,
    )
