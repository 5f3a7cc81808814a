"""Runs are taken, fenced, given back and ended, on both engines."""

import threading

import pytest
from support.stored_runs import begin, claim, create, move, record, start

from opdboard.db import commands, runs
from opdboard.db.database import Database
from opdboard.domain.commands import Command, request_of
from opdboard.domain.errors import IllegalTransition, StaleAttempt
from opdboard.domain.run_state import RunState
from opdboard.lifecycle import claims, steering


def test_two_workers_race_for_a_run_and_one_wins(database: Database):
    run_id = create(database)
    together = threading.Barrier(2)
    won: list[int | None] = []

    def race(worker: str) -> None:
        together.wait()
        with database.write() as session:
            won.append(claims.claim(session, run_id, worker))

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
        assert claims.give_back(session, runs.get(session, run_id, lock=True), "the worker is gone") is RunState.QUEUED
    with database.read() as session:
        run = runs.get(session, run_id)
        assert (run.worker_id, run.sent_at) == (None, None)
        assert runs.attempts(session, run_id)[0].outcome == "the worker is gone"
        assert commands.pending(session, run_id) == []


def test_a_lost_run_that_was_paused_is_asked_to_pause_again(database: Database):
    run_id, _ = start(database)
    move(database, run_id, RunState.PAUSED)
    with database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "the worker is gone")
    with database.read() as session:
        assert [row.kind for row in commands.pending(session, run_id)] == [Command.PAUSE]


def test_a_run_that_dies_before_any_step_fails_the_third_time(database: Database):
    run_id = create(database)
    for expected in (RunState.QUEUED, RunState.QUEUED, RunState.FAILED):
        claim(database, run_id)
        with database.write() as session:
            assert claims.give_back(session, runs.get(session, run_id, lock=True), "killed") is expected
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
            assert claims.give_back(session, runs.get(session, run_id, lock=True), "killed") is RunState.QUEUED


def test_a_stopping_run_that_dies_stops_and_its_orders_end_with_it(database: Database):
    run_id, attempt = start(database)
    record(database, run_id, attempt, 1, {"loss": 1.0})
    with database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of(Command.STOP), actor="test")
    with database.write() as session:
        assert claims.give_back(session, runs.get(session, run_id, lock=True), "killed") is RunState.STOPPED
    with database.read() as session:
        assert commands.pending(session, run_id) == []  # a resumed run must not stop again by the old order
        assert commands.audit(session, run_id)[0].ok is False
