"""A run's own process, the child of a supervisor: how it begins, how it may end, and what a failure becomes.

It leaves with EXIT_INTERRUPTED when asked to (SIGTERM) with what it needs to go on; a failure that has a cause ends the
run as FAILED with a sentence; anything that kills the process is the supervisor's to notice.
"""

import contextlib
import errno
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from opdboard import hub_token
from opdboard.db.database import Database
from opdboard.domain.alerts import AlertKind
from opdboard.domain.errors import DiskFull, OpdboardError, OutOfMemory, StaleAttempt, TrainingProblem
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, run_alerts
from opdboard.settings import Settings
from opdboard_worker.exits import EXIT_NO_DATABASE, EXIT_ORPHANED
from opdboard_worker.models.transfers import StopAsked, told_to
from opdboard_worker.patience import PatientDatabase, passes
from opdboard_worker.sinks import DatabaseSink
from opdboard_worker.training.control import DatabaseControl

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """One attempt at a run, with everything through which its process speaks to the installation."""

    run_id: str
    number: int
    settings: Settings
    database: Database
    control: DatabaseControl
    sink: DatabaseSink

    def tell_damaged_snapshots(self, steps: Sequence[int], step: int) -> None:
        """Raise an alert of the snapshots that were dropped, if any, when the run went on from a step."""
        if not steps:
            return
        named = f"snapshot{'s' if len(steps) > 1 else ''} of step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps))}"
        message = f"the {named} cannot be used: alignment with what they hold is not measured any more"

        def say(session: Session) -> None:
            run = claims.fence(session, self.run_id, self.number)
            run_alerts.happened(session, run, AlertKind.DAMAGED_SNAPSHOT, message, step)

        PatientDatabase(self.database).write(say)
        log.warning("%s", message)


def carry_out(work: Callable[[Attempt], int], *, out_of_memory: str) -> int:
    """Do the attempt that the command line names, `RUN_ID ATTEMPT`; the exit status tells the supervisor how it ended.

    out_of_memory: what a user can do when memory does not suffice.
    """
    run_id, number = sys.argv[1], int(sys.argv[2])
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    for client in ("httpx", "httpx2"):  # which would log every request to the hub and to remote teachers
        logging.getLogger(client).setLevel(logging.WARNING)
    _die_with_parent()
    settings = Settings.read()
    database = Database(settings.sql_url)
    control = DatabaseControl(database, run_id, number)
    attempt = Attempt(run_id, number, settings, database, control, DatabaseSink(database, run_id, number))
    first = os.environ.get("RANK", "0") == "0"
    try:
        hub_token.use(settings)
        with told_to(attempt.sink.transferring) if first else contextlib.nullcontext():
            return work(attempt)
    except StopAsked:
        control.become(RunState.STOPPED, reason="stopped while something was on its way to or from the hub")
        return 0
    except StaleAttempt as error:
        log.warning("%s", error.detail)
        return EXIT_ORPHANED
    except Exception as error:  # the top of the process: every cause becomes a sentence on the run
        if passes(error):
            log.error("the database stayed away, the run goes on from its checkpoint later: %s", error)
            return EXIT_NO_DATABASE
        problem = explain(error, out_of_memory)
        problem.detail = hub_token.masked(problem.detail, settings)
        log.exception("failed: %s", problem.detail)
        with contextlib.suppress(StaleAttempt):  # another process of the same attempt was the first to fail
            control.become(RunState.FAILED, reason=problem.detail, error=problem.as_dict())
        return 1


def explain(error: Exception, out_of_memory: str) -> OpdboardError:
    """The error as one of opdboard's, with a sentence that says what to do."""
    text = str(error)
    if isinstance(error, OpdboardError):
        return error
    if (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "can't allocate memory" in text
        or "out of memory" in text
    ):
        return OutOfMemory(f"memory does not suffice; {out_of_memory}")
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or (
        isinstance(error, OperationalError)
        and any(words in text for words in ("full", "disk I/O error", "No space left"))
    ):
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
