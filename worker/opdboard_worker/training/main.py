"""The trainer process: `python -m opdboard_worker.training.main RUN_ID ATTEMPT`, a child of the supervisor.

When asked to leave it writes a checkpoint first.
"""

import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import torch
import transformers

from opdboard.db import evidence, runs
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_state import RunState
from opdboard_worker.exits import EXIT_INTERRUPTED, EXIT_ORPHANED
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.process import Attempt, carry_out
from opdboard_worker.sinks import NoSink
from opdboard_worker.training.assembly import assemble, resume
from opdboard_worker.training.control import SharedControl
from opdboard_worker.training.loop import Training
from opdboard_worker.training.ranks import LostRank, join
from opdboard_worker.training.starting_point import StartingPoint, starting_point

log = logging.getLogger("opdboard_worker.training")


def main() -> int:
    """Train one attempt; the exit status tells the supervisor how it ended."""
    transformers.utils.logging.disable_progress_bar()
    return carry_out(
        _train, out_of_memory="lower budget.micro_batch_size, objective.chunk_tokens or budget.max_response_tokens"
    )


def _train(attempt: Attempt) -> int:
    try:
        return _train_with_others(attempt)
    except LostRank as error:
        log.warning("another process of this run is gone: %s", error)
        return EXIT_ORPHANED


def _train_with_others(attempt: Attempt) -> int:
    settings, database = attempt.settings, PatientDatabase(attempt.database)
    run = database.read(lambda session: runs.get(session, attempt.run_id))
    config, launched = RunConfig.model_validate(run.config), datetime.fromtimestamp(run.created_at, UTC)

    def run_folder(source: RunModel) -> Path:
        return settings.root / database.read(lambda session: evidence.weights_path(session, source))

    ranks = join("cuda" if torch.cuda.is_available() and config.device != "cpu" else "cpu")
    first = ranks.rank == 0
    if not first:
        logging.getLogger().setLevel(logging.WARNING)
    control = SharedControl(attempt.control, ranks)
    folder = settings.run_folder(attempt.run_id)
    start = ranks.from_first(
        starting_point(database, attempt.run_id, attempt.number, settings.root, folder / "checkpoints")
        if first
        else StartingPoint()
    )
    parts = assemble(config, settings, run_folder, folder / "snapshots", ranks, launched)
    training = Training(parts, attempt.sink if first else NoSink(), control, folder / "checkpoints", settings.root)
    signal.signal(signal.SIGTERM, lambda *_: training.interrupted.set())
    if start.folder is not None:
        resume(training, start.folder)
        log.info("resumed from the checkpoint of step %d", start.step)
    elif first:
        parts.monitor.restore(0)
        training.forget_candidates_after(0)
    attempt.tell_damaged_snapshots(parts.monitor.damaged, start.step)
    if ranks.from_first(attempt.control.state() if first else None) is RunState.STOPPING:
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


if __name__ == "__main__":
    sys.exit(main())
