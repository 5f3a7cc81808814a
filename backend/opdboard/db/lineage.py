"""Which runs come from which: whose weights a run's student or teacher loads, whose configuration it copied."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from opdboard.db.tables import Checkpoint, Lineage, Run
from opdboard.domain.errors import NotFound
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import ACTIVE, RunState

MOST_LINKS = 500
MOST_GENERATIONS = 16
_COPY = "copy"
_SUBJECT = "subject"


def record(session: Session, run_id: str, config: RunConfig, *, copied_from: str | None = None) -> None:
    """Note where a new run comes from."""
    for relation, source in config.runs_loaded:
        session.add(
            Lineage(run_id=run_id, relation=relation, source_id=source.run_id, step=source.step, factor=source.factor)
        )
    if copied_from is not None:
        session.add(Lineage(run_id=run_id, relation=_COPY, source_id=copied_from))


def record_subject(session: Session, run_id: str, subject_id: str) -> None:
    """Note which run's checkpoints an analysis or an import is about."""
    session.add(Lineage(run_id=run_id, relation=_SUBJECT, source_id=subject_id))


def around(session: Session, run_id: str) -> list[Lineage]:
    """The links from the run to its sources, theirs, and so on; and down to what was made from it; one query a generation."""
    found: dict[int, Lineage] = {}
    for own, other in (("run_id", "source_id"), ("source_id", "run_id")):
        generation = [run_id]
        for _ in range(MOST_GENERATIONS):
            links = _links(session, own, generation)
            generation = [getattr(link, other) for link in links if link.id not in found]
            found |= {link.id: link for link in links}
            if not generation or len(found) >= MOST_LINKS:
                break
    return [found[key] for key in sorted(found)]


def _links(session: Session, column: str, run_ids: Sequence[str]) -> list[Lineage]:
    query = select(Lineage).where(getattr(Lineage, column).in_(set(run_ids)))
    return list(session.scalars(query.order_by(Lineage.id.desc()).limit(MOST_LINKS)))


def existing(session: Session, run_ids: Iterable[str]) -> list[Run]:
    """Those of the runs that have not been deleted, oldest first."""
    query = select(Run).where(Run.id.in_(set(run_ids))).options(defer(Run.modules)).order_by(Run.created_at)
    return list(session.scalars(query))


def unfinished_users(session: Session, run_id: str) -> list[Run]:
    """Runs not yet ended that load weights of this run."""
    query = select(Run).where(Run.id.in_(_users(run_id)), Run.state.in_([*ACTIVE, RunState.QUEUED]))
    return list(session.scalars(query.order_by(Run.created_at)))


def unfinished(session: Session) -> list[Run]:
    """Runs and jobs that have not ended, without their module lists, oldest first."""
    query = select(Run).where(Run.state.in_([*ACTIVE, RunState.QUEUED])).options(defer(Run.modules))
    return list(session.scalars(query.order_by(Run.created_at)))


def awaited(session: Session, source: RunModel) -> Run | None:
    """The run that has yet to make these weights: unfinished, and without that checkpoint. NotFound without the run.

    Without a step its last checkpoint is meant, so it is waited for until it ends.
    """
    run = session.get(Run, source.run_id)
    if run is None:
        raise NotFound(f"there is no run {source.run_id!r}", where=source.run_id)
    unfinished = not RunState(run.state).ended
    if source.step is None:
        return run if unfinished else None
    if not unfinished or source.factor is not None or source.step > run.total_steps:
        return None
    present = select(Checkpoint).where(Checkpoint.run_id == run.id, Checkpoint.step == source.step)
    return None if session.scalars(present).first() is not None or source.step <= run.step else run


def waits_for(session: Session, config: RunConfig) -> tuple[str, Run] | None:
    """(student or teacher, the run that has yet to make its weights), or None when all can be loaded; NotFound if gone."""
    for relation, source in config.runs_loaded:
        run = awaited(session, source)
        if run is not None:
            return relation, run
    return None


def weights_in_use(session: Session, run_id: str) -> tuple[set[int], set[int]]:
    """Steps of the run's checkpoints, and of its candidates' weights, that runs not yet ended load."""
    query = (
        select(Lineage)
        .join(Run, Run.id == Lineage.run_id)
        .where(Lineage.source_id == run_id, Lineage.relation != _COPY, Run.state.in_([*ACTIVE, RunState.QUEUED]))
    )
    steps: tuple[set[int], set[int]] = set(), set()
    for link in session.scalars(query):
        if link.step is not None:
            steps[link.factor is not None].add(link.step)
        elif link.relation == _SUBJECT:
            parameters = session.get_one(Run, link.run_id).config.get("parameters", {})
            steps[parameters.get("factor") is not None].update(_steps_asked(parameters))
    return steps


def _steps_asked(parameters: Mapping[str, Any]) -> Iterable[int]:
    """The checkpoints, or the trigger, that an analysis names."""
    named = [parameters.get("step"), parameters.get("early_step"), *parameters.get("steps", ())]
    return [step for step in named if step is not None]


def _users(run_id: str) -> Select[str]:
    return select(Lineage.run_id).where(Lineage.source_id == run_id, Lineage.relation != _COPY)
