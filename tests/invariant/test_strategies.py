"""What must hold of every strategy on a live student."""

import math

import pytest
import torch
from invariant.conftest import after, decisions_of, equal, go_on, tiny_config, weights

from opdboard.domain.commands import Command, Extrapolate, Veto
from opdboard.domain.objectives import SampledToken
from opdboard.domain.optimizer import Optimizer
from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.fixed import FixedExtrapolation
from opdboard.domain.strategies.linesearch import LineSearch
from opdboard.domain.strategies.relex import Relex
from opdboard_worker.training.control import Orders
from opdboard_worker.training.samplers.sampler import EngineSampler, Generated

EVERY = [
    EffOPD(score="negative_reverse_kl", validation_size=4, candidates=1),
    LineSearch(validation_size=4),
    FixedExtrapolation(every=2, validation_size=2),
    AlphaRL(every=1, checkpoints=2, validation_size=2),
    Relex(every=1, checkpoints=2, validation_size=2),
]
each = pytest.mark.parametrize("strategy", EVERY, ids=lambda strategy: strategy.kind)


def told(sink):
    return [
        (d.step, d.accepted_factor, d.direction_norm, [(c.factor, c.score, c.kl_to_start) for c in d.candidates])
        for d in decisions_of(sink)
    ]


def check_goes_on(train, config, straight, sink, step, *orders):
    """Weights, decisions and learning rates from a checkpoint on are those of the run that went straight on."""
    resumed, again = train(config, *orders, before=go_on(straight, step))
    assert told(again) == [one for one in told(sink) if one[0] > step]
    for key in ("learning_rate", "loss"):
        assert again.series(key) == after(step, sink, key)
    assert equal(weights(straight), weights(resumed))


@each
def test_decisions_come_on_schedule_and_a_resumed_run_goes_on_bit_for_bit(train, strategy):
    config = tiny_config(strategy=strategy, optimizer=Optimizer(learning_rate=1e-5), checkpoint_every=2)
    straight, sink = train(config)
    assert [d.step for d in decisions_of(sink)] == [s for s in range(1, 5) if strategy.looks_at(s)]
    assert all(d.strategy == strategy.kind and d.candidates[0].factor == 0 for d in decisions_of(sink))
    assert any(len(d.candidates) > 1 for d in decisions_of(sink)), "something must have been tried"

    check_goes_on(train, config, straight, sink, 2)


def test_the_teachers_own_answers_count_as_the_searchs_when_they_are_asked_for(train):
    """AlphaRL by accuracy needs them once, at the look that has checkpoints enough; a resumed run does not pay again."""
    config = tiny_config(
        steps=4, strategy=AlphaRL(every=1, checkpoints=2, validation_size=3, score="accuracy"), checkpoint_every=2
    )
    training, sink = train(config)
    scorer, lookahead = training.parts.scorer, training.parts.lookahead
    teacher = scorer.teacher.policy_of(lookahead._validation[0])
    answers = scorer.roll(lookahead._validation, "validation", policy=teacher, privileged=True)
    beside = {d.step: d.tokens - sum(c.tokens for c in d.candidates) for d in decisions_of(sink)}
    assert beside == {1: 0, 2: int(answers.lengths_B.sum()), 3: 0, 4: 0}
    assert beside[2] > 0
    assert sink.series("search_tokens")[4] == sum(d.tokens for d in decisions_of(sink))
    _, again = train(config, before=go_on(training, 2))
    assert again.series("search_tokens")[4] == sink.series("search_tokens")[4]


@pytest.mark.parametrize("copies", ["cpu", "bf16"])
def test_copies_kept_elsewhere_make_the_same_run_and_resume_bit_for_bit(train, copies):
    """Host memory changes nothing. Half precision rounds the anchor's way from W_0: norms of D differ by that at most."""
    config = tiny_config(strategy=EVERY[0], optimizer=Optimizer(learning_rate=1e-5), checkpoint_every=2)
    _, plain = train(config)
    kept = config.model_copy(update={"copies": copies})
    straight, sink = train(kept)
    rounding = 0.0 if copies == "cpu" else 2.0**-7
    for one, other in zip(decisions_of(sink), decisions_of(plain), strict=True):
        assert one.accepted_factor == other.accepted_factor
        assert one.direction_norm == pytest.approx(other.direction_norm, rel=rounding, abs=0.0)
    assert sink.series("loss") == pytest.approx(plain.series("loss"), rel=1e-3 * (copies == "bf16"), abs=0.0)
    check_goes_on(train, kept, straight, sink, 2)


@each
@pytest.mark.parametrize("factor", [2.0, -0.6], ids=["ahead", "a part of the way back"])
def test_a_commanded_factor_and_a_veto_work_with_every_strategy(train, strategy, factor):
    asked = Extrapolate(command=Command.EXTRAPOLATE, factor=factor, override=True)
    training, sink = train(tiny_config(steps=1, strategy=strategy), Orders(extrapolate=[(1, asked)]))
    (decision,) = decisions_of(sink)
    assert (decision.trigger, decision.accepted_factor) == ("command", factor)
    far = weights(training)
    assert training.parts.lookahead.veto() == 1
    base, back = training.parts.monitor.initial, weights(training)
    moved = max(float((far[name] - base[name]).abs().max()) for name in base)
    left = max(float((back[name] - base[name]).abs().max()) for name in base)
    assert moved == pytest.approx((1 + factor) * left, rel=1e-3)


