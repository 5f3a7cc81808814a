"""Holds one run for a worker: claims it, starts its trainer as a child process group, keeps its pulse and its log.

The trainer, or whatever does the job of a run that trains nothing, is a process of its own so that a CUDA crash, an
out-of-memory kill or a hang never takes the worker down.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

from opdboard.db import logs, runs
from opdboard.db.database import Database
from opdboard.domain.errors import NotFound, StaleAttempt
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState

BEAT_SECONDS = 2.0
LOG_FLUSH_SECONDS = 0.5
GRACE_SECONDS = 60.0
TRAINER = "opdboard_worker.training.main"
SEVERAL_TRAINERS = "opdboard_worker.training.launch"
ANALYST = "opdboard_worker.analysis.main"

# Threads that spin while they wait would starve the web server, the worker and each other on a small machine;
# progress bars would fill the log.
_TRAINER_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE", "TQDM_DISABLE": "1"}

log = logging.getLogger(__name__)


class Supervisor:
    """Runs trainers, one at a time; thread-safe where said."""

    def __init__(self, database: Database, worker_id: str) -> None:
        """worker_id: the name under which this worker holds runs."""
        self._database = database
        self._worker_id = worker_id
        self._trainer: subprocess.Popen[str] | None = None
        self._closing = False
        self.run_id: str | None = None

    def execute(self, run_id: str) -> RunState | None:
        """Take the run if it is still QUEUED and see its trainer through; the state it is in afterwards.

        None when someone else has the run. QUEUED when the trainer was lost and the run waits for a next attempt.
        """
        with self._database.write() as session:
            attempt = None if self._closing else runs.claim(session, run_id, self._worker_id)
            if attempt is None:
                return None
            run = runs.get(session, run_id)
            program = [ANALYST] if RunKind(run.kind).is_job else _trainer(run.config.get("devices", 1))
        self.run_id = run_id
        try:
            status = self._attend(program, run_id, attempt)
            return self._settle(run_id, attempt, status)
        finally:
            self.run_id = None

    def _attend(self, program: Sequence[str], run_id: str, attempt: int) -> int:
        """Start the trainer and wait for its end; its exit status."""
        trainer = subprocess.Popen(
            [sys.executable, "-m", *program, run_id, str(attempt)],
            stdin=subprocess.PIPE,  # closes with us, whatever kills us; the trainer watches it
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            env=os.environ | _TRAINER_ENVIRONMENT,
        )
        self._trainer = trainer
        if self._closing:
            self.interrupt()
        assert trainer.stdout is not None and trainer.stdin is not None
        writer = LogWriter(trainer.stdout, lambda lines: self._append_log(run_id, attempt, lines))
        try:
            while True:
                try:
                    return trainer.wait(BEAT_SECONDS)
                except subprocess.TimeoutExpired:
                    self._beat(run_id, attempt, trainer)
        finally:
            self._trainer = None
            _kill_group(trainer)
            trainer.stdin.close()
            writer.join()

    def _beat(self, run_id: str, attempt: int, trainer: subprocess.Popen[str]) -> None:
        try:
            with self._database.write() as session:
                runs.beat(session, run_id, attempt)
        except (StaleAttempt, NotFound) as error:
            if trainer.poll() is None and not self._ended(run_id, attempt):
                log.warning("killing the trainer: %s", error.detail)
                _kill_group(trainer)

    def _ended(self, run_id: str, attempt: int) -> bool:
        """The trainer itself has ended the run and is about to exit."""
        with self._database.read() as session:
            try:
                run = runs.get(session, run_id)
            except NotFound:
                return False
            return run.attempt == attempt and RunState(run.state).ended

    def _append_log(self, run_id: str, attempt: int, lines: list[str]) -> None:
        with self._database.write() as session:
            logs.append(session, run_id, attempt, lines)

    def _settle(self, run_id: str, attempt: int, status: int) -> RunState | None:
        """A run whose trainer has gone but that still counts as active goes back to the queue."""
        with self._database.write() as session:
            try:
                run = runs.get(session, run_id, lock=True)
            except NotFound:
                return None
            if run.attempt == attempt and RunState(run.state).active:
                return runs.give_back(session, run, describe_exit(status))
            return RunState(run.state)

    def interrupt(self) -> None:
        """Ask the trainer to write a checkpoint and leave, and take no further run; callable from any thread."""
        self._closing = True
        trainer = self._trainer
        if trainer is None:
            return
        log.info("asking the trainer to write a checkpoint and leave")
        trainer.send_signal(signal.SIGTERM)
        threading.Thread(target=_kill_after_grace, args=(trainer,), daemon=True).start()


class LogWriter:
    """Copies a stream's lines, a few at a time, into a consumer."""

    def __init__(self, stream: IO[str], consume: Callable[[list[str]], None]) -> None:
        """Starts at once; ends with the stream."""
        self._consume = consume
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._flusher = threading.Thread(target=self._flush_until_end, daemon=True)
        self._reader.start()
        self._flusher.start()

    def join(self) -> None:
        """Wait until everything is consumed."""
        self._reader.join(timeout=5)
        self._ended.set()
        self._flusher.join()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            text = line.rstrip()
            if text:
                with self._lock:
                    self._lines.append(text)
        self._ended.set()

    def _flush_until_end(self) -> None:
        while not self._ended.wait(LOG_FLUSH_SECONDS):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            try:
                self._consume(lines)
            except Exception:  # a log line must never end a training run
                log.exception("%d log lines could not be stored", len(lines))


def describe_exit(status: int) -> str:
    """An exit status in words."""
    if status == 0:
        return "its process left without a word"
    if status < 0 or status > 128:
        name = signal.Signals(-status if status < 0 else status - 128).name
        hint = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"
    return "the worker is leaving" if status == 75 else f"its process ended with status {status}"


def _trainer(devices: int) -> list[str]:
    """The module to run; torchrun's agent where several processes share a run.

    Each of them watches our end of its standard input like a single trainer does: the agent puts each into a process
    group of its own, beyond the reach of `_kill_group`.
    """
    return [TRAINER] if devices == 1 else [SEVERAL_TRAINERS, str(devices)]


def _kill_group(trainer: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(trainer.pid, signal.SIGKILL)


def _kill_after_grace(trainer: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    try:
        trainer.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill_group(trainer)
