"""From the strategy of a RunConfig to the object that the training loop follows. Each file here says whose it is."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from opdboard.domain.strategies.base import StrategySettings
from opdboard_worker.training import strategies
from opdboard_worker.training.strategies.strategy import Strategy, Surroundings

Made = TypeVar("Made", bound=Callable[[Any, Surroundings], Strategy[Any]])
_FOLLOWED: dict[type[StrategySettings], Callable[[Any, Surroundings], Strategy[Any]]] = {}


def follows(*settings: type[StrategySettings]) -> Callable[[Made], Made]:
    """Of a class that is made from (settings, surroundings): the loop follows it where a run has these settings."""

    def marked(made: Made) -> Made:
        _FOLLOWED.update(dict.fromkeys(settings, made))
        return made

    return marked


def make_strategy(settings: StrategySettings, surroundings: Surroundings) -> Strategy[Any]:
    """What the loop follows for these settings."""
    for module in pkgutil.iter_modules(strategies.__path__, f"{strategies.__name__}."):
        import_module(module.name)
    return _FOLLOWED[type(settings)](settings, surroundings)
