"""New runs made from old ones."""

from opdboard.api.context import Context
from opdboard.api.runs import service
from opdboard.api.runs.schemas import RunClone, RunDetail, RunFork
from opdboard.db import evidence, runs
from opdboard.domain.run_config import RunModel

LONGEST_NAME = 200


def clone(context: Context, run_id: str, wanted: RunClone) -> RunDetail:
    """The same configuration, group and tags under a new name."""
    with context.database.read() as session:
        original = runs.get(session, run_id)
    name = wanted.name or _renamed(original.name, "copy")
    config = runs.config_of(original).model_copy(update={"name": name})
    return service.create(context, service.NewRun(config, original.group, original.tags))


def fork(context: Context, run_id: str, wanted: RunFork) -> RunDetail:
    """A run whose student is a checkpoint of this one; NotFound lists the checkpoints there are."""
    with context.database.read() as session:
        original = runs.get(session, run_id)
        step = evidence.checkpoint_at(session, run_id, wanted.step).step
    base = wanted.config or runs.config_of(original)
    name = wanted.name or (wanted.config.name if wanted.config else "") or _renamed(original.name, f"fork @ {step}")
    student = RunModel(run_id=run_id, step=step)
    config = base.model_copy(update={"student": student, "name": name})
    return service.create(context, service.NewRun(config, original.group, original.tags, forked_from=(run_id, step)))


def _renamed(name: str, suffix: str) -> str:
    return f"{name[: LONGEST_NAME - len(suffix) - 1]} {suffix}"
