"""What queued runs wait for, as the database tells it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from opdboard.db import lineage, overview, workers
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.waiting import Listener, Queued, Source, Wait, in_order, why_it_waits
from opdboard.queue import queue_for

QUIET_SECONDS = 15.0  # a worker that missed seven heartbeats takes nothing


def listening(session: Session, now: float) -> list[Listener]:
    """The live workers."""
    holders = overview.holders(session)
    alive = workers.alive(session, now - QUIET_SECONDS)
    return [Listener(frozenset(worker.queues), holders.get(worker.id)) for worker in alive]


def waits(
    session: Session, queued: Sequence[Run], listeners: Sequence[Listener], at_most: int | None = None
) -> list[tuple[Run, Wait]]:
    """The first of all queued runs in the order of the line, and why each waits."""
    runs = {run.id: run for run in queued}
    line = in_order(
        [
            Queued(run.id, run.name, queue_for(run.config["device"]), run.sent_at, _source(session, run))
            for run in queued
        ]
    )
    return [(runs[place.run_id], why_it_waits(place, line, listeners)) for place in line[:at_most]]


def _source(session: Session, run: Run) -> Source | None:
    """The unfinished run that it waits for; a deleted one is the trainer's to name. Only training waits for weights."""
    if run.kind != RunKind.TRAINED:
        return None
    try:
        found = lineage.waits_for(session, RunConfig.model_validate(run.config))
    except NotFound:
        return None
    if found is None:
        return None
    relation, source = found
    return Source(source.id, source.name, relation, source.step, source.total_steps)
