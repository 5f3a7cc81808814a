"""What a strategy is to the training loop: when to look, what to try, and what it learns from the outcome.

The rest is the same for all and done by training.lookahead: moving the weights, scoring candidates, refusing what is
not finite, keeping the anchor, records, and commands (a factor by hand, a veto).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor

from opdboard.domain.strategies import Moving, OptimizerAfterJump
from opdboard_worker.core.extrapolation import AcceptanceRule, Line, Search
from opdboard_worker.training.validation import Candidates


@dataclass(frozen=True)
class Rules:
    """How the looks of a strategy, and those commanded by hand, are done."""

    name: str
    """Stored with every decision."""
    rule: AcceptanceRule
    """When a commanded candidate is taken; a strategy's own search may use it, too."""
    parameters: Moving = "matrices"
    anchor: Literal["accepted_weights", "weights_before_jump", "initial_weights"] = "accepted_weights"
    """Where the next direction begins, once the strategy has looked."""
    common_draws: bool = True
    validation_size: int = 50
    optimizer_after_jump: OptimizerAfterJump = "keep"
    search_factors: tuple[float, ...] = (2.0, 4.0, 6.0, 8.0, 10.0)
    """What a command without a factor tries, in this order."""


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


class Strategy(Protocol):
    """One way to go beyond the optimizer's steps."""

    rules: Rules

    def due(self, step: int) -> bool:
        """Whether to look after this optimizer step."""
        ...

    def propose(self, look: Look) -> Proposal:
        """What to try at this look. The student stands at W_t; scoring candidates may move it anywhere."""
        ...

    def decided(self, look: Look, search: Search) -> None:
        """Told after each look of its schedule, when the student stands at the weights that were kept."""
        ...

    def displaced(self) -> None:
        """Told when the weights were moved by something else than its looks: a commanded jump, or one taken back."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """What it must find again after a restart, besides the anchor."""
        ...

    def state(self) -> dict[str, Any]:
        """The rest of that, as JSON."""
        ...

    def restore(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Continue from tensors() and state(); the tensors are where the model is."""
        ...
