"""Holds one run for a worker: claims it, starts its trainer as a child process group, keeps its pulse and its log.

The trainer, or whatever does the job of a run that trains nothing, is a process of its own so that a CUDA crash, an
out-of-memory kill or a hang never takes the worker down.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from opdboard.db import logs, runs
from opdboard.db.database import Database
from opdboard.db.tables import Run
from opdboard.domain.errors import NotFound, StaleAttempt
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.hub_token import masked
from opdboard.lifecycle import claims, run_alerts
from opdboard.settings import Settings
from opdboard_worker.exits import EXIT_INTERRUPTED, EXIT_NO_DATABASE
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.run_process import RunProcess

BEAT_SECONDS = 2.0
LOG_FLUSH_SECONDS = 0.5
GRACE_SECONDS = 60.0
TRAINER = "opdboard_worker.training.main"
SEVERAL_TRAINERS = "opdboard_worker.training.launch"
ANALYST = "opdboard_worker.analysis.main"

PATIENT_STEPS = 3
"""How often its slowest stretch so far a run may take without progress, whatever the settings say."""
MOST_WAITING_LINES = 10_000

_SIGNALS = {one.value for one in signal.Signals}
_LEFT_BY = {
    EXIT_INTERRUPTED: "the worker is leaving",
    EXIT_NO_DATABASE: "the database stayed away",
}

log = logging.getLogger(__name__)


class Supervisor:
    """Runs trainers, one at a time; thread-safe where said."""

    def __init__(self, database: Database, worker_id: str, settings: Settings) -> None:
        """worker_id: the name under which this worker holds runs."""
        self._database = database
        self._patient = PatientDatabase(database)
        self._settings = settings
        self._worker_id = worker_id
        self._trainer: RunProcess | None = None
        self._closing = False
        self.run_id: str | None = None

    def execute(self, run_id: str) -> RunState | None:
        """Take the run if it is still QUEUED and see its trainer through; the state it is in afterwards.

        None when someone else has the run. QUEUED when the trainer was lost and the run waits for a next attempt.
        """
        claimed = self._claim(run_id)
        if claimed is None:
            return None
        attempt, program = claimed
        self.run_id = run_id
        try:
            status = self._attend(program, run_id, attempt)
            return self._settle(run_id, attempt, status)
        finally:
            self.run_id = None

    def _claim(self, run_id: str) -> tuple[int, list[str]] | None:
        """The attempt's number and its program; None when there is nothing to do."""
        again = False

        def claim(session: Session) -> tuple[int, list[str]] | None:
            nonlocal again
            attempt = claims.adopted(session, run_id, self._worker_id) if again else None
            again = True
            attempt = attempt or (None if self._closing else claims.claim(session, run_id, self._worker_id))
            if attempt is None:
                return None
            run = runs.get(session, run_id)
            return attempt, [ANALYST] if RunKind(run.kind).is_job else _trainer(run.config.get("devices", 1))

        return self._patient.write(claim)

    def _attend(self, program: Sequence[str], run_id: str, attempt: int) -> int | str:
        """Start the trainer and wait for its end; its exit status, or why it was killed."""
        try:
            trainer = RunProcess(program[0], [*program[1:], run_id, str(attempt)])
        except (OSError, EOFError) as error:
            return f"its process could not be started, the worker's log may tell why: {error!r}"
        self._trainer = trainer
        if self._closing:
            self.interrupt()
        writer = LogWriter(trainer.output, lambda lines: self._append_log(run_id, attempt, lines))
        watch = ProgressWatch(self._settings)
        try:
            while (status := trainer.wait(BEAT_SECONDS)) is None:
                reason = self._beat(run_id, attempt, trainer, watch)
                if reason is not None and trainer.status is None:
                    log.warning("run %s: killing its process: %s", run_id, reason)
                    trainer.kill()
                    trainer.wait()
                    return reason
            return status
        finally:
            self._trainer = None
            trainer.kill()
            trainer.close()
            writer.join()

    def _beat(self, run_id: str, attempt: int, trainer: RunProcess, watch: "ProgressWatch") -> str | None:
        """One sign of life; why the trainer is to be killed, if it is."""
        try:
            with self._database.write() as session:
                run = claims.beat(session, run_id, attempt)
                verdict = watch.look(run)
                if verdict.stalled is not None:
                    run_alerts.stalled(session, run, verdict.stalled)
                elif verdict.moving_again:
                    run_alerts.moving(session, run)
                return verdict.kill
        except (StaleAttempt, NotFound) as error:
            return None if trainer.status is not None or self._ended(run_id, attempt) else error.detail
        except SQLAlchemyError as error:  # a trainer that is well outlives a missed beat
            log.warning("run %s: a sign of life could not be stored: %s", run_id, getattr(error, "orig", error))
            return None

    def _ended(self, run_id: str, attempt: int) -> bool:
        """The trainer itself has ended the run and is about to exit."""
        try:
            run = self._patient.read(lambda session: runs.get(session, run_id))
        except NotFound:
            return False
        return run.attempt == attempt and RunState(run.state).ended

    def _append_log(self, run_id: str, attempt: int, lines: list[str]) -> None:
        with self._database.write() as session:
            logs.append(session, run_id, attempt, [masked(line, self._settings) for line in lines])

    def _settle(self, run_id: str, attempt: int, status: int | str) -> RunState | None:
        """A run whose trainer has gone but that still counts as active goes back to the queue."""
        reason = status if isinstance(status, str) else describe_exit(status)

        def settle(session: Session) -> RunState | None:
            try:
                run = runs.get(session, run_id, lock=True)
            except NotFound:
                return None
            if run.attempt == attempt and RunState(run.state).active:
                return claims.give_back(session, run, reason)
            return RunState(run.state)

        return self._patient.write(settle)

    def interrupt(self) -> None:
        """Ask the trainer to write a checkpoint and leave, and take no further run; callable from any thread."""
        self._closing = True
        trainer = self._trainer
        if trainer is None:
            return
        log.info("asking the trainer to write a checkpoint and leave")
        trainer.ask_to_leave()
        threading.Thread(target=_kill_after_grace, args=(trainer,), daemon=True).start()


