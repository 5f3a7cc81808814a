"""Reads checks, and has workers make them."""

import time

from opdboard.api.context import Context
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.runs import service as runs_service
from opdboard.api.runs.schemas import RunDetail
from opdboard.api.sending import send
from opdboard.db import checks, runs
from opdboard.domain.check import Check
from opdboard.domain.errors import NotFound
from opdboard.domain.run_config import RunConfig
from opdboard.domain.teachers import TrainedTeacher
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun, ToCheck

KEPT_SECONDS = 3600.0
"""For which a check that was asked for stays after its end."""


def read(context: Context, run_id: str) -> Check:
    """The run's; NotFound where it has none yet."""
    with context.database.read() as session:
        runs.get(session, run_id)
        found = checks.of_runs(session, [run_id]).get(run_id)
    if found is None:
        raise NotFound(f"run {run_id} has no check: it is made when the models have been loaded", where=run_id)
    return found


def create(context: Context, config: RunConfig) -> RunDetail:
    """Queue it and, once that is committed, tell the workers; checks that have been read long ago go."""
    if isinstance(config.teacher, TrainedTeacher):
        message = "the launch makes this teacher; check the pair once its run has a checkpoint"
        raise InvalidFields([FieldProblem(path="teacher.kind", message=message)])
    runs_service.check_storable(config)
    runs_service.check_teacher_key(context.settings, config)
    with context.database.write() as session:
        runs_service.check_sources(session, config)
        made = runs_service.rendered(session, births.add(session, NewRun(ToCheck(config))))
        old = checks.asked_before(session, time.time() - KEPT_SECONDS)
    send(context.queue, made.id)
    runs_service.delete_old(context, old)
    return made
