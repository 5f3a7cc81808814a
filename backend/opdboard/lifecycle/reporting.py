"""Runs that somebody else's trainer reports: made, written and ended by it, never queued and never given to a worker."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from opdboard.db import runs, series
from opdboard.db.tables import Attempt, Run
from opdboard.domain.errors import Conflict
from opdboard.domain.events import Topic
from opdboard.domain.finite import finite
from opdboard.domain.modules import Module
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import Batch, ModuleVector
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import alerting, births, claims, recording, transitions
from opdboard.lifecycle.births import NewRun, Reported

REPORTER = "reported over HTTP"
SILENCE_SECONDS = 300.0  # a reporter that lives says so every 5 s, and asks an absent server every 15 s
_LOST = "ReporterLost"


@dataclass(frozen=True)
class Appended:
    """What became of a report: its sequence number, points added, and points that were stored before."""

    seq: int
    added: int
    repeated: int


def create(
    session: Session,
    wanted: NewRun[Reported],
    *,
    device: str = "",
    modules: Sequence[Module] = (),
    made_with: Provenance | None = None,
) -> Run:
    """A RUNNING run under its first attempt."""
    run = births.add(session, wanted)
    _attempt(session, run, step=0, modules=list(modules), device=device, made_with=made_with)
    return run


def begin_again(session: Session, run_id: str, step: int, made_with: Provenance | None = None) -> Run:
    """A new attempt that goes on after `step` (0 begins anew): earlier attempts may write no more, points beyond are dropped."""
    run = reported(runs.get(session, run_id, lock=True))
    transitions.transition(session, run, RunState.QUEUED, reason="its trainer begins again")
    modules = [Module.from_json(entry) for entry in run.modules]
    _attempt(session, run, step=step, modules=modules, device=run.device or "", made_with=made_with)
    return run


def _attempt(
    session: Session, run: Run, *, step: int, modules: list[Module], device: str, made_with: Provenance | None
) -> None:
    attempt = claims.claim(session, run.id, REPORTER)
    assert attempt is not None, "the run was made QUEUED in this transaction"
    run.worker_id = None
    recording.begin(session, run.id, attempt, step=step, modules=modules, device=device, made_with=made_with)
    transitions.transition(session, run, RunState.RUNNING, reason=REPORTER)


def reported(run: Run) -> Run:
    """The run; Conflict when it belongs to a worker."""
    if run.kind != RunKind.REPORTED:
        raise Conflict(f"run {run.id} belongs to a worker of opdboard, and only that writes to it", where=run.id)
    return run


def fail_silent(session: Session, moment: float) -> list[Run]:
    """End the reported runs without a sign of life since the moment as failed, with the alert that a failure raises."""
    lost = runs.silent(session, moment)
    for run in lost:
        detail = (
            f"nothing was heard of its trainer for {time.time() - (run.heartbeat_at or 0):.0f} s, after step {run.step}; "
            "it was killed, or does not reach the server. It goes on as soon as it reports again"
        )
        error = {"error": _LOST, "detail": detail, "where": run.id}
        transitions.transition(session, run, RunState.FAILED, reason="its trainer is silent", error=error)
    return lost


def _fenced(session: Session, run_id: str, attempt: int) -> Run:
    """The run for a write of its attempt, which may have been given up too early; StaleAttempt as for any run."""
    run = reported(runs.locked(session, run_id))
    if run.attempt == attempt and run.state == RunState.FAILED and (run.error or {}).get("error") == _LOST:
        for state in (RunState.QUEUED, RunState.STARTING, RunState.RUNNING):
            transitions.transition(session, run, state, reason="its trainer reports again")
        mine = session.get_one(Attempt, (run_id, attempt))
        mine.ended_at = mine.outcome = None
    claims.check_owner(run, attempt)
    return run


def append(
    session: Session,
    run_id: str,
    attempt: int,
    points: Mapping[str, series.NewPoints],
    vectors: Sequence[ModuleVector] = (),
) -> Appended:
    """Store what is new under one sequence number. A point that is stored already is passed over, so that a report may be
    sent again; Conflict for any other at or before its key's last step. Also a sign of life, with nothing in it.
    """
    run = _fenced(session, run_id, attempt)
    newest = series.newest_chunks(session, run_id, points)
    new = {key: _unstored(session, run_id, key, each, newest.get(key)) for key, each in points.items()}
    new = {key: each for key, each in new.items() if each.steps}
    new_vectors = [vector for vector in vectors if not _is_stored(session, run_id, vector)]
    added = sum(len(each.steps) for each in new.values()) + len(new_vectors)
    given = sum(len(each.steps) for each in points.values()) + len(vectors)
    now = time.time()
    run.heartbeat_at = now
    if not added:
        return Appended(run.seq, 0, given)
    run.progressed_at = now
    run.fruitless_attempts = 0
    run.step = max(run.step, *(each.steps[-1] for each in new.values()), *(vector.step for vector in new_vectors), 0)
    run.latest = {**run.latest, **{key: finite(each.values[-1]) for key, each in new.items()}}
    seq = runs.touch(run, *_topics(new, new_vectors))
    series.append_points(session, run_id, seq, new, newest)
    series.append_vectors(session, run_id, seq, new_vectors)
    if alerting.evaluate(session, run, seq, _latest(new, new_vectors)):
        run.topics = {**run.topics, Topic.ALERTS.value: seq}
    return Appended(seq, added, given - added)


def _latest(points: Mapping[str, series.NewPoints], vectors: Sequence[ModuleVector]) -> Batch:
    """What alerts look at: the last step of what was added."""
    step = max(*(each.steps[-1] for each in points.values()), *(vector.step for vector in vectors), 0)
    return Batch(
        step=step,
        at=time.time(),
        scalars={key: each.values[-1] for key, each in points.items() if each.steps[-1] == step},
        vectors=[vector for vector in vectors if vector.step == step],
    )


def _topics(points: Mapping[str, series.NewPoints], vectors: Sequence[ModuleVector]) -> list[Topic]:
    moved = {
        Topic.SCALARS: bool(points),
        Topic.MODULES: any(vector.reference_step is None for vector in vectors),
        Topic.ALIGNMENT: any(vector.reference_step is not None for vector in vectors),
    }
    return [topic for topic, did in moved.items() if did]


def _unstored(
    session: Session, run_id: str, key: str, points: series.NewPoints, newest: series.NewestChunk | None
) -> series.NewPoints:
    """The points behind the key's last one; the others must be stored as they are."""
    if newest is None or points.steps[0] > newest.last_step:
        return points
    old = int(np.searchsorted(points.steps, newest.last_step, side="right"))
    within = (points.steps[0], points.steps[old - 1])
    stored = series.read_scalars(session, run_id, [key], within=within, timed=False)[key]
    at = np.minimum(np.searchsorted(stored.steps, points.steps[:old]), len(stored.steps) - 1)
    same = (stored.steps[at] == points.steps[:old]) & (
        (stored.values[at] == points.values[:old]) | (np.isnan(stored.values[at]) & np.isnan(points.values[:old]))
    )
    if not same.all():
        step = points.steps[int(np.argmin(same))]
        raise Conflict(
            f"{key} at step {step} cannot be added: its points go up to step {newest.last_step}, and this one is not "
            "among them; report steps in ascending order",
            where=key,
        )
    return series.NewPoints(points.steps[old:], points.values[old:], points.times[old:])


def _is_stored(session: Session, run_id: str, vector: ModuleVector) -> bool:
    stored = series.stored_vector(session, run_id, vector)
    if stored is not None and stored != np.asarray(vector.values, "<f4").tobytes():
        raise Conflict(f"{vector.statistic} at step {vector.step} is stored with other values", where=vector.statistic)
    return stored is not None


def end(session: Session, run_id: str, attempt: int, to: RunState, detail: str) -> Run:
    """The trainer has ended; detail says why it failed or was stopped."""
    run = _fenced(session, run_id, attempt)
    error = {"error": "TrainerFailed", "detail": detail, "where": run_id} if to is RunState.FAILED else None
    transitions.transition(session, run, to, reason=detail, error=error)
    return run