JUMP = Orders(extrapolate=[(1, Extrapolate(command=Command.EXTRAPOLATE, factor=2.0, override=True))])
BACK = Orders(veto=[(2, Veto(command=Command.VETO))])


def with_treatment(strategy, treatment):
    """The same strategy, and what becomes of the optimizer; a line search sets the rate itself."""
    known = "optimizer_after_jump" in type(strategy).model_fields
    return strategy.model_copy(update={"optimizer_after_jump": treatment}) if known else strategy


@each
@pytest.mark.parametrize("treatment", ["reset_moments", "halve_learning_rate"])
def test_a_commanded_jump_and_a_veto_resume_bit_for_bit(train, strategy, treatment):
    """A jump by hand at step 2, whose checkpoint is the one to go on from, and a veto at step 4 of whatever jumped last."""
    strategy = with_treatment(strategy, treatment)
    config = tiny_config(
        steps=6, strategy=strategy, optimizer=Optimizer(learning_rate=1e-5, warmup_steps=3), checkpoint_every=2
    )
    straight, sink = train(config, Orders(), JUMP, Orders(), BACK)
    check_goes_on(train, config, straight, sink, 2, Orders(), BACK)
    check_goes_on(train, config, straight, sink, 4)


def quiet(strategy):
    """The strategy, never looking by its own schedule within the steps of a test."""
    return strategy.model_copy(update={"every": 1000}) if "every" in type(strategy).model_fields else strategy


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_veto_takes_back_the_rate_that_a_jump_scaled(train, schedule):
    """A jump by hand at step 1 halves it, the veto at step 2 makes the course what it was, to the last bit."""
    plain = tiny_config(steps=4, optimizer=Optimizer(learning_rate=1e-5, schedule=schedule))
    _, sink = train(plain)
    expected = sink.series("learning_rate")
    for strategy in EVERY:
        if isinstance(strategy, LineSearch):
            continue
        strategy = quiet(with_treatment(strategy, "halve_learning_rate"))
        _, sink = train(plain.model_copy(update={"strategy": strategy}), JUMP, BACK)
        rates = sink.series("learning_rate")
        assert rates[2] == expected[2] / 2
        assert (rates[3], rates[4]) == (expected[3], expected[4])


def test_a_veto_takes_back_the_rate_that_a_line_search_set(train):
    strategy = LineSearch(validation_size=32)
    config = tiny_config(steps=6, strategy=strategy, optimizer=Optimizer(learning_rate=3e-2))
    _, sink = train(config, *[Orders()] * 4, BACK)
    jumped = [d.step for d in decisions_of(sink) if d.step < 5 and d.accepted_factor]
    rates = sink.series("learning_rate")
    assert jumped and rates[5] != rates[jumped[-1]] == rates[6]


def test_a_veto_after_a_later_look_takes_the_jump_out_of_the_anchor_too(train):
    """Step 1 jumps by hand, the look of step 2 is refused and moves the anchor; D of step 4 is that of steps 3 and 4."""
    strategy = EffOPD(score="negative_reverse_kl", validation_size=4, max_kl=1e-30)
    config = tiny_config(steps=4, strategy=strategy, optimizer=Optimizer(learning_rate=1e-5))
    far = Orders(extrapolate=[(1, Extrapolate(command=Command.EXTRAPOLATE, factor=900.0, override=True))])
    _, sink = train(config, far, Orders(), BACK)
    first, second, last = decisions_of(sink)
    assert (first.accepted_factor, second.accepted_factor, last.anchor_step) == (900.0, 0.0, 2)
    assert last.direction_norm < 5 * first.direction_norm, "two steps' way, not the jump's"


@each
def test_a_look_at_which_nothing_has_moved_is_put_off(train, strategy):
    """The rate of a warm-up's first step is 0: no score is asked for, and step 2 looks, whatever its schedule says."""
    config = tiny_config(steps=3, strategy=strategy, optimizer=Optimizer(learning_rate=1e-5, warmup_steps=2))
    strategy_looks = strategy.looks_at(1)
    _, sink = train(config, JUMP)
    assert all(not batch.decisions for batch in sink.batches if batch.step == 1)
    assert sink.series("search_tokens")[1] == 0
    (told_of_command,) = [one for batch in sink.batches for one in batch.command_results]
    assert (told_of_command.ok, "no direction" in told_of_command.result) == (False, True)
    second = [d for d in decisions_of(sink) if d.step == 2]
    assert [d.direction_norm > 0 or len(d.candidates) == 1 for d in second] == [True]
    assert ("put off since step 1" in second[0].outcome) == strategy_looks


