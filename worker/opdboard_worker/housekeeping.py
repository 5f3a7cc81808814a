"""What a worker does besides training: its own pulse, runs of dead workers back to the queue, lost messages sent again."""

import logging
import os
import shutil
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy.exc import OperationalError

from opdboard.db import reporting, runs, workers
from opdboard.db.database import Database
from opdboard.queue import JobQueue
from opdboard.settings import Settings
from opdboard_worker.load import LoadMeter
from opdboard_worker.supervisor import Supervisor

PULSE_SECONDS = 2.0
RESEND_SECONDS = 5.0
_SAME_PROCESS_SECONDS = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Identity:
    """This worker process; started_at (s since the epoch) tells it from a later process with the same id."""

    host: str
    pid: int
    started_at: float

    @classmethod
    def mine(cls) -> "Identity":
        """The identity of the calling process."""
        return cls(socket.gethostname(), os.getpid(), psutil.Process().create_time())

    @property
    def worker_id(self) -> str:
        """Unique over restarts."""
        return f"{self.host}:{self.pid}:{int(self.started_at)}"


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
            except OperationalError as error:
                log.warning("the database does not answer, trying again: %s", error.orig)
            except Exception:  # the pulse must go on
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
        with self._database.write() as session:
            dead = [
                worker
                for worker in workers.on_host(session, self._identity.host)
                if not self._lives(worker.pid, worker.started_at)
            ]
            for run in runs.held_by(session, [worker.id for worker in dead]):
                log.warning("run %s: its worker %s is gone", run.id, run.worker_id)
                runs.give_back(session, run, "its worker is gone")
            for worker in dead:
                workers.forget(session, worker.id)
            for run in runs.silent_since(session, time.time() - self._settings.lease_seconds):
                log.warning("run %s: no sign of life from %s", run.id, run.worker_id)
                runs.give_back(session, run, f"no sign of life for {self._settings.lease_seconds:.0f} s")
            for run in reporting.fail_silent(session, time.time() - reporting.SILENCE_SECONDS):
                log.warning("run %s: no sign of life from the trainer that reports it", run.id)

    def _lives(self, pid: int, started_at: float) -> bool:
        try:
            return abs(psutil.Process(pid).create_time() - started_at) < _SAME_PROCESS_SECONDS
        except psutil.NoSuchProcess:
            return False

    def _resend(self) -> None:
        """This worker is idle: queued runs that nobody took have lost their message, or waited for another run."""
        sent_before = time.time() - RESEND_SECONDS
        with self._database.read() as session:
            if not runs.waiting(session, sent_before):
                return
        with self._database.write() as session:
            ready = [run.id for run in runs.ready(session, sent_before)]
        for run_id in ready:
            self._queue.send(run_id)
