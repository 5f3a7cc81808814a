"""Takes the reports of other trainers."""

import json

from opdboard.api.context import Context
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.reported.schemas import (
    MOST_CONFIG,
    AttemptBegun,
    AttemptCreate,
    PointsAdded,
    PointsCreate,
    ReportedEnd,
    ReportedRunCreate,
    ReportedVector,
)
from opdboard.api.rows import filled
from opdboard.api.series.service import STATISTICS
from opdboard.db import runs
from opdboard.db.series import NewPoints
from opdboard.domain.measures import POSITION_BINS, POSITION_STATISTIC
from opdboard.domain.modules import Module, module_of
from opdboard.domain.provenance import Provenance
from opdboard.domain.records import ModuleVector
from opdboard.domain.run_state import RunState
from opdboard.domain.storable import problems_in
from opdboard.lifecycle import reporting
from opdboard.lifecycle.births import NewRun, Reported


def create(context: Context, wanted: ReportedRunCreate) -> AttemptBegun:
    """A run in state running, under its first attempt."""
    size = len(json.dumps(wanted.config))
    if size > MOST_CONFIG:
        message = f"is {size} characters of JSON, more than {MOST_CONFIG}: every filter of the runs table reads it"
        raise InvalidFields([FieldProblem(path="config", message=message)])
    _check_made_with(wanted.made_with)
    about = Reported(wanted.name, wanted.method, wanted.total_steps, wanted.config, wanted.student, wanted.teacher)
    new = NewRun(about, wanted.group, wanted.tags, wanted.notes)
    with context.database.write() as session:
        run = reporting.create(session, new, device=wanted.device, modules=_modules(wanted), made_with=wanted.made_with)
        return AttemptBegun(run_id=run.id, attempt=run.attempt)


def _check_made_with(told: Provenance | None) -> None:
    """InvalidFields where no database holds a text of it."""
    found = [] if told is None else problems_in(told.model_dump(mode="json"))
    wrong = [FieldProblem(path=f"made_with.{path}", message=why) for path, why in found]
    if wrong:
        raise InvalidFields(wrong)


def _modules(wanted: ReportedRunCreate) -> list[Module]:
    known = [module_of(module.name, module.shape) for module in wanted.modules]
    wrong = [
        FieldProblem(path=f"modules.{index}.name", message=f"{module.name!r} is no attention or MLP matrix of a layer")
        for index, module in enumerate(wanted.modules)
        if known[index] is None
    ]
    if wrong:
        raise InvalidFields(wrong)
    return [module for module in known if module is not None]


def begin_again(context: Context, run_id: str, wanted: AttemptCreate) -> AttemptBegun:
    """The next attempt at a reported run."""
    _check_made_with(wanted.made_with)
    with context.database.write() as session:
        run = reporting.begin_again(session, run_id, wanted.step, wanted.made_with)
        return AttemptBegun(run_id=run.id, attempt=run.attempt)


def append(context: Context, run_id: str, report: PointsCreate) -> PointsAdded:
    """Store what is new of a report."""
    points = {key: NewPoints(one.steps, one.numbers(), one.moments()) for key, one in report.series.items()}
    with context.database.write() as session:
        modules = len(runs.get(session, run_id).modules) if report.vectors else 0
        vectors = [_vector(modules, index, vector) for index, vector in enumerate(report.vectors)]
        appended = reporting.append(session, run_id, report.attempt, points, vectors)
    return filled(PointsAdded, appended)


def _vector(modules: int, index: int, given: ReportedVector) -> ModuleVector:
    path = f"vectors.{index}"
    if given.statistic not in STATISTICS:
        message = f"there is no statistic {given.statistic!r}; statistics are {', '.join(STATISTICS)}"
        raise InvalidFields([FieldProblem(path=f"{path}.statistic", message=message)])
    wanted = POSITION_BINS if given.statistic == POSITION_STATISTIC else modules
    if len(given.values) != wanted:
        message = f"{given.statistic} takes {wanted} values, got {len(given.values)}"
        raise InvalidFields([FieldProblem(path=f"{path}.values", message=message)])
    values = [float("nan") if value is None else value for value in given.values]
    return ModuleVector(given.statistic, given.step, values, given.reference_step)


def end(context: Context, run_id: str, wanted: ReportedEnd) -> None:
    """Write down how the run ended."""
    with context.database.write() as session:
        reporting.end(session, run_id, wanted.attempt, RunState(wanted.state), wanted.detail)
