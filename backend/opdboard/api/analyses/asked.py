"""From what was asked for to what will be done: parameters checked, and the checkpoints that were left open named."""

from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from opdboard.api.problems import FieldProblem, InvalidFields, problems
from opdboard.db import evidence, runs
from opdboard.domain.agreement import check_readable
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.errors import NotFound
from opdboard.domain.evaluation import Evaluate
from opdboard.domain.interventions import INTERVENTIONS, RankOneTrajectory
from opdboard.domain.run_config import RunConfig

EARLY_SHARE = 0.1
"""The paper's early checkpoint: at 10% of training."""


def completed(session: Session, config: AnalysisConfig) -> AnalysisConfig:
    """The configuration with every parameter set; InvalidFields beside the parameter that is wrong. NotFound without the run."""
    intervention = INTERVENTIONS.get(config.kind)
    if intervention is None:
        known = ", ".join(INTERVENTIONS)
        raise InvalidFields([FieldProblem(path="kind", message=f"there is no {config.kind!r}; choose one of {known}")])
    subject = runs.get(session, config.run_id)
    try:
        parameters = intervention.read(config.parameters).model_dump(mode="json")
    except ValidationError as error:
        found = problems(error.errors(), config.parameters)
        raise InvalidFields(
            [FieldProblem(path=f"parameters.{one.path}", message=one.message) for one in found]
        ) from None
    if intervention.parameters is not RankOneTrajectory:
        scored = runs.config_of(subject)  # scoring needs the prompts that it names
        if intervention.parameters is Evaluate:
            parameters |= _evaluated(session, config.run_id, parameters, scored)
        else:
            parameters |= _checkpoints(session, config.run_id, parameters)
    return config.model_copy(update={"parameters": parameters})


def _checkpoints(session: Session, run_id: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The checkpoints meant, all of which are on disk."""
    if "steps" in parameters:
        present = [one.step for one in evidence.checkpoints_of(session, run_id) if not one.removed and one.step > 0]
        wanted = sorted(set(parameters["steps"])) or present
        for place, step in enumerate(wanted):
            _present(session, run_id, step, f"steps.{place}")
        if not wanted:
            _present(session, run_id, None, "steps")
        return {"steps": wanted}
    if parameters.get("factor") is not None:
        return {"step": _kept_candidates(session, run_id, parameters["step"])}
    step = _present(session, run_id, parameters["step"], "step")
    if "early_step" not in parameters:
        return {"step": step}
    early = parameters["early_step"]
    if early is None:
        earlier = [one.step for one in evidence.checkpoints_of(session, run_id) if not one.removed and one.step < step]
        early = min((one for one in earlier if one > 0), key=lambda one: abs(one - EARLY_SHARE * step), default=None)
    elif early >= step:
        raise _wrong("early_step", f"must be before the final checkpoint, step {step}")
    if early is None:
        raise _wrong(
            "early_step", f"run {run_id} keeps no checkpoint before step {step}; raise budget.keep_checkpoints"
        )
    return {"step": step, "early_step": _present(session, run_id, early, "early_step")}


def _evaluated(session: Session, run_id: str, parameters: dict[str, Any], subject: RunConfig) -> dict[str, Any]:
    """The run's own sets where none is named, and its latest checkpoint."""
    asked = Evaluate.model_validate(parameters)
    sets = asked.sets or subject.evaluation.sets
    if not sets:
        raise _wrong("sets", "the run has no sets of its own; add one")
    for place, one in enumerate(sets):
        try:
            check_readable(one.data, subject.student, f"sets.{place}.data")
        except ValueError as error:
            raise _wrong(f"sets.{place}.data", str(error)) from None
    teacher = subject.teacher
    if asked.teacher and not (teacher.scores and teacher.loaded):
        lack = "a teacher behind a server gives scores and no answers" if teacher.scores else "the run has none"
        raise _wrong("teacher", f"{lack}; evaluate without the teacher")
    if asked.all_checkpoints or asked.steps:
        steps = _checkpoints(session, run_id, {"steps": () if asked.all_checkpoints else asked.steps})
    else:
        steps = {"steps": [_present(session, run_id, None, "steps")]}
    return steps | {"sets": [one.model_dump(mode="json") for one in sets]}


def _present(session: Session, run_id: str, step: int | None, name: str) -> int:
    try:
        return evidence.checkpoint_at(session, run_id, step).step
    except NotFound as problem:
        raise _wrong(name, problem.detail) from None


def _kept_candidates(session: Session, run_id: str, step: int | None) -> int:
    if step is None:
        raise _wrong("step", "name the step at which the factor was tried")
    try:
        return evidence.candidates_at(session, run_id, step).step
    except NotFound as problem:
        raise _wrong("step", problem.detail) from None


def _wrong(name: str, message: str) -> InvalidFields:
    return InvalidFields([FieldProblem(path=f"parameters.{name}", message=message)])
