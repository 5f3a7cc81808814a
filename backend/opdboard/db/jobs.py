"""Runs that train nothing: what a worker measures or evaluates of checkpoints that are there."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from sqlalchemy.orm import Session

from opdboard.db import lineage, runs
from opdboard.db.tables import Run
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.import_config import ImportConfig
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.run_kinds import RunKind

_LONGEST_NAME = 200
_RUN = re.compile(r"([0-9a-f]{8})(?:@\d+)?")


def create_analysis(
    session: Session, config: AnalysisConfig, *, group: str = "", tags: Sequence[str] = (), notes: str = ""
) -> Run:
    """A new QUEUED analysis; send its task after the commit. NotFound without the run it is about."""
    subject = runs.get(session, config.run_id)
    run = runs.add(
        session,
        runs.NewRun(
            kind=RunKind.ANALYSIS,
            name=config.name or f"{_title(config.kind)}: {subject.name}"[:_LONGEST_NAME],
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


def _title(kind: str) -> str:
    return INTERVENTIONS[kind].title if kind in INTERVENTIONS else kind


def create_import(
    session: Session, config: ImportConfig, *, group: str = "", tags: Sequence[str] = (), notes: str = ""
) -> Run:
    """A new QUEUED import; send its task after the commit. Runs among its places are noted as what it is about."""
    run = runs.add(
        session,
        runs.NewRun(
            kind=RunKind.IMPORT,
            name=config.name or f"{_short(config.checkpoints[0])} analysed"[:_LONGEST_NAME],
            method="import",
            total_steps=1,  # until the worker has looked
            config=config.model_dump(mode="json"),
            student=_short(config.base),
            group=group,
            tags=tags,
            notes=notes,
        ),
    )
    named = (_RUN.fullmatch(text) for text in config.checkpoints)
    for subject_id in dict.fromkeys(match[1] for match in named if match is not None):
        if session.get(Run, subject_id) is not None:
            lineage.record_subject(session, run.id, subject_id)
    return run


def _short(place: str) -> str:
    """Its last two parts: a checkpoint's own name tells its step alone."""
    parts = [part for part in PurePath(place).parts if part not in ("/", "actor", "huggingface")]
    return "/".join(parts[-2:]) if parts else place
