"""Strategies: what happens to the weights beyond the optimizer's steps, and at which steps.

One file each, found by being here: a class of settings that tells all there is to know of its strategy. The launch form,
forecasts, names of runs and methods, and the worker go by these classes.
"""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from opdboard.domain.strategies.base import StrategySettings

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    import_module(_module.name)

STRATEGIES: dict[str, type[StrategySettings]] = {
    one.model_fields["kind"].default: one
    for one in sorted(StrategySettings.__subclasses__(), key=lambda one: (one.looks_ahead, one.name))
}
"""All of them by their kind: plain OPD first, the others by name."""

if TYPE_CHECKING:
    Strategy = StrategySettings
else:
    Strategy = Annotated[Union[tuple(STRATEGIES.values())], Field(discriminator="kind")]  # noqa: UP007
