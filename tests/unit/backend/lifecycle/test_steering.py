"""Commands on both engines: possible or not, obeyed at once or later, kept."""

from contextlib import nullcontext

import pytest
from support.stored_runs import begin, candidate, claim, create, decision, move, record, start

from opdboard.db import commands, evidence, runs
from opdboard.db.database import Database
from opdboard.domain.commands import Command, asked_of, possible, request_of
from opdboard.domain.errors import Conflict
from opdboard.domain.records import CommandResult
from opdboard.domain.run_kinds import RunKind
from opdboard.domain.run_state import TRANSITIONS, RunState
from opdboard.lifecycle import claims, steering

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


def jumped(database: Database, run_id: str, step: int = 2) -> None:
    """A jump to take back, whatever the run's state."""
    with database.write() as session:
        evidence.add_decisions(session, run_id, 1, [decision(step, 2.0, [candidate(2, 0.1, accepted=True)])])


@pytest.mark.parametrize("command", list(Command))
def test_a_command_is_taken_where_it_makes_sense(sqlite_database: Database, command: Command):
    for state, path in PATHS.items():
        run_id = create(sqlite_database)
        for to in path:
            move(sqlite_database, run_id, to)
        jumped(sqlite_database, run_id)
        allowed = state in POSSIBLE[command]
        assert (command in possible(RunKind.TRAINED, state)) == allowed
        expected = nullcontext() if allowed else pytest.raises(Conflict, match=f"{command}.*{state}")
        with expected, sqlite_database.write() as session:
            steering.ask(session, runs.get(session, run_id, lock=True), request_of(command), actor="test")
        with sqlite_database.read() as session:
            assert len(commands.audit(session, run_id)) == allowed, state


@pytest.mark.parametrize("kind", list(RunKind))
def test_what_is_possible_agrees_with_the_transitions(kind: RunKind):
    leads_to = {
        Command.STOP: {RunState.STOPPING, RunState.STOPPED},
        Command.RESUME: {RunState.RUNNING, RunState.QUEUED},
    }
    for state in RunState:
        found = possible(kind, state)
        assert set(found) <= set(asked_of(kind))
        assert all(leads_to[command] & TRANSITIONS[state] for command in found if command in leads_to)
        assert not found or state is not RunState.FINISHED


def test_a_queued_run_stops_and_a_stopped_one_is_queued_on_the_spot(database: Database):
    run_id = create(database)
    for command, state in ((Command.STOP, "stopped"), (Command.RESUME, "queued")):
        with database.write() as session:
            row = steering.ask(session, runs.get(session, run_id, lock=True), request_of(command), actor="test")
            assert row.ok is True
        with database.read() as session:
            assert runs.get(session, run_id).state == state
            assert commands.pending(session, run_id) == []


def test_a_trainer_obeys_in_order_and_writes_down_what_it_did(database: Database):
    run_id, attempt = start(database)
    for command in (Command.CHECKPOINT, Command.PAUSE):
        with database.write() as session:
            steering.ask(session, runs.get(session, run_id, lock=True), request_of(command), actor="test")
    with database.read() as session:
        first, second = commands.pending(session, run_id)
        assert [first.kind, second.kind] == ["checkpoint", "pause"]
    record(database, run_id, attempt, 1, command_results=[CommandResult(first.id, True, "saved at step 1")])
    with database.read() as session:
        assert [row.kind for row in commands.pending(session, run_id)] == ["pause"]
        assert commands.audit(session, run_id)[0].result == "saved at step 1"
        assert runs.get(session, run_id).topics["commands"] == runs.get(session, run_id).seq


def test_stop_shows_at_once(database: Database):
    run_id, _ = start(database)
    with database.write() as session:
        steering.ask(session, runs.get(session, run_id, lock=True), request_of("stop"), actor="test")
    with database.read() as session:
        assert runs.get(session, run_id).state == "stopping"
        assert len(commands.pending(session, run_id)) == 1


def ask(database: Database, run_id: str, command: str, **arguments) -> int:
    with database.write() as session:
        run = runs.get(session, run_id, lock=True)
        return steering.ask(session, run, request_of(command, arguments), actor="test").id


def test_a_veto_names_the_jump_that_is_meant(database: Database):
    run_id, attempt = start(database)
    with pytest.raises(Conflict, match="has not jumped"):
        ask(database, run_id, "veto")
    for step in (2, 4):
        jumped(database, run_id, step)
    with pytest.raises(Conflict, match=r"only the last jump.*of step 4.*fork from a checkpoint"):
        ask(database, run_id, "veto", step=2)
    ask(database, run_id, "veto")
    with database.read() as session:
        assert steering.jump_to_veto(session, run_id) == (4, None)
        (row,) = commands.pending(session, run_id)
        assert (row.arguments, row.asked_step, row.obeyed_step) == ({"step": 4}, 0, None)
    record(database, run_id, attempt, 5, vetoed_decision_step=4, command_results=[CommandResult(row.id, True, "back")])
    with pytest.raises(Conflict, match="taken back already"):
        ask(database, run_id, "veto")
    with database.read() as session:
        assert commands.audit(session, run_id)[0].obeyed_step == 5


def test_what_a_lost_trainer_did_to_the_weights_is_open_again(database: Database):
    run_id, attempt = start(database)
    given = {name: ask(database, run_id, name) for name in ("checkpoint", "extrapolate")}
    kept = ask(database, run_id, "extrapolate", factor=3.0)
    refused = ask(database, run_id, "extrapolate", factor=4.0)
    record(database, run_id, attempt, 2, {"loss": 1.0}, command_results=[CommandResult(kept, True, "moved")])
    results = [CommandResult(key, True, "done") for key in given.values()] + [CommandResult(refused, False, "no")]
    record(database, run_id, attempt, 3, {"loss": 1.0}, command_results=results)
    with database.write() as session:
        claims.give_back(session, runs.get(session, run_id, lock=True), "lost")
    begin(database, run_id, claim(database, run_id), step=2)
    with database.read() as session:
        (again,) = commands.pending(session, run_id)
        assert (again.id, again.obeyed_step, again.ok, again.result) == (given["extrapolate"], 3, None, None)
