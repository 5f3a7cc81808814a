"""A run that is killed and resumed equals one that never stopped, bit for bit on CPU."""

import math
import signal

import numpy as np
import pytest
from integration.installation import small_config
from safetensors.torch import load_file
from support.stored_runs import stored_vectors

from opdboard.db import analyses, evidence, runs, series
from opdboard.domain.cadence import Cadence
from opdboard.domain.evaluation import EvaluationSet
from opdboard.domain.objectives import FullVocabulary, SampledToken
from opdboard.domain.run_state import RunState

SETS = Cadence(sets=(EvaluationSet(name="sums", prompts=4, samples=2, max_response_tokens=4),), every=4)
TIMED = {
    "seconds",
    "search_seconds",
    "checkpoint_seconds",
    "step_seconds",
    "rollout_seconds",
    "monitor_seconds",
    "tokens_per_second",
    "memory_bytes",
}


def _scalars(installation, run_id):
    with installation.database.read() as session:
        keys = [key for key in series.scalar_keys(session, [run_id]) if key not in TIMED]
        return series.read_scalars(session, run_id, keys)


def _decisions(installation, run_id):
    with installation.database.read() as session:
        return [
            (
                d.step,
                d.trigger,
                d.anchor_step,
                d.direction_norm,
                d.accepted_factor,
                [(c.factor, c.score, c.kl_to_start) for c in d.candidates],
            )
            for d in evidence.decisions_of(session, run_id)
        ]


def _of_sets(installation, run_id):
    with installation.database.read() as session:
        found = [analyses.record_of(row) for row in analyses.variants_of(session, run_id)]
    return [(one.x, one.index, one.details, str(one.scores)) for one in found]


def _files(installation, run_id, step):
    folder = installation.settings.run_folder(run_id) / "checkpoints" / f"step-{step:06d}"
    return {path.relative_to(folder).as_posix(): load_file(path) for path in folder.rglob("*.safetensors")}


def _assert_equal_runs(installation, straight, resumed):
    left, right = _scalars(installation, straight), _scalars(installation, resumed)
    assert left.keys() == right.keys() and len(left) > 20
    for key in left:
        assert left[key].steps.tolist() == right[key].steps.tolist(), key
        np.testing.assert_array_equal(left[key].values, right[key].values, err_msg=key)
    assert left["reverse_kl"].steps.tolist() == list(range(1, 21))
    left, right = stored_vectors(installation.database, straight), stored_vectors(installation.database, resumed)
    assert left.keys() == right.keys() and any(name.startswith("subspace_affinity") for name in left)
    for name in left:
        assert left[name].steps.tolist() == right[name].steps.tolist(), name
        assert left[name].reference_steps.tolist() == right[name].reference_steps.tolist(), name
        np.testing.assert_array_equal(left[name].values, right[name].values, err_msg=name)
    assert _decisions(installation, straight) == _decisions(installation, resumed)
    assert _of_sets(installation, straight) == _of_sets(installation, resumed)
    assert [x for x, *_ in _of_sets(installation, resumed)] == [0, 4, 8, 12, 16, 20]
    left, right = _files(installation, straight, 20), _files(installation, resumed, 20)
    assert left.keys() == right.keys() and "trainer/strategy.safetensors" in left
    for name in left:
        assert left[name].keys() == right[name].keys()
        for key in left[name]:
            assert left[name][key].equal(right[name][key]), (name, key)


@pytest.mark.parametrize("objective", [FullVocabulary(reward_scale=1.25), SampledToken()], ids=lambda one: one.kind)
def test_killed_and_resumed_equals_straight(installation, objective):
    config = small_config(objective=objective, evaluation=SETS)
    straight = installation.create(config)
    assert installation.execute(straight) is RunState.FINISHED

    resumed = installation.create(config)
    attempt = installation.begin(resumed)
    installation.wait_for_step(resumed, 12)  # the anchor is that of the trigger at 8, the checkpoint that of 10
    installation.trainer(resumed).send_signal(signal.SIGKILL)
    attempt.join()
    assert installation.run(resumed).state == RunState.QUEUED
    assert installation.execute(resumed) is RunState.FINISHED

    with installation.database.read() as session:
        attempts = runs.attempts(session, resumed)
    assert [a.resumed_from for a in attempts] == [None, 10]
    assert "SIGKILL" in (attempts[0].outcome or "")
    _assert_equal_runs(installation, straight, resumed)


def test_time_goes_on_over_the_cut(installation):
    run_id = installation.create(small_config())
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 11)
    installation.trainer(run_id).send_signal(signal.SIGKILL)
    attempt.join()
    assert installation.execute(run_id) is RunState.FINISHED
    with installation.database.read() as session:
        points = series.read_scalars(session, run_id, ["seconds", "tokens", "search_seconds"])
    for key, curve in points.items():
        assert curve.steps.tolist() == list(range(21)), key
        assert bool((np.diff(curve.values) >= 0).all()), key
        assert all(math.isfinite(value) for value in curve.values), key


def test_asked_to_leave_writes_a_checkpoint_and_goes_back_to_the_queue(installation):
    run_id = installation.create(small_config())
    attempt = installation.begin(run_id)
    installation.wait_for_step(run_id, 2)
    installation.trainer(run_id).send_signal(signal.SIGTERM)
    attempt.join()
    run = installation.run(run_id)
    assert run.state == RunState.QUEUED
    with installation.database.read() as session:
        newest = evidence.latest_checkpoint(session, run_id)
    assert newest is not None and newest.reason == "interrupted" and newest.step == run.step
