"""A policy at a temperature: softmax(logits / T), in whatever is sampled, compared or trained.

Both sides of a divergence are taken at the same T, and no factor T^2 makes up for the gradient's 1 / T: as GKD's and
GRPO's usual implementations have it.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from typing_extensions import override

from opdboard_worker.core.teachers import Head, TeacherScores


def tempered(head: Head, temperature: float) -> Head:
    """The head whose logits are divided by the temperature; the head itself at 1."""
    if temperature == 1.0:
        return head
    return lambda hidden_nH: head(hidden_nH) / temperature


@dataclass(frozen=True)
class TemperedTeacher(TeacherScores):
    """A whole teacher at a temperature other than 1. A few known log-probabilities do not tell what they are at another."""

    scores: TeacherScores
    temperature: float

    def __post_init__(self) -> None:
        if not self.scores.complete:
            raise ValueError(
                "a teacher of which a few log-probabilities are known can be compared at temperature 1 only"
            )

    @override
    def __len__(self) -> int:
        return len(self.scores)

    @override
    def logits(self, tokens: slice) -> Tensor:
        return self.scores.logits(tokens) / self.temperature