@dataclass(frozen=True)
class Verdict:
    """What a look at a live trainer's run found. kill: why it is to be killed; stalled: seconds of a stall to be told."""

    kill: str | None = None
    stalled: float | None = None
    moving_again: bool = False


class ProgressWatch:
    """The second clock: a trainer whose process is there makes progress, or does not (a pause is neither)."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        """now: a steady clock."""
        self._settings = settings
        self._now = now
        self._seen: tuple[object, ...] | None = None
        self._since = now()
        self._stopping_since: float | None = None
        self._slowest = 0.0
        self._told = False

    def look(self, run: Run) -> Verdict:
        """To be asked at every sign of life."""
        now, seen = self._now(), (run.state == RunState.PAUSED, run.step, run.progressed_at)
        stopping = run.state == RunState.STOPPING
        self._stopping_since = (self._stopping_since or now) if stopping else None
        if seen != self._seen:
            if self._seen is not None and not (self._seen[0] or seen[0]):
                self._slowest = max(self._slowest, now - self._since)
            self._seen, self._since = seen, now
            was_told, self._told = self._told, False
            return Verdict(moving_again=was_told)
        if run.state == RunState.PAUSED:
            return Verdict()
        silent = now - self._since
        if self._stopping_since is not None:
            waited = now - max(self._since, self._stopping_since)
            if waited >= max(self._settings.stop_grace_seconds, PATIENT_STEPS * self._slowest):
                return Verdict(kill=f"it was asked to stop and did not within {waited:.0f} s, so it was killed")
        if silent >= max(self._settings.stall_seconds, PATIENT_STEPS * self._slowest):
            if self._settings.end_stalled:
                return Verdict(kill=f"it made no progress for {silent:.0f} s, so it was killed")
            if not self._told:
                self._told = True
                return Verdict(stalled=silent)
        return Verdict()


class LogWriter:
    """Copies a stream's lines, a few at a time, into a consumer; what that cannot take now it is given again."""

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
        with stream:
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
            except SQLAlchemyError as error:  # a log line must never end a training run
                log.warning("%d log lines could not be stored yet: %s", len(lines), getattr(error, "orig", error))
                with self._lock:
                    self._lines = [*lines, *self._lines][-MOST_WAITING_LINES:]
            except Exception:
                log.exception("%d log lines could not be stored", len(lines))


def describe_exit(status: int) -> str:
    """An exit status in words."""
    if status == 0:
        return "its process left without a word"
    number = -status if status < 0 else status - 128
    if status < 0 and number not in _SIGNALS:
        return f"its process was ended by signal {number}"
    if number in _SIGNALS:
        name = signal.Signals(number).name
        hint = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{hint}"
    return _LEFT_BY.get(status, f"its process ended with status {status}")


def _trainer(devices: int) -> list[str]:
    """The module to run; torchrun's agent where several processes share a run.

    Each of them watches our end of its standard input like a single trainer does: the agent puts each into a process
    group of its own.
    """
    return [TRAINER] if devices == 1 else [SEVERAL_TRAINERS, str(devices)]


def _kill_after_grace(trainer: RunProcess) -> None:
    if trainer.wait(GRACE_SECONDS) is None:
        trainer.kill()
