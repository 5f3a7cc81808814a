"""What a launch would do, computed while its configuration is still being edited."""

import time
from collections.abc import Sequence
from functools import reduce
from operator import add
from statistics import median

from sqlalchemy.orm import Session

from opdboard.api.context import Context
from opdboard.api.launch import models, places
from opdboard.api.launch.schemas import (
    FootprintOut,
    PaceOut,
    PartOut,
    PlaceOut,
    PlannedRunOut,
    PlanOut,
    SweepIn,
    WorkloadOut,
)
from opdboard.api.launch.sweeps import Planned, planned, with_teachers
from opdboard.api.problems import InvalidFields
from opdboard.api.rows import filled
from opdboard.api.runs.service import check_sources, check_teacher_key
from opdboard.db import overview, pace
from opdboard.db.tables import Run
from opdboard.domain import footprint
from opdboard.domain.run_config import RunConfig
from opdboard.domain.workload import workload
from opdboard.queue import queue_for


def plan(context: Context, wanted: SweepIn) -> PlanOut:
    """Counts, sizes, pace and place; or what is wrong with which field."""
    try:
        runs = with_teachers(planned(wanted))
        for run in runs:
            check_teacher_key(context.settings, run.config)
        with context.database.read() as session:
            for run in runs:
                check_sources(session, run.config)
            sizes = [models.sizes(session, context, run.config) for run in runs]
            unknown = next((size.unknown for size in sizes if size.unknown), None)
            return PlanOut(
                problems=[],
                runs=[_run(run) for run in runs],
                workload=filled(WorkloadOut, reduce(add, (workload(run.config) for run in runs))),
                footprint=None if unknown else _footprint(runs, sizes),
                footprint_unknown=unknown,
                pace=_pace(session, runs),
                place=_place(context, session, runs[0].config),
                unseen=places.unseen(context, runs[-1].config),
            )
    except InvalidFields as error:
        return PlanOut(problems=error.fields)


def _run(run: Planned) -> PlannedRunOut:
    name = run.config.name or f"{run.config.method} and the time"
    return PlannedRunOut(name=name, group=run.group, values=run.values, steps=run.config.budget.steps)


def _footprint(runs: Sequence[Planned], sizes: Sequence[models.Sizes]) -> FootprintOut:
    """Memory of the largest run, since a worker trains one at a time; disk of all of them."""
    known = [(run.config, size.student, size.teacher) for run, size in zip(runs, sizes, strict=True)]
    pairs = [(config, student, teacher) for config, student, teacher in known if student and teacher]
    memories = [footprint.memory(config, student, teacher) for config, student, teacher in pairs]
    largest = max(memories, key=footprint.peak)
    config, student, _ = pairs[memories.index(largest)]
    disks = [footprint.disk(config, student) for config, student, _ in pairs]
    totals: dict[str, int] = {}
    for part in (part for parts in disks for part in parts):
        totals[part.name] = totals.get(part.name, 0) + part.bytes
    return FootprintOut(
        parameters=student.parameters,
        memory_bytes=footprint.peak(largest),
        memory=[filled(PartOut, part) for part in largest],
        checkpoint_bytes=footprint.checkpoint_bytes(config, student),
        disk_bytes=sum(totals.values()),
        disk=[PartOut(name=name, bytes=size, phase="always") for name, size in totals.items()],
    )


def _pace(session: Session, runs: Sequence[Planned]) -> PaceOut | None:
    """None as soon as one of the runs has no precedent."""
    students = {run.config.student.label for run in runs}
    past = {student: pace.past_runs(session, student) for student in students}
    seconds, per_step, used, with_search, memory = 0.0, [], set(), True, []
    for run in runs:
        alike = [old for old in past[run.config.student.label] if _alike(old, run.config)]
        if not alike:
            return None
        step = median((old.latest["seconds"] - old.latest.get("search_seconds", 0.0)) / old.step for old in alike)
        counts = workload(run.config)
        seconds += counts.steps * step
        per_step.append(step)
        used |= {old.id for old in alike}
        memory += [old.latest["memory_bytes"] for old in alike if old.latest.get("memory_bytes")]
        searched = [old for old in alike if old.config["strategy"] == run.config.strategy.model_dump(mode="json")]
        if counts.triggers and searched:
            seconds += counts.triggers * median(
                old.latest["search_seconds"] / old.step.bit_length() for old in searched
            )
        with_search = with_search and (not counts.triggers or bool(searched))
    return PaceOut(
        runs=len(used),
        seconds=seconds,
        seconds_per_step=median(per_step),
        search_included=with_search,
        memory_bytes=max(memory, default=None),
    )


def _alike(old: Run, config: RunConfig) -> bool:
    """The same student, objective, batch, response length and number of devices, with a clock that ran."""
    budget = old.config["budget"]
    return (
        old.config["student"] == config.student.model_dump(mode="json")
        and old.config["objective"].get("kind") == config.objective.kind
        and old.config.get("devices", 1) == config.devices
        and budget["batch_size"] == config.budget.batch_size
        and budget["max_response_tokens"] == config.budget.max_response_tokens
        and bool(old.latest.get("seconds"))
    )


def _place(context: Context, session: Session, config: RunConfig) -> PlaceOut:
    queue = queue_for(config.device)
    alive_since = time.time() - context.settings.lease_seconds
    workers = pace.listening(session, queue, alive_since=alive_since)
    waiting = [run for run in overview.queued(session) if run.config["device"] == config.device]
    totals = [worker.load["memory_total"] for worker in workers if worker.load.get("memory_total")]
    return PlaceOut(
        queue=queue,
        workers=[worker.id for worker in workers],
        free_workers=sum(worker.run_id is None for worker in workers),
        queued_before=len(waiting),
        memory_total=max(totals, default=None),
    )
