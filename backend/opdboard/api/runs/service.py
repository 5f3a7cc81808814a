"""What may be done with runs, and how they look to a client."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from opdboard.api.commands.service import command_out
from opdboard.api.context import Context
from opdboard.api.parameters import LARGEST_INTEGER
from opdboard.api.problems import FieldProblem, InvalidFields
from opdboard.api.rows import filled
from opdboard.api.runs.schemas import RunChange, RunDetail, RunSummary
from opdboard.api.sending import send
from opdboard.db import analyses, commands, evidence, lineage, playgrounds, runs
from opdboard.db.tables import Run
from opdboard.domain.chain import recipe, taught_by, teacher_group, teacher_run
from opdboard.domain.commands import asked_of, possible
from opdboard.domain.errors import BadInput, Conflict, NotFound
from opdboard.domain.events import Topic
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_config import RunConfig
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import RunState
from opdboard.domain.storable import problems_in
from opdboard.domain.teachers import RemoteTeacher
from opdboard.lifecycle import births
from opdboard.lifecycle.births import NewRun
from opdboard.settings import Settings
from opdboard.teacher_keys import check_key

NOTE_CHARACTERS = 160


def summary(run: Run) -> RunSummary:
    """A run as tables show it."""
    return filled(RunSummary, run, **_worked_out(run))


def _worked_out(run: Run) -> dict[str, Any]:
    kind = RunKind(run.kind)
    return {
        "is_job": kind.is_job,
        "possible": possible(kind, RunState(run.state)),
        "note": run.notes[:NOTE_CHARACTERS],
        "learning_rate": _learning_rate(run),
        "seconds_left": _seconds_left(run),
    }


def _learning_rate(run: Run) -> float | None:
    """The configured peak; a reported run may name it as its trainer does."""
    if run.kind == RunKind.TRAINED:
        return run.config["optimizer"]["learning_rate"]
    rate = run.config.get("learning_rate")
    try:
        return float(rate) if isinstance(rate, int | float) else None
    except OverflowError:
        return None


def _seconds_left(run: Run) -> float | None:
    """At the mean pace so far, by the run's own clock, which stands still in pauses; of steps unless it tells its share."""
    spent = run.latest.get("seconds")
    if not RunState(run.state).active or not run.step or not spent:
        return None
    told = run.latest.get("share_done") if RunKind(run.kind).is_job else None
    done = told or run.step / max(run.total_steps, run.step)
    return spent / done * (1 - done)


def rendered(session: Session, run: Run) -> RunDetail:
    """The run with its configuration."""
    return filled(
        RunDetail,
        run,
        **_worked_out(run),
        config=runs.config_of(run) if run.kind == RunKind.TRAINED else None,
        reported_config=run.config if run.kind == RunKind.REPORTED else None,
        job_config=run.config if RunKind(run.kind).is_job else None,
        commands=list(asked_of(RunKind(run.kind))),
        commands_pending=[command_out(row) for row in commands.pending(session, run.id)],
    )


def detail(context: Context, run_id: str) -> RunDetail:
    """One run with its configuration."""
    with context.database.read() as session:
        return rendered(session, runs.get(session, run_id))


def create(context: Context, wanted: NewRun[RunConfig]) -> RunDetail:
    """Store a new run and, once it is committed, tell the workers."""
    return create_all(context, [wanted])[-1]


def create_all(context: Context, wanted: Sequence[NewRun[RunConfig]]) -> list[RunDetail]:
    """Store all of these runs or, when one is refused, none; tell the workers once they are committed.

    Runs that make a teacher come first, then those wanted in their order.
    """
    for one in wanted:
        check_storable(one.config)
        check_teacher_key(context.settings, one.config)
    with context.database.write() as session:
        teachers: dict[str, RunDetail] = {}
        made = [_create(session, _with_teacher(session, one, teachers)) for one in wanted]
    everything = [*teachers.values(), *made]
    for run in everything:
        send(context.queue, run.id)
    return everything


