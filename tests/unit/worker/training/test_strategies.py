"""That every strategy's settings have something that the training loop follows."""

from opdboard.domain.strategies import STRATEGIES
from opdboard_worker.training.strategies.choice import make_strategy
from opdboard_worker.training.strategies.strategy import Surroundings

NOTHING = Surroundings(updater=None, held={}, manual_score="accuracy", teacher_answers=None)  # pyright: ignore[reportArgumentType]


def test_each_of_them_is_followed_by_its_own():
    for made in STRATEGIES.values():
        settings = made.model_validate({})
        assert make_strategy(settings, NOTHING).settings is settings
