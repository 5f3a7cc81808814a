"""Commands to a live trainer: obeyed between two steps, with what was done written down."""

import pytest
from integration.installation import small_config, wait_until

from opdboard.db import evidence, runs, series, steering
from opdboard.domain.commands import Command
from opdboard.domain.errors import Conflict
from opdboard.domain.run_config import NoStrategy
from opdboard.domain.run_state import RunState


@pytest.fixture
def live(installation):
    """A run far from its end, and how to steer it."""
    config = small_config(strategy=NoStrategy())
    run_id = installation.create(config.model_copy(update={"budget": config.budget.model_copy(update={"steps": 5000})}))
    installation.begin(run_id)
    installation.wait_for_step(run_id, 2)

    def ask(kind):
        with installation.database.write() as session:
            return steering.ask(session, runs.get(session, run_id, lock=True), kind, actor="test").id

    def obeyed(command_id):
        def done():
            with installation.database.read() as session:
                return next(row for row in steering.audit(session, run_id) if row.id == command_id).done_at is not None

        wait_until(done, f"command {command_id}")
        with installation.database.read() as session:
            return next(row for row in steering.audit(session, run_id) if row.id == command_id)

    yield installation, run_id, ask, obeyed
    if not RunState(installation.run(run_id).state).ended:
        ask(Command.STOP)


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
    assert obeyed(ask(Command.EXTRAPOLATE)).ok
    with installation.database.read() as session:
        (decision,) = evidence.decisions_of(session, run_id)
    assert decision.trigger == "command" and decision.anchor_step == 0
    assert [c.factor for c in decision.candidates[:2]] == [0.0, 2.0]
    vetoed = obeyed(ask(Command.VETO))
    assert vetoed.ok == (decision.accepted_factor > 0)
    with installation.database.read() as session:
        assert evidence.decisions_of(session, run_id)[0].vetoed == vetoed.ok


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
