"""Commands on both engines: possible or not, obeyed at once or later, kept."""

from contextlib import nullcontext

import pytest
from support.stored_runs import create, move, record, start

from opdboard.db import runs, steering
from opdboard.db.database import Database
from opdboard.domain.commands import Command
from opdboard.domain.errors import Conflict
from opdboard.domain.records import CommandResult
from opdboard.domain.run_state import RunState

PATHS = {
    RunState.QUEUED: [],
    RunState.STARTING: [RunState.STARTING],
    RunState.RUNNING: [RunState.STARTING, RunState.RUNNING],
    RunState.PAUSED: [RunState.STARTING, RunState.RUNNING, RunState.PAUSED],
    RunState.STOPPING: [RunState.STARTING, RunState.RUNNING, RunState.STOPPING],
    RunState.FINISHED: [RunState.STARTING, RunState.RUNNING, RunState.FINISHED],
    RunState.STOPPED: [RunState.STOPPED],
    RunState.FAILED: [RunState.FAILED],
}
POSSIBLE = {
    Command.PAUSE: {RunState.STARTING, RunState.RUNNING},
    Command.RESUME: {RunState.PAUSED, RunState.STOPPED, RunState.FAILED},
    Command.STOP: {RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.PAUSED},
    Command.CHECKPOINT: {RunState.RUNNING, RunState.PAUSED},
    Command.EXTRAPOLATE: {RunState.RUNNING, RunState.PAUSED},
    Command.VETO: {RunState.RUNNING, RunState.PAUSED},
}


@pytest.mark.parametrize("command", list(Command))
def test_a_command_is_taken_where_it_makes_sense(sqlite_database: Database, command: Command):
    for state, path in PATHS.items():
        run_id = create(sqlite_database)
        for to in path:
            move(sqlite_database, run_id, to)
        possible = state in POSSIBLE[command]
        expected = nullcontext() if possible else pytest.raises(Conflict, match=f"{command}.*{state}")
        with expected, sqlite_database.write() as session:
            steering.ask(session, runs.get(session, run_id, lock=True), command, actor="test")
        with sqlite_database.read() as session:
            assert len(steering.audit(session, run_id)) == possible, state


def test_a_queued_run_stops_and_a_stopped_one_is_queued_on_the_spot(database: Database):
    run_id = create(database)
    for command, state in ((Command.STOP, "stopped"), (Command.RESUME, "queued")):
        with database.write() as session:
            row = steering.ask(session, runs.get(session, run_id, lock=True), command, actor="test")
            assert row.ok is True
        with database.read() as session:
            assert runs.get(session, run_id).state == state
            assert steering.pending(session, run_id) == []


def test_a_trainer_obeys_in_order_and_writes_down_what_it_did(database: Database):
    run_id, attempt = start(database)
    for command in (Command.CHECKPOINT, Command.PAUSE):
        with database.write() as session:
            steering.ask(session, runs.get(session, run_id, lock=True), command, actor="test")
    with database.read() as session:
        first, second = steering.pending(session, run_id)
        assert [first.kind, second.kind] == ["checkpoint", "pause"]
    record(database, run_id, attempt, 1, command_results=[CommandResult(first.id, True, "saved at step 1")])
    with database.read() as session:
        assert [row.kind for row in steering.pending(session, run_id)] == ["pause"]
        assert steering.audit(session, run_id)[0].result == "saved at step 1"
        assert runs.get(session, run_id).topics["commands"] == runs.get(session, run_id).seq


def test_stop_shows_at_once(database: Database):
    run_id, _ = start(database)
    with database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), Command.STOP, actor="test")
    with database.read() as session:
        assert runs.get(session, run_id).state == "stopping"
        assert len(steering.pending(session, run_id)) == 1
