"""What a worker does besides training: its own pulse, runs of dead workers back to the queue, lost messages sent again."""

import logging
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from opdboard.db import runs, workers
from opdboard.db.database import Database
from opdboard.db.tables import Run, Worker
from opdboard.lifecycle import claims, reporting
from opdboard.queue import JobQueue
from opdboard.settings import Settings
from opdboard_worker.identity import Identity, mark_of, worker_id
from opdboard_worker.load import LoadMeter
from opdboard_worker.patience import passes
from opdboard_worker.supervisor import Supervisor

PULSE_SECONDS = 2.0
RESEND_SECONDS = 5.0

log = logging.getLogger(__name__)


def default_queues() -> list[str]:
    """Queues that this machine can serve: runs for any device, for its CPU, and for CUDA where there is a driver."""
    return ["any", "cpu"] + ["cuda"] * (shutil.which("nvidia-smi") is not None and Path("/dev/nvidia0").exists())


class Housekeeper:
    """A thread that repeats its round until stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        queue: JobQueue,
        supervisor: Supervisor,
        identity: Identity,
        queues: list[str],
    ) -> None:
        """queues: those this worker listens to."""
        self._settings = settings
        self._database = database
        self._queue = queue
        self._supervisor = supervisor
        self._identity = identity
        self._queues = queues
        self._meter = LoadMeter()
        self._heard = SignsOfLife()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin; the first round happens at once."""
        self._thread.start()

    def stop(self) -> None:
        """End and take this worker off the list."""
        self._stopped.set()
        self._thread.join()
        with self._database.write() as session:
            workers.forget(session, self._identity.worker_id)

    def _repeat(self) -> None:
        while True:
            try:
                self.round()
            except Exception as error:  # the pulse must go on
                self._heard.forget()  # while the database is away nobody is heard
                if passes(error):
                    log.warning("the database does not answer, trying again: %s", getattr(error, "orig", error))
                else:
                    log.exception("housekeeping failed")
            if self._stopped.wait(PULSE_SECONDS):
                return

    def round(self) -> None:
        """One pulse."""
        with self._database.write() as session:
            workers.beat(
                session,
                self._identity.worker_id,
                host=self._identity.host,
                pid=self._identity.pid,
                started_at=self._identity.started_at,
                queues=self._queues,
                run_id=self._supervisor.run_id,
                load=self._meter.load(),
            )
        self._rescue()
        if self._supervisor.run_id is None:
            self._resend()

    def _rescue(self) -> None:
        """Give back the runs of workers that died on this host, and of silent ones elsewhere."""
        lease = self._settings.lease_seconds
        with self._database.write() as session:
            here = workers.on_host(session, self._identity.host)
            alive = {worker.id for worker in here if lives(worker)}
            dead = [worker for worker in here if worker.id not in alive]
            for run in runs.held_by(session, [worker.id for worker in dead]):
                log.warning("run %s: its worker %s is gone", run.id, run.worker_id)
                claims.give_back(session, run, "its worker is gone")
            for worker in dead:
                workers.forget(session, worker.id)
            # A worker that lives is not silent, whatever became of its pulse.
            elsewhere = [run for run in runs.held(session) if run.worker_id not in alive]
            for run in self._heard.silent(elsewhere, lease):
                log.warning("run %s: no sign of life from %s", run.id, run.worker_id)
                claims.give_back(session, run, f"no sign of life for {lease:.0f} s")
            for run in reporting.fail_silent(session, time.time() - reporting.SILENCE_SECONDS):
                log.warning("run %s: no sign of life from the trainer that reports it", run.id)

    def _resend(self) -> None:
        """This worker is idle: queued runs that nobody took have lost their message, or waited for another run."""
        sent_before = time.time() - RESEND_SECONDS
        with self._database.read() as session:
            if not runs.waiting(session, sent_before):
                return
        with self._database.write() as session:
            ready = [run.id for run in claims.ready(session, sent_before)]
        for run_id in ready:
            self._queue.send(run_id)


def lives(worker: Worker) -> bool:
    """Whether a worker of this host is the process that has its id now."""
    mark = mark_of(worker.pid)
    return mark is not None and worker.id == worker_id(worker.host, worker.pid, mark)


class SignsOfLife:
    """How long runs have been silent by this process's own steady clock: no clock that is set ends a run."""

    def __init__(self) -> None:
        """Nobody was heard yet."""
        self._heard: dict[tuple[str, int, float | None], float] = {}

    def silent(self, held: Sequence[Run], seconds: float, now: float | None = None) -> list[Run]:
        """Those whose heartbeat has not moved for so long; to be asked again and again. now: for tests."""
        now = time.monotonic() if now is None else now
        beats = {(run.id, run.attempt, run.heartbeat_at): run for run in held}
        self._heard = {beat: self._heard.get(beat, now) for beat in beats}
        return [run for beat, run in beats.items() if now - self._heard[beat] >= seconds]

    def forget(self) -> None:
        """Nobody could be heard for a while: all begin anew."""
        self._heard = {}
