"""The best state is kept, a plateau ends the run, and neither forgets over a resume."""

import pytest
from invariant.conftest import equal, go_on, tiny_config, weights

from opdboard.domain.monitoring import Monitoring
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.run_state import RunState
from opdboard.domain.selection import Selection, is_gain


def config_with(selection: Selection, steps: int = 6, learning_rate: float = 1e-4):
    """Evaluated after each step."""
    return tiny_config(
        steps=steps,
        checkpoint_every=100,
        keep_checkpoints=1,
        selection=selection,
        monitoring=Monitoring(evaluate_every=1, held_out_size=8, spectral_every=100, samples_count=0),
        optimizer=Optimizer(learning_rate=learning_rate),
    )


def checkpoints(sink):
    return [(record.step, record.reason) for batch in sink.batches for record in batch.checkpoints]


def test_the_best_stays_beside_the_newest(train):
    """A rate so large that it first helps and then hurts: the best is somewhere before the end."""
    training, sink = train(config_with(Selection(keep_best=True), steps=5, learning_rate=1.5e-4))
    curve = sink.series("eval/reverse_kl")
    best = min(curve, key=lambda step: curve[step])
    assert 0 < best < 5, f"the case must have its best inside: {curve}"
    assert sorted(training.progress.checkpoints) == [best, 5]
    assert (best, "best") in checkpoints(sink)
    assert sorted(path.name for path in training.shelf.checkpoints.iterdir()) == [f"step-{best:06d}", "step-000005"]


def test_a_plateau_ends_the_run_with_a_checkpoint(train):
    """No step is a gain by a whole nat: three evaluations after the first is the end."""
    training, sink = train(config_with(Selection(patience=3, least_gain=1.0)))
    assert training.progress.step == 3
    assert checkpoints(sink) == [(3, "plateau")]
    assert training.control.states[-1] is RunState.RUNNING and training.on_plateau


def test_patience_outlasts_a_run_that_gains(train):
    training, sink = train(config_with(Selection(patience=6)))
    assert training.progress.step == 6 and checkpoints(sink)[-1] == (6, "final")


def test_what_was_best_and_how_long_ago_survives_a_resume(train):
    selection = Selection(keep_best=True, patience=4, least_gain=1.0)
    whole, _ = train(config_with(selection))
    cut, _ = train(config_with(selection, steps=2))
    resumed, sink = train(config_with(selection), before=go_on(cut, 2))
    assert (whole.progress.step, resumed.progress.step) == (4, 4)
    for name in ("best_value", "best_step", "evaluations_without_gain"):
        assert getattr(resumed.progress, name) == getattr(whole.progress, name)
    assert checkpoints(sink) == [(4, "plateau")]
    assert equal(weights(resumed), weights(whole))


@pytest.mark.parametrize(
    ("metric", "value", "best", "gain"),
    [
        ("eval/reverse_kl", 0.5, 0.6, True),
        ("eval/reverse_kl", 0.55, 0.6, False),
        ("eval/accuracy", 0.7, 0.6, True),
        ("eval/accuracy", 0.5, 0.6, False),
        ("eval/accuracy", float("nan"), None, False),
        ("eval/accuracy", 0.0, None, True),
    ],
)
def test_a_gain_is_more_than_the_least(metric, value, best, gain):
    assert is_gain(metric, value, best, least_gain=0.07) is gain
