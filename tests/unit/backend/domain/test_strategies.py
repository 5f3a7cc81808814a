"""When each strategy looks, and what it is counted with."""

import pytest

from opdboard.domain import footprint
from opdboard.domain.commands import request_of
from opdboard.domain.methods import METHODS
from opdboard.domain.model_shape import DEMO_SHAPE
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies import STRATEGIES
from opdboard.domain.strategies.alpharl import AlphaRL
from opdboard.domain.strategies.effopd import EffOPD
from opdboard.domain.strategies.fixed import FixedExtrapolation
from opdboard.domain.strategies.linesearch import LineSearch
from opdboard.domain.strategies.none import NoStrategy
from opdboard.domain.strategies.relex import Relex
from opdboard.domain.teachers import NoTeacher
from opdboard.domain.workload import workload


def looks(strategy, last=40):
    return [step for step in range(last + 1) if strategy.looks_at(step)]


def test_schedules():
    assert looks(NoStrategy()) == []
    assert looks(EffOPD()) == [1, 2, 4, 8, 16, 32]
    assert looks(LineSearch()) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert looks(FixedExtrapolation(every=16)) == looks(Relex(every=16)) == looks(AlphaRL(every=16)) == [16, 32]


def test_every_factor_that_a_strategy_may_try_can_be_asked_for():
    """Ahead as far as the farthest setting, back as far as a line search; 0 is W_t, -1 the anchor."""
    farthest_back = 2.5**-5 - 1
    largest = [EffOPD(candidates=32).most_candidates * 2.0, 1000.0, 1.0, 2.5**5 - 1, farthest_back, -0.6]
    for factor in largest:
        assert request_of("extrapolate", {"factor": factor}).arguments() == {"factor": factor}
    assert FixedExtrapolation(alpha=1000.0).alpha == 1000.0
    for wrong in (0.0, -1.0, -2.0, 1001.0, float("nan")):
        with pytest.raises(ValueError, match="factor"):
            request_of("extrapolate", {"factor": wrong})


EVERY = {kind: made.model_validate({}) for kind, made in STRATEGIES.items()}


def test_every_strategy_has_a_kind_a_name_and_a_method_of_its_own():
    assert all(strategy.kind == kind for kind, strategy in EVERY.items())
    assert len({strategy.name for strategy in EVERY.values()}) == len(EVERY)
    methods = {RunConfig(strategy=strategy).method for strategy in EVERY.values()}
    assert methods == {"opd", *STRATEGIES} - {"none"} and methods < set(METHODS)


def test_choices_begin_with_plain_opd_and_go_on_by_name():
    first, *others = STRATEGIES.values()
    assert first is NoStrategy and others == sorted(others, key=lambda one: one.name)


def test_a_refusal_for_want_of_a_teacher_names_every_way_out():
    """And each of them is one: its settings with a word that says which are to be changed."""
    with pytest.raises(ValueError, match="strategy") as refused:
        RunConfig.model_validate(
            {"teacher": {"kind": "none"}, "objective": {"kind": "sft"}, "strategy": {"kind": "linesearch"}}
        )
    for kind, strategy in EVERY.items():
        assert (f"'{kind}'" in str(refused.value)) == (kind == "linesearch" or strategy.without_teacher != "")
        assert strategy.needs_teacher <= (strategy.without_teacher == "")


@pytest.mark.parametrize("strategy", [strategy for strategy in EVERY.values() if strategy.looks_ahead])
def test_every_strategy_is_counted(strategy):
    config = RunConfig(strategy=strategy)
    counts = workload(config)
    assert counts.triggers > 0 and counts.candidates >= counts.triggers and counts.search_tokens > 0
    assert footprint.peak(footprint.memory(config, DEMO_SHAPE, DEMO_SHAPE)) > footprint.peak(
        footprint.memory(RunConfig(), DEMO_SHAPE, DEMO_SHAPE)
    )


def test_relex_pays_for_the_copies_it_keeps():
    few, many = (RunConfig(strategy=Relex(checkpoints=count)) for count in (2, 6))
    apart = footprint.checkpoint_bytes(many, DEMO_SHAPE) - footprint.checkpoint_bytes(few, DEMO_SHAPE)
    assert apart == 4 * DEMO_SHAPE.module_parameters * 4


def test_a_strategy_that_scores_by_a_teacher_needs_one():
    alone = {"teacher": NoTeacher(), "objective": {"kind": "grpo"}}
    assert RunConfig.model_validate({**alone, "strategy": {"kind": "effopd"}}).method == "grpo-effopd"
    with pytest.raises(ValueError, match=r"strategy\.kind 'linesearch'"):
        RunConfig.model_validate({**alone, "strategy": {"kind": "linesearch"}})
