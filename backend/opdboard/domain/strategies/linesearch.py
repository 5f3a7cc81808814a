"""The settings of line-searched OPD, and how they are counted."""

from typing import Literal

from pydantic import ConfigDict, Field
from typing_extensions import override

from opdboard.domain.strategies.base import MOVING, Moving, StrategySettings, is_power_of_two

MOST_BRACKETING_TRIES = 8
"""One try forward, five backward, the vertex of a parabola, and the confirmation on own answers."""


class LineSearch(StrategySettings):
    """Search the update's line on the teacher KL, both ways, and let the learning rate follow what was found (ours)."""

    model_config = ConfigDict(title="Line-searched OPD (ours)")
    name = "Line-searched OPD"
    kind: Literal["linesearch"] = "linesearch"
    validation_size: int = Field(
        default=64, ge=2, description="Training examples in the fixed validation set D_v, apart from the held-out set."
    )
    adapt_rate: bool = Field(
        default=True,
        description="Whenever a factor f is kept, multiply the learning rate by 1 + f (f > 0) or by its square root (f < 0), so "
        "that the next steps have the length that this one should have had; off leaves a plain line search.",
    )
    parameters: Moving = Field(default="all", description=MOVING)
    max_kl: float | None = Field(
        default=1.0,
        gt=0,
        description="Trust region: refuse a candidate ahead whose KL to W_t exceeds this many nats per token; empty = none.",
    )

    @override
    def looks_at(self, step: int) -> bool:
        """1, 2, 4, 8, ... and half-way between these: 3, 6, 12, ..."""
        return is_power_of_two(step) or (step % 3 == 0 and is_power_of_two(step // 3))

    @property
    @override
    def most_candidates(self) -> int:
        return MOST_BRACKETING_TRIES
