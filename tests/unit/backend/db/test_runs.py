"""Runs on both engines: queries, the fence, claims, requeueing, deletion."""

import pytest
from sqlalchemy import select
from support.stored_runs import create, filled, move, start

from opdboard.db import lineage, runs
from opdboard.db.database import Database
from opdboard.db.tables import Run, Table
from opdboard.domain.commands import Command, request_of
from opdboard.domain.errors import NotFound
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_state import RunState
from opdboard.domain.teachers import ModelTeacher
from opdboard.lifecycle import steering


def test_a_new_run_is_queued_and_described(database: Database):
    run_id = create(database, name="first")
    with database.read() as session:
        run = runs.get(session, run_id)
        assert (run.state, run.method, run.student, run.teacher) == ("queued", "opd", "demo base", "demo teacher")
        assert [change.to_state for change in runs.history(session, run_id)] == ["queued"]


def test_colours_go_round_in_order_of_creation(database: Database):
    made = [create(database) for _ in range(10)]
    with database.read() as session:
        assert [runs.get(session, run_id).color for run_id in made] == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]


def test_an_unknown_run_is_named(database: Database):
    with database.read() as session, pytest.raises(NotFound, match="nobody"):
        runs.get(session, "nobody")


def test_deleting_a_run_deletes_everything_of_it(database: Database):
    kept, _ = filled(database)
    gone, _ = filled(database)
    with database.write() as session:
        steering.ask(session, runs.get(session, gone, lock=True), request_of(Command.PAUSE), actor="test")
        counts = _rows_of(session, kept)
        runs.delete_run(session, gone)
    with database.read() as session:
        assert _rows_of(session, gone) == {}
        assert _rows_of(session, kept) == counts
        assert session.scalars(select(Run.id)).all() == [kept]


def _rows_of(session, run_id: str) -> dict[str, int]:
    tables = [
        table
        for table in Table.metadata.sorted_tables
        if "run_id" in table.c and table.name not in ("workers", "deleted_runs")
    ]
    counts = {
        table.name: len(session.execute(table.select().where(table.c.run_id == run_id)).all()) for table in tables
    }
    decisions = Table.metadata.tables["decisions"]
    candidates = Table.metadata.tables["candidates"].join(decisions)
    counts["candidates"] = len(
        session.execute(select(decisions.c.id).select_from(candidates).where(decisions.c.run_id == run_id)).all()
    )
    return {name: count for name, count in counts.items() if count}


def test_unfinished_runs_that_load_a_run_are_found(database: Database):
    source, _ = start(database)
    student = RunModel(run_id=source, step=4)
    needing = create(database, student=student)
    also = create(database, teacher=ModelTeacher(source=RunModel(run_id=source)))
    with database.read() as session:
        assert {run.id for run in lineage.unfinished_users(session, source)} == {needing, also}
    move(database, needing, RunState.STOPPED)
    with database.read() as session:
        assert [run.id for run in lineage.unfinished_users(session, source)] == [also]


def test_queued_runs_without_a_message_are_found(database: Database):
    first, second = create(database), create(database)
    with database.write() as session:
        runs.get(session, second).sent_at = 500.0
    with database.read() as session:
        assert [run.id for run in runs.waiting(session, sent_before=100.0)] == [first]
        assert [run.id for run in runs.waiting(session, sent_before=501.0)] == [first, second]


def test_silent_and_held_runs_are_found(database: Database):
    run_id, _ = start(database)
    create(database)
    with database.read() as session:
        assert [run.id for run in runs.held_by(session, ["host:1:0"])] == [run_id]
        assert runs.held_by(session, ["host:2:0"]) == []
        assert [run.id for run in runs.held(session)] == [run_id]
