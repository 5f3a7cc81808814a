"""A complete installation in a temporary folder: database, queue, and trainers as real processes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import pytest
from support.commands import processes_of_run

from opdboard.db import logs, runs
from opdboard.db.database import Database
from opdboard.db.tables import Run
from opdboard.domain.budget import Budget
from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard_worker.supervisor import Supervisor

DEADLINE_SECONDS = 120


def small_config(**changes) -> RunConfig:
    """A demo run of a few seconds, EffOPD included."""
    config = RunConfig(
        strategy=EffOPD(score="negative_reverse_kl", validation_size=8, candidates=2),
        optimizer=Optimizer(learning_rate=1e-5),
        budget=Budget(
            steps=20, batch_size=16, max_prompt_tokens=16, max_response_tokens=6, checkpoint_every=5, keep_checkpoints=2
        ),
        monitoring=Monitoring(evaluate_every=4, held_out_size=16, spectral_every=8, samples_count=2),
        device="cpu",
    )
    return config.model_copy(update=changes)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Poll a condition of another process; fails with `what` when it does not come true."""
    deadline = time.monotonic() + seconds
    ready = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not happen within {seconds:.0f} s")
        ready.wait(0.05)


@dataclass
class Installation:
    """Database and settings that this process and its children share."""

    settings: Settings
    database: Database
    supervisors: list[threading.Thread] = field(default_factory=list)

    def create(self, config: RunConfig) -> str:
        """A queued run."""
        with self.database.write() as session:
            return births.add(session, NewRun(config)).id

    def run(self, run_id: str) -> Run:
        """The run as it is now."""
        with self.database.read() as session:
            return runs.get(session, run_id)

    def execute(self, run_id: str, worker_id: str = "test-worker") -> RunState | None:
        """One attempt at the run, to its end; the run's log is printed for the report of a failing test."""
        state = Supervisor(self.database, worker_id, self.settings).execute(run_id)
        with self.database.read() as session:
            print(*(line.text for line in logs.read(session, run_id)), sep="\n")
        return state

    def begin(self, run_id: str, worker_id: str = "test-worker") -> threading.Thread:
        """One attempt at the run, in the background."""
        thread = threading.Thread(target=self.execute, args=(run_id, worker_id))
        thread.start()
        self.supervisors.append(thread)
        return thread

    def wait_for_step(self, run_id: str, step: int) -> None:
        """Until the run has recorded the step."""
        wait_until(lambda: self.run(run_id).step >= step, f"step {step} of run {run_id}")

    def trainer(self, run_id: str) -> psutil.Process:
        """The trainer process of the run."""
        found = processes_of_run(run_id)
        return found[0] if found else pytest.fail(f"run {run_id} has no trainer process")