def test_a_look_that_was_put_off_survives_a_resume(train):
    config = tiny_config(
        steps=3, strategy=EVERY[0], optimizer=Optimizer(learning_rate=1e-5, warmup_steps=2), checkpoint_every=1
    )
    straight, sink = train(config)
    _, again = train(config, before=go_on(straight, 1))
    assert told(again) == told(sink) != []
    assert decisions_of(again)[0].outcome == decisions_of(sink)[0].outcome


def test_relex_collects_anew_after_a_command_and_after_a_veto(train):
    """Checkpoints of before and after a jump do not lie on one line, whoever made it."""
    config = tiny_config(steps=5, strategy=Relex(every=1, checkpoints=3, validation_size=2))
    _, sink = train(config, Orders(), JUMP, Orders(), BACK)
    outcomes = {d.step: d.outcome for d in decisions_of(sink) if d.trigger == "schedule"}
    assert [outcomes[step].split(": ")[1] for step in (1, 3, 4, 5)] == [
        f"{count} of 3 checkpoints collected" for count in (1, 1, 1, 2)
    ]


@each
def test_a_candidate_that_is_not_finite_is_never_loaded(train, strategy):
    """The direction is poisoned: the student stays where the optimizer put it."""

    def poison(training):
        proposing = training.parts.lookahead.strategy.propose

        def propose(look):
            proposal = proposing(look)
            for tensor in proposal.direction.values():
                tensor.fill_(math.nan)
            return proposal

        training.parts.lookahead.strategy.propose = propose

    training, sink = train(tiny_config(steps=2, strategy=strategy), before=poison)
    assert all(d.accepted_factor == 0 for d in decisions_of(sink))
    assert all(bool(torch.isfinite(p).all()) for p in weights(training).values())


def test_the_learning_rate_follows_the_factor(train):
    config = tiny_config(
        steps=2, strategy=LineSearch(validation_size=256), optimizer=Optimizer(learning_rate=1e-5), batch_size=256
    )
    _, sink = train(config)
    first = decisions_of(sink)[0]
    assert first.accepted_factor > 1, first.outcome  # so small a rate must be found too small
    rates = sink.series("learning_rate")
    assert rates[1] == pytest.approx(1e-5)
    assert rates[2] == pytest.approx(1e-5 * (1 + first.accepted_factor))


def test_a_way_that_was_too_long_goes_back_and_the_rate_falls(train):
    config = tiny_config(steps=1, strategy=LineSearch(validation_size=32), optimizer=Optimizer(learning_rate=3e-2))
    training, sink = train(config)
    (decision,) = decisions_of(sink)
    assert -1 < decision.accepted_factor < 0
    assert training.parts.updater.learning_rate == pytest.approx(3e-2 * math.sqrt(1 + decision.accepted_factor))


def test_fixed_extrapolation_jumps_whatever_the_score(train):
    config = tiny_config(steps=2, strategy=FixedExtrapolation(every=1, alpha=50.0, validation_size=2))
    _, sink = train(config)
    assert [d.accepted_factor for d in decisions_of(sink)] == [50.0, 50.0]


def test_predictions_wait_for_their_checkpoints_and_say_so(train):
    _, sink = train(tiny_config(steps=2, strategy=Relex(every=1, checkpoints=2, horizon=3.0, validation_size=2)))
    first, second = decisions_of(sink)
    assert first.outcome == "stayed at the start: 1 of 2 checkpoints collected" and len(first.candidates) == 1
    assert second.accepted_factor == 1.0 and second.direction_norm > 0


def test_a_sampling_engine_gets_the_weights_of_every_update_and_of_every_candidate(train):
    """What generates is compared with the student, tensor by tensor, each time that it is asked."""
    held, moments = {}, []

    class Recorder:
        """An Engine that answers every prompt with the end token, and remembers what it was given."""

        def __init__(self, student):
            self.student = student

        def load(self, weights):
            held.update({name: tensor.detach().clone() for name, tensor in weights})

        def generate(self, prompts, seeds, *, longest, temperature, eos, event):
            now = weights(self.student)
            assert equal(held, now)
            moments.append(sum(float(value.double().sum()) for value in now.values()))
            return [Generated([eos[0]], [math.log(0.5)]) for _ in prompts]

    def with_engine(training):
        student = training.parts.scorer.student
        sampler = EngineSampler(Recorder(training), student, lambda: dict(student.model.named_parameters()))
        training.parts.scorer.sampler = sampler

    config = tiny_config(steps=2, strategy=EVERY[0], objective=SampledToken())
    _, sink = train(config, before=with_engine)
    # Evaluation at step 0; then per step one rollout, W_t and its candidate; evaluation at step 2.
    assert len(moments) == 1 + 2 * (1 + 2) + 1
    assert moments[0] == moments[1], "nothing has moved before the first update"
    assert len({moments[1], moments[2], moments[3]}) == 3, "W_0, W_1 and the candidate of step 1"
    assert all(math.isfinite(loss) for loss in sink.series("loss").values())
