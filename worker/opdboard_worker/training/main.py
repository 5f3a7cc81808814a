"""The trainer process: `python -m opdboard_worker.training.main RUN_ID ATTEMPT`, a child of the supervisor.

It ends with EXIT_INTERRUPTED when asked to leave (SIGTERM) after writing a checkpoint; a failure that has a cause
ends the run as FAILED with a sentence; anything that kills the process is the supervisor's to notice.
"""

import errno
import logging
import os
import signal
import sys
import threading
from pathlib import Path

import torch
import transformers
from sqlalchemy.exc import OperationalError

from opdboard.db import evidence, runs
from opdboard.db.database import Database
from opdboard.domain.errors import DiskFull, OpdboardError, OutOfMemory, StaleAttempt, TrainingProblem
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard.settings import Settings
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.assembly import assemble, resume
from opdboard_worker.training.control import DatabaseControl
from opdboard_worker.training.loop import Training

EXIT_INTERRUPTED = 75
EXIT_ORPHANED = 76

log = logging.getLogger("opdboard_worker.training")


def main() -> int:
    """Run one attempt; the exit status tells the supervisor how it ended."""
    run_id, attempt = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    transformers.utils.logging.disable_progress_bar()
    _die_with_parent()
    settings = Settings()
    database = Database(settings.sql_url)
    control = DatabaseControl(database, run_id, attempt)
    try:
        return _train(run_id, settings, database, control, DatabaseSink(database, run_id, attempt))
    except StaleAttempt as error:
        log.warning("%s", error.detail)
        return EXIT_ORPHANED
    except Exception as error:  # the top of the process: every cause becomes a sentence on the run
        problem = explain(error)
        log.exception("failed: %s", problem.detail)
        control.become(RunState.FAILED, reason=problem.detail, error=problem.as_dict())
        return 1


def _train(run_id: str, settings: Settings, database: Database, control: DatabaseControl, sink: DatabaseSink) -> int:
    with database.read() as session:
        config = RunConfig.model_validate(runs.get(session, run_id).config)
        newest = evidence.latest_checkpoint(session, run_id)

    def run_folder(source: RunModel) -> Path:
        with database.read() as session:
            return settings.root / evidence.weights_path(session, source)

    folder = settings.run_folder(run_id)
    parts = assemble(config, settings, run_folder, folder / "snapshots")
    training = Training(parts, sink, control, folder / "checkpoints", settings.root)
    signal.signal(signal.SIGTERM, lambda *_: training.interrupted.set())
    if newest is not None:
        resume(training, settings.root / newest.path)
        log.info("resumed from the checkpoint of step %d", newest.step)
    else:
        parts.monitor.restore(0)
        training.forget_candidates_after(0)
    if control.state() is RunState.STOPPING:
        control.become(RunState.STOPPED, reason="stopped before training began")
        return 0
    ended = training.run()
    if ended is None:
        log.info("interrupted after step %d; will go on from its checkpoint", training.progress.step)
        return EXIT_INTERRUPTED
    early = ended is RunState.FINISHED and training.progress.step < config.budget.steps
    why = f", no gain in {config.selection.patience} evaluations" if early else ""
    control.become(ended, reason=f"after step {training.progress.step}{why}")
    return 0


def explain(error: Exception) -> OpdboardError:
    """The error as one of opdboard's, with a sentence that says what to do."""
    text = str(error)
    if isinstance(error, OpdboardError):
        return error
    if (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "can't allocate memory" in text
        or "out of memory" in text
    ):
        return OutOfMemory(
            "memory does not suffice; lower budget.micro_batch_size, objective.chunk_tokens or budget.max_response_tokens"
        )
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or (isinstance(error, OperationalError) and ("full" in text or "disk I/O error" in text)):
        return DiskFull(
            "the disk of the data folder or of the database is full or failing; free some space, then resume the run"
        )
    return TrainingProblem(
        f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}; the log has the details"
    )


def _die_with_parent() -> None:
    """Exit at once when the supervisor, which holds the other end of our stdin, is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os._exit(EXIT_ORPHANED)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
