"""Runs on both engines: queries, the fence, claims, requeueing, deletion."""

import threading

import pytest
from sqlalchemy import select
from support.stored_runs import begin, claim, create, filled, move, record, start

from opdboard.db import lineage, runs, steering
from opdboard.db.database import Database
from opdboard.db.tables import Run, Table
from opdboard.domain.commands import Command, request_of
from opdboard.domain.errors import IllegalTransition, NotFound, StaleAttempt
from opdboard.domain.model_sources import RunModel
from opdboard.domain.run_state import RunState
from opdboard.domain.teachers import ModelTeacher


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


def test_two_workers_race_for_a_run_and_one_wins(database: Database):
    run_id = create(database)
    together = threading.Barrier(2)
    won: list[int | None] = []

    def race(worker: str) -> None:
        together.wait()
        with database.write() as session:
            won.append(runs.claim(session, run_id, worker))

    threads = [threading.Thread(target=race, args=(f"host:{number}:0",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won, key=str) == [1, None]
    with database.read() as session:
        assert len(runs.attempts(session, run_id)) == 1


def test_a_write_of_an_old_attempt_is_refused(database: Database):
    run_id, first = start(database)
    move(database, run_id, RunState.QUEUED)
    with pytest.raises(StaleAttempt):
        record(database, run_id, first, 1, {"loss": 1.0})
    second = claim(database, run_id)
    begin(database, run_id, second)
    with pytest.raises(StaleAttempt, match=r"attempt 1 .* attempt 2"):
        record(database, run_id, first, 1, {"loss": 1.0})
    record(database, run_id, second, 1, {"loss": 2.0})
    with database.read() as session:
        assert runs.get(session, run_id).latest == {"loss": 2.0}


def test_an_ended_run_takes_no_more_writes(database: Database):
    run_id, attempt = start(database)
    move(database, run_id, RunState.FINISHED)
    with pytest.raises(StaleAttempt):
        record(database, run_id, attempt, 1, {"loss": 1.0})


def test_an_illegal_move_leaves_no_trace(database: Database):
    run_id, _ = start(database)
    move(database, run_id, RunState.FINISHED)
    with pytest.raises(IllegalTransition):
        move(database, run_id, RunState.RUNNING)
    with database.read() as session:
        assert runs.get(session, run_id).state == "finished"
        assert runs.history(session, run_id)[-1].to_state == "finished"


def test_a_lost_run_is_queued_again_and_its_attempt_closed(database: Database):
    run_id, _ = start(database)
    with database.write() as session:
        assert runs.give_back(session, runs.get(session, run_id, lock=True), "the worker is gone") is RunState.QUEUED
    with database.read() as session:
        run = runs.get(session, run_id)
        assert (run.worker_id, run.sent_at) == (None, None)
        assert runs.attempts(session, run_id)[0].outcome == "the worker is gone"
        assert steering.pending(session, run_id) == []


def test_a_lost_run_that_was_paused_is_asked_to_pause_again(database: Database):
    run_id, _ = start(database)
    move(database, run_id, RunState.PAUSED)
    with database.write() as session:
        runs.give_back(session, runs.get(session, run_id, lock=True), "the worker is gone")
    with database.read() as session:
        assert [row.kind for row in steering.pending(session, run_id)] == [Command.PAUSE]


def test_a_run_that_dies_before_any_step_fails_the_third_time(database: Database):
    run_id = create(database)
    for expected in (RunState.QUEUED, RunState.QUEUED, RunState.FAILED):
        claim(database, run_id)
        with database.write() as session:
            assert runs.give_back(session, runs.get(session, run_id, lock=True), "killed") is expected
    with database.read() as session:
        error = runs.get(session, run_id).error
    assert error is not None
    assert error["error"] == "TrainerDied"


def test_a_step_forgives_earlier_deaths(database: Database):
    run_id = create(database)
    for step in (1, 2, 3, 4):
        attempt = claim(database, run_id)
        begin(database, run_id, attempt, step=step - 1)
        record(database, run_id, attempt, step, {"loss": 1.0})
        with database.write() as session:
            assert runs.give_back(session, runs.get(session, run_id, lock=True), "killed") is RunState.QUEUED


def test_a_stopping_run_that_dies_stops_and_its_orders_end_with_it(database: Database):
    run_id, attempt = start(database)
    record(database, run_id, attempt, 1, {"loss": 1.0})
    with database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of(Command.STOP), actor="test")
    with database.write() as session:
        assert runs.give_back(session, runs.get(session, run_id, lock=True), "killed") is RunState.STOPPED
    with database.read() as session:
        assert steering.pending(session, run_id) == []  # a resumed run must not stop again by the old order
        assert steering.audit(session, run_id)[0].ok is False


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
