"""From a part of a RunConfig to what a run makes of it: the files of a package say which settings theirs are."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Maker = TypeVar("Maker", bound=Callable[..., Any])


class Choice(Generic[T]):
    """What is made of which class of settings."""

    def __init__(self, package: str) -> None:
        """package: where the makers are, each found by being there."""
        self._package = package
        self._makers: dict[type, Callable[..., T]] = {}

    def of(self, *settings: type) -> Callable[[Maker], Maker]:
        """Of a class or function that takes the settings and what else `make` is given: for settings of these classes."""

        def marked(maker: Maker) -> Maker:
            self._makers.update(dict.fromkeys(settings, maker))
            return maker

        return marked

    def make(self, settings: object, *more: object) -> T:
        """What a run with these settings uses."""
        for module in pkgutil.iter_modules(import_module(self._package).__path__, f"{self._package}."):
            import_module(module.name)
        return self._makers[type(settings)](settings, *more)
