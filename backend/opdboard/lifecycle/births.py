"""How runs are born: launched, swept, forked, copied, checked, talked to, or about checkpoints that are there; or reported by another trainer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

from opdboard.db import evidence, lineage, playgrounds, runs
from opdboard.db.tables import Run
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.import_config import ImportConfig
from opdboard.domain.interventions import INTERVENTIONS
from opdboard.domain.model_sources import RunModel
from opdboard.domain.playground import PlaygroundConfig
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind

_LONGEST_NAME = 200
_RUN = re.compile(r"([0-9a-f]{8})(?:@\d+)?")


@dataclass(frozen=True)
class Reported:
    """What another trainer says of its run before its first point; config is free-form."""

    name: str
    method: str
    total_steps: int
    config: dict[str, Any]
    student: str = ""
    teacher: str = ""


@dataclass(frozen=True)
class ToCheck:
    """A configuration that is not launched: a worker only looks at its pair and data."""

    config: RunConfig


Config = TypeVar("Config", RunConfig, AnalysisConfig, ImportConfig, Reported, ToCheck, PlaygroundConfig, covariant=True)
AnyConfig = RunConfig | AnalysisConfig | ImportConfig | Reported | ToCheck | PlaygroundConfig


@dataclass(frozen=True)
class NewRun(Generic[Config]):
    """A run to make, a fork when its student is another run's; copied_from: the run whose configuration it has."""

    config: Config
    group: str = ""
    tags: Sequence[str] = ()
    notes: str = ""
    copied_from: str | None = None


def add(session: Session, wanted: NewRun) -> Run:
    """The run, QUEUED; send its task after the commit. NotFound without a run that it names as its origin."""
    config = wanted.config
    if wanted.copied_from is not None:
        runs.get(session, wanted.copied_from)
    if isinstance(config, RunConfig):
        config = _going_on(session, config)
    facts = _facts(session, config)
    about = config.config if isinstance(config, ToCheck) else config
    stored = about.config if isinstance(about, Reported) else about.model_dump(mode="json")
    run = runs.add(session, config=stored, group=wanted.group, tags=list(wanted.tags), notes=wanted.notes, **facts)
    if isinstance(config, RunConfig):
        if isinstance(config.student, RunModel):
            forked = config.student
            run.forked_from, run.forked_step, run.forked_factor = forked.run_id, forked.step, forked.factor
        lineage.record(session, run.id, config, copied_from=wanted.copied_from)
    if isinstance(config, PlaygroundConfig):
        playgrounds.add(session, run.id)
    for subject in _subjects(session, config):
        lineage.record_subject(session, run.id, subject)
    return run


def _going_on(session: Session, config: RunConfig) -> RunConfig:
    """A fork of a live run goes on from what is there now; one of a run that has nothing yet waits for its end."""
    student = config.student
    if not isinstance(student, RunModel) or student.step is not None:
        return config
    latest = evidence.latest_checkpoint(session, student.run_id)
    if latest is None:
        return config
    return config.model_copy(update={"student": student.model_copy(update={"step": latest.step})})


def _facts(session: Session, config: AnyConfig) -> dict[str, Any]:
    """What the table of runs shows of it. A job has one step until its worker knows better."""
    match config:
        case RunConfig():
            return {
                "kind": RunKind.TRAINED,
                "name": config.name,
                "method": config.method,
                "total_steps": config.budget.steps,
                "student": config.student.label,
                "teacher": config.teacher.label,
            }
        case AnalysisConfig():
            subject = runs.get(session, config.run_id)
            title = INTERVENTIONS[config.kind].title if config.kind in INTERVENTIONS else config.kind
            return {
                "kind": RunKind.ANALYSIS,
                "name": config.name or f"{title}: {subject.name}"[:_LONGEST_NAME],
                "method": config.kind,
                "total_steps": 1,
                "student": subject.student,
                "teacher": subject.teacher,
            }
        case ImportConfig():
            return {
                "kind": RunKind.IMPORT,
                "name": config.name or f"{_short(config.checkpoints[0])} analysed"[:_LONGEST_NAME],
                "method": "import",
                "total_steps": 1,
                "student": _short(config.base),
                "teacher": "",
            }
        case ToCheck(config=checked):
            return {
                "kind": RunKind.CHECK,
                "name": f"Check of {checked.name or checked.method}"[:_LONGEST_NAME],
                "method": RunKind.CHECK,
                "total_steps": 1,
                "student": checked.student.label,
                "teacher": checked.teacher.label,
            }
        case PlaygroundConfig():
            subject = runs.get(session, config.run_id)
            return {
                "kind": RunKind.PLAYGROUND,
                "name": f"Playground of {subject.name}"[:_LONGEST_NAME],
                "method": RunKind.PLAYGROUND,
                "total_steps": 1,
                "student": subject.student,
                "teacher": subject.teacher,
            }
        case Reported():
            shown = ("name", "method", "total_steps", "student", "teacher")
            return {"kind": RunKind.REPORTED} | {name: getattr(config, name) for name in shown}


def _subjects(session: Session, config: AnyConfig) -> list[str]:
    """The runs whose checkpoints it is about, among an import's places those there are."""
    if isinstance(config, AnalysisConfig | PlaygroundConfig):
        return [config.run_id]
    if not isinstance(config, ImportConfig):
        return []
    named = (_RUN.fullmatch(text) for text in config.checkpoints)
    subjects = dict.fromkeys(match[1] for match in named if match is not None)
    there = {run.id for run in lineage.existing(session, subjects)}
    return [subject for subject in subjects if subject in there]


def _short(place: str) -> str:
    """Its last two parts: a checkpoint's own name tells its step alone."""
    parts = [part for part in PurePath(place).parts if part not in ("/", "actor", "huggingface")]
    return "/".join(parts[-2:]) if parts else place
