"""Runs that wait for the weights of other runs, on both engines."""

import time

import pytest
from support.stored_runs import claim, create, move, record, start

from opdboard.db import evidence, lineage, runs
from opdboard.db.database import Database
from opdboard.domain.model_sources import RunModel
from opdboard.domain.records import CheckpointRecord
from opdboard.domain.run_state import RunState
from opdboard.domain.teachers import ModelTeacher
from opdboard.lifecycle import claims


def taught(database: Database, source: str, step: int | None = None) -> str:
    return create(database, name="taught", teacher=ModelTeacher(source=RunModel(run_id=source, step=step)))


def ready(database: Database) -> list[str]:
    with database.write() as session:
        return [run.id for run in claims.ready(session, time.time())]


def checkpoint(database: Database, run_id: str, step: int) -> None:
    with database.write() as session:
        record_of = CheckpointRecord(step=step, path=f"runs/{run_id}/{step}", bytes=1, reason="schedule")
        evidence.add_checkpoints(session, run_id, 1, [record_of])


def test_a_run_waits_until_the_run_that_teaches_it_has_ended(database: Database):
    teacher, attempt = start(database)
    student = taught(database, teacher)
    record(database, teacher, attempt, 3, {})
    checkpoint(database, teacher, 3)
    with database.write() as session:
        assert claims.claim(session, student, "host:1:0") is None, "a checkpoint on the way is not the last one"
        relation, source = lineage.waits_for(session, runs.config_of(runs.get(session, student))) or ("", None)
        assert (relation, source and source.id) == ("teacher", teacher)
    assert ready(database) == []
    move(database, teacher, RunState.FINISHED)
    assert ready(database) == [student]
    assert claim(database, student) == 1


def test_a_named_step_is_waited_for_no_longer_than_it_takes(database: Database):
    teacher, attempt = start(database)
    student = taught(database, teacher, step=4)
    assert ready(database) == []
    record(database, teacher, attempt, 4, {})
    checkpoint(database, teacher, 4)
    assert ready(database) == [student]


def test_a_run_fails_with_the_run_that_should_have_taught_it_and_can_be_resumed(database: Database):
    teacher, _ = start(database)
    student = taught(database, teacher)
    move(database, teacher, RunState.FAILED)
    assert ready(database) == []
    with database.write() as session:
        run = runs.get(session, student)
        assert run.state == RunState.FAILED and run.error is not None
        assert run.error["error"] == "SourceFailed" and run.error["where"] == teacher
    move(database, teacher, RunState.QUEUED)
    move(database, student, RunState.QUEUED)
    with database.write() as session:
        assert claims.claim(session, student, "host:1:0") is None
    assert ready(database) == [teacher]


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.FINISHED])
def test_a_run_that_has_ended_is_not_waited_for(database: Database, state: RunState):
    teacher, _ = start(database)
    move(database, teacher, state)
    assert ready(database) == [] and claim(database, taught(database, teacher)) == 1
