"""One transaction per report of a trainer: fence, sequence, and everything the batch holds."""

import time

from sqlalchemy.orm import Session

from opdboard.db import alerts, analyses, checks, commands, evidence, provenance, runs, series
from opdboard.db.tables import Attempt, Run
from opdboard.domain.alerts import AlertKind
from opdboard.domain.errors import ModelProblem
from opdboard.domain.events import Topic
from opdboard.domain.finite import finite
from opdboard.domain.modules import Module
from opdboard.domain.provenance import Provenance, changes
from opdboard.domain.records import Batch
from opdboard.domain.run_state import RunState
from opdboard.domain.transfer import Transfer
from opdboard.lifecycle import alerting, claims, run_alerts


def record(session: Session, run_id: str, attempt: int, batch: Batch, *, number: int | None = None) -> int:
    """Store a batch under the next sequence number, which is returned; StaleAttempt when the attempt is fenced off.

    number: of the batch within its attempt, 1 for the first. One that was stored before, by a commit whose answer was
    lost, is not stored again.
    """
    run = claims.fence(session, run_id, attempt)
    if number is not None and not runs.count_batch(session, run_id, attempt, number):
        return run.seq
    now = time.time()
    run.heartbeat_at = now
    if batch.step > run.step or batch.scalars:
        run.fruitless_attempts = 0
    if batch.step > run.step or batch.scalars or batch.at_work:
        run.progressed_at = now
    run.step = max(run.step, batch.step)
    run.latest = {**run.latest, **{key: finite(value) for key, value in batch.scalars.items()}}
    seq = runs.touch(run, *_topics(batch))
    series.append_scalars(session, run_id, seq, batch.step, batch.at, batch.scalars)
    series.append_vectors(session, run_id, seq, batch.vectors)
    evidence.add_decisions(session, run_id, seq, batch.decisions)
    if batch.vetoed_decision_step is not None:
        evidence.mark_vetoed(session, run_id, seq, batch.vetoed_decision_step)
    evidence.add_samples(session, run_id, seq, batch.samples)
    evidence.add_checkpoints(session, run_id, seq, batch.checkpoints)
    evidence.mark_checkpoints_removed(session, run_id, seq, batch.removed_checkpoint_steps)
    evidence.mark_candidates_removed(session, run_id, seq, batch.removed_candidate_steps)
    analyses.add(session, run, batch.variants)
    analyses.add_own(session, run.id, seq, batch.set_scores)
    if batch.check is not None:
        checks.store(session, run_id, batch.check)
    for result in batch.command_results:
        commands.finish(session, result, batch.step)
    if alerting.evaluate(session, run, seq, batch):
        run.topics = {**run.topics, Topic.ALERTS.value: seq}
    return seq


def _topics(batch: Batch) -> list[Topic]:
    aligned = any(vector.reference_step is not None for vector in batch.vectors)
    by_step = any(vector.reference_step is None for vector in batch.vectors)
    moved = {
        Topic.SCALARS: bool(batch.scalars),
        Topic.MODULES: by_step,
        Topic.ALIGNMENT: aligned,
        Topic.DECISIONS: bool(batch.decisions or batch.removed_candidate_steps)
        or batch.vetoed_decision_step is not None,
        Topic.SAMPLES: bool(batch.samples),
        Topic.CHECKPOINTS: bool(batch.checkpoints or batch.removed_checkpoint_steps),
        Topic.COMMANDS: bool(batch.command_results),
        Topic.ANALYSES: bool(batch.variants or batch.set_scores),
        Topic.CHECK: batch.check is not None,
    }
    return [topic for topic, did in moved.items() if did]


def begin(
    session: Session,
    run_id: str,
    attempt: int,
    *,
    step: int,
    modules: list[Module],
    device: str,
    made_with: Provenance | None = None,
) -> Run:
    """A trainer is ready at this step (0, or its checkpoint's): forget what an earlier attempt wrote beyond it.

    A trainer that begins at step 0 reports that step again, so everything goes. made_with: None where nobody tells; an
    alert tells when it is not what the attempt before was made with.
    """
    run = claims.fence(session, run_id, attempt)
    if step > 0 and run.modules and [one["name"] for one in run.modules] != [module.name for module in modules]:
        raise ModelProblem(
            f"up to step {step} this run measured {len(run.modules)} modules, and this version of opdboard takes the model apart "
            f"into {len(modules)}: their measures would be mixed up. Clone the run from its last checkpoint",
            where="modules",
        )
    session.get_one(Attempt, (run_id, attempt)).resumed_from = step or None
    if attempt > 1 and (run.step > step or step == 0):
        last_kept = step if step > 0 else -1
        series.rewind(session, run_id, last_kept)
        evidence.rewind(session, run_id, last_kept)
        alerts.rewind(session, run_id, last_kept)
        analyses.rewind(session, run, last_kept)
        commands.reopen_lost(session, run_id, step)
        run.latest = {key: finite(value) for key, value in series.latest(session, run_id).items()}
    run.step = step
    run.device = device
    run.modules = [module.as_json() for module in modules]
    if attempt > 1:
        run.rewound_seq = runs.touch(run, *Topic)
    if made_with is not None:
        before = provenance.store(session, run_id, attempt, made_with)
        different = [] if before is None else changes(before, made_with)
        if different:
            message = f"from step {step} on: {', '.join(different)}"
            run_alerts.happened(session, run, AlertKind.OTHER_VERSIONS, message, step)
    return run


def transferring(session: Session, run_id: str, attempt: int, transfer: Transfer | None) -> RunState:
    """The run waits for this, None: for nothing any more; its state, for a stop may be asked for meanwhile.

    A transfer that gets further is progress.
    """
    run = claims.fence(session, run_id, attempt)
    before, run.transfer = run.transfer, None if transfer is None else transfer.model_dump()
    run.heartbeat_at = time.time()
    if before is None or transfer is None or before["done"] != transfer.done:
        run.progressed_at = run.heartbeat_at
    runs.touch(run, Topic.STATE)
    return RunState(run.state)
