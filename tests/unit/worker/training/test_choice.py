"""That the settings of every strategy, objective and sampler have something that a run makes of them."""

from functools import partial
from types import SimpleNamespace

from opdboard.domain.objectives import OBJECTIVES
from opdboard.domain.run_config import RunConfig
from opdboard.domain.sampler import OwnSampler
from opdboard.domain.strategies import STRATEGIES
from opdboard_worker.training.objectives.learner import make_learner
from opdboard_worker.training.rollout import sample
from opdboard_worker.training.samplers.sampler import make_sampler
from opdboard_worker.training.strategies.strategy import Surroundings, make_strategy

NOTHING = Surroundings(updater=None, held={}, manual_score="accuracy", teacher_answers=None)  # pyright: ignore[reportArgumentType]


def test_each_strategy_is_followed_by_its_own():
    for made in STRATEGIES.values():
        settings = made.model_validate({})
        assert make_strategy(settings, NOTHING).settings is settings


def test_somebody_learns_by_each_objective():
    scorer = SimpleNamespace(config=RunConfig(), ranks=None)
    for objective in OBJECTIVES:
        assert make_learner(objective.model_validate({}), scorer, [], None)


def test_the_trainer_samples_itself_where_nobody_else_is_chosen():
    made = make_sampler(OwnSampler(), RunConfig(), "student", None)
    assert isinstance(made, partial) and (made.func, made.args) == (sample, ("student",))
