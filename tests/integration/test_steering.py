"""Commands to a live trainer: obeyed between two steps, with what was done written down."""

import signal

import pytest
import torch
from integration.installation import small_config, wait_until
from safetensors.torch import load_file

from opdboard.db import commands, evidence, runs, series
from opdboard.domain.commands import Command, request_of
from opdboard.domain.errors import Conflict
from opdboard.domain.model_sources import RunModel
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_state import RunState
from opdboard.domain.strategies.none import NoStrategy
from opdboard.lifecycle import steering
from opdboard_worker.models.loading import load


@pytest.fixture
def live(installation):
    """A run far from its end, and how to steer it; at its rate 90 times one step ruins the model."""
    config = small_config(strategy=NoStrategy(), optimizer=Optimizer(learning_rate=1e-3))
    run_id = installation.create(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 5000})}))
    installation.begin(run_id)
    installation.wait_for_step(run_id, 2)

    def ask(kind, **arguments):
        return give(installation, run_id, kind, **arguments)

    yield installation, run_id, ask, lambda command_id: obeyed(installation, run_id, command_id)
    if not RunState(installation.run(run_id).state).ended:
        ask(Command.STOP)


def give(installation, run_id, kind, **arguments):
    """Ask the run for something; the command's id."""
    with installation.database.write() as session:
        run = runs.get(session, run_id, lock=True)
        return steering.ask(session, run, request_of(kind, arguments), actor="test").id


def obeyed(installation, run_id, command_id):
    """The command once the trainer has written what it did."""

    def found():
        with installation.database.read() as session:
            return next(row for row in commands.audit(session, run_id) if row.id == command_id)

    wait_until(lambda: found().done_at is not None, f"command {command_id}")
    return found()


def decisions_of(installation, run_id):
    with installation.database.read() as session:
        return evidence.decisions_of(session, run_id)


def test_pause_holds_and_resume_goes_on(live):
    installation, run_id, ask, obeyed = live
    before = installation.run(run_id).step
    assert obeyed(ask(Command.PAUSE)).ok
    paused = installation.run(run_id)
    assert paused.state == RunState.PAUSED and paused.step <= before + 2
    beat = paused.heartbeat_at
    wait_until(lambda: installation.run(run_id).heartbeat_at > beat, "a heartbeat while paused")
    assert installation.run(run_id).step == paused.step
    with pytest.raises(Conflict, match="running"):
        ask(Command.PAUSE)
    assert obeyed(ask(Command.RESUME)).ok
    installation.wait_for_step(run_id, paused.step + 2)
    assert installation.run(run_id).state == RunState.RUNNING


def test_extrapolate_then_veto_on_plain_opd(live):
    installation, run_id, ask, obeyed = live
    with pytest.raises(Conflict, match="has not jumped"):
        ask(Command.VETO)
    searched = obeyed(ask(Command.EXTRAPOLATE))
    assert searched.ok and searched.obeyed_step - searched.asked_step in (1, 2)
    (search,) = decisions_of(installation, run_id)
    assert search.trigger == "command" and search.anchor_step == 0
    assert [c.factor for c in search.candidates[:2]] == [0.0, 2.0]

    far = obeyed(ask(Command.EXTRAPOLATE, factor=90.0))
    assert far.ok and "factor 90 refused" in far.result
    forced = obeyed(ask(Command.EXTRAPOLATE, factor=3.0, override=True))
    assert forced.ok and "moved by factor 3" in forced.result
    _, refused, jump = decisions_of(installation, run_id)
    assert [c.factor for c in jump.candidates] == [0.0, 3.0] and jump.accepted_factor == 3.0
    assert jump.overridden == (not jump.candidates[1].accepted)
    assert refused.accepted_factor == 0 and jump.anchor_step == refused.anchor_step, "a refused command leaves no trace"

    vetoed = obeyed(ask(Command.VETO))
    assert vetoed.ok and vetoed.arguments == {"step": jump.step}
    assert [d.vetoed for d in decisions_of(installation, run_id)] == [False, False, True]


def test_checkpoint_on_command_and_stop_keep_everything(live):
    installation, run_id, ask, obeyed = live
    assert obeyed(ask(Command.CHECKPOINT)).ok
    assert obeyed(ask(Command.STOP)).ok
    wait_until(lambda: installation.run(run_id).state == RunState.STOPPED, "the stop")
    run = installation.run(run_id)
    with installation.database.read() as session:
        newest = evidence.latest_checkpoint(session, run_id)
        points = series.read_scalars(session, run_id, ["reverse_kl"])["reverse_kl"]
    assert newest is not None and newest.step == run.step and newest.reason == "stop"
    assert points.steps.tolist() == list(range(1, run.step + 1))


