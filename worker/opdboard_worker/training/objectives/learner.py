"""What one step learns from, and the one interface of those who learn from it.

With several ranks an Experience holds this rank's share; what is said of it in numbers is of all ranks' shares together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from opdboard_worker.data.examples import Example
from opdboard_worker.training.choice import Choice
from opdboard_worker.training.rollout import Rollout


@dataclass(frozen=True)
class Experience:
    """Examples and a response to each, in the same order.

    sampled: response tokens that were drawn (or read) for it by all ranks, discarded ones included. cursor: where in the
    stream of prompts the next step goes on, for methods that take as many as they need. advantage_B: of each response.
    minibatches: the responses of each optimizer step to make of them, in order.
    """

    examples: Sequence[Example]
    rollout: Rollout
    sampled: int
    cursor: int
    minibatches: Sequence[slice]
    scalars: dict[str, float] = field(default_factory=dict)
    texts: list[str] | None = None
    correct: list[bool] | None = None
    advantage_B: Tensor | None = None


class Learner(Protocol):
    """A method: where a step's responses come from, and the gradient they give."""

    def gather(self, step: int, cursor: int) -> Experience:
        """The responses that step learns from."""
        ...

    def backward(self, experience: Experience, rows: slice) -> tuple[float, dict[str, float]]:
        """Add the gradient of these responses' part of the loss to the student's parameters.

        The loss and the measures of its tokens, of all ranks' parts together.
        """
        ...

    def describe(self, experience: Experience) -> dict[str, float]:
        """Measures of all ranks' responses themselves; not part of the method's cost."""
        ...


_CHOICE: Choice[Learner] = Choice("opdboard_worker.training.objectives")
learns, make_learner = _CHOICE.of, _CHOICE.make
"""Makers take (settings, Scorer, examples to take prompts from, the frozen initial student where the objective needs it)."""
