"""How a job other than training goes: step by step, each stored before the next, obeying commands between them."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opdboard.db import runs
from opdboard.domain.modules import Module
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import Batch, CommandResult
from opdboard.domain.run_state import RunState
from opdboard_worker.exits import EXIT_INTERRUPTED
from opdboard_worker.models.provenance import software
from opdboard_worker.process import Attempt

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A job that is ready to begin."""

    steps: Callable[[int], Iterator[Batch | None]]
    """The batches of all steps behind the given one (-1: of all), in order; each is stored as soon as it comes.
    None: nothing to store yet, but here the job can be paused, stopped or interrupted; the step is then done anew."""
    total_steps: int
    """Of the last step."""
    modules: Sequence[Module] = ()
    """What per-module vectors are about."""
    device: str = "cpu"
    made_with: Provenance | None = None
    """None: of software alone."""
    why_ended: Callable[[int], str] = "after step {}".format
    """Of the last step that was done: why the job has finished, once its steps have."""


Prepare = Callable[[Attempt, dict[str, Any]], Job]
"""A job from the run's stored configuration; raises BadInput when that cannot be done."""


def do_job(attempt: Attempt, prepare: Prepare) -> int:
    """See the job through one attempt, from behind its last stored step; the exit status."""
    interrupted = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: interrupted.set())
    control, sink = attempt.control, attempt.sink
    with attempt.database.read() as session:
        run = runs.get(session, attempt.run_id)
    done, spent = run.step, run.latest.get("seconds") or 0.0
    job = prepare(attempt, run.config)
    if control.state() is RunState.STOPPING:
        control.become(RunState.STOPPED, reason="stopped before it began")
        return 0
    sink.begin(
        step=done,
        modules=list(job.modules),
        device=job.device,
        made_with=job.made_with or Provenance(software=software()),
    )
    control.plan(job.total_steps)
    control.become(RunState.RUNNING, reason=f"going on after step {done}" if done else "from the beginning")
    began = time.perf_counter()
    for batch in job.steps(done or -1):  # a stored step 0 is taken back by the sink's begin
        if batch is not None:
            spent, began = spent + time.perf_counter() - began, time.perf_counter()
            batch.scalars["seconds"] = spent
            batch.at = time.time()
            sink.write(batch)
            done = batch.step
        if _told_to_stop(attempt, done):
            control.become(RunState.STOPPED, reason=f"after step {done}")
            return 0
        if interrupted.is_set():
            log.info("interrupted after step %d; will go on from there", done)
            return EXIT_INTERRUPTED
    control.become(RunState.FINISHED, reason=job.why_ended(done))
    return 0


def _told_to_stop(attempt: Attempt, step: int) -> bool:
    """Obey what is asked; whether that is to end."""
    control = attempt.control
    orders = control.orders(step)
    if orders.pause and not orders.stop:
        orders = control.wait_while_paused(orders.pause, step)
    if orders.stop:
        control.finish([CommandResult(command_id, True, f"stopped after step {step}") for command_id in orders.stop])
    return bool(orders.stop)