def test_a_stopped_run_resumes_where_it_stopped(live):
    installation, run_id, ask, obeyed = live
    obeyed(ask(Command.STOP))
    wait_until(lambda: installation.run(run_id).state == RunState.STOPPED, "the stop")
    stopped = installation.run(run_id).step
    ask(Command.RESUME)
    installation.begin(run_id)
    installation.wait_for_step(run_id, stopped + 2)
    with installation.database.read() as session:
        steps = series.read_scalars(session, run_id, ["reverse_kl"])["reverse_kl"].steps.tolist()
        assert runs.attempts(session, run_id)[-1].resumed_from == stopped
    assert steps == list(range(1, len(steps) + 1))


def test_stop_while_paused(live):
    installation, run_id, ask, obeyed = live
    obeyed(ask(Command.PAUSE))
    ask(Command.STOP)
    wait_until(lambda: installation.run(run_id).state == RunState.STOPPED, "the stop")


def test_what_a_killed_trainer_obeyed_is_done_again_at_the_same_step(installation):
    config = small_config(strategy=NoStrategy())
    budget = config.budget.model_copy(update={"steps": 400, "checkpoint_every": 400})
    run_id = installation.create(config.model_copy(update={"budget": budget}))
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 2)
    first = obeyed(installation, run_id, give(installation, run_id, "extrapolate", factor=2.0, override=True))
    before = decisions_of(installation, run_id)
    installation.trainer(run_id).send_signal(signal.SIGKILL)
    attempt.join()
    with installation.database.read() as session:
        assert evidence.latest_checkpoint(session, run_id) is None
    installation.begin(run_id)
    wait_until(
        lambda: installation.run(run_id).attempt == 2 and installation.run(run_id).state == RunState.RUNNING,
        "attempt 2",
    )
    again = obeyed(installation, run_id, first.id)
    assert (again.obeyed_step, again.ok, again.result) == (first.obeyed_step, True, first.result)
    after = decisions_of(installation, run_id)
    facts = [
        [(d.step, d.accepted_factor, d.direction_norm, d.candidates[1].score) for d in each] for each in (before, after)
    ]
    assert facts[0] == facts[1]
    give(installation, run_id, "stop")


def test_a_fork_of_a_refused_candidate_begins_at_its_weights_and_trains(installation):
    config = small_config()
    config = config.model_copy(update={"budget": config.budget.model_copy(update={"checkpoint_every": 16})})
    source = installation.create(config)
    assert installation.execute(source) is RunState.FINISHED
    folder = installation.settings.run_folder(source)
    kept = folder / "candidates" / "step-000016"
    decisions = decisions_of(installation, source)
    assert [bool(d.weights_path) for d in decisions] == [False, False, False, True, True], "keep_checkpoints = 2"
    assert decisions[-1].weights_bytes == sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())

    def candidate(factor):
        at = RunModel(run_id=source, step=16, factor=factor)
        return load(at, settings=installation.settings, run_folder=lambda _: kept).model.state_dict()

    taken = load_file(folder / "checkpoints" / "step-000016" / "model.safetensors")
    again = candidate(decisions[-1].accepted_factor)
    assert all(torch.equal(again[name], weight) for name, weight in taken.items())

    student = RunModel(run_id=source, step=16, factor=7.0)
    budget = config.budget.model_copy(update={"steps": 3})
    fork = installation.create(config.model_copy(update={"student": student, "budget": budget}))
    assert installation.execute(fork) is RunState.FINISHED
    start, ahead = load_file(kept / "model.safetensors"), load_file(kept / "trainer" / "direction.safetensors")
    first = installation.settings.run_folder(fork) / "candidates" / "step-000001"
    trained, moved = load_file(first / "model.safetensors"), load_file(first / "trainer" / "direction.safetensors")
    assert len(ahead) == len(moved) == 42
    for name in ahead:  # the fork's own first direction is W_1 - W_0
        assert torch.allclose(trained[name] - moved[name], start[name] + 7.0 * ahead[name], rtol=0, atol=1e-6), name
    with installation.database.read() as session:
        assert series.read_scalars(session, fork, ["loss"])["loss"].steps.tolist() == [1, 2, 3]
