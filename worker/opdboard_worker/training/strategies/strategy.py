"""What a strategy is to the training loop: what to try at a look, and what it learns from the outcome. When it looks its
settings tell.

The rest is the same for all and done by training.lookahead: moving the weights, scoring candidates, refusing what is
not finite, keeping the anchor, records, and commands (a factor by hand, a veto).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from torch import Tensor

from opdboard.domain.strategies.base import StrategySettings
from opdboard_worker.core.extrapolation import AcceptanceRule, Line, ScoreName, Search
from opdboard_worker.models.matrices import Held
from opdboard_worker.training.choice import Choice
from opdboard_worker.training.optimizer import Updater
from opdboard_worker.training.probe import TeacherAnswers
from opdboard_worker.training.validation import Candidates

S = TypeVar("S", bound=StrategySettings)


@dataclass(frozen=True)
class Look:
    """Where training stands after a step."""

    step: int
    start: Mapping[str, Tensor]
    """W_t of the parameters that move; they own their memory."""
    anchor: Mapping[str, Tensor]
    anchor_step: int
    candidates: Candidates


@dataclass(frozen=True)
class Proposal:
    """What to try: D, and the search along W_t + factor D, which ends with the factor to keep."""

    direction: Mapping[str, Tensor]
    """By the names of Look.start; empty when there is nothing to try, and then the search validates W_t alone."""
    search: Callable[[Line], Search]
    tokens: int = 0
    """Generated to make it, besides the validation of W_t: they count as the search's."""


@dataclass(frozen=True)
class Surroundings:
    """What of its run a strategy may use, besides its settings."""

    updater: Updater
    """Whose learning rate it may change."""
    held: Held
    """The matrices in each of the weights that move."""
    manual_score: ScoreName
    """What judges a commanded extrapolation of a run without a strategy."""
    teacher_answers: Callable[[], TeacherAnswers]
    """The teacher's own to D_v, made when asked."""


class Strategy(ABC, Generic[S]):
    """One way to go beyond the optimizer's steps. What it does not care to be told or to keep, it leaves as it is here."""

    common_draws = True
    """Whether W_t and the candidates answer with the same random numbers."""
    search_factors: tuple[float, ...] = (2.0, 4.0, 6.0, 8.0, 10.0)
    """What a command without a factor tries, in this order."""

    def __init__(self, settings: S, rule: AcceptanceRule) -> None:
        """settings: the strategy of a RunConfig; rule: when a commanded candidate is taken, and perhaps its own."""
        self.settings = settings
        self.rule = rule

    @abstractmethod
    def propose(self, look: Look) -> Proposal:
        """What to try at this look. The student stands at W_t; scoring candidates may move it anywhere."""

    def decided(self, look: Look, search: Search) -> None:
        """Told after each look of its schedule, when the student stands at the weights that were kept."""

    def displaced(self) -> None:
        """Told when the weights were moved by something else than its looks: a commanded jump, or one taken back."""

    def tensors(self) -> dict[str, Tensor]:
        """What it must find again after a restart, besides the anchor."""
        return {}

    def state(self) -> dict[str, Any]:
        """The rest of that, as JSON."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Continue from tensors() and state(); the tensors are where the model is."""


_CHOICE: Choice[Strategy[Any]] = Choice("opdboard_worker.training.strategies")
follows, make_strategy = _CHOICE.of, _CHOICE.make
"""Makers take (settings, Surroundings)."""
