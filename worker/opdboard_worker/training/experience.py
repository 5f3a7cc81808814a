"""What one step learns from, and the one interface of those who learn from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from opdboard_worker.data.examples import Example
from opdboard_worker.training.rollout import Rollout


@dataclass(frozen=True)
class Experience:
    """Examples and a response to each, in the same order.

    sampled: response tokens that were drawn (or read) for it, discarded ones included. cursor: where in the stream of
    prompts the next step goes on, for methods that take as many as they need. advantage_B: of each response.
    """

    examples: Sequence[Example]
    rollout: Rollout
    sampled: int
    cursor: int
    scalars: dict[str, float] = field(default_factory=dict)
    texts: list[str] | None = None
    correct: list[bool] | None = None
    advantage_B: Tensor | None = None


class Learner(Protocol):
    """A method: where a step's responses come from, and the gradient they give."""

    def gather(self, step: int, cursor: int) -> Experience:
        """The responses that step learns from."""
        ...

    def minibatches(self, experience: Experience) -> Sequence[slice]:
        """The responses of each optimizer step to make of them, in order."""
        ...

    def backward(self, experience: Experience, rows: slice) -> tuple[float, dict[str, float]]:
        """Add the gradient of these responses' loss to the student's parameters; the loss, and measures of its tokens."""
        ...

    def describe(self, experience: Experience) -> dict[str, float]:
        """Measures of the responses themselves; not part of the method's cost."""
        ...
