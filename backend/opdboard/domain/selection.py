"""Which of a run's states is its best, and whether it has stopped getting better."""

import math
from typing import Literal

from pydantic import Field

from opdboard.domain.frozen import Frozen
from opdboard.domain.measures import scalar


class Selection(Frozen):
    """What is kept beside the newest checkpoints, and when to stop before the last step."""

    metric: Literal["auto", "eval/accuracy", "eval/reverse_kl"] = Field(
        default="auto",
        description="Held-out measure that says what is best; auto is the reverse KL of a distillation, "
        "else the accuracy, or the reverse KL to a teacher where the data has no answers.",
    )
    evaluation_set: str = Field(
        default="",
        max_length=40,
        description="Name of an evaluation set whose avg@n says what is best, in place of a held-out measure.",
    )
    keep_best: bool = Field(
        default=False,
        description="Write a checkpoint whenever the measure is at its best so far, and keep that one beside the newest.",
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        description="Evaluations in a row without a gain after which the run finishes early; empty = it never does.",
    )
    least_gain: float = Field(default=0.0, ge=0, description="An improvement by less does not count as a gain.")


def is_gain(metric: str, value: float, best: float | None, least_gain: float = 0.0) -> bool:
    """Whether the value improves on the best so far; NaN never does, and anything does on nothing."""
    if math.isnan(value):
        return False
    if best is None:
        return True
    change = best - value if scalar(metric).better == "lower" else value - best
    return change > least_gain
