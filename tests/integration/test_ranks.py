"""Two processes under torchrun make the run of one, through a pause, a departure and a death."""

import signal

import numpy as np
import pytest
from integration.installation import small_config
from integration.test_resume import TIMED
from integration.test_steering import give, obeyed
from safetensors.torch import load_file
from support.commands import processes_of_run

from opdboard.db import evidence, runs, series
from opdboard.domain.commands import Command
from opdboard.domain.run_state import RunState

STEPS = 20


def rank_of(run_id, rank):
    return next(one for one in processes_of_run(run_id) if one.environ().get("RANK") == str(rank))


def told(installation, run_id):
    with installation.database.read() as session:
        keys = [key for key in series.scalar_keys(session, [run_id]) if key not in TIMED]
        scalars = series.read_scalars(session, run_id, keys)
        decisions = [(d.step, d.accepted_factor, d.tokens) for d in evidence.decisions_of(session, run_id)]
    file = installation.settings.run_folder(run_id) / "checkpoints" / f"step-{STEPS:06d}" / "model.safetensors"
    return scalars, decisions, load_file(file)


@pytest.mark.slow
def test_two_processes_make_the_run_of_one_through_pause_departure_and_death(installation):
    config = small_config()
    config = config.model_copy(update={"budget": config.budget.model_copy(update={"steps": STEPS})})
    alone = installation.create(config)
    assert installation.execute(alone) is RunState.FINISHED
    shared = installation.create(config.model_copy(update={"devices": 2}))

    attempt = installation.begin(shared)
    installation.wait_for_step(shared, 2)
    assert obeyed(installation, shared, give(installation, shared, Command.PAUSE)).ok
    assert installation.run(shared).state == RunState.PAUSED
    assert obeyed(installation, shared, give(installation, shared, Command.RESUME)).ok
    processes_of_run(shared)[0].send_signal(signal.SIGTERM)
    attempt.join()
    left = installation.run(shared)
    with installation.database.read() as session:
        newest = evidence.latest_checkpoint(session, shared)
    assert left.state == RunState.QUEUED and not processes_of_run(shared)
    assert newest is not None and (newest.step, newest.reason) == (left.step, "interrupted")

    attempt = installation.begin(shared)
    installation.wait_for_step(shared, left.step + 2)
    rank_of(shared, 1).kill()
    attempt.join()
    assert installation.run(shared).state == RunState.QUEUED and not processes_of_run(shared)

    assert installation.execute(shared) is RunState.FINISHED
    with installation.database.read() as session:
        outcomes = [attempt.outcome or "" for attempt in runs.attempts(session, shared)]
    assert len(outcomes) == 3 and "leaving" in outcomes[0] and "SIGKILL" in outcomes[1]
    (ours, decisions, weights), (theirs, expected, reference) = (told(installation, one) for one in (shared, alone))
    assert decisions == expected
    assert ours.keys() == theirs.keys()
    for key, curve in theirs.items():
        assert ours[key].steps.tolist() == curve.steps.tolist(), key
        np.testing.assert_allclose(ours[key].values, curve.values, rtol=1e-3, atol=1e-5, err_msg=key)
    for name, weight in reference.items():
        np.testing.assert_allclose(weights[name], weight, atol=2e-6, err_msg=name)
