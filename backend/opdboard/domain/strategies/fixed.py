"""Fixed extrapolation's settings, and how they are counted."""

from typing import Literal

from pydantic import ConfigDict, Field
from typing_extensions import override

from opdboard.domain.commands import LARGEST_FACTOR
from opdboard.domain.strategies.base import (
    AFTER_JUMP,
    FOR_THE_RECORD,
    MOVING,
    Moving,
    OptimizerAfterJump,
    StrategySettings,
)


class FixedExtrapolation(StrategySettings):
    """W_t + alpha (W_t - anchor) every few steps, whatever validation says: the control for EffOPD's search."""

    model_config = ConfigDict(title="Fixed extrapolation (control)")
    name = "Fixed extrapolation"
    kind: Literal["fixed"] = "fixed"
    every: int = Field(default=8, ge=1, description="Steps between jumps.")
    alpha: float = Field(
        default=1.0,
        gt=0,
        le=LARGEST_FACTOR,
        description="Length of a jump, in units of the way made since the last one.",
    )
    parameters: Moving = Field(default="matrices", description=MOVING)
    optimizer_after_jump: OptimizerAfterJump = Field(default="keep", description=AFTER_JUMP)
    validation_size: int = Field(
        default=16,
        ge=1,
        description=FOR_THE_RECORD,
    )

    @override
    def looks_at(self, step: int) -> bool:
        return step >= 1 and step % self.every == 0
