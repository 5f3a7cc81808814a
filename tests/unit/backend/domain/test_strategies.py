"""When each strategy looks, and what it is counted with."""

from typing import get_args

import pytest

from opdboard.domain import footprint
from opdboard.domain.commands import request_of
from opdboard.domain.model_shape import DEMO_SHAPE
from opdboard.domain.run_config import RunConfig
from opdboard.domain.strategies import (
    STRATEGY_NAMES,
    AlphaRL,
    EffOPD,
    FixedExtrapolation,
    LineSearch,
    NoStrategy,
    Relex,
    Strategy,
    looks_at,
    most_candidates,
)
from opdboard.domain.teachers import NoTeacher
from opdboard.domain.workload import workload

KINDS = get_args(get_args(Strategy)[0])


def looks(strategy, last=40):
    return [step for step in range(last + 1) if looks_at(strategy, step)]


def test_schedules():
    assert looks(NoStrategy()) == []
    assert looks(EffOPD()) == [1, 2, 4, 8, 16, 32]
    assert looks(LineSearch()) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert looks(FixedExtrapolation(every=16)) == looks(Relex(every=16)) == looks(AlphaRL(every=16)) == [16, 32]


def test_every_factor_that_a_strategy_may_try_can_be_asked_for():
    """Ahead as far as the farthest setting, back as far as a line search; 0 is W_t, -1 the anchor."""
    farthest_back = 2.5**-5 - 1
    largest = [most_candidates(EffOPD(candidates=32)) * 2.0, 1000.0, 1.0, 2.5**5 - 1, farthest_back, -0.6]
    for factor in largest:
        assert request_of("extrapolate", {"factor": factor}).arguments() == {"factor": factor}
    assert FixedExtrapolation(alpha=1000.0).alpha == 1000.0
    for wrong in (0.0, -1.0, -2.0, 1001.0, float("nan")):
        with pytest.raises(ValueError, match="factor"):
            request_of("extrapolate", {"factor": wrong})


def test_every_kind_has_a_name_and_a_method():
    assert {kind().kind for kind in KINDS} == STRATEGY_NAMES.keys()
    assert {RunConfig(strategy=kind()).method for kind in KINDS} == {"opd", *STRATEGY_NAMES} - {"none"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not NoStrategy])
def test_every_kind_is_counted(kind):
    config = RunConfig(strategy=kind())
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
