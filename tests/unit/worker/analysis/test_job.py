"""A job's steps: each stored once whatever happens between them, commands obeyed between them."""

import os
import signal
from collections.abc import Iterator

import pytest

from opdboard.db import commands, runs, series
from opdboard.db.database import Database
from opdboard.domain.commands import request_of
from opdboard.domain.errors import BadInput, StaleAttempt
from opdboard.domain.records import Batch
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, steering
from opdboard_worker.analysis import interventions
from opdboard_worker.analysis.job import Job, do_job
from opdboard_worker.exits import EXIT_INTERRUPTED


def counting(last: int, before: dict[int, object] | None = None):
    """A job that reports the square of each step; before: what to do ahead of a step."""

    def steps(after: int) -> Iterator[Batch | None]:
        for step in range(max(after, 0) + 1, last + 1):
            yield None
            action = (before or {}).get(step)
            if callable(action):
                action()
            yield Batch(step=step, at=0.0, scalars={"score": float(step**2)})

    return lambda attempt, config: Job(steps, last)


def scores(database: Database, run_id: str) -> dict[int, float]:
    with database.read() as session:
        points = series.read_scalars(session, run_id, ["score"]).get("score")
    return {} if points is None else dict(zip(points.steps.tolist(), points.values.tolist(), strict=True))


def state(database: Database, run_id: str) -> RunState:
    with database.read() as session:
        return RunState(runs.get(session, run_id).state)


def ask(database: Database, run_id: str, command: str) -> None:
    with database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of(command), actor="me")


def die() -> None:
    raise KeyboardInterrupt  # nothing below the top of a process catches it: as good as kill -9


def test_steps_are_stored_as_they_come_and_tell_the_time_left(attempt, analysis, sqlite_database):
    told = []

    def look() -> None:
        with sqlite_database.read() as session:
            run = runs.get(session, analysis)
            told.append((run.step, run.total_steps, run.latest["score"], run.latest["seconds"] >= 0))

    assert do_job(attempt(analysis), counting(3, {3: look})) == 0
    assert told == [(2, 3, 4.0, True)]
    assert scores(sqlite_database, analysis) == {1: 1.0, 2: 4.0, 3: 9.0}
    assert state(sqlite_database, analysis) is RunState.FINISHED


def test_a_lost_process_goes_back_to_the_queue_and_does_nothing_twice(attempt, analysis, sqlite_database):
    first = attempt(analysis)
    with pytest.raises(KeyboardInterrupt):
        do_job(first, counting(4, {3: die}))
    with sqlite_database.write() as session:
        assert claims.give_back(session, runs.get(session, analysis, lock=True), "killed") is RunState.QUEUED
    done = []
    second = attempt(analysis)
    assert do_job(second, counting(4, {step: lambda: done.append(1) for step in range(1, 5)})) == 0
    assert len(done) == 2
    assert scores(sqlite_database, analysis) == {1: 1.0, 2: 4.0, 3: 9.0, 4: 16.0}
    with pytest.raises(StaleAttempt):
        first.sink.write(Batch(step=9, at=0.0, scalars={"score": 0.0}))


def test_stop_is_obeyed_within_a_step_and_resume_goes_on_behind_the_last_one(attempt, analysis, sqlite_database):
    job = counting(4, {2: lambda: ask(sqlite_database, analysis, "stop")})
    assert do_job(attempt(analysis), job) == 0
    assert state(sqlite_database, analysis) is RunState.STOPPED
    assert scores(sqlite_database, analysis) == {1: 1.0, 2: 4.0}
    ask(sqlite_database, analysis, "resume")
    assert do_job(attempt(analysis), counting(4)) == 0
    assert scores(sqlite_database, analysis) == {1: 1.0, 2: 4.0, 3: 9.0, 4: 16.0}


def test_a_paused_job_that_is_stopped_ends(attempt, analysis, sqlite_database):
    def pause_then_stop() -> None:
        ask(sqlite_database, analysis, "pause")
        ask(sqlite_database, analysis, "stop")

    assert do_job(attempt(analysis), counting(3, {2: pause_then_stop})) == 0
    assert state(sqlite_database, analysis) is RunState.STOPPED
    with sqlite_database.read() as session:
        assert not commands.pending(session, analysis)


def test_an_interrupted_job_leaves_between_steps(attempt, analysis, sqlite_database):
    before = signal.getsignal(signal.SIGTERM)
    try:
        job = counting(4, {2: lambda: os.kill(os.getpid(), signal.SIGTERM)})
        assert do_job(attempt(analysis), job) == EXIT_INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    assert scores(sqlite_database, analysis) == {1: 1.0, 2: 4.0}
    assert state(sqlite_database, analysis) is RunState.RUNNING  # its supervisor gives it back


def test_an_analysis_that_no_worker_knows_is_refused_by_name(attempt, analysis, sqlite_database):
    with pytest.raises(BadInput, match="nothing_yet"):
        do_job(attempt(analysis), interventions.prepare)
