"""Runs that train nothing: what a worker measures or evaluates of checkpoints that are there."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from opdboard.db import lineage, runs
from opdboard.db.tables import Run
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.run_kinds import RunKind


def create_analysis(
    session: Session, config: AnalysisConfig, *, group: str = "", tags: Sequence[str] = (), notes: str = ""
) -> Run:
    """A new QUEUED analysis; send its task after the commit. NotFound without the run it is about."""
    subject = runs.get(session, config.run_id)
    run = runs.add(
        session,
        runs.NewRun(
            kind=RunKind.ANALYSIS,
            name=config.name or f"{config.kind} of {subject.name}"[:200],
            method=config.kind,
            total_steps=1,  # until the worker knows better
            config=config.model_dump(mode="json"),
            student=subject.student,
            teacher=subject.teacher,
            group=group,
            tags=tags,
            notes=notes,
        ),
    )
    lineage.record_subject(session, run.id, subject.id)
    return run
