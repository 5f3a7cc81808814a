"""New runs made from old ones."""

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.runs import service
from opdboard.api.runs.schemas import RunClone, RunDetail, RunFork
from opdboard.db import evidence, runs
from opdboard.domain.model_sources import RunModel
from opdboard.lifecycle.births import NewRun

LONGEST_NAME = 200


def clone(context: Context, run_id: str, wanted: RunClone) -> RunDetail:
    """The same configuration, group and tags under a new name."""
    with context.database.read() as session:
        original = runs.get(session, run_id)
    name = wanted.name or _renamed(original.name, "copy")
    config = runs.config_of(original).model_copy(update={"name": name})
    return service.create(context, NewRun(config, original.group, original.tags, copied_from=run_id))


def fork(context: Context, run_id: str, wanted: RunFork) -> RunDetail:
    """A run whose student is a checkpoint of this one, or a candidate it tried; NotFound lists what there is."""
    with context.database.read() as session:
        original = runs.get(session, run_id)
        student = _weights(session, run_id, wanted)
    base = wanted.config or runs.config_of(original)
    name = wanted.name or (wanted.config.name if wanted.config else "") or _renamed(original.name, _suffix(student))
    config = base.model_copy(update={"student": student, "name": name})
    return service.create(context, NewRun(config, original.group, original.tags))


def _weights(session: Session, run_id: str, wanted: RunFork) -> RunModel:
    if wanted.factor is None:
        return RunModel(run_id=run_id, step=evidence.checkpoint_at(session, run_id, wanted.step).step)
    if wanted.step is None:
        raise InvalidFields([FieldProblem(path="step", message="name the step at which the factor was tried")])
    return RunModel(run_id=run_id, step=evidence.candidates_at(session, run_id, wanted.step).step, factor=wanted.factor)


def _suffix(student: RunModel) -> str:
    return f"fork @ {student.step}" + ("" if student.factor is None else f" × {student.factor:g}")


def _renamed(name: str, suffix: str) -> str:
    return f"{name[: LONGEST_NAME - len(suffix) - 1]} {suffix}"