def _with_teacher(session: Session, wanted: NewRun[RunConfig], teachers: dict[str, RunDetail]) -> NewRun[RunConfig]:
    """The run with its teacher's run made, once for all that are taught by the same one."""
    first = teacher_run(wanted.config)
    if first is None:
        return wanted
    key = recipe(first)
    if key not in teachers:
        teachers[key] = _create(session, NewRun(first, teacher_group(wanted.group, first), wanted.tags, wanted.notes))
    return replace(wanted, config=taught_by(wanted.config, teachers[key].id))


def _create(session: Session, wanted: NewRun[RunConfig]) -> RunDetail:
    check_sources(session, wanted.config)
    return rendered(session, births.add(session, wanted))


def check_storable(config: RunConfig) -> None:
    """InvalidFields where a value is valid but no database could hold it."""
    if config.budget.steps > LARGEST_INTEGER:
        raise InvalidFields([FieldProblem(path="budget.steps", message=f"must not exceed {LARGEST_INTEGER}")])
    check_text(config.model_dump(mode="json"))


def check_text(config: dict[str, Any]) -> None:
    """InvalidFields where the configuration has a number or a text that no database holds."""
    wrong = [FieldProblem(path=path, message=why) for path, why in problems_in(config)]
    if wrong:
        raise InvalidFields(wrong)


def check_teacher_key(settings: Settings, config: RunConfig) -> None:
    """InvalidFields where a key would be sent that this installation does not allow, or to another address than its own."""
    if not isinstance(config.teacher, RemoteTeacher):
        return
    try:
        check_key(config.teacher, settings.teacher_keys)
    except BadInput as problem:
        raise InvalidFields([FieldProblem(path=problem.where or "", message=problem.detail)]) from problem


def check_sources(session: Session, config: RunConfig) -> None:
    """InvalidFields where weights of a run that are to be loaded neither exist nor will."""
    wrong = []
    for path, source in config.sources.items():
        if isinstance(source, RunModel):
            try:
                if lineage.awaited(session, source):
                    continue
            except NotFound as problem:
                wrong.append(FieldProblem(path=f"{path}.run_id", message=problem.detail))
                continue
            try:
                evidence.weights_path(session, source)
            except NotFound as problem:
                wrong.append(FieldProblem(path=f"{path}.step", message=problem.detail))
    if wrong:
        raise InvalidFields(wrong)


def change(context: Context, run_id: str, wanted: RunChange) -> RunDetail:
    """Set what was given, leave the rest."""
    with context.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        for name, value in wanted.model_dump(exclude_none=True).items():
            setattr(run, name, value)
        runs.touch(run, Topic.STATE)
        return rendered(session, run)


def delete(context: Context, run_id: str) -> None:
    """Remove rows, then files; Conflict names what is in the way. What was found about the run goes with it."""
    with context.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        if RunState(run.state).active:
            raise Conflict(f"run {run_id} is {run.state}; stop it before deleting it", where=run_id)
        needing = [other.name for other in lineage.unfinished_users(session, run_id) if other.id != run_id]
        if needing:
            raise Conflict(f"unfinished runs load weights of this one: {', '.join(needing)}", where=run_id)
        about = [*analyses.of_runs(session, [run_id]), *playgrounds.about_runs(session, [run_id])]
        gone = [run_id, *(one.id for one in about)]
        if run.kind == RunKind.ANALYSIS:
            analyses.touch_subject(session, run)
        for one in gone:
            runs.delete_run(session, one)
    for one in gone:
        _delete_files(context.settings, one)


def delete_old(context: Context, run_ids: Sequence[str]) -> None:
    """Remove jobs that are over, but those that somebody else has deleted or queued again meanwhile."""
    for one in run_ids:
        with suppress(NotFound, Conflict):
            delete(context, one)


def _delete_files(settings: Settings, run_id: str) -> None:
    folder = settings.run_folder(run_id)
    if folder.is_symlink():
        folder.unlink()
    elif folder.resolve().parent == (settings.root / "runs").resolve():
        shutil.rmtree(folder, ignore_errors=True)
