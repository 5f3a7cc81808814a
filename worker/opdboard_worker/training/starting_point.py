"""Where an attempt begins: the newest checkpoint that is whole, and what is left over from earlier attempts."""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from opdboard.db import evidence
from opdboard.domain.alerts import AlertKind
from opdboard.domain.errors import ModelProblem
from opdboard.lifecycle import claims, run_alerts
from opdboard_worker.patience import PatientDatabase
from opdboard_worker.training import checkpoint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartingPoint:
    """A checkpoint's folder and step; without one the run begins at its beginning."""

    step: int = 0
    folder: Path | None = None


def starting_point(database: PatientDatabase, run_id: str, attempt: int, root: Path, folder: Path) -> StartingPoint:
    """The newest of the run's checkpoints that is whole; damaged ones after it are set aside, and an alert says so.

    folder: of the run's checkpoints. Folders that no row tells of are removed: whatever wrote or removed them was killed.
    ModelProblem when there are checkpoints and none of them is whole, or the folder of all of them is gone.
    """
    rows = database.read(lambda session: [row for row in evidence.checkpoints_of(session, run_id) if not row.removed])
    if rows and not folder.is_dir():
        raise ModelProblem(
            f"the folder of this run's {len(rows)} checkpoints, {folder}, is not there: is the data folder mounted? "
            "Make it, empty, to begin the run anew",
            where=str(folder),
        )
    _sweep(folder, {row.step for row in rows})
    wrong: dict[int, str] = {}
    for row in reversed(rows):
        found = checkpoint.damage(root / row.path, row.step)
        if found is None:
            start = StartingPoint(row.step, root / row.path)
            break
        log.warning("the checkpoint of step %d cannot be used: %s", row.step, found)
        wrong[row.step] = found
    else:
        start = StartingPoint()
    if not wrong:
        return start
    there = [step for step in wrong if checkpoint.checkpoint_folder(folder, step).exists()]
    if start.folder is None and there:
        told = "; ".join(f"step {step}: {wrong[step]}" for step in there)
        raise ModelProblem(
            f"no checkpoint of this run is whole ({told}); put one back, or remove their folders to begin the run anew",
            where=str(folder),
        )
    told = "; ".join(f"step {step}: {why}" for step, why in wrong.items())
    message = f"checkpoints cannot be used ({told}), so the run goes on from step {start.step} and does the rest again"
    for step in there:
        _set_aside(checkpoint.checkpoint_folder(folder, step))

    def say(session: Session) -> None:
        run = claims.fence(session, run_id, attempt)
        run_alerts.happened(session, run, AlertKind.DAMAGED_CHECKPOINT, message, start.step)

    database.write(say)
    log.warning("%s", message)
    return start


def _sweep(folder: Path, known: set[int]) -> None:
    """What a kill between writing, announcing and removing has left."""
    for path in [*folder.glob("step-??????"), *folder.glob(".step-*.partial")]:
        number = path.name.removeprefix("step-")
        if not (number.isdigit() and int(number) in known):
            log.info("removing %s, which a killed attempt has left", path.name)
            shutil.rmtree(path, ignore_errors=True)


def _set_aside(path: Path) -> None:
    """Under a name that nothing takes for a checkpoint."""
    aside = path.with_name(f"{path.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)
